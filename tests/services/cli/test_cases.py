"""Collection cases on the command line: how late a debtor is now, and with what."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.schedule import Method
from services.day_end.day_end import DayEnd
from services.projections.projector import Projector
from tests.house import House
from tests.services.cli.conftest import Zhuanhu, kept

TERMS: dict[str, Any] = {"periods": 3, "method": Method.EQUAL_PRINCIPAL, "annual_rate": "12"}


@pytest.fixture(scope="module")
def data(make_folder: Callable[[], Path]) -> Path:
    """Bob owes two instalments of A since 28 February and 31 March, dan one of B; on 5 April."""
    return kept(make_folder(), _story)


def _story(house: House) -> None:
    house.open()
    house.do(c.SetCollectionRules, valid_from=house.today, conduct_table="none")
    house.member("lucy", Role.INVESTOR, 10_000_00)
    for name in ("bob", "dan"):
        house.member(name, Role.BORROWER)
    house.lend("A", "bob", {"lucy": 300_00}, **TERMS)
    house.roll_to(date(2018, 2, 10))
    house.lend("B", "dan", {"lucy": 300_00}, **TERMS)
    _nights(house, date(2018, 4, 5))


def _nights(house: House, last: date) -> None:
    with (
        Projector(house.url, house.platform) as projector,
        closing(DayEnd(house.url, house.platform, house.writer, projector.catch_up)) as nights,
    ):
        while nights.business_date() < last:
            house.today = nights.roll().business_date
            house.settle_all()


def test_it_says_how_late_each_is_today(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("case", "list", "--data", str(data), "--json")
    assert [
        (each["borrower_id"], each["loan_id"], each["due_on"], each["overdue_days"])
        for each in told.json["cases"]
    ] == [("bob", "A", "2018-02-28", 36), ("dan", "B", "2018-03-10", 26)]
    assert [each["overdue_fen"] for each in told.json["cases"]] == [205_00, 103_00]


def test_a_case_shows_what_is_late(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("case", "show", "bob", "--data", str(data), "--json").json
    assert told["case"]["overdue_days"] == 36
    assert told["late"] == [
        {
            "borrower_id": "bob",
            "loan_id": "A",
            "due_on": "2018-02-28",
            "overdue_days": 36,
            "instalments": 2,
            "principal_fen": 200_00,
            "interest_fen": 5_00,
        }
    ]
