"""Repayment schedules (还款计划): what falls due in each month of a loan.

Invariant: the principals of all rows add up to the principal lent, and the last balance is zero.
Everything is exact in integers: the monthly rate is a fraction, and each figure is rounded once.
Source: loan-arithmetic, the five published methods. Interest is always rounded half-up; `rounding`
applies to the annuity payment, and to P/n in equal-principal and flat.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from math import gcd
from typing import NamedTuple, assert_never

from domain.money import BadFigure, Rounding, divide

MAX_PERIODS = 600
MAX_ANNUAL_RATE = 1000
"""Per cent a year."""


class Method(StrEnum):
    EQUAL_INSTALMENT = "equal-instalment"  # 等额本息
    EQUAL_PRINCIPAL = "equal-principal"  # 等额本金
    INTEREST_FIRST = "interest-first"  # 先息后本
    BULLET = "bullet"  # 一次性还本付息
    FLAT = "flat"  # 等本等息


class Instalment(NamedTuple):
    """One month; `balance_fen` is the principal still owed after it."""

    period: int
    payment_fen: int
    principal_fen: int
    interest_fen: int
    balance_fen: int


class _MonthlyRate(NamedTuple):
    numerator: int
    denominator: int

    def interest(self, balance_fen: int, months: int = 1) -> int:
        # divide(..., HALF_UP) written out: the one line that runs for every row of every loan.
        return (2 * balance_fen * self.numerator * months + self.denominator) // (
            2 * self.denominator
        )


def schedule(
    principal_fen: int,
    annual_rate: Decimal,
    periods: int,
    method: Method,
    rounding: Rounding = Rounding.HALF_UP,
) -> tuple[Instalment, ...]:
    """One row a month. `annual_rate` is per cent a year. Raises BadFigure.

    An annuity rounded up may clear early: rows of zero follow. One rounded down may, in a loan of
    few fen and many years, lie below a month's interest: the row's principal is then negative.
    """
    _check(principal_fen, annual_rate, periods)
    rate = _monthly(annual_rate)
    match method:
        case Method.EQUAL_INSTALMENT:
            payment_fen = annuity_fen(principal_fen, annual_rate, periods, rounding)

            def annuity_row(balance_fen: int) -> tuple[int, int]:
                interest_fen = rate.interest(balance_fen)
                return payment_fen - interest_fen, interest_fen

            return _rows(principal_fen, periods, annuity_row)
        case Method.EQUAL_PRINCIPAL:
            part_fen = divide(principal_fen, periods, rounding)
            return _rows(principal_fen, periods, lambda b: (part_fen, rate.interest(b)))
        case Method.INTEREST_FIRST:
            return _rows(principal_fen, periods, lambda b: (0, rate.interest(b)))
        case Method.FLAT:
            each = divide(principal_fen, periods, rounding), rate.interest(principal_fen)
            return _rows(principal_fen, periods, lambda _: each)
        case Method.BULLET:
            interest_fen = rate.interest(principal_fen, periods)
            waiting = (Instalment(k, 0, 0, 0, principal_fen) for k in range(1, periods))
            last = Instalment(periods, principal_fen + interest_fen, principal_fen, interest_fen, 0)
            return (*waiting, last)
        case _:
            assert_never(method)


def annuity_fen(principal_fen: int, annual_rate: Decimal, periods: int, rounding: Rounding) -> int:
    """The equal payment P·i·(1+i)^n / ((1+i)^n - 1), or P/n without interest; rounded once."""
    rate = _monthly(annual_rate)
    if rate.numerator == 0:
        return divide(principal_fen, periods, rounding)
    grown = (rate.numerator + rate.denominator) ** periods
    return divide(
        principal_fen * rate.numerator * grown,
        rate.denominator * (grown - rate.denominator**periods),
        rounding,
    )


def _rows(
    principal_fen: int, periods: int, row: Callable[[int], tuple[int, int]]
) -> tuple[Instalment, ...]:
    """`row` turns a balance into (principal wanted, interest); the last row clears the balance."""
    rows = []
    balance_fen = principal_fen
    for period in range(1, periods + 1):
        wanted_fen, interest_fen = row(balance_fen)
        part_fen = balance_fen if period == periods else min(wanted_fen, balance_fen)
        balance_fen -= part_fen
        rows.append(
            Instalment(period, part_fen + interest_fen, part_fen, interest_fen, balance_fen)
        )
    return tuple(rows)


def _monthly(annual_rate: Decimal) -> _MonthlyRate:
    numerator, denominator = annual_rate.as_integer_ratio()
    common = gcd(numerator, denominator * 1200)
    return _MonthlyRate(numerator // common, denominator * 1200 // common)


def _check(principal_fen: int, annual_rate: Decimal, periods: int) -> None:
    if principal_fen < 1:
        raise BadFigure("principal_fen", "must be at least 1")
    if not annual_rate.is_finite() or not 0 <= annual_rate <= MAX_ANNUAL_RATE:
        raise BadFigure("annual_rate", f"must be from 0 to {MAX_ANNUAL_RATE} per cent a year")
    if not 1 <= periods <= MAX_PERIODS:
        raise BadFigure("periods", f"must be from 1 to {MAX_PERIODS}")
