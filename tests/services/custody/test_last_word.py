"""Withdrawals confirmed and stopped: with a bank of a few lines, and with the real stand-in."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.bank_requests import ConfirmWithdrawal, StopWithdrawal, Withdraw
from domain.ports import BankAnswer, BankOutcome
from domain.withdrawal import WithdrawalConfirmed, WithdrawalStopRequested
from infra.postgres import EmbeddedPostgres
from infra.settings import BankFamily
from services.custody.requests import Kind
from tests.services.custody import world as w
from tests.services.custody.conftest import House
from tests.services.custody.town import Town, join, open_books, opened_town
from tests.services.sandbox_bank.bank_process import NOON

HELD = BankAnswer(BankOutcome.HELD)
ABOUT = {"entry_id": "W-1", "movement_id": "W-1.1", "account": "ann:investor"}
CONFIRMED = WithdrawalConfirmed(**ABOUT)
STOPPED = WithdrawalStopRequested(**ABOUT, attempt=1, reason="asked")


@pytest.fixture
def held(house: House) -> House:
    """The bank holds a withdrawal of ann's, and the domain was asked for its word."""
    house.bank.answers["W-1.1"] = [w.PENDING]
    house.bank.queries["W-1.1"] = [HELD]
    house.log.append(*w.member_with_card("ann"), w.withdrawal("1"))
    custody = house.run()
    house.clock.advance(w.FIVE_SECONDS)
    house.run(custody)
    return house


def test_the_domain_is_asked_once_what_becomes_of_held_money(held: House) -> None:
    asked = held.writer.taken["word:W-1"]
    assert isinstance(asked, c.DecideWithdrawal)
    assert (asked.entry_id, asked.correlation_id) == ("W-1", "k1")
    held.bank.queries["W-1.1"] = [HELD, HELD]
    custody = held.run(held.started[-1])
    held.clock.advance(w.FIVE_SECONDS)
    held.run(custody)
    assert held.steps_of("W-1.1") == ["planned", "sent", "pending", "pending"]


def test_it_is_asked_again_by_the_next_process(held: House) -> None:
    """The writer knows the command's id; what was lost on the way comes again."""
    del held.writer.taken["word:W-1"]
    held.run(held.start())
    assert "word:W-1" in held.writer.taken


def test_its_yes_reaches_the_bank_and_its_no_as_well(held: House) -> None:
    held.log.append(CONFIRMED)
    held.run(held.started[-1])
    held.log.append(STOPPED)
    held.run(held.started[-1])
    assert held.bank.sent[-2:] == [
        ConfirmWithdrawal("W-1.1.confirm", "W-1.1"),
        StopWithdrawal("W-1.1.stop1", "W-1.1"),
    ]
    assert held.states()["W-1.1"] == "pending"  # Its own end tells what came of it.
    assert "reject:W-1" not in held.writer.taken
    assert held.troubles() == []


def test_a_refused_stop_is_told_and_a_refused_confirmation_is_a_trouble(held: House) -> None:
    held.bank.always = w.REFUSED
    held.log.append(CONFIRMED, STOPPED)
    held.run(held.started[-1])
    told = held.writer.taken["stop:W-1.1.stop1"]
    assert isinstance(told, c.RefuseStop)
    assert (told.entry_id, told.bank_code) == ("W-1", "100014")
    assert held.troubles() == [("W-1.1.confirm", "withdrawal_not_confirmed")]


def test_a_stop_of_unknown_outcome_is_asked_after_and_not_sent_twice(held: House) -> None:
    held.bank.answers["W-1.1.stop1"] = [w.UNKNOWN]
    held.bank.queries["W-1.1.stop1"] = [w.SUCCEEDED]
    held.log.append(STOPPED)
    held.run(held.started[-1])
    assert held.steps_of("W-1.1.stop1") == ["planned", "sent", "unknown", "settled"]
    assert held.bank.times_sent["W-1.1.stop1"] == 1


def test_a_stop_goes_out_behind_its_withdrawal(house: House) -> None:
    house.bank.answers["W-1.1"] = [w.PENDING]
    house.log.append(*w.member_with_card("ann"), w.withdrawal("1"), STOPPED)
    house.run()
    assert [type(each) for each in house.bank.sent[-2:]] == [Withdraw, StopWithdrawal]


# -- with the real bank -----------------------------------------------------------------


@pytest.fixture(params=["CONFIRMED", "IMMEDIATE"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def town(postgres: EmbeddedPostgres, database: str, tmp_path: Path, form: str) -> Iterator[Town]:
    with opened_town(postgres, database, tmp_path, BankFamily.SERVICE, withdraw_form=form) as town:
        open_books(town)
        join(town, "ann", Role.INVESTOR, "1111", 60_000)
        yield town


def withdraw(town: Town) -> None:
    asked = {"withdrawal_id": "w1", "member_id": "ann", "role": Role.INVESTOR}
    town.do(c.RequestWithdrawal, binding_id="card-ann", amount_fen=20_000, **asked)


def waited_for(town: Town) -> None:
    """All that can happen on this day of the bank."""
    for _ in range(4):
        town.settle(Kind.WITHDRAW)
        town.clock.advance(w.FIVE_SECONDS)
        while town.custody.step():
            pass
    town.settle(Kind.WITHDRAW)


def test_a_withdrawal_is_paid_out_once_we_have_confirmed_it(town: Town, form: str) -> None:
    withdraw(town)
    waited_for(town)
    assert town.book()["ann:investor"] == (40_000, 20_000)
    confirmed = town.states("W-w1.1.confirm")
    assert confirmed == (["planned", "sent", "settled"] if form == "CONFIRMED" else [])
    town.check_bank()
    town.next_day()
    town.settle()
    assert town.states("W-w1.1")[-1] == "settled"
    assert town.book()["ann:investor"] == (40_000, 0)
    town.check_bank()


def test_a_stopped_withdrawal_gives_its_money_back(town: Town) -> None:
    withdraw(town)
    town.settle(Kind.WITHDRAW)
    town.do(c.StopWithdrawal, withdrawal_id="w1", reason="the member has called")
    again = town.ask(c.StopWithdrawal, withdrawal_id="w1")
    assert again.code == "withdrawal_stopping"
    silent = {"kind": "timeout_after", "times": 1, "hangMs": 100}
    town.bank.control("fault", service="CANCEL_WITHDRAW", requestNo="W-w1.1.stop1", **silent)
    waited_for(town)
    assert town.states("W-w1.1.stop1")[-1] == "settled"
    assert town.states("W-w1.1")[-1] == "refused"
    assert town.book()["ann:investor"] == (60_000, 0)
    town.check_bank()
    ended = town.ask(c.StopWithdrawal, withdrawal_id="w1")
    assert (ended.code, ended.field) == ("entry_closed", "withdrawal_id")


def test_a_stop_that_comes_too_late_is_refused_and_the_money_is_gone(town: Town) -> None:
    withdraw(town)
    waited_for(town)
    town.next_day()
    town.do(c.StopWithdrawal, withdrawal_id="w1")  # The bank has paid it, and we do not know yet.
    town.settle()
    assert town.states("W-w1.1.stop1")[-1] == "refused"
    assert town.states("W-w1.1")[-1] == "settled"
    assert town.book()["ann:investor"] == (40_000, 0)
    town.check_bank()


@pytest.mark.parametrize("form", ["CONFIRMED"], indirect=True)
def test_a_card_unbound_while_the_bank_holds_the_money_is_not_paid(town: Town) -> None:
    withdraw(town)
    town.settle(Kind.WITHDRAW)
    town.do(c.UnbindBankAccount, member_id="ann", binding_id="card-ann")
    waited_for(town)
    assert town.states("W-w1.1.confirm") == []
    assert town.states("W-w1.1.stop1")[-1] == "settled"
    assert town.book()["ann:investor"] == (60_000, 0)
    town.check_bank()


@pytest.mark.parametrize("form", ["CONFIRMED"], indirect=True)
def test_a_bank_killed_before_the_word_keeps_the_money(town: Town) -> None:
    withdraw(town)
    town.settle(Kind.WITHDRAW)
    town.bank.stop(signal.SIGKILL)
    town.bank.start()
    town.bank.control("clock", now=NOON)
    waited_for(town)
    assert town.states("W-w1.1.confirm")[-1] == "settled"
    town.check_bank()
