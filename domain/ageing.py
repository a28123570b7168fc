"""账龄: stages of lateness as named tables, month ends, and shares in per cent.

Days late count from the day after the due date. A table's stage goes up to the next stage's first
day, its last stage has no end.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from domain.money import Rounding, divide


class Stage(NamedTuple):
    name: str
    from_days: int  # Late; up to the next stage's.


AgeingTable = tuple[Stage, ...]

AGEING_TABLES: Mapping[str, AgeingTable] = {
    "m1-m7": (
        Stage("M1", 1),
        Stage("M2", 31),
        Stage("M3", 61),
        Stage("M4", 91),
        Stage("M5", 181),
        Stage("M6", 361),
        Stage("M7", 721),
    ),
    "s1-m7": (
        Stage("S1", 1),
        Stage("S2", 8),
        Stage("M1", 16),
        Stage("M2", 31),
        Stage("M3", 61),
        Stage("M4", 91),
        Stage("M5", 181),
        Stage("M6", 361),
        Stage("M7", 721),
    ),
}
DEFAULT_TABLE = "m1-m7"


def month_ends(first: date, last: date) -> Iterator[date]:
    """The last days of months from `first` to `last`, both included."""
    day = month_end(first)
    while day <= last:
        yield day
        day = month_end(day + timedelta(days=1))


def month_end_before(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def per_cent(part: int, whole: int) -> str:
    """With two decimals, rounded HALF_UP; of nothing it is "0.00"."""
    hundredths = divide(part * 10_000, whole, Rounding.HALF_UP) if whole else 0
    return f"{hundredths // 100}.{hundredths % 100:02d}"
