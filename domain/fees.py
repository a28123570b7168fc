"""What a policy's rates come to in fen: fees, and the reserve's part of them."""

from __future__ import annotations

from decimal import Decimal

from domain.money import Rounding, divide
from domain.policy import PolicyTerms


def percent_of(amount_fen: int, percent: str) -> int:
    """HALF_UP, once."""
    rate = Decimal(percent)
    scale = 10 ** max(0, -int(rate.as_tuple().exponent))
    return divide(amount_fen * int(rate * scale), 100 * scale, Rounding.HALF_UP)


def service_fee_fen(terms: PolicyTerms, grade: str, principal_fen: int) -> int:
    return percent_of(principal_fen, terms.fee_by_grade.get(grade, "0"))


def contribution_fen(terms: PolicyTerms, grade: str, principal_fen: int) -> int:
    """The reserve's part of the service fee, never more than the fee."""
    if terms.accrual_frozen:
        return 0
    wanted_fen = percent_of(principal_fen, terms.contribution_by_grade.get(grade, "0"))
    return min(wanted_fen, service_fee_fen(terms, grade, principal_fen))


def assignment_fee_fen(terms: PolicyTerms, price_fen: int) -> int:
    return percent_of(price_fen, terms.assignment_fee)
