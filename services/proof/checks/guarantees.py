"""Guarantors (担保人): within their limits, obliged once, by the right day; advanced once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.working_days import working_days
from domain.guarantee import (
    AdvanceFailed,
    AdvanceMade,
    AdvanceRequested,
    GuaranteeEnded,
    GuaranteeGiven,
    GuarantorAppointed,
    LoanRepaid,
    ObligationBreached,
    ObligationDropped,
    ObligationOpened,
)
from domain.loan_events import RepaymentSettled
from domain.loan_guarantee import GuaranteeAdvanceOpened, LoanGuaranteed, OverdueConfirmed
from domain.model import Event
from domain.repayment import protected_fen
from services.proof.checks.book import Book
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.checks.streams import Streams
from services.proof.snapshot import Snapshot


@dataclass(slots=True)
class _Obliged:
    opened: ObligationOpened
    advance_id: str | None = None
    breached: bool = False


class Guarantees(Check):
    """Counts each guarantor's exposure out of the loans, and keeps its own list of obligations."""

    NAME = "guarantees"
    TITLE = "Guarantors stand within their limits, and advance what was confirmed, once"

    def __init__(self, streams: Streams, book: Book) -> None:
        super().__init__()
        self._streams = streams
        self._book = book
        self._calendar = working_days()
        self._limits: dict[str, int] = {}
        self._named: dict[str, str] = {}  # Loan -> guarantor.
        self._owed: dict[str, int] = {}  # By loan that counts: its principal.
        self._exposures: Counter[str] = Counter()  # The same by guarantor.
        self._settled_last: RepaymentSettled | None = None  # Of such a loan, and not told of yet.
        self._confirmed: dict[str, OverdueConfirmed] = {}  # By claim, and not obliged yet.
        self._obliged: dict[str, _Obliged] = {}
        self._lines_fen: dict[str, int] = {}  # By advance, what the register's lines say.

    def looks(self) -> Mapping[type[Event], Look]:
        return looks_of(
            ((GuarantorAppointed,), self._appointed),
            ((LoanGuaranteed,), self._guaranteed),
            ((GuaranteeGiven,), self._given),
            ((GuaranteeEnded,), self._ended),
            ((RepaymentSettled,), self._settled),
            ((LoanRepaid,), self._repaid),
            ((OverdueConfirmed,), self._confirm),
            ((ObligationOpened,), self._oblige),
            ((ObligationDropped,), self._dropped),
            ((GuaranteeAdvanceOpened,), self._lines),
            ((AdvanceRequested,), self._requested),
            ((AdvanceMade, AdvanceFailed), self._answered),
            ((ObligationBreached,), self._breached),
        )

    # -- what it stands for -------------------------------------------------------------

    def _appointed(self, fact: Fact) -> None:
        event = fact.event
        self._limits[event.guarantor_id] = event.limit_fen

    def _guaranteed(self, fact: Fact) -> None:
        event = fact.event
        self._named[event.loan_id] = event.guarantor_id

    def _given(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["loans"] += 1
        if self._named.get(event.loan_id) != event.guarantor_id or event.loan_id in self._owed:
            self.violated(f"{event.loan_id} names another guarantor, or twice", fact.position)
        self._owe(event.loan_id, event.amount_fen)
        exposure_fen = self._exposures[event.guarantor_id]
        limit_fen = self._limits.get(event.guarantor_id)
        if (event.exposure_fen, event.limit_fen) != (exposure_fen, limit_fen):
            self.violated(f"{event.guarantor_id} stands for {exposure_fen} fen", fact.position)
        if exposure_fen > event.limit_fen:
            self.violated(f"{event.guarantor_id} stands for too much", fact.position)

    def _ended(self, fact: Fact) -> None:
        event = fact.event
        if self._owed.get(event.loan_id) != event.amount_fen:
            self.violated(f"{event.loan_id} counts otherwise", fact.position)
        self._owe(event.loan_id, -event.amount_fen)

    def _settled(self, fact: Fact) -> None:
        event = fact.event
        if event.loan_id in self._owed:
            self._settled_last = event
            self._owe(event.loan_id, -event.principal_fen)

    def _repaid(self, fact: Fact) -> None:
        event, settled = fact.event, self._settled_last
        told = (event.loan_id, event.payment_id, event.principal_fen)
        if settled is None or told != (settled.loan_id, settled.payment_id, settled.principal_fen):
            self.violated(f"{event.payment_id} was not settled so", fact.position)
        self._settled_last = None

    def _owe(self, loan_id: str, more_fen: int) -> None:
        self._exposures[self._named[loan_id]] += more_fen
        owed_fen = self._owed.get(loan_id, 0) + more_fen
        if owed_fen:
            self._owed[loan_id] = owed_fen
        else:
            self._owed.pop(loan_id, None)

    # -- what it must advance -----------------------------------------------------------

    def _confirm(self, fact: Fact) -> None:
        event = fact.event
        self._confirmed[f"{event.loan_id}.{event.period}"] = event

    def _oblige(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["obligations"] += 1
        confirmed = self._confirmed.pop(event.claim_id, None)
        if confirmed is None or confirmed.confirmed_on != event.confirmed_on:
            self.violated(f"{event.claim_id} was not confirmed so, or twice", fact.position)
        if self._named.get(event.loan_id) != event.guarantor_id:
            self.violated(f"{event.guarantor_id} does not guarantee {event.loan_id}", fact.position)
        if event.calendar == self._calendar.version:
            deadline = self._calendar.deadline(event.confirmed_on, event.working_days)
            if deadline != event.deadline:
                self.violated(f"{event.claim_id} is to be advanced by {deadline}", fact.position)
        self._obliged[event.claim_id] = _Obliged(event)

    def _dropped(self, fact: Fact) -> None:
        event = fact.event
        if self._obliged.pop(event.claim_id).advance_id is not None:
            self.violated(f"{event.claim_id} is being advanced", fact.position)

    def _lines(self, fact: Fact) -> None:
        event = fact.event
        self._lines_fen[event.advance_id] = sum(event.principal) + sum(event.interest)

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["advances"] += 1
        obliged = self._obliged[event.claim_id]
        if obliged.advance_id is not None:
            self.violated(f"{event.claim_id} has an advance on its way", fact.position)
        if self._lines_fen.get(event.advance_id) != event.amount_fen:
            self.violated(f"{event.advance_id} is of other lines", fact.position)
        obliged.advance_id = event.advance_id

    def _answered(self, fact: Fact) -> None:
        event = fact.event
        obliged = self._obliged[event.claim_id]
        lines_fen = self._lines_fen.pop(event.advance_id, None)
        if obliged.advance_id != event.advance_id:
            self.violated(f"{event.advance_id} was not asked for", fact.position)
        obliged.advance_id = None
        if isinstance(event, AdvanceMade):
            del self._obliged[event.claim_id]
            if event.amount_fen != lines_fen:
                self.violated(f"{event.advance_id} moved another sum", fact.position)

    def _breached(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["breaches"] += 1
        obliged = self._obliged[event.claim_id]
        if obliged.breached or obliged.advance_id is not None:
            self.violated(f"{event.claim_id} is breached twice, or being advanced", fact.position)
        if not event.deadline == obliged.opened.deadline < self._streams.platform.business_date:
            self.violated(f"{event.claim_id} has time until its deadline", fact.position)
        obliged.breached = True

    def finish(self, snapshot: Snapshot) -> None:
        for claim_id in self._confirmed:
            self.violated(f"{claim_id} was confirmed and obliges nobody")
        by_guarantor: defaultdict[str, set[str]] = defaultdict(set)
        for claim_id, obliged in self._obliged.items():
            opened, advance_id = obliged.opened, obliged.advance_id
            by_guarantor[opened.guarantor_id].add(claim_id)
            loan = self._streams.loan(opened.loan_id)
            if loan is None or not protected_fen(loan, opened.period):
                self.violated(f"{claim_id} obliges and nothing is open of it")
            at_bank = (self._book.get(f"{prefix}-{advance_id}") for prefix in ("GH", "GA"))
            if advance_id is not None and not any(at_bank):
                self.violated(f"advance {advance_id} is open and not on its way")
        for guarantor_id in self._limits:
            folded = self._streams.guarantor(guarantor_id)
            exposure_fen = self._exposures[guarantor_id]
            if folded.exposure_fen != exposure_fen:
                self.violated(f"the loans of {guarantor_id} owe {exposure_fen} fen")
            if folded.obligations.keys() != by_guarantor[guarantor_id]:
                self.violated(f"the folded obligations of {guarantor_id} are others")
