"""Money is whole fen (分, 1/100 yuan): how it is rounded, written and read. No float touches it."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Final

RATE_PLACES: Final = 10
"""Decimal places that a rate in per cent may have."""

_YUAN = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]{1,2}))?", re.ASCII)
_PERCENT = re.compile(rf"[0-9]{{1,6}}(?:\.[0-9]{{1,{RATE_PLACES}}})?", re.ASCII)


class BadFigure(ValueError):
    """A figure outside its rule: bad input, not a refusal."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class Rounding(StrEnum):
    """Away from zero or towards it; half-up (四舍五入) takes a half away from zero."""

    HALF_UP = "half-up"
    UP = "up"
    DOWN = "down"


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """The exact quotient, rounded once. The denominator is positive."""
    if denominator <= 0:
        raise BadFigure("denominator", "must be positive")
    quotient, rest = divmod(abs(numerator), denominator)
    if rest and (
        rounding is Rounding.UP or (rounding is Rounding.HALF_UP and 2 * rest >= denominator)
    ):
        quotient += 1
    return -quotient if numerator < 0 else quotient


def fen_from_yuan(text: str, field: str = "amount") -> int:
    """`"1234.5"` -> 123450. Refuses everything but a leading minus, at most 16 digits, so that any
    database's bigint holds the fen, and two decimals."""
    written = _YUAN.fullmatch(text)
    if written is None:
        raise BadFigure(field, "must be yuan in digits, at most 16, with at most two decimals")
    sign, yuan_digits, fen_digits = written.groups()
    fen = int(yuan_digits) * 100 + int((fen_digits or "").ljust(2, "0"))
    return -fen if sign else fen


def yuan(fen: int) -> str:
    """123450 -> `"1234.50"`."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def percent(text: str, field: str, at_most: int) -> Decimal:
    """A rate in per cent, 0 allowed, exactly as written: `"12.5"` -> Decimal("12.5")."""
    if _PERCENT.fullmatch(text) is None or Decimal(text) > at_most:
        raise BadFigure(
            field,
            f"must be a plain decimal from 0 to {at_most} per cent"
            f" with at most {RATE_PLACES} decimals",
        )
    return Decimal(text)
