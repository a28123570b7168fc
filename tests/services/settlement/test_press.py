"""A writer whose batches are stored by another process: nothing is lost or done twice with it."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import psutil
import psycopg
import pytest
from psycopg import sql

from adapters.codec import data_from
from adapters.commanding import Outcome
from adapters.event_log import AppendUnknown, Batch, Head, WriterFenced
from adapters.shard_schema import shard_schema
from domain import commands as c
from domain.accounts import Role
from domain.cashbook import EntryRequested
from domain.model import InvariantBroken
from infra.postgres import PostgresUnavailable
from services.settlement import pen
from services.settlement.press import Press, PressFailed, PressProcess
from services.settlement.writer import Writer
from tests.exemplars import command
from tests.house import SEAL, House
from tests.services.settlement.whole import assert_whole


@pytest.fixture
def lucy(house: House) -> Iterator[House]:
    """An investor, and a writer whose press is a process. What was before was stored by one that
    is none: the chain goes on."""
    house.open()
    house.member("lucy", Role.INVESTOR)
    house.writer.close()
    house.writer = Writer(house.url, house.platform, SEAL, house.clock, press=PressProcess)
    yield house
    assert_whole(house)


def recharge(number: int) -> c.RequestRecharge:
    """The same number is the same command."""
    return command(
        c.RequestRecharge,
        id=f"recharge-{number}",
        recharge_id=f"r{number}",
        member_id="lucy",
        role=Role.INVESTOR,
        amount_fen=100,
    )


WRITES = """
import sys
from infra.clock import SystemClock
from services.settlement.press import PressProcess
from services.settlement.writer import Writer
from tests.house import SEAL
from tests.services.settlement.test_press import recharge

writer = Writer(*sys.argv[1:], SEAL, SystemClock(), press=PressProcess)
writer.submit([recharge(2)])
print(writer._press._process.pid, flush=True)
sys.stdin.read()
"""


def press_of(house: House) -> psutil.Process:
    press = house.writer._press
    assert isinstance(press, PressProcess)
    assert press._process is not None
    return psutil.Process(press._process.pid)


def wait_until_blocked_by(other: psycopg.Connection) -> None:
    query = "SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    while not other.execute(query, (other.info.backend_pid,)).fetchall():
        time.sleep(0.01)  # Between two looks: nobody tells of a lock that is waited for.


def test_what_it_stores_is_what_the_writer_decided(lucy: House) -> None:
    receipts = lucy.writer.submit([recharge(number) for number in range(1200)])
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert lucy.log.head() == lucy.writer.position == receipts[-1].last_position
    assert press_of(lucy).pid != os.getpid()


def test_killed_between_two_batches(lucy: House) -> None:
    lucy.writer.submit([recharge(1)])
    press_of(lucy).kill()
    [first, second] = lucy.writer.submit([recharge(1), recharge(2)])
    assert first.replayed
    assert (second.outcome, second.replayed) == (Outcome.ACCEPTED, False)


def test_killed_inside_the_transaction(lucy: House) -> None:
    """Whether the server had all of it by then or not: it is stored once."""
    lucy.writer.submit([recharge(1)])
    table = sql.Identifier(shard_schema(lucy.platform), "receipt")
    with psycopg.connect(lucy.url) as other, ThreadPoolExecutor(1) as beside:
        other.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(table))
        coming = beside.submit(lucy.writer.submit, [recharge(2), recharge(3)])
        wait_until_blocked_by(other)
        press_of(lucy).kill()
        other.rollback()
        receipts = coming.result(60)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert len(lucy.of(EntryRequested)) == 3


def test_a_writer_that_was_replaced_hears_so(lucy: House) -> None:
    with closing(lucy.new_writer()) as other:
        with pytest.raises(WriterFenced):
            lucy.writer.submit([recharge(1)])
        lucy.writer.close()
        lucy.writer = other
        assert lucy.writer.submit([recharge(2)])[0].outcome is Outcome.ACCEPTED
        assert_whole(lucy)


def test_an_event_that_could_not_be_read_again_stops_the_writer_and_is_not_stored(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = lucy.log.head()
    with monkeypatch.context() as patched:
        patched.setattr(pen, "data_from", lambda event: data_from(event)[:-1] + b',"fen":1.5}')
        with pytest.raises(InvariantBroken, match="fen"):
            lucy.writer.submit([recharge(1)])
    assert lucy.log.head() == head
    assert lucy.writer.submit([recharge(1)])[0].outcome is Outcome.ACCEPTED


def test_what_nobody_expects_stops_the_writer_and_names_no_values(
    lucy: House, capfd: pytest.CaptureFixture[str]
) -> None:
    table = sql.Identifier(shard_schema(lucy.platform), "receipt")
    rename = sql.SQL("ALTER TABLE {} RENAME COLUMN {} TO {}")
    names = sql.Identifier("actor"), sql.Identifier("player")
    lucy.connection.execute(rename.format(table, *names))
    with pytest.raises(PressFailed, match="ProgrammingError"):
        lucy.writer.submit([recharge(1)])
    lucy.connection.execute(rename.format(table, *reversed(names)))
    assert lucy.writer.submit([recharge(1)])[0].outcome is Outcome.ACCEPTED
    assert capfd.readouterr().err == ""


def test_what_a_lost_press_left_on_its_way_is_fenced(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server begins with it only after the writer has looked where the log ends."""
    store = PressProcess.store
    left: list[tuple[Batch, bytes]] = []
    stores = itertools.count(1)

    def late(self: PressProcess, batch: Batch, prev: bytes) -> bytes:
        match next(stores):
            case 1:
                left.append((batch, prev))
                raise AppendUnknown("lost")
            case 2:
                with closing(Press(lucy.url, lucy.platform)) as other, pytest.raises(WriterFenced):
                    other.store(*left.pop())
        return store(self, batch, prev)

    monkeypatch.setattr(PressProcess, "store", late)
    [receipt] = lucy.writer.submit([recharge(1)])
    assert (receipt.outcome, receipt.replayed) == (Outcome.ACCEPTED, False)
    assert left == []


def test_a_lost_server_is_said_as_by_a_press_of_ones_own() -> None:
    head = Head(1, 0, 0, 0, 0, 0, 0)
    nothing = Batch(head, head, (), (), (), (), (), (), (), (), datetime.now(UTC))
    press = PressProcess("postgresql://nobody@127.0.0.1:1/none", "p1")
    with closing(press), pytest.raises(PostgresUnavailable) as raised:
        press.store(nothing, bytes(32))
    assert raised.value.hint


def test_it_ends_with_the_writer_even_if_that_is_killed(lucy: House) -> None:
    lucy.writer.submit([recharge(1)])
    with subprocess.Popen(
        (sys.executable, "-c", WRITES, lucy.url, lucy.platform),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writing:
        assert writing.stdout is not None
        press = psutil.Process(int(writing.stdout.readline()))
        writing.send_signal(signal.SIGKILL)
        press.wait(60)
    lucy.writer.close()
    lucy.writer = lucy.new_writer()
    assert lucy.writer.submit([recharge(1)])[0].replayed


def test_close_ends_one_that_stands_still(lucy: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.settlement.press.STOP_TIMEOUT_S", 0.1)
    lucy.writer.submit([recharge(1)])
    press = press_of(lucy)
    press.suspend()
    lucy.writer.close()
    assert not press.is_running()
    lucy.writer = lucy.new_writer()
