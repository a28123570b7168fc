"""Chinese working days out of the package `chinesecalendar`, and of a file laid over it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from itertools import chain
from typing import NamedTuple

from chinese_calendar.constants import holidays, workdays

from domain.working_days import WorkingDays

PACKAGE = "chinesecalendar"


class Overlay(NamedTuple):
    """Days that come before those of the package. `years` are those that it makes known, where the
    package does not have them yet. Holidays and what makes up for them have no day in common."""

    name: str
    years: frozenset[int]
    holidays: frozenset[date]
    made_up: frozenset[date]

    def digest(self) -> str:
        """By it, two files of one name are told apart."""
        days = [sorted(each) for each in (self.years, self.holidays, self.made_up)]
        return sha256(repr(days).encode()).hexdigest()[:8]


@lru_cache(maxsize=8)
def working_days(overlay: Overlay | None = None) -> WorkingDays:
    known = WorkingDays(
        f"{PACKAGE}-{version(PACKAGE)}",
        frozenset(day.year for day in chain(holidays, workdays)),
        frozenset(holidays),
        frozenset(workdays),
    )
    if overlay is None:
        return known
    return WorkingDays(
        f"{known.version}+{overlay.name}-{overlay.digest()}",
        frozenset(known.years) | overlay.years,
        (frozenset(known.holidays) - overlay.made_up) | overlay.holidays,
        (frozenset(known.made_up) - overlay.holidays) | overlay.made_up,
    )
