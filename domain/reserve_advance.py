"""What the reserve pays on one loan (代偿), over the loan's state.

open     a payout is held -> AdvanceOpened    then the bank moves it
finish   the bank's word  -> AdvancePaid | AdvanceReleased
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import loan_events as e
from domain.loan import Loan
from domain.protection import lines_paid, protected_fen


def open_claim(loan: Loan, period: int) -> dict[str, int]:
    """Tender -> fen that the policy protects and that is still open to its investor. Empty while
    another movement is open on the loan's lines, or held money is about to be."""
    billed = loan.billed.get(period)
    if billed is None or loan.lines_moving or any(p.held for p in loan.payments.values()):
        return {}
    return protected_fen(loan, period)


def open_advance(
    loan: Loan, payout_id: str, period: int, investors: Mapping[str, int]
) -> e.AdvanceOpened:
    """Which of each investor's lines a payout pays."""
    principal, interest = lines_paid(loan, period, investors)
    return e.AdvanceOpened(
        loan_id=loan.known().loan_id,
        payout_id=payout_id,
        period=period,
        principal=principal,
        interest=interest,
    )


def finish_advance(loan: Loan, payout_id: str, *, paid: bool) -> tuple[e.LoanEvent, ...]:
    loan_id = loan.known().loan_id
    if paid:
        return (e.AdvancePaid(loan_id=loan_id, payout_id=payout_id),)
    return (e.AdvanceReleased(loan_id=loan_id, payout_id=payout_id),)
