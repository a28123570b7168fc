"""The tables of the view `loans`: a loan, its tenders, instalments, payments and advances.

"Investors'", "reserve's" and "guarantor's" say to whom the borrower owes a part: the reserve and
the guarantors own what they paid to the investors in his place (代位).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from adapters.read_models.table import Table


@dataclass(slots=True)
class LoanRow:
    loan_id: str
    borrower_id: str
    amount_fen: int
    annual_rate: str  # Per cent a year.
    periods: int
    method: str
    purpose: str
    status: str  # domain.loan.Status
    requested_on: date
    grade: str | None = None
    deadline: date | None = None
    reserved_fen: int = 0
    secured_fen: int = 0
    filled_on: date | None = None
    concluded_on: date | None = None
    contract_hash: str | None = None
    policy_version: str | None = None
    protection: str | None = None  # domain.policy.Scope
    fee_fen: int = 0
    contribution_fen: int = 0
    disbursed_on: date | None = None
    outstanding_principal_fen: int = 0  # To whomever it is owed.
    outstanding_interest_fen: int = 0  # By the schedule: billed and to come.
    unbilled_interest_fen: int = 0  # By the schedule, of the instalments to come.
    outstanding_since: date | None = None  # The day from whose close on that much was outstanding.
    overdue_instalments: int = 0  # Marked overdue and not paid yet.
    rest_billed_with: int | None = None  # The period that took all later principal with it.
    settled_on: date | None = None
    guarantor_ids: str | None = None  # In the order in which they were named: "G1,G2".
    ageing: str | None = None  # The ageing table that its policy names.


@dataclass(slots=True)
class TenderRow:
    tender_id: str
    loan_id: str
    investor_id: str
    amount_fen: int
    status: str  # reserved, secured, dropped


@dataclass(slots=True)
class InstalmentRow:
    loan_id: str
    period: int
    due_on: date
    principal_fen: int  # By the schedule.
    interest_fen: int
    billed: bool = False
    billed_principal_fen: int = 0  # More than the schedule's where the whole rest came with it.
    billed_interest_fen: int = 0
    open_principal_fen: int = 0  # The investors'.
    open_interest_fen: int = 0
    reserve_open_principal_fen: int = 0
    reserve_open_interest_fen: int = 0
    guarantor_open_principal_fen: int = 0
    guarantor_open_interest_fen: int = 0
    penalty_paid_fen: int = 0
    overdue_fee_paid_fen: int = 0
    paid_on: date | None = None  # The effective date of the payment that left nothing open.
    overdue: bool = False  # Was marked overdue, once.
    filed: bool = False  # Was handed to the reserve.
    other_fee_fen: int = 0  # Court costs that are open: the platform's.
    open_since: date | None = None  # The day from whose close on that much was open.
    confirmed: bool = False  # Was confirmed as overdue: the guarantors are obliged.

    @property
    def base_fen(self) -> int:
        """Principal and interest, to whomever: with court costs alone nobody is late."""
        investors_fen = self.open_principal_fen + self.open_interest_fen
        reserve_fen = self.reserve_open_principal_fen + self.reserve_open_interest_fen
        guarantor_fen = self.guarantor_open_principal_fen + self.guarantor_open_interest_fen
        return investors_fen + reserve_fen + guarantor_fen

    @property
    def open_fen(self) -> int:
        return self.base_fen + self.other_fee_fen


@dataclass(slots=True)
class PaymentRow:
    """`status`: accepted, held, routed, settled, failed, or returned (nothing was owed)."""

    payment_id: str
    loan_id: str
    amount_fen: int
    in_full: bool
    effective_on: date
    status: str
    accepted_on: date
    closed_on: date | None = None
    left_fen: int = 0  # Given back to the borrower.
    bank_code: str | None = None
    in_part: bool = False  # Pays principal early.


@dataclass(slots=True)
class PaymentPartRow:
    """What a payment brings (or brought, once it is settled) to one instalment."""

    payment_id: str
    period: int
    loan_id: str
    principal_fen: int  # The investors'.
    interest_fen: int
    penalty_fen: int
    reserve_principal_fen: int
    reserve_interest_fen: int
    reserve_penalty_fen: int
    overdue_fee_fen: int
    other_fee_fen: int  # Court costs.
    guarantor_principal_fen: int = 0
    guarantor_interest_fen: int = 0
    guarantor_penalty_fen: int = 0


@dataclass(slots=True)
class AdvanceRow:
    """A payout of the reserve on one instalment. `status`: opened, paid, released."""

    payout_id: str
    loan_id: str
    period: int
    principal_fen: int
    interest_fen: int
    status: str


@dataclass(slots=True)
class GuarantorAdvanceRow:
    """An advance of a guarantor's (代偿) on one instalment. `status`: opened, paid, released."""

    advance_id: str
    loan_id: str
    period: int
    principal_fen: int
    interest_fen: int
    status: str
    guarantor_id: str


@dataclass(slots=True)
class ReimbursementRow:
    """What a guarantor pays who paid in his place. `status`: opened, paid, released."""

    reimbursement_id: str
    loan_id: str
    period: int
    guarantor_id: str
    paid_to: str | None  # The co-guarantor; None: the reserve.
    principal_fen: int
    interest_fen: int
    status: str


LOANS = Table("loan", LoanRow, key=["loan_id"], indexes=["borrower_id"])
TENDERS = Table("tender", TenderRow, key=["tender_id"], indexes=["loan_id"])
INSTALMENTS = Table("instalment", InstalmentRow, key=["loan_id", "period"])
PAYMENTS = Table("payment", PaymentRow, key=["payment_id"], indexes=["loan_id"])
PAYMENT_PARTS = Table("payment_part", PaymentPartRow, key=["payment_id", "period"])
ADVANCES = Table("advance", AdvanceRow, key=["payout_id"], indexes=["loan_id"])
GUARANTOR_ADVANCES = Table(
    "guarantor_advance", GuarantorAdvanceRow, key=["advance_id"], indexes=["loan_id"]
)
REIMBURSEMENTS = Table(
    "reimbursement", ReimbursementRow, key=["reimbursement_id"], indexes=["loan_id"]
)
