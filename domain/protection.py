"""What the policy protects of what is open to a loan's investors, whoever pays it (保障范围)."""

from __future__ import annotations

from collections.abc import Mapping

from domain.loan import Loan
from domain.model import InvariantBroken
from domain.policy import Covers, Scope
from domain.register import Billed, Vector


def protected(loan: Loan, billed: Billed, covers: Covers) -> tuple[Vector, Vector]:
    """What a payout covers of what is open to the investors: (principal, interest)."""
    none = (0,) * len(billed.principal)
    scope = loan.policy.scope
    if scope is Scope.NONE:
        return none, none
    called_in = billed.period == loan.called_in
    without_interest = (
        scope is Scope.PRINCIPAL
        or covers is Covers.PRINCIPAL
        or (covers is Covers.PRINCIPAL_AND_OVERDUE_INTEREST and called_in)
    )
    return billed.principal, none if without_interest else billed.interest


def protected_fen(loan: Loan, period: int) -> dict[str, int]:
    billed = loan.billed.get(period)
    if billed is None:
        return {}
    principal, interest = _claimed(loan, billed)
    return {
        claim.tender_id: p + i
        for claim, p, i in zip(loan.claims, principal, interest, strict=True)
        if p + i
    }


def lines_paid(loan: Loan, period: int, investors: Mapping[str, int]) -> tuple[Vector, Vector]:
    """Tender -> fen as (principal, interest) of the register: interest first, then principal."""
    principal, interest = _claimed(loan, loan.billed[period])
    paid_principal, paid_interest = [], []
    for claim, open_principal, open_interest in zip(loan.claims, principal, interest, strict=True):
        fen = investors.get(claim.tender_id, 0)
        to_interest = min(fen, open_interest)
        if fen - to_interest > open_principal:
            raise InvariantBroken(f"{claim.tender_id} would be paid more than is open")
        paid_interest.append(to_interest)
        paid_principal.append(fen - to_interest)
    return tuple(paid_principal), tuple(paid_interest)


def _claimed(loan: Loan, billed: Billed) -> tuple[Vector, Vector]:
    return protected(loan, billed, loan.covers.get(billed.period, Covers.INSTALMENT))
