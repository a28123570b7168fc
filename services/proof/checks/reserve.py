"""The reserve's queue and payouts (风险准备金代偿): only what was queued is paid."""

from __future__ import annotations

from collections.abc import Mapping

from domain.accounts import RESERVE_ACCOUNT
from domain.model import Event
from domain.protection import protected_fen
from domain.reserve import (
    ClaimDropped,
    ClaimQueued,
    PayoutHeld,
    PayoutPaid,
    PayoutReleased,
    PayoutRunDecided,
)
from services.proof.checks.book import Book
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.checks.money import Balances
from services.proof.checks.streams import Streams
from services.proof.snapshot import Snapshot


class ReserveQueue(Check):
    """Keeps its own list of what waits and what is held, and compares it with the fold's."""

    NAME = "reserve"
    TITLE = "Payouts are of queued claims, within the balance, once; the queue holds what is open"

    def __init__(self, streams: Streams, balances: Balances, book: Book) -> None:
        super().__init__()
        self._streams = streams
        self._balances = balances
        self._book = book
        self._queue: dict[str, ClaimQueued] = {}
        self._held: dict[str, PayoutHeld] = {}
        self._busy: set[str] = set()  # The claims of those.
        self._planned: dict[str, int] = {}  # By claim, what the last run gives it and nobody held.

    def looks(self) -> Mapping[type[Event], Look]:
        return looks_of(
            ((ClaimQueued,), self._queued),
            ((PayoutRunDecided,), self._run),
            ((PayoutHeld,), self._hold),
            ((PayoutPaid, PayoutReleased), self._ended),
            ((ClaimDropped,), self._dropped),
        )

    def _queued(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["claims"] += 1
        loan = self._streams.loan(event.loan_id)
        if loan is None or event.period not in loan.filed or event.claim_id in self._queue:
            self.violated(f"{event.claim_id} was not filed, or twice", fact.position)
        self._queue[event.claim_id] = event

    def _run(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["runs"] += 1
        self._check_planned(fact.position)
        self._planned = {each.claim_id: each.paid_fen for each in event.considered if each.paid_fen}
        balance_fen = self._balances.available_fen(RESERVE_ACCOUNT)
        if event.balance_before_fen != balance_fen:
            self.violated(f"the reserve has {balance_fen} fen", fact.position)
        after_fen = event.balance_before_fen - sum(self._planned.values())
        if event.balance_after_fen != after_fen or after_fen < 0:
            self.violated(f"the run leaves {after_fen} fen", fact.position)

    def _hold(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["payouts"] += 1
        if self._planned.pop(event.claim_id, None) != event.amount_fen:
            self.violated(f"payout {event.payout_id} is not its run's", fact.position)
        if event.claim_id not in self._queue:
            self.violated(f"{event.claim_id} does not wait", fact.position)
        if event.claim_id in self._busy:
            self.violated(f"{event.claim_id} has a payout on its way", fact.position)
        if event.amount_fen != sum(event.investors.values()) or event.amount_fen > event.claim_fen:
            self.violated(f"payout {event.payout_id} does not add up", fact.position)
        self._held[event.payout_id] = event
        self._busy.add(event.claim_id)

    def _ended(self, fact: Fact) -> None:
        event = fact.event
        held = self._held.pop(event.payout_id, None)
        self._busy.discard(event.claim_id)
        if held is None or (held.claim_id, held.amount_fen) != (event.claim_id, event.amount_fen):
            self.violated(f"payout {event.payout_id} was not held so", fact.position)
        elif isinstance(event, PayoutPaid) and event.in_full:
            self._queue.pop(event.claim_id, None)

    def _dropped(self, fact: Fact) -> None:
        event = fact.event
        if self._queue.pop(event.claim_id, None) is None:
            self.violated(f"{event.claim_id} does not wait", fact.position)

    def _check_planned(self, position: int | None = None) -> None:
        for claim_id in self._planned:
            self.violated(f"{claim_id} was given money and no payout holds it", position)

    def finish(self, snapshot: Snapshot) -> None:
        self._check_planned()
        self.looked_at["waiting"] = len(self._queue)
        folded = self._streams.reserve
        if folded.queue.keys() != self._queue.keys() or folded.held.keys() != self._held.keys():
            self.violated("the folded queue is another one")
        for payout_id in self._held:
            if self._book.get(f"P-{payout_id}") is None:
                self.violated(f"payout {payout_id} is held and not on its way")
        for claim in self._queue.values():
            loan = self._streams.loan(claim.loan_id)
            if loan is None or not protected_fen(loan, claim.period):
                self.violated(f"{claim.claim_id} waits and nothing is open of it")
