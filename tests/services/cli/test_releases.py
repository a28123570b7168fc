"""What the bank refused to give back, as people and machines see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from domain import commands as c
from domain.accounts import Role
from tests.exemplars import TODAY
from tests.house import House
from tests.services.cli.conftest import Zhuanhu, kept


def _story(house: House) -> None:
    """Of three tenders of a loan that miscarried one is given back at once, one when it is asked
    for again, one not yet; a fourth is at the bank for the third time."""
    house.open()
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 1_000_00)
    house.published("L1", "bob", 2_000_00)
    for number in range(1, 5):
        house.tender(f"t{number}", "L1", "lucy", number * 100_00)
    house.settle_all()
    house.roll_to(TODAY + timedelta(days=8))
    house.do(c.MiscarryLoan, loan_id="L1")
    house.settle("X-t1")
    house.reject("X-t2", "X-t3", "X-t4")
    house.roll_to(TODAY + timedelta(days=9))
    for entry_id in ("X-t2", "X-t4"):
        house.do(c.AskReleaseAgain, entry_id=entry_id)
    house.settle("X2-t2")
    house.reject("X2-t4")
    house.do(c.AskReleaseAgain, entry_id="X2-t4")


@pytest.fixture(scope="module")
def data(make_folder: Callable[[], Path]) -> Path:
    return kept(make_folder(), _story)


def test_what_is_still_frozen_and_when_it_is_asked_for_again(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("releases", "--data", str(data), "--json")
    assert (told.code, told.err) == (0, "")
    waits, at_bank = told.json["releases"]
    assert waits == {
        "entry_id": "X-t3",
        "purpose": "tender_release",
        "account": "lucy:investor",
        "amount_fen": 300_00,
        "subject": "L1",
        "reference": "t3",
        "freeze_id": "T-t3.1",
        "refused_on": "2018-02-08",
        "bank_code": "E1",
        "asked": 1,
        "status": "rejected",
        "next_ask_on": "2018-02-10",
    }
    assert (at_bank["entry_id"], at_bank["asked"], at_bank["status"]) == ("X3-t4", 3, "requested")
    assert (at_bank["refused_on"], at_bank["bank_code"]) == ("2018-02-09", "E1")
    assert at_bank["next_ask_on"] is None
    assert told.json["view"]["position"] == told.json["view"]["log_position"]


def test_people_get_yuan(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("releases", "--data", str(data))
    assert told.code == 0
    [line] = [line for line in told.out.splitlines() if "X-t3" in line]
    assert [each.strip() for each in line.split("│")[1:-1]] == [
        "X-t3",
        "lucy:investor",
        "300.00",
        "E1",
        "1",
        "2018-02-10",
    ]


def test_where_nothing_was_refused(zhuanhu: Zhuanhu, make_folder: Callable[[], Path]) -> None:
    told = zhuanhu("releases", "--data", str(kept(make_folder(), lambda house: None)), "--json")
    assert (told.code, told.json["releases"]) == (0, [])
