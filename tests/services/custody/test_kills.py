"""Killed anywhere, and started again: nothing is told the bank under a second number, nothing is
lost, and every answer is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from adapters.commanding import Receipt
from domain.bank_requests import BankRequest
from domain.commands import Command
from domain.model import Event
from services.custody.journal import Journal
from tests.services.custody import world as w
from tests.services.custody.conftest import House, MakeHouse
from tests.services.custody.doubles import FaithfulBank

PASSING = 400  # More points than a run has.


class Killed(BaseException):
    """The process ended here."""


class Killer:
    """Counts the points at which a process may end, and ends it at one of them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def point(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise Killed

    @contextmanager
    def transaction(self, journal: Journal, *, on_disk: bool) -> Iterator[psycopg.Cursor[Any]]:
        with REAL_TRANSACTION(journal, on_disk=on_disk) as cursor:
            yield cursor
            self.point()  # Everything is written, nothing is committed.
        self.point()  # Committed, and nobody has heard of it.

    def submit(self, submit: Submit, commands: Sequence[Command]) -> list[Receipt]:
        self.point()
        receipts = submit(commands)
        self.point()
        return receipts


REAL_TRANSACTION = Journal.transaction
Submit = Callable[[Sequence[Command]], list[Receipt]]


def story(house: House) -> None:
    house.log.append(*w.member_with_card("ann"), *w.loan("L1"), w.recharge("1"), w.tender("1"))
    house.log.append(w.tender("2"), w.withdrawal("1"))
    # The writer's part of the story: what a settlement brings about.
    then: dict[str, list[Event]] = {
        "settle:T-2": [w.disbursement()],
        "settle:D-L1-1": [w.disbursed("L1"), w.hold("1")],
    }
    house.writer.on_command = lambda command: house.log.append(*then.get(command.id, []))


REQUESTS = {
    "A-ann-investor",
    "B-b1",
    "L-L1",
    "C-1.1",
    "T-1.1",
    "T-2.1",
    "W-1.1",
    "D-L1-1",
    "L-L1.repaying",
    "H-1.1",
}
REPORTS = {
    "account:ann:investor",
    "binding:b1",
    "project:L1:1",
    "settle:C-1",
    "settle:T-1",
    "settle:T-2",
    "settle:W-1",
    "settle:D-L1-1",
    "settle:H-1",
}
MOVEMENTS = ["C-1.1", "D-L1-1.1", "D-L1-1.2", "D-L1-1.3", "H-1.1", "T-1.1", "T-2.1", "W-1.1"]


def run_killed_at(house: House, at: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """False once the run has fewer points than `at`."""
    bank = FaithfulBank()
    house.bank = bank
    story(house)
    killer = Killer(at)
    submit = house.writer.submit

    def transaction(
        journal: Journal, *, on_disk: bool = False
    ) -> AbstractContextManager[psycopg.Cursor[Any]]:
        return killer.transaction(journal, on_disk=on_disk)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "transaction", transaction)
        patched.setattr(house.writer, "submit", lambda commands: killer.submit(submit, commands))
        bank.during = lambda _: killer.point()  # Done at the bank, the answer never read.
        try:
            house.run()
            killed = False
        except Killed:
            killed = True
    house.clock.advance(timedelta(minutes=1))
    house.run(house.start())
    assert bank.done.keys() == REQUESTS
    assert set(bank.numbers) == REQUESTS
    assert set(house.writer.ids) == REPORTS
    instructions = house.rows("SELECT movement_id FROM instruction")
    assert sorted(instructions) == [(each,) for each in MOVEMENTS]
    assert set(house.states().values()) == {"settled"}
    assert house.rows("SELECT 1 FROM request_state WHERE NOT reported") == []
    assert house.troubles() == []
    check_cache(house)
    return killed


def check_cache(house: House) -> None:
    """`request_state` says what the last step says."""
    steps = house.rows(
        "SELECT DISTINCT ON (request_no) request_no, state, seq FROM request_step"
        " WHERE state <> 'contradicted' ORDER BY request_no, seq DESC"
    )
    assert sorted(steps) == sorted(house.rows("SELECT request_no, state, steps FROM request_state"))


@pytest.mark.parametrize("part", range(4))
def test_killed_at_every_point(
    part: int, make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(1 + part, PASSING, 4):
        house = make_house()
        killed = run_killed_at(house, at, monkeypatch)
        house.stop()
        house.log.close()
        if not killed:
            assert at > 20  # The story has many points, and all were tried.
            return
    raise AssertionError("the run never came through")


def test_what_was_sent_before_the_kill_is_asked_after_not_sent(house: House) -> None:
    def kill(_: BankRequest) -> None:
        raise Killed

    house.bank.during = kill
    house.log.append(w.recharge("1"))
    with pytest.raises(Killed):
        house.run()
    house.bank.during = lambda _: None
    house.bank.queries["C-1.1"] = [w.SUCCEEDED]
    house.run(house.start())
    assert house.bank.numbers == ["C-1.1"]
    assert house.steps_of("C-1.1") == ["planned", "sent", "unknown", "settled"]


def test_the_same_custody_goes_on_after_the_writer_was_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Sequence[Command]) -> list[Receipt]:
        raise ConnectionError

    house.log.append(w.recharge("1"), w.recharge("2", "bea"))
    custody = house.start()
    with monkeypatch.context() as patched:
        patched.setattr(house.writer, "submit", away)
        with pytest.raises(ConnectionError):
            custody.step()
    house.run(custody)
    assert sorted(house.bank.numbers) == ["C-1.1", "C-2.1"]
    assert sorted(house.writer.ids) == ["settle:C-1", "settle:C-2"]


def test_an_event_planned_twice_is_refused_by_the_journal_itself(house: House) -> None:
    house.log.append(*w.member_with_card("ann"))
    house.run()
    house.stop()
    house.change("UPDATE follower SET position = 0")
    with pytest.raises(psycopg.errors.UniqueViolation):
        house.start().step()
    assert sorted(house.bank.numbers) == ["A-ann-investor", "B-b1"]
