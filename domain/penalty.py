"""Penalty interest (罚息) by bands of lateness, per cent a day, rounded half-up once.

A sum over segments with different bases is exact until its one rounding:

    penalty_from(penalty_numerator(...) + penalty_numerator(...))
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from domain.money import RATE_PLACES, BadFigure, Rounding, divide, percent

MAX_OVERDUE_DAYS = 36_500
MAX_DAILY_RATE = 100
"""Per cent a day."""

_UNITS_PER_CENT = 10**RATE_PLACES

PENALTY_DENOMINATOR = 100 * _UNITS_PER_CENT
"""`penalty_numerator` counts in this part of a fen."""

_BAND = re.compile(r"([0-9]{1,5})-([0-9]{1,5})?:(.+)", re.ASCII)


class Band(NamedTuple):
    """Days of lateness from `first_day` to `last_day` (None: for ever); the first late day is 1."""

    first_day: int
    last_day: int | None
    rate_units: int
    """Per cent a day, times 10**RATE_PLACES."""


def parse_bands(text: str, field: str = "bands") -> tuple[Band, ...]:
    """`"1-30:0.03,31-:0.04"`. Ascending, never overlapping; a day in no band bears nothing."""
    bands: list[Band] = []
    for part in text.split(","):
        written = _BAND.fullmatch(part)
        if written is None:
            raise BadFigure(field, "must be FIRST-LAST:PERCENT, ..., as in 1-30:0.03,31-:0.04")
        first, last, rate = written.groups()
        band = Band(int(first), int(last) if last else None, _units(rate, field))
        if band.first_day < 1 or (band.last_day is not None and band.last_day < band.first_day):
            raise BadFigure(field, "a band starts on day 1 or later and ends no earlier")
        before = bands[-1] if bands else None
        if before and (before.last_day is None or before.last_day >= band.first_day):
            raise BadFigure(field, "bands must ascend and not overlap")
        bands.append(band)
    return tuple(bands)


def penalty_numerator(base_fen: int, first_day: int, last_day: int, bands: Sequence[Band]) -> int:
    """The exact penalty for these days of lateness, both included, in 1/PENALTY_DENOMINATOR fen."""
    if base_fen < 0:
        raise BadFigure("base_fen", "must not be negative")
    units = 0
    for band in bands:
        until = last_day if band.last_day is None else min(last_day, band.last_day)
        units += max(0, until - max(first_day, band.first_day) + 1) * band.rate_units
    return base_fen * units


def penalty_from(numerator: int) -> int:
    """Fen, rounded half-up: once, at the end."""
    return divide(numerator, PENALTY_DENOMINATOR, Rounding.HALF_UP)


def penalty_fen(base_fen: int, days: int, bands: Sequence[Band]) -> int:
    """The penalty on an unchanged base that is `days` late."""
    if not 0 <= days <= MAX_OVERDUE_DAYS:
        raise BadFigure("days", f"must be from 0 to {MAX_OVERDUE_DAYS}")
    return penalty_from(penalty_numerator(base_fen, 1, days, bands))


def _units(rate: str, field: str) -> int:
    numerator, denominator = percent(rate, field, MAX_DAILY_RATE).as_integer_ratio()
    return numerator * _UNITS_PER_CENT // denominator
