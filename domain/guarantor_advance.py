"""What a loan's guarantor does for it (担保与代偿), over the loan's state.

    guarantee  GuaranteeLoan   -> LoanGuaranteed
    confirm    ConfirmOverdue  -> OverdueConfirmed       by a named person
    open       RequestAdvance  -> GuaranteeAdvanceOpened    then the bank freezes and moves it
    finish     the bank's word -> GuaranteeAdvancePaid | GuaranteeAdvanceReleased

An advance pays all of one instalment that the policy protects and that is still open. Its lines
move from the moment in which it is asked for, so that nothing else can pay them meanwhile.
"""

from __future__ import annotations

from datetime import date

from domain import repayment
from domain.acceleration import covered
from domain.loan import IN_REPAYMENT, Loan, Status, evolve
from domain.loan_guarantee import (
    GuaranteeAdvanceOpened,
    GuaranteeAdvancePaid,
    GuaranteeAdvanceReleased,
    LoanGuaranteed,
    LoanGuaranteeEvent,
    OverdueConfirmed,
)
from domain.model import Refused
from domain.refusals import Code


def guarantee(loan: Loan, wanted: LoanGuaranteed) -> LoanGuaranteed:
    """Only before the loan is published: investors must know who stands for it."""
    terms = loan.must_be(Status.REQUESTED, Status.RATED)
    if loan.guarantee.by is not None:
        raise Refused(Code.LOAN_GUARANTEED, f"by {loan.guarantee.by}", "loan_id")
    if wanted.guarantor_id == terms.borrower_id:
        raise Refused(Code.SELF_GUARANTEE, field="guarantor_id")
    return wanted


def confirm(loan: Loan, period: int, by: str, today: date) -> OverdueConfirmed:
    terms = loan.must_be(*IN_REPAYMENT)
    if loan.guarantee.by is None:
        raise Refused(Code.LOAN_NOT_GUARANTEED, field="loan_id")
    if period not in loan.overdue:
        raise Refused(Code.INSTALMENT_NOT_OVERDUE, field="period")
    if period in loan.guarantee.confirmed:
        raise Refused(Code.OVERDUE_CONFIRMED, field="period")
    confirmed = OverdueConfirmed(
        loan_id=terms.loan_id,
        period=period,
        confirmed_on=today,
        confirmed_by=by,
        covers=loan.covers.get(period) or covered(loan, period, today),
    )
    if not repayment.protected_fen(evolve(loan, confirmed), period):
        raise Refused(Code.NOTHING_TO_ADVANCE, field="period")
    return confirmed


def open_advance(
    loan: Loan, advance_id: str, guarantor_id: str, period: int
) -> GuaranteeAdvanceOpened:
    terms = loan.known()
    if loan.guarantee.by != guarantor_id:
        raise Refused(Code.NOT_GUARANTOR, field="guarantor_id")
    if period not in loan.guarantee.confirmed:
        raise Refused(Code.OBLIGATION_UNKNOWN, field="period")
    if period in loan.guarantee.moving:
        raise Refused(Code.ADVANCE_UNDER_WAY, field="period")
    investors = repayment.protected_fen(loan, period)
    if not investors:
        made = period in loan.guarantee.advanced
        raise Refused(Code.ADVANCE_MADE if made else Code.NOTHING_TO_ADVANCE, field="period")
    paying = any(each.period == period for each in loan.advances.values())
    if loan.routed is not None or paying or loan.being_bought:
        raise Refused(Code.LINES_MOVING, field="loan_id")
    principal, interest = repayment.lines_paid(loan, period, investors)
    return GuaranteeAdvanceOpened(
        loan_id=terms.loan_id,
        advance_id=advance_id,
        guarantor_id=guarantor_id,
        period=period,
        principal=principal,
        interest=interest,
    )


def amount_fen(opened: GuaranteeAdvanceOpened) -> int:
    return sum(opened.principal) + sum(opened.interest)


def finish(loan: Loan, advance_id: str, *, paid: bool) -> LoanGuaranteeEvent:
    loan_id = loan.known().loan_id
    if paid:
        return GuaranteeAdvancePaid(loan_id=loan_id, advance_id=advance_id)
    return GuaranteeAdvanceReleased(loan_id=loan_id, advance_id=advance_id)
