"""A year whose working days nobody has announced: the night stops, and goes on once they are."""

from __future__ import annotations

from contextlib import closing
from datetime import date

import pytest

from adapters.working_days import Overlay, working_days
from domain import guarantee as g
from domain.accounts import Role
from domain.loan_events import DueDateRolled
from domain.policy import Provider, Roll
from domain.schedule import Method
from services.day_end.day_end import DayEnd, DayEndFailed
from services.settlement.writer import Writer
from tests.house import SEAL, House
from tests.services.day_end.conftest import Nights

LAST_KNOWN = max(working_days().years)
DUE = date(LAST_KNOWN + 1, 1, 2)
ANNOUNCED = working_days(
    Overlay("new", frozenset({DUE.year}), frozenset({DUE}), frozenset({date(DUE.year, 1, 3)}))
)


def test_the_day_goes_on_once_the_calendar_knows_it(database: str) -> None:
    house = House(database, today=date(LAST_KNOWN, 12, 2))
    house.open(policy={"roll": Roll.FOLLOWING, "penalty_bands": "1-:0"})
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 100_00)
    house.lend("L1", "bob", {"lucy": 100_00}, periods=1, method=Method.BULLET, annual_rate="0")
    with closing(Nights(house)) as nights:
        for _ in range(2):
            with pytest.raises(DayEndFailed, match="calendar_unknown"):
                nights.roll_to(DUE)
        assert nights.day_end.business_date() == DUE
        house.writer.close()
        house.writer = Writer(house.url, house.platform, SEAL, house.clock, calendar=ANNOUNCED)
        again = (house.url, house.platform, nights.commands, nights.projector.catch_up, ANNOUNCED)
        with closing(DayEnd(*again)) as told:
            told.run(DUE)
            before = nights.written()
            told.run(DUE)
        assert nights.written() == before
        [rolled] = house.of(DueDateRolled)
        assert rolled.due_on == date(DUE.year, 1, 3)
        assert rolled.calendar == ANNOUNCED.version


def test_a_deadline_in_that_year_is_counted_once_it_is_known(database: str) -> None:
    """Gus breaks his word in the last days of December: ted, who stands in, has until January."""
    house = House(database, today=date(LAST_KNOWN, 11, 18))
    providers = (Provider.GUARANTOR, Provider.THIRD_PARTY)
    house.open(policy={"providers": providers, "trigger_days": 0, "penalty_bands": "1-:0"})
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 100_00)
    for name in ("gus", "ted"):
        house.guarantor(name, 0)
    named = {"gus": {}, "ted": {"stands_as": Provider.THIRD_PARTY}}
    once = {"periods": 1, "method": Method.BULLET, "annual_rate": "0"}
    house.lend("L1", "bob", {"lucy": 100_00}, guarantors=named, **once)
    with closing(Nights(house)) as nights:
        for _ in range(2):
            with pytest.raises(DayEndFailed, match=r"^obligations:"):
                nights.roll_to(DUE)
        stopped_on = nights.day_end.business_date()
        assert stopped_on.year == LAST_KNOWN
        house.writer.close()
        house.writer = Writer(house.url, house.platform, SEAL, house.clock, calendar=ANNOUNCED)
        again = (house.url, house.platform, nights.commands, nights.projector.catch_up, ANNOUNCED)
        with closing(DayEnd(*again)) as told:
            told.run(stopped_on)
        _, of_ted = house.of(g.ObligationOpened)
        assert (of_ted.guarantor_id, of_ted.calendar) == ("ted", ANNOUNCED.version)
        assert of_ted.deadline.year == DUE.year
