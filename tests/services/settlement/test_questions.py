"""The database is asked for the next delivery before this one is decided, and before the one
before it is stored: what these two changed counts, and not the answer."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import psycopg
import pytest

from adapters.commanding import Outcome
from domain import commands as c
from domain.accounts import Role
from domain.member import Member
from services.settlement.pen import Delivery
from services.settlement.questions import Questions
from services.settlement.shelf import Balance, Kept
from tests.exemplars import command
from tests.house import House
from tests.services.settlement import failing
from tests.services.settlement.whole import assert_whole


@pytest.fixture
def lucy(house: House) -> House:
    house.open()
    house.member("lucy", Role.INVESTOR)
    return house


def recharge(number: int) -> c.RequestRecharge:
    return command(
        c.RequestRecharge,
        recharge_id=f"r{number}",
        member_id="lucy",
        role=Role.INVESTOR,
        amount_fen=1,
    )


def test_a_command_that_was_asked_for_before_its_first_was_stored(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = recharge(1), recharge(2)
    asked, all_asked = list[Delivery](), threading.Event()
    ask = Questions.ask

    def ask_and_tell(self: Questions, delivery: Delivery) -> Any:
        sent = ask(self, delivery)
        asked.append(delivery)
        if len(asked) == 3:
            all_asked.set()
        return sent

    monkeypatch.setattr(Questions, "ask", ask_and_tell)
    stored_late = list[bool]()
    failing.after(
        monkeypatch, failing.BEFORE_COMMIT, lambda _: stored_late.append(all_asked.wait(60))
    )
    receipts = lucy.writer.run(Delivery([each]) for each in (first, second, first))
    assert stored_late == [True]
    assert [receipt.replayed for receipt in receipts] == [False, False, True]
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert_whole(lucy)


def test_a_delivery_whose_recovery_fails_too_is_not_passed_over(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.BEFORE_COMMIT, failing.lose_answer)
    ask, calls = Questions.ask, itertools.count(1)

    def fail_once(self: Questions, delivery: Delivery) -> Any:
        if next(calls) == 3:  # After those of both deliveries.
            raise psycopg.OperationalError("gone again")
        return ask(self, delivery)

    monkeypatch.setattr(Questions, "ask", fail_once)
    receipts = lucy.writer.run(Delivery([recharge(number)]) for number in (1, 2))
    assert next(calls) > 4
    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 2
    assert_whole(lucy)


def test_what_came_to_the_shelf_meanwhile_stays(lucy: House) -> None:
    writer = lucy.new_writer()
    shelf = writer._shelf
    lacking = shelf.ask(["member-lucy", "member-max"], ["lucy:investor", "max:investor"])
    younger = shelf.states["member-lucy"] = Kept(99, Member(blacklisted=True))
    richer = shelf.balances["lucy:investor"] = Balance(1, 2)
    shelf.take(lacking)
    assert shelf.state("member-lucy") is younger
    assert shelf.balance("lucy:investor") is richer
    assert shelf.state("member-max") == Kept(0, Member())
    assert shelf.balance("max:investor") == Balance(0, 0)
    writer.close()
