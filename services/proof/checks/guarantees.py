"""Guarantors (担保人): within their limits, obliged once, by the right day; advanced once, and what
they owe to who paid in their place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

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
    RecourseArose,
    Reimbursed,
)
from domain.guarantor_advance import owed_fen
from domain.loan_events import CallInUndone, ClaimFiled, RepaymentSettled
from domain.loan_guarantee import (
    GuaranteeAdvanceOpened,
    LoanGuaranteed,
    OverdueConfirmed,
    ReimbursementOpened,
)
from domain.model import Event
from domain.policy import Provider
from services.proof.checks.book import Book
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.checks.streams import Streams
from services.proof.snapshot import Snapshot

_Claim = tuple[str, str]
"""A claim, and one of its guarantors."""


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
        self._named: defaultdict[str, dict[str, LoanGuaranteed]] = defaultdict(dict)  # By loan.
        self._given: set[tuple[str, str]] = set()  # Loan and guarantor, of loans that count.
        self._owed: dict[str, int] = {}  # By loan that counts: its principal.
        self._exposures: Counter[str] = Counter()  # By guarantor, what he stands for of that.
        self._less: dict[str, tuple[RepaymentSettled, int]] = {}  # By guarantor, not told of yet.
        self._confirmed: dict[str, date] = {}  # By claim: on which day,
        self._filed: dict[str, date] = {}  # and when it was filed.
        self._were_obliged: set[_Claim] = set()
        self._obliged: dict[_Claim, _Obliged] = {}  # Still.
        self._lines_fen: dict[str, int] = {}  # By advance, what the register's lines say.
        self._recourse: Counter[tuple[str, str, str | None]] = Counter()  # Who owes whom.

    def looks(self) -> Mapping[type[Event], Look]:
        return looks_of(
            ((GuarantorAppointed,), self._appointed),
            ((LoanGuaranteed,), self._guaranteed),
            ((GuaranteeGiven,), self._give),
            ((GuaranteeEnded,), self._ended),
            ((RepaymentSettled,), self._settled),
            ((LoanRepaid,), self._repaid),
            ((OverdueConfirmed,), self._confirm),
            ((ClaimFiled,), self._file),
            ((CallInUndone,), self._call_in_undone),
            ((ObligationOpened,), self._oblige),
            ((ObligationDropped,), self._dropped),
            ((GuaranteeAdvanceOpened,), self._lines),
            ((AdvanceRequested,), self._requested),
            ((AdvanceMade, AdvanceFailed), self._answered),
            ((ObligationBreached,), self._breached),
            ((RecourseArose,), self._arose),
            ((ReimbursementOpened,), self._reimburse),
            ((Reimbursed,), self._reimbursed),
        )

    # -- what it stands for -------------------------------------------------------------

    def _appointed(self, fact: Fact) -> None:
        event = fact.event
        self._limits[event.guarantor_id] = event.limit_fen

    def _guaranteed(self, fact: Fact) -> None:
        event = fact.event
        if event.guarantor_id in self._named[event.loan_id]:
            self.violated(f"{event.guarantor_id} is named twice", fact.position)
        self._named[event.loan_id][event.guarantor_id] = event

    def _part(self, loan_id: str, guarantor_id: str, principal_fen: int) -> int:
        """What he stands for of a principal, a share rounded up."""
        share_bp = self._named[loan_id][guarantor_id].share_bp
        return principal_fen if share_bp is None else -(-principal_fen * share_bp // 10_000)

    def _give(self, fact: Fact) -> None:
        event = fact.event
        loan_id, guarantor_id = event.loan_id, event.guarantor_id
        self.looked_at["loans"] += 1
        if guarantor_id not in self._named[loan_id] or (loan_id, guarantor_id) in self._given:
            self.violated(f"{loan_id} names another guarantor, or twice", fact.position)
            return
        loan = self._streams.loan(loan_id)
        amount_fen = loan.known().amount_fen if loan else 0
        if event.amount_fen != self._part(loan_id, guarantor_id, amount_fen):
            self.violated(f"{guarantor_id} stands for another sum of {loan_id}", fact.position)
        self._given.add((loan_id, guarantor_id))
        self._owed[loan_id] = amount_fen
        self._exposures[guarantor_id] += event.amount_fen
        exposure_fen = self._exposures[guarantor_id]
        limit_fen = self._limits.get(guarantor_id)
        if (event.exposure_fen, event.limit_fen) != (exposure_fen, limit_fen):
            self.violated(f"{guarantor_id} stands for {exposure_fen} fen", fact.position)
        if exposure_fen > event.limit_fen:
            self.violated(f"{guarantor_id} stands for too much", fact.position)

    def _ended(self, fact: Fact) -> None:
        event = fact.event
        loan_id, guarantor_id = event.loan_id, event.guarantor_id
        owed_fen = self._part(loan_id, guarantor_id, self._owed.get(loan_id, 0))
        if owed_fen != event.amount_fen or (loan_id, guarantor_id) not in self._given:
            self.violated(f"{loan_id} counts otherwise", fact.position)
        self._given.discard((loan_id, guarantor_id))
        self._exposures[guarantor_id] -= event.amount_fen

    def _settled(self, fact: Fact) -> None:
        event = fact.event
        before_fen = self._owed.get(event.loan_id)
        if before_fen is None or not self._named.get(event.loan_id):
            return
        self._untold(fact)
        after_fen = self._owed[event.loan_id] = before_fen - event.principal_fen
        for guarantor_id in self._named[event.loan_id]:
            less_fen = self._part(event.loan_id, guarantor_id, before_fen)
            less_fen -= self._part(event.loan_id, guarantor_id, after_fen)
            self._less[guarantor_id] = event, less_fen
            self._exposures[guarantor_id] -= less_fen

    def _repaid(self, fact: Fact) -> None:
        event = fact.event
        settled, less_fen = self._less.pop(event.guarantor_id, (None, 0))
        told = (event.loan_id, event.payment_id, event.principal_fen)
        if settled is None or told != (settled.loan_id, settled.payment_id, less_fen):
            self.violated(f"{event.payment_id} was not settled so", fact.position)

    def _untold(self, fact: Fact | None = None) -> None:
        for guarantor_id in self._less:
            position = fact.position if fact else None
            self.violated(f"{guarantor_id} was not told of a repayment", position)
        self._less.clear()

    # -- what it must advance -----------------------------------------------------------

    def _confirm(self, fact: Fact) -> None:
        event = fact.event
        self._confirmed[f"{event.loan_id}.{event.period}"] = event.confirmed_on

    def _file(self, fact: Fact) -> None:
        self._filed[fact.event.claim_id] = self._streams.platform.business_date

    def _call_in_undone(self, fact: Fact) -> None:
        """Late by the schedule, an instalment of that number obliges them anew; what obliged them
        for the rest is dropped after it."""
        claim_id = f"{fact.event.loan_id}.{fact.event.period}"
        self._confirmed.pop(claim_id, None)
        self._filed.pop(claim_id, None)
        self._were_obliged -= {claim for claim in self._were_obliged if claim[0] == claim_id}

    def _oblige(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["obligations"] += 1
        claim = event.claim_id, event.guarantor_id
        named = self._named[event.loan_id].get(event.guarantor_id)
        as_guarantor = named is None or named.stands_as is Provider.GUARANTOR
        called_on = (self._confirmed if as_guarantor else self._filed).get(event.claim_id)
        if called_on != event.confirmed_on or claim in self._were_obliged:
            self.violated(f"{event.claim_id} was not confirmed so, or twice", fact.position)
        if named is None:
            self.violated(f"{event.guarantor_id} does not guarantee {event.loan_id}", fact.position)
        if event.calendar == self._calendar.version:
            deadline = self._calendar.deadline(event.confirmed_on, event.working_days)
            if deadline != event.deadline:
                self.violated(f"{event.claim_id} is to be advanced by {deadline}", fact.position)
        self._were_obliged.add(claim)
        self._obliged[claim] = _Obliged(event)

    def _dropped(self, fact: Fact) -> None:
        event = fact.event
        if self._obliged.pop((event.claim_id, event.guarantor_id)).advance_id is not None:
            self.violated(f"{event.claim_id} is being advanced", fact.position)

    def _lines(self, fact: Fact) -> None:
        event = fact.event
        self._lines_fen[event.advance_id] = sum(event.principal) + sum(event.interest)

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["advances"] += 1
        obliged = self._obliged[event.claim_id, event.guarantor_id]
        if obliged.advance_id is not None:
            self.violated(f"{event.claim_id} has an advance on its way", fact.position)
        if self._lines_fen.get(event.advance_id) != event.amount_fen:
            self.violated(f"{event.advance_id} is of other lines", fact.position)
        obliged.advance_id = event.advance_id

    def _answered(self, fact: Fact) -> None:
        event = fact.event
        obliged = self._obliged[event.claim_id, event.guarantor_id]
        lines_fen = self._lines_fen.pop(event.advance_id, None)
        if obliged.advance_id != event.advance_id:
            self.violated(f"{event.advance_id} was not asked for", fact.position)
        obliged.advance_id = None
        if isinstance(event, AdvanceMade):
            del self._obliged[event.claim_id, event.guarantor_id]
            if event.amount_fen != lines_fen:
                self.violated(f"{event.advance_id} moved another sum", fact.position)

    def _breached(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["breaches"] += 1
        obliged = self._obliged[event.claim_id, event.guarantor_id]
        if obliged.breached or obliged.advance_id is not None:
            self.violated(f"{event.claim_id} is breached twice, or being advanced", fact.position)
        if not event.deadline == obliged.opened.deadline < self._streams.platform.business_date:
            self.violated(f"{event.claim_id} has time until its deadline", fact.position)
        obliged.breached = True

    # -- what it owes who paid in its place ----------------------------------------------

    def _arose(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["recourse"] += 1
        self._recourse[event.claim_id, event.guarantor_id, event.to] += event.amount_fen
        if event.to is None:
            obliged = self._obliged.get((event.claim_id, event.guarantor_id))
            if obliged is None or not obliged.breached:
                self.violated(f"{event.claim_id} was not breached", fact.position)
            return
        for name in (event.to, event.guarantor_id):
            given = self._named[event.loan_id].get(name)
            if given is None or given.contribution is None or event.to == event.guarantor_id:
                self.violated(f"{name} does not bear {event.claim_id} with others", fact.position)

    def _reimburse(self, fact: Fact) -> None:
        event = fact.event
        self._lines_fen[f"GR-{event.reimbursement_id}"] = event.principal_fen + event.interest_fen

    def _reimbursed(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["reimbursements"] += 1
        key = event.claim_id, event.guarantor_id, event.to
        if event.amount_fen > self._recourse.pop(key, 0):
            self.violated(f"{event.reimbursement_id} pays more than is owed", fact.position)
        if event.amount_fen != self._lines_fen.pop(f"GR-{event.reimbursement_id}", None):
            self.violated(f"{event.reimbursement_id} moved another sum", fact.position)

    # -- the end -------------------------------------------------------------------------

    def finish(self, snapshot: Snapshot) -> None:
        self._untold()
        for claim_id in self._confirmed.keys() - {claim_id for claim_id, _ in self._were_obliged}:
            self.violated(f"{claim_id} was confirmed and obliges nobody")
        by_guarantor: defaultdict[str, set[str]] = defaultdict(set)
        for (claim_id, guarantor_id), obliged in self._obliged.items():
            opened, advance_id = obliged.opened, obliged.advance_id
            by_guarantor[guarantor_id].add(claim_id)
            loan = self._streams.loan(opened.loan_id)
            if loan is None or not owed_fen(loan, guarantor_id, opened.period):
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
            if folded.recourse != dict(self._owes(guarantor_id)):
                self.violated(f"what {guarantor_id} owes others is folded otherwise")

    def _owes(self, guarantor_id: str) -> Iterator[tuple[tuple[str, str | None], int]]:
        for (claim_id, name, to), fen in self._recourse.items():
            if name == guarantor_id:
                yield (claim_id, to), fen
