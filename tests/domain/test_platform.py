"""A platform opens once; its date moves on by one day at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain import platform as p
from domain.law import LAW_TABLES
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import PLATFORM, TODAY


def opening(**changes: Any) -> p.PlatformOpened:
    usual: dict[str, Any] = {
        "platform": PLATFORM,
        "business_date": TODAY,
        "law_table": "none",
        "tender_max_fen": None,
        "cool_off_days": 3,
    }
    return p.PlatformOpened(**usual | changes)


OPEN = p.evolve(p.INITIAL, opening())


def test_it_opens_on_its_date() -> None:
    assert p.open_platform(p.INITIAL, opening()) == (opening(),)
    assert OPEN.business_date == TODAY


@pytest.mark.parametrize(
    ("state", "asked", "code"),
    [
        (OPEN, opening(), Code.PLATFORM_ALREADY_OPEN),
        (p.INITIAL, opening(law_table="mars"), Code.LAW_TABLE_UNKNOWN),
    ],
)
def test_opening_refused(state: p.Platform, asked: p.PlatformOpened, code: Code) -> None:
    with pytest.raises(Refused) as caught:
        p.open_platform(state, asked)
    assert caught.value.code == code


def test_the_next_day() -> None:
    rolled = p.BusinessDateRolled(closed=TODAY, business_date=date(2018, 2, 1))
    assert p.roll(OPEN, date(2018, 2, 1)) == (rolled,)
    assert p.evolve(OPEN, rolled).business_date == date(2018, 2, 1)


@pytest.mark.parametrize("to", [TODAY, date(2018, 1, 30), date(2018, 2, 2), date(2019, 2, 1)])
def test_no_other_day(to: date) -> None:
    with pytest.raises(Refused) as caught:
        p.roll(OPEN, to)
    assert caught.value.code == Code.DATE_NOT_NEXT


@pytest.mark.parametrize(
    ("table", "day", "person_fen", "company_fen", "related"),
    [
        ("cn-p2p", date(2016, 8, 23), None, None, True),
        ("cn-p2p", date(2016, 8, 24), 200_000_00, 1_000_000_00, False),
        ("none", date(2020, 1, 1), None, None, True),
    ],
)
def test_law_by_day(
    table: str, day: date, person_fen: int | None, company_fen: int | None, related: bool
) -> None:
    limits = LAW_TABLES[table].on(day)
    assert (limits.person_on_platform_fen, limits.company_on_platform_fen) == (
        person_fen,
        company_fen,
    )
    assert limits.related_party_loans is related
