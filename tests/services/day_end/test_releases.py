"""Releases that the bank finally refused: each night they are asked for again, once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.cashbook import EntryRequested
from domain.investment import Status
from domain.platform import AccountsEmptied
from domain.purposes import Purpose
from domain.streams import investment_stream
from services.day_end.day_end import DayEnd
from tests.exemplars import TODAY, command
from tests.house import House
from tests.services.day_end.conftest import Killed, Nights

MISCARRIED = TODAY + timedelta(days=8)  # L2, for which 1,000.00 of lucy's are frozen.
LUCY = "lucy:investor"


@pytest.fixture
def refused(nights: Nights) -> Nights:
    """L2 has miscarried, and the bank did not give lucy's money back."""
    nights.commands.refuses = {"X-t2"}
    nights.roll_to(MISCARRIED)
    assert nights.house.balances()[LUCY] == (8_400_00, 1_000_00)
    return nights


def asked(house: House) -> list[str]:
    return [
        each.entry_id for each in house.of(EntryRequested) if each.purpose is Purpose.TENDER_RELEASE
    ]


def test_each_night_until_the_bank_gives_it_back(refused: Nights) -> None:
    house = refused.house
    refused.commands.refuses |= {"X2-t2"}
    refused.roll()
    assert house.balances()[LUCY] == (8_400_00, 1_000_00)
    refused.roll()
    assert house.balances()[LUCY] == (9_400_00, 0)
    assert house.state(investment_stream("t2")).status is Status.RELEASED
    refused.roll_to(MISCARRIED + timedelta(days=4))
    assert refused.asked(c.AskReleaseTonight) == [
        "release:2018-02-09:X-t2",
        "release:2018-02-10:X2-t2",
    ]
    assert asked(house) == ["X-t2", "X2-t2", "X3-t2"]


def test_once_a_date_whatever_the_bank_answers_in_it(refused: Nights) -> None:
    refused.day_end.run(refused.house.today)  # It was asked for today, by the miscarriage.
    refused.commands.refuses |= {"X2-t2"}
    refused.roll()
    before = refused.written()
    refused.day_end.run(refused.house.today)
    assert refused.written() == before
    assert refused.asked(c.AskReleaseTonight) == ["release:2018-02-09:X-t2"]


def test_what_is_at_the_bank_is_waited_for(refused: Nights) -> None:
    house = refused.house
    house.do(c.AskReleaseAgain, entry_id="X-t2")  # The nights' bank has not heard of it.
    house.clock.advance(timedelta(days=1))
    house.do(c.RollBusinessDate, business_date=MISCARRIED + timedelta(days=1))
    refused.day_end.run(MISCARRIED + timedelta(days=1))
    assert refused.asked(c.AskReleaseTonight) == []
    assert asked(house) == ["X-t2", "X2-t2"]


def test_where_a_person_was_quicker_the_night_goes_on(refused: Nights) -> None:
    """He asks after the day end has looked."""
    house = refused.house
    house.clock.advance(timedelta(days=1))
    house.do(c.RollBusinessDate, business_date=MISCARRIED + timedelta(days=1))
    refused.projector.catch_up()
    house.do(c.AskReleaseAgain, entry_id="X-t2")
    blind = DayEnd(house.url, house.platform, refused.commands, lambda: None)
    blind.run(MISCARRIED + timedelta(days=1))
    blind.close()
    assert refused.asked(c.AskReleaseTonight) == ["release:2018-02-09:X-t2"]
    assert house.query("SELECT code FROM {}.receipt WHERE type = 'ask_release_tonight'") == [
        ("release_asked_again",)
    ]
    assert asked(house) == ["X-t2", "X2-t2"]


def test_what_was_asked_too_often_is_left_to_people(refused: Nights) -> None:
    """The night does not end over it."""
    house = refused.house
    for number in range(1, 999):
        [receipt, _] = house.writer.submit(_asked_and_refused(house, number))
        assert not receipt.code
    refused.roll()
    assert refused.asked(c.AskReleaseTonight) == []
    code = house.refused(c.AskReleaseAgain, entry_id="X999-t2")
    assert code == "release_asked_too_often"


def test_killed_anywhere_it_is_asked_for_once_a_date(
    refused: Nights, copied: Callable[[Nights], Nights]
) -> None:
    refuses = {"X-t2", "X2-t2"}

    def copy(nights: Nights) -> Nights:
        made = copied(nights)
        made.commands.refuses = refuses
        return made

    whole = copy(refused)
    whole.roll_to(MISCARRIED + timedelta(days=3))
    assert asked(whole.house) == ["X-t2", "X2-t2", "X3-t2"]
    for steps in itertools.count():
        killed = copy(refused)
        killed.commands.left = steps
        try:
            killed.roll()
        except Killed:
            killed.commands.left = None
            killed.roll_to(MISCARRIED + timedelta(days=3))
            assert (killed.digest, killed.written()) == (whole.digest, whole.written()), steps
        else:
            break
    assert steps >= 3  # Rolled, asked for, and what else the night decides.


def test_killed_before_the_bank_answered_it_is_not_asked_for_twice(refused: Nights) -> None:
    """The command was stored, and the day end did not live to see it."""
    house = refused.house
    refused.commands.left = 1  # The new date ...
    with pytest.raises(Killed):
        refused.roll()
    refused.commands.left = None
    sent = c.AskReleaseTonight(
        id="release:2018-02-09:X-t2", entry_id="X-t2", platform=house.platform, actor="day-end"
    )
    house.writer.submit([sent])  # ... and what it asked.
    refused.projector.catch_up()
    refused.day_end.run(house.today)
    assert asked(house) == ["X-t2", "X2-t2"]


def test_a_wind_down_does_not_end_over_it(database: str) -> None:
    house = House(database)
    house.open()
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 1_000_00)
    house.published("L2", "bob", 2_000_00)
    house.tender("t2", "L2", "lucy", 1_000_00)
    house.settle("T-t2")
    house.do(c.WindDown, plan_hash="0" * 64)
    nights = Nights(house)
    nights.commands.refuses = {"X-t2"}
    nights.roll_to(MISCARRIED)
    assert house.balances()[LUCY] == (0, 1_000_00)
    assert house.of(AccountsEmptied) == []
    nights.roll()
    assert house.balances()[LUCY] == (1_000_00, 0)
    house.bind("lucy", Role.INVESTOR, "b1")
    out = {"withdrawal_id": "w1", "member_id": "lucy", "role": Role.INVESTOR, "binding_id": "b1"}
    house.do(c.RequestWithdrawal, amount_fen=1_000_00, **out)
    house.settle_all()
    nights.roll()
    assert [each.emptied_on for each in house.of(AccountsEmptied)] == [house.today]
    nights.close()


def _asked_and_refused(house: House, number: int) -> list[c.Command]:
    before = "X-t2" if number == 1 else f"X{number}-t2"
    after = {"entry_id": f"X{number + 1}-t2", "bank_code": "E1"}
    return [
        command(c.AskReleaseAgain, platform=house.platform, entry_id=before),
        command(c.RejectEntry, platform=house.platform, **after),
    ]
