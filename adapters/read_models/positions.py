"""Positions (持仓): every investor's claims, what is open of them and what they received.

A claim has one holder for ever: what is assigned (债权转让) is a row of its own from then on.

What a claim received is known only here. What the reserve or a guarantor paid counts as received,
and is given by itself too (`from_reserve_fen`, `from_guarantor_fen`): with it the claim passes to
them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import investment as i
from domain import loan_events as e
from domain import loan_guarantee as g
from domain.investment import Status
from domain.register import Vector


@dataclass(slots=True)
class ClaimRow:
    tender_id: str
    loan_id: str
    investor_id: str
    status: str  # domain.investment.Status
    principal_fen: int  # What was tendered, and lent once the loan is disbursed; or was bought.
    placed_on: date  # Or assigned on.
    place: int | None = None  # In the loan's register, from 0: what vectors are aligned with.
    open_principal_fen: int = 0
    received_principal_fen: int = 0
    received_interest_fen: int = 0
    received_penalty_fen: int = 0
    from_reserve_fen: int = 0
    assigned_fen: int = 0  # Of its principal, what was sold: claims of their own since.
    held_from: date | None = None
    closed_on: date | None = None
    came_of: str | None = None  # The claim that it was a part of, or all of, before it was bought.
    lent_on: date | None = None
    repaid_on: date | None = (
        None  # The day on which the last of its principal came back or was sold.
    )
    from_guarantor_fen: int = 0


@dataclass(slots=True)
class MoneyOnItsWay:
    """What a routed payment or an opened advance brings to the claims of a loan, when it settles.

    `parts` is a JSON list of [principal, interest, penalty] in the register's order.
    """

    key: str
    parts: str


CLAIMS = Table("claim", ClaimRow, key=["tender_id"], indexes=["investor_id", "loan_id", "came_of"])
ON_ITS_WAY = Table("claim_money_on_its_way", MoneyOnItsWay, key=["key"])

_STATUS: dict[type, Status] = {
    i.TenderFrozen: Status.FROZEN,
    i.TenderRefused: Status.REFUSED,
    i.TenderReleased: Status.RELEASED,
    i.InvestmentConcluded: Status.CONCLUDED,
    i.ClaimAcquired: Status.CONCLUDED,
    i.InvestmentClosed: Status.CLOSED,
}


class Positions(View):
    NAME = "positions"
    TABLES = (CLAIMS, ON_ITS_WAY)
    EVENTS = (
        *i.EVENTS,
        e.LoanDisbursed,
        e.RepaymentRouted,
        e.RepaymentSettled,
        e.RepaymentFailed,
        e.AdvanceOpened,
        e.AdvancePaid,
        e.AdvanceReleased,
        e.ClaimAssigned,
        g.GuaranteeAdvanceOpened,
        g.GuaranteeAdvancePaid,
        g.GuaranteeAdvanceReleased,
    )

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        payments = {_payment(payment_id) for payment_id in named(batch, "payment_id")}
        advances = {_advance(payout_id) for payout_id in named(batch, "payout_id")}
        of_guarantors = {_guarantors(advance_id) for advance_id in named(batch, "advance_id")}
        self._on_its_way = self.open(ON_ITS_WAY, payments | advances | of_guarantors)
        tenders = named(batch, "tender_id", made_by=i.TenderPlaced)
        self._registers: dict[str, list[str]] = defaultdict(list)
        for tender_id, loan_id in _paid_registers(tables.cursor, batch):
            self._registers[loan_id].append(tender_id)
            tenders.add(tender_id)
        for recorded in batch:
            if isinstance(recorded.event, e.LoanDisbursed):
                tenders.update(claim.tender_id for claim in recorded.event.claims)
            elif isinstance(recorded.event, e.ClaimAssigned):
                tenders |= {recorded.event.claim_id, recorded.event.claim.tender_id}
        self._claims = self.open(CLAIMS, tenders)

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case i.TenderPlaced() as event:
                self._claims.add(
                    ClaimRow(
                        tender_id=event.tender_id,
                        loan_id=event.loan_id,
                        investor_id=event.investor_id,
                        status=Status.PLACED.value,
                        principal_fen=event.amount_fen,
                        placed_on=recorded.business_date,
                    )
                )
            case e.LoanDisbursed() as event:
                self._registers[event.loan_id] = [claim.tender_id for claim in event.claims]
                for place, claim in enumerate(event.claims):
                    row = self._claims[claim.tender_id]
                    row.place, row.open_principal_fen = place, claim.principal_fen
                    row.held_from = event.disbursed_on
                    row.lent_on = recorded.business_date
            case e.RepaymentRouted() as event if event.entry_id is not None:
                self._send(
                    _payment(event.payment_id),
                    _summed([part.principal for part in event.parts]),
                    _summed([part.interest for part in event.parts]),
                    _summed([part.penalty for part in event.parts]),
                )
            case e.RepaymentSettled() as event:
                self._receive(recorded, event.loan_id, _payment(event.payment_id))
            case e.RepaymentFailed(payment_id=payment_id):
                if self._on_its_way.get(_payment(payment_id)):  # Else the freeze was refused.
                    self._on_its_way.pop(_payment(payment_id))
            case e.AdvanceOpened() as event:
                none = (0,) * len(event.principal)
                self._send(_advance(event.payout_id), event.principal, event.interest, none)
            case e.AdvancePaid() as event:
                for row, fen in self._receive(recorded, event.loan_id, _advance(event.payout_id)):
                    row.from_reserve_fen += fen
            case e.AdvanceReleased(payout_id=payout_id):
                self._on_its_way.pop(_advance(payout_id))
            case g.GuaranteeAdvanceOpened() as event:
                none = (0,) * len(event.principal)
                self._send(_guarantors(event.advance_id), event.principal, event.interest, none)
            case g.GuaranteeAdvancePaid() as event:
                for row, fen in self._receive(
                    recorded, event.loan_id, _guarantors(event.advance_id)
                ):
                    row.from_guarantor_fen += fen
            case g.GuaranteeAdvanceReleased(advance_id=advance_id):
                self._on_its_way.pop(_guarantors(advance_id))
            case e.ClaimAssigned() as event:
                self._assign(event, recorded.business_date)
            case (
                i.TenderFrozen()
                | i.TenderRefused()
                | i.TenderReleased()
                | i.InvestmentConcluded()
                | i.ClaimAcquired()
                | i.InvestmentClosed()
            ) as event:
                row = self._claims[event.tender_id]
                row.status = _STATUS[type(event)].value
                if isinstance(event, i.InvestmentClosed):
                    row.closed_on = recorded.business_date

    def _assign(self, event: e.ClaimAssigned, on: date) -> None:
        sold, bought = self._claims[event.claim_id], event.claim
        sold.open_principal_fen -= bought.principal_fen
        sold.assigned_fen += bought.principal_fen
        if not sold.open_principal_fen:
            sold.repaid_on = on
        register = self._registers[event.loan_id]
        self._claims.add(
            ClaimRow(
                tender_id=bought.tender_id,
                loan_id=event.loan_id,
                investor_id=bought.investor_id,
                status=Status.CONCLUDED.value,
                principal_fen=bought.principal_fen,
                placed_on=event.assigned_on,
                place=len(register),
                open_principal_fen=bought.principal_fen,
                held_from=event.assigned_on,
                came_of=event.claim_id,
                lent_on=on,
            )
        )
        register.append(bought.tender_id)

    def _send(self, key: str, principal: Vector, interest: Vector, penalty: Vector) -> None:
        parts = list(zip(principal, interest, penalty, strict=True))
        self._on_its_way.add(MoneyOnItsWay(key, json.dumps(parts, separators=(",", ":"))))

    def _receive(self, recorded: Recorded, loan_id: str, key: str) -> list[tuple[ClaimRow, int]]:
        """Gives each claim with what came to it."""
        received = []
        parts = json.loads(self._on_its_way.pop(key).parts)
        for tender_id, part in zip(self._registers[loan_id], parts, strict=True):
            principal_fen, interest_fen, penalty_fen = part
            claim = self._claims[tender_id]
            claim.open_principal_fen -= principal_fen
            claim.received_principal_fen += principal_fen
            claim.received_interest_fen += interest_fen
            claim.received_penalty_fen += penalty_fen
            received.append((claim, sum(part)))
            if principal_fen and not claim.open_principal_fen:
                claim.repaid_on = recorded.business_date
        return received


def _payment(payment_id: str) -> str:
    return f"payment {payment_id}"


def _advance(payout_id: str) -> str:
    return f"advance {payout_id}"


def _guarantors(advance_id: str) -> str:
    return f"guarantor {advance_id}"


def _summed(vectors: Sequence[Vector]) -> Vector:
    return tuple(map(sum, zip(*vectors, strict=True)))


def _paid_registers(cursor: Cursor[Any], batch: Sequence[Recorded]) -> list[tuple[str, str]]:
    """(tender, loan) in the register's order, for loans whose claims `batch` pays on or splits."""
    loans = {
        recorded.event.loan_id
        for recorded in batch
        if isinstance(
            recorded.event,
            e.RepaymentSettled | e.AdvancePaid | e.ClaimAssigned | g.GuaranteeAdvancePaid,
        )
    }
    if not loans:
        return []
    cursor.execute(
        "SELECT tender_id, loan_id FROM claim WHERE loan_id = ANY(%s::text[])"
        " AND place IS NOT NULL ORDER BY loan_id, place",
        (list(loans),),
    )
    return cursor.fetchall()
