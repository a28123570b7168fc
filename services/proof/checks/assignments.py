"""Claims that change hands (债权转让): to whom, from whom, what and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.accounts import INCOME_ACCOUNT, Role, account_of
from domain.assignment import AssignmentBought, AssignmentEnded, AssignmentOffered
from domain.cashbook import EntryRequested
from domain.loan_events import ClaimAssigned, ClaimOffered
from domain.model import Event, Refused
from domain.purposes import Purpose
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.checks.streams import Streams


@dataclass(slots=True)
class _Sale:
    offered: AssignmentOffered
    bought: AssignmentBought | None = None


class Assignments(Check):
    NAME = "assignments"
    RULE = 5
    TITLE = "A claim goes to him who paid its holder, directly, what was asked for it"

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self._streams = streams
        self._sales: dict[str, _Sale] = {}

    def looks(self) -> Mapping[type[Event], Look]:
        return looks_of(
            ((AssignmentOffered,), self._offered),
            ((ClaimOffered,), self._on_sale),
            ((AssignmentBought,), self._bought),
            ((EntryRequested,), self._requested),
            ((ClaimAssigned,), self._assigned),
            ((AssignmentEnded,), self._ended),
        )

    def _offered(self, fact: Fact) -> None:
        self._sales[fact.event.assignment_id] = _Sale(fact.event)

    def _on_sale(self, fact: Fact) -> None:
        """By its holder, as it was offered."""
        event = fact.event
        sale, loan = self._sales.get(event.assignment_id), self._streams.loan(event.loan_id)
        if sale is None or loan is None:
            self.violated(f"{event.assignment_id} is on sale and was not offered", fact.position)
            return
        try:
            holder = loan.claims[loan.place_of(event.claim_id)].investor_id
        except Refused:
            holder = ""
        offered = sale.offered
        stated = offered.loan_id, offered.claim_id, offered.principal_fen, offered.seller_id
        if stated != (event.loan_id, event.claim_id, event.principal_fen, holder):
            self.violated(f"{event.assignment_id} is not its holder's to sell", fact.position)

    def _bought(self, fact: Fact) -> None:
        if sale := self._sales.get(fact.event.assignment_id):
            sale.bought = fact.event

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        if event.purpose not in (Purpose.ASSIGNMENT_HOLD, Purpose.ASSIGNMENT):
            return
        sale = self._sales.get(event.reference)
        if sale is None or sale.bought is None:
            self.violated(f"{event.entry_id}: nobody has bought", fact.position)
            return
        offered, bought = sale.offered, sale.bought
        buyer = account_of(bought.buyer_id, Role.INVESTOR)
        seller = account_of(offered.seller_id, Role.INVESTOR)
        paid_fen = offered.price_fen + bought.accrued_fen
        payee = buyer if event.purpose is Purpose.ASSIGNMENT_HOLD else seller
        wanted: list[tuple[Purpose, str, str, int]] = [(event.purpose, buyer, payee, paid_fen)]
        if bought.fee_fen and payee == seller:
            wanted.append((Purpose.ASSIGNMENT_FEE, seller, INCOME_ACCOUNT, bought.fee_fen))
        moved = [(m.purpose, m.payer, m.payee, m.amount_fen) for m in event.movements]
        self.looked_at["entries"] += 1
        if moved != wanted:
            self.violated(f"{event.entry_id} moves other sums than were agreed", fact.position)

    def _assigned(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["assignments"] += 1
        sale = self._sales.pop(event.assignment_id, None)
        if sale is None or sale.bought is None:
            self.violated(f"{event.assignment_id} was not bought", fact.position)
            return
        agreed = sale.offered.claim_id, sale.bought.buyer_id, sale.offered.principal_fen
        if agreed != (event.claim_id, event.claim.investor_id, event.claim.principal_fen):
            self.violated(f"{event.assignment_id} is not what was bought", fact.position)

    def _ended(self, fact: Fact) -> None:
        self._sales.pop(fact.event.assignment_id, None)
