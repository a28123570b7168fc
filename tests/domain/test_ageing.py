"""Ageing tables, month ends, and shares."""

from __future__ import annotations

from datetime import date

import pytest

from domain.ageing import AGEING_TABLES, month_end, month_end_before, month_ends, per_cent


@pytest.mark.parametrize("name", AGEING_TABLES)
def test_a_table_begins_on_the_first_day_and_goes_up(name: str) -> None:
    days = [stage.from_days for stage in AGEING_TABLES[name]]
    assert days[0] == 1
    assert days == sorted(set(days))
    assert len({stage.name for stage in AGEING_TABLES[name]}) == len(days)


def test_month_ends() -> None:
    assert list(month_ends(date(2023, 12, 31), date(2024, 3, 30))) == [
        date(2023, 12, 31),
        date(2024, 1, 31),
        date(2024, 2, 29),
    ]
    assert list(month_ends(date(2024, 2, 1), date(2024, 2, 28))) == []
    assert month_end_before(date(2024, 3, 31)) == date(2024, 2, 29)
    assert month_end(date(9999, 12, 1)) == date.max


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [(0, 0, "0.00"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 20_000, "0.01"), (3, 2, "150.00")],
)
def test_shares_are_per_cent_with_two_decimals(part: int, whole: int, share: str) -> None:
    assert per_cent(part, whole) == share
