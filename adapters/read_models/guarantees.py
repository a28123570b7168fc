"""Guarantors (担保人): what each stands for, must advance by when, owes who paid in its place, and
what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import guarantee as g
from domain.accounts import RESERVE_ACCOUNT, Role, account_of
from domain.loan_guarantee import LoanGuaranteed
from domain.policy import Provider


@dataclass(slots=True)
class GuarantorRow:
    """`exposure_fen` is the principal that its loans still owe, as far as it stands for them; of
    what it advanced or paid for an advance, borrowers and co-guarantors paid back `recovered_fen`,
    with the penalty that ran on it."""

    guarantor_id: str
    limit_fen: int
    exposure_fen: int = 0
    advanced_fen: int = 0
    recovered_fen: int = 0
    breaches: int = 0
    reimbursed_fen: int = 0  # Paid to who had paid in its place.


@dataclass(slots=True)
class GuaranteedLoanRow:
    """`counter_*`: the counter-guarantee (反担保), the document by its number and hash."""

    loan_id: str
    guarantor_id: str
    counter_kind: str | None
    counter_reference: str | None
    counter_hash: str | None
    exposure_fen: int = 0
    share_bp: int | None = None  # Of 10,000; None: it stands for the whole.
    contribution: str | None = None  # domain.loan_guarantee.Contribution
    stands_as: str = Provider.GUARANTOR.value


@dataclass(slots=True)
class ObligationRow:
    """`status`: open, advancing (at the bank), advanced, dropped (somebody else paid)."""

    claim_id: str
    guarantor_id: str
    loan_id: str
    period: int
    amount_fen: int  # When the overdue was confirmed.
    confirmed_on: date
    confirmed_by: str | None  # A named person; None for the day end.
    deadline: date
    working_days: int
    calendar: str
    status: str
    breached: bool = False
    breached_on: date | None = None
    next_payer: str | None = None  # domain.policy.Provider
    advance_id: str | None = None  # The last one.
    advanced_fen: int = 0
    advanced_on: date | None = None


@dataclass(slots=True)
class RecourseRow:
    """What a guarantor owes who paid in its place. `owed_fen` is what came about: in it is still
    what the borrower, or another who owes the same, has paid back since."""

    claim_id: str
    guarantor_id: str
    to_account: str  # The reserve's, or a co-guarantor's.
    loan_id: str
    period: int
    owed_fen: int
    reimbursed_fen: int = 0


GUARANTORS = Table("guarantor", GuarantorRow, key=["guarantor_id"])
GUARANTEED_LOANS = Table(
    "guaranteed_loan", GuaranteedLoanRow, key=["loan_id", "guarantor_id"], indexes=["guarantor_id"]
)
OBLIGATIONS = Table(
    "obligation", ObligationRow, key=["claim_id", "guarantor_id"], indexes=["guarantor_id"]
)
RECOURSE = Table(
    "recourse",
    RecourseRow,
    key=["claim_id", "guarantor_id", "to_account"],
    indexes=["guarantor_id"],
)


class Guarantees(View):
    NAME = "guarantees"
    TABLES = (GUARANTORS, GUARANTEED_LOANS, OBLIGATIONS, RECOURSE)
    EVENTS = (*g.EVENTS, LoanGuaranteed)
    BY_KEY = True

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        told: list[Any] = [recorded.event for recorded in batch]
        paid = [event for event in told if isinstance(event, g.RecourseArose | g.Reimbursed)]
        self._guarantors = self.open(
            GUARANTORS, named(batch, "guarantor_id") | {each.to for each in paid if each.to}
        )
        self._loans = self.open(
            GUARANTEED_LOANS, {(e.loan_id, e.guarantor_id) for e in told if hasattr(e, "loan_id")}
        )
        self._obligations = self.open(
            OBLIGATIONS, {(e.claim_id, e.guarantor_id) for e in told if hasattr(e, "claim_id")}
        )
        self._recourse = self.open(RECOURSE, set(map(_recourse_key, paid)))

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case g.GuarantorAppointed(guarantor_id=guarantor_id, limit_fen=limit_fen):
                if known := self._guarantors.get(guarantor_id):
                    known.limit_fen = limit_fen
                else:
                    self._guarantors.add(GuarantorRow(guarantor_id, limit_fen))
            case LoanGuaranteed() as event:
                counter = event.counter_guarantee or (None, None, None)
                row = GuaranteedLoanRow(event.loan_id, event.guarantor_id, *counter)
                row.share_bp, row.stands_as = event.share_bp, event.stands_as.value
                row.contribution = event.contribution and event.contribution.value
                self._loans.add(row)
            case g.GuaranteeGiven() as event:
                self._expose(event.guarantor_id, event.loan_id, event.amount_fen)
            case g.GuaranteeEnded() as event:
                self._expose(event.guarantor_id, event.loan_id, -event.amount_fen)
            case g.LoanRepaid() as event:
                self._expose(event.guarantor_id, event.loan_id, -event.principal_fen)
                self._guarantors[event.guarantor_id].recovered_fen += event.recovered_fen
            case g.RecourseArose() as event:
                key = _recourse_key(event)
                owed = self._recourse.get(key) or self._recourse.add(
                    RecourseRow(*key, event.loan_id, event.period, 0)
                )
                owed.owed_fen += event.amount_fen
            case g.Reimbursed() as event:
                owed = self._recourse[_recourse_key(event)]
                owed.owed_fen = 0
                owed.reimbursed_fen += event.amount_fen
                self._guarantors[event.guarantor_id].reimbursed_fen += event.amount_fen
                if event.to is not None:
                    self._guarantors[event.to].recovered_fen += event.amount_fen
            case _:
                self._fold_obligation(recorded)

    def _expose(self, guarantor_id: str, loan_id: str, more_fen: int) -> None:
        self._guarantors[guarantor_id].exposure_fen += more_fen
        self._loans[loan_id, guarantor_id].exposure_fen += more_fen

    def _fold_obligation(self, recorded: Recorded) -> None:
        match recorded.event:
            case g.ObligationOpened() as event:
                self._obligations.add(
                    ObligationRow(
                        claim_id=event.claim_id,
                        guarantor_id=event.guarantor_id,
                        loan_id=event.loan_id,
                        period=event.period,
                        amount_fen=event.amount_fen,
                        confirmed_on=event.confirmed_on,
                        confirmed_by=event.confirmed_by,
                        deadline=event.deadline,
                        working_days=event.working_days,
                        calendar=event.calendar,
                        status="open",
                    )
                )
            case g.ObligationDropped() as event:
                self._obligations[event.claim_id, event.guarantor_id].status = "dropped"
            case g.AdvanceRequested() as event:
                obligation = self._obligations[event.claim_id, event.guarantor_id]
                obligation.status, obligation.advance_id = "advancing", event.advance_id
            case g.AdvanceMade() as event:
                obligation = self._obligations[event.claim_id, event.guarantor_id]
                obligation.status, obligation.advanced_fen = "advanced", event.amount_fen
                obligation.advanced_on = recorded.business_date
                self._guarantors[event.guarantor_id].advanced_fen += event.amount_fen
            case g.AdvanceFailed() as event:
                self._obligations[event.claim_id, event.guarantor_id].status = "open"
            case g.ObligationBreached() as event:
                obligation = self._obligations[event.claim_id, event.guarantor_id]
                obligation.breached, obligation.breached_on = True, recorded.business_date
                obligation.next_payer = event.next_payer and event.next_payer.value
                self._guarantors[event.guarantor_id].breaches += 1


def _recourse_key(event: g.RecourseArose | g.Reimbursed) -> tuple[str, str, str]:
    to = RESERVE_ACCOUNT if event.to is None else account_of(event.to, Role.GUARANTOR)
    return event.claim_id, event.guarantor_id, to
