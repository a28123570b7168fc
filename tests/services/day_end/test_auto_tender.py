"""Auto-tender (智能分散投标) that the platform has scheduled: each night, by everybody's rules."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.auto_tender import LoanSpread
from domain.loan import Status
from tests.house import House
from tests.services.day_end.conftest import Nights


@pytest.fixture
def willing(nights: Nights) -> Nights:
    """max and ann let up to 500.00 be placed into each loan. L2 lacks 1,000.00 of 2,000.00, and
    lucy has a part of it."""
    nights.house.member("ann", Role.INVESTOR, 300_00)
    for lender in ("lucy", "max", "ann"):
        rules = {"per_loan_fen": 500_00, "per_borrower_fen": 10**9}
        nights.house.do(c.SetAutoTender, member_id=lender, **rules)
    return nights


def schedule(nights: Nights, investors: int | None) -> None:
    nights.house.do(c.ScheduleAutoTender, investors=investors)


def spread(house: House) -> list[dict[str, int]]:
    return [{o.investor_id: o.amount_fen for o in each.offers} for each in house.of(LoanSpread)]


def test_nothing_is_spread_where_nothing_is_scheduled(willing: Nights) -> None:
    willing.roll()
    schedule(willing, 2)
    schedule(willing, None)
    willing.roll()
    assert willing.asked(c.SpreadTonight) == []


def test_what_lacks_is_spread_each_night_until_it_is_full(willing: Nights) -> None:
    house = willing.house
    schedule(willing, 2)
    willing.roll()
    assert spread(house) == [{"max": 500_00, "ann": 300_00}]
    before = willing.written()
    willing.day_end.run(house.today)
    assert willing.written() == before
    house.member("kay", Role.INVESTOR, 1_000_00)
    house.do(c.SetAutoTender, member_id="kay", per_loan_fen=10**9, per_borrower_fen=10**9)
    willing.roll()
    assert spread(house)[1:] == [{"kay": 100_00}]  # A half of what lacked, and of the rest ...
    willing.roll()
    assert house.loan("L2").status is Status.PUBLISHED
    assert spread(house)[2:] == []  # ... nobody takes a second part.
    days = ("01-31", "02-01", "02-02", "02-03")
    assert sorted(set(willing.asked(c.SpreadTonight))) == [f"spread:2018-{day}:L2" for day in days]
    receipts = house.query("SELECT code FROM {}.receipt WHERE type = 'spread_tonight' ORDER BY 1")
    assert receipts == [("",), ("",), ("auto_tender_nobody",), ("auto_tender_nobody",)]


def test_a_loan_that_is_full_is_left_alone_and_so_is_one_past_its_deadline(
    willing: Nights,
) -> None:
    house = willing.house
    schedule(willing, 1)
    house.published("L3", "kim", 200_00)
    willing.roll()
    assert spread(house) == [{"max": 500_00, "ann": 300_00}, {"lucy": 200_00}]
    assert house.loan("L3").status is Status.FILLED
    willing.roll_to(house.today + timedelta(days=8))
    assert house.loan("L2").status is Status.MISCARRIED
    last = willing.asked(c.SpreadTonight)[-1]
    assert last == "spread:2018-02-07:L2"  # Its deadline.


def test_the_turns_go_on_from_loan_to_loan(willing: Nights) -> None:
    """Two loans in one night: who was served first stands behind those who were not."""
    house = willing.house
    house.tender("t3", "L2", "max", 100_00)
    house.settle_all()
    house.published("L3", "kim", 100_00)
    house.published("L4", "kim", 100_00)
    house.do(c.StopAutoTender, member_id="ann")
    schedule(willing, 1)
    willing.roll()
    assert spread(house) == [{"lucy": 100_00}, {"max": 100_00}]
