from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import BadFigure
from domain.working_days import WorkingDays

# Spring Festival 2024: from Saturday the 10th to Saturday the 17th, for which two Sundays make up.
FESTIVAL = frozenset(date(2024, 2, day) for day in range(10, 18))
CALENDAR = WorkingDays("test-1", {2024}, FESTIVAL, {date(2024, 2, 4), date(2024, 2, 18)})


@pytest.mark.parametrize(
    ("day", "is_working"), [(2, True), (3, False), (4, True), (9, True), (12, False), (18, True)]
)
def test_working_days(day: int, is_working: bool) -> None:
    assert CALENDAR.is_working(date(2024, 2, day)) is is_working


@pytest.mark.parametrize(
    ("start", "count", "deadline"),
    [
        (date(2024, 2, 8), 0, date(2024, 2, 8)),
        (date(2024, 2, 8), 1, date(2024, 2, 9)),
        (date(2024, 2, 8), 2, date(2024, 2, 18)),
        (date(2024, 2, 12), 1, date(2024, 2, 18)),
        (date(2024, 2, 10), 0, date(2024, 2, 10)),
    ],
)
def test_day_one_is_the_next_working_day(start: date, count: int, deadline: date) -> None:
    assert CALENDAR.deadline(start, count) == deadline


@given(st.dates(date(2024, 1, 1), date(2024, 10, 1)), st.integers(1, 30))
def test_up_to_a_deadline_there_are_as_many_working_days(start: date, count: int) -> None:
    deadline = CALENDAR.deadline(start, count)
    between = [start + timedelta(days=each) for each in range(1, (deadline - start).days + 1)]
    assert sum(map(CALENDAR.is_working, between)) == count
    assert CALENDAR.is_working(deadline)


@pytest.mark.parametrize(
    ("start", "count", "field"),
    [
        (date(2024, 12, 31), 1, "from"),
        (date(2023, 12, 30), 1, "from"),
        (date.max, 1, "from"),
        (date(2024, 2, 8), -1, "working_days"),
        (date(2024, 2, 8), 1_001, "working_days"),
    ],
)
def test_what_is_not_known_is_refused(start: date, count: int, field: str) -> None:
    with pytest.raises(BadFigure) as refused:
        CALENDAR.deadline(start, count, "from")
    assert refused.value.field == field
