"""Working days (工作日): weekdays but for holidays, and weekend days made up for them (调休).

What is one is announced a year ahead, so a calendar names its version and ends where it knows no
more: a day beyond that is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from domain.money import BadFigure

MAX_WORKING_DAYS = 1_000
_SATURDAY = 5


class WorkingDays(NamedTuple):
    """`years`: those whose holidays are known. `holidays` are weekdays that are free, `made_up`
    weekend days that are not; days of other kinds in them change nothing."""

    version: str
    years: Collection[int]
    holidays: Collection[date]
    made_up: Collection[date]

    def is_working(self, day: date, field: str = "date") -> bool:
        """Raises BadFigure, for `field`, where the year's holidays are not known."""
        if day.year not in self.years:
            first, last = min(self.years), max(self.years)
            raise BadFigure(
                field,
                f"the calendar {self.version} knows {first} to {last}, and {day} is needed",
            )
        return day in self.made_up or (day.weekday() < _SATURDAY and day not in self.holidays)

    def deadline(self, start: date, working_days: int, field: str = "date") -> date:
        """The last of so many working days, of which the first is the next one after `start`; for
        0 `start` itself. Raises BadFigure."""
        if not 0 <= working_days <= MAX_WORKING_DAYS:
            raise BadFigure("working_days", f"must be from 0 to {MAX_WORKING_DAYS}")
        day = start
        for _ in range(working_days):
            day = self.next_after(day, field)
        return day

    def next_after(self, day: date, field: str = "date") -> date:
        """The first working day after `day`. Raises BadFigure."""
        if day == date.max:
            raise BadFigure(field, "no day comes after it")
        day += timedelta(days=1)
        return day if self.is_working(day, field) else self.next_after(day, field)
