"""Guarantors (担保人): what each stands for, what it must advance by when, and what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import guarantee as g
from domain.loan_guarantee import LoanGuaranteed


@dataclass(slots=True)
class GuarantorRow:
    """`exposure_fen` is the principal that its loans still owe; of `advanced_fen` the borrowers
    paid back `recovered_fen`, with the penalty that ran on it."""

    guarantor_id: str
    limit_fen: int
    exposure_fen: int = 0
    advanced_fen: int = 0
    recovered_fen: int = 0
    breaches: int = 0


@dataclass(slots=True)
class GuaranteedLoanRow:
    """`counter_*`: the counter-guarantee (反担保), the document by its number and hash."""

    loan_id: str
    guarantor_id: str
    counter_kind: str | None
    counter_reference: str | None
    counter_hash: str | None
    exposure_fen: int = 0


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


GUARANTORS = Table("guarantor", GuarantorRow, key=["guarantor_id"])
GUARANTEED_LOANS = Table(
    "guaranteed_loan", GuaranteedLoanRow, key=["loan_id"], indexes=["guarantor_id"]
)
OBLIGATIONS = Table("obligation", ObligationRow, key=["claim_id"], indexes=["guarantor_id"])


class Guarantees(View):
    NAME = "guarantees"
    TABLES = (GUARANTORS, GUARANTEED_LOANS, OBLIGATIONS)
    EVENTS = (*g.EVENTS, LoanGuaranteed)
    BY_KEY = True

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._guarantors = self.open(GUARANTORS, named(batch, "guarantor_id"))
        self._loans = self.open(GUARANTEED_LOANS, named(batch, "loan_id"))
        self._obligations = self.open(OBLIGATIONS, named(batch, "claim_id"))

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case g.GuarantorAppointed(guarantor_id=guarantor_id, limit_fen=limit_fen):
                if known := self._guarantors.get(guarantor_id):
                    known.limit_fen = limit_fen
                else:
                    self._guarantors.add(GuarantorRow(guarantor_id, limit_fen))
            case LoanGuaranteed() as event:
                counter = event.counter_guarantee or (None, None, None)
                self._loans.add(GuaranteedLoanRow(event.loan_id, event.guarantor_id, *counter))
            case g.GuaranteeGiven() as event:
                self._expose(event.guarantor_id, event.loan_id, event.amount_fen)
            case g.GuaranteeEnded() as event:
                self._expose(event.guarantor_id, event.loan_id, -event.amount_fen)
            case g.LoanRepaid() as event:
                self._expose(event.guarantor_id, event.loan_id, -event.principal_fen)
                self._guarantors[event.guarantor_id].recovered_fen += event.recovered_fen
            case _:
                self._fold_obligation(recorded)

    def _expose(self, guarantor_id: str, loan_id: str, more_fen: int) -> None:
        self._guarantors[guarantor_id].exposure_fen += more_fen
        self._loans[loan_id].exposure_fen += more_fen

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
            case g.ObligationDropped(claim_id=claim_id):
                self._obligations[claim_id].status = "dropped"
            case g.AdvanceRequested() as event:
                obligation = self._obligations[event.claim_id]
                obligation.status, obligation.advance_id = "advancing", event.advance_id
            case g.AdvanceMade() as event:
                obligation = self._obligations[event.claim_id]
                obligation.status, obligation.advanced_fen = "advanced", event.amount_fen
                obligation.advanced_on = recorded.business_date
                self._guarantors[event.guarantor_id].advanced_fen += event.amount_fen
            case g.AdvanceFailed(claim_id=claim_id):
                self._obligations[claim_id].status = "open"
            case g.ObligationBreached() as event:
                obligation = self._obligations[event.claim_id]
                obligation.breached, obligation.breached_on = True, recorded.business_date
                obligation.next_payer = event.next_payer and event.next_payer.value
                self._guarantors[event.guarantor_id].breaches += 1
