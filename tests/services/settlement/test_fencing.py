"""One writer at a time: the last to open the shard writes, the one before it is fenced."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.commanding import Outcome
from adapters.event_log import AppendUnknown, WriterFenced
from tests.house import House
from tests.hurry import time_left
from tests.services.settlement import failing
from tests.services.settlement.lucy import everything, withdrawal
from tests.services.settlement.whole import assert_whole


def test_the_last_to_open_the_shard_writes_and_the_one_before_is_fenced(lucy: House) -> None:
    old, lucy.writer = lucy.writer, lucy.new_writer()
    before = everything(lucy)
    with pytest.raises(WriterFenced):
        old.submit([withdrawal(1, 1)])
    assert everything(lucy) == before
    [receipt] = lucy.writer.submit([withdrawal(1, 1)])
    assert receipt.outcome is Outcome.ACCEPTED
    with pytest.raises(WriterFenced):
        old.submit([withdrawal(2, 1)])
    old.close()
    assert_whole(lucy)


def test_a_writer_is_fenced_also_where_the_next_one_has_decided_the_same(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its decision and its append. Once that came out as a receipt that is there twice."""
    old, same = lucy.writer, withdrawal(1, 60_00)

    def overtaken() -> None:
        lucy.writer = lucy.new_writer()
        lucy.writer.submit([same])

    failing.before(monkeypatch, failing.BEFORE_BEGIN, overtaken)
    with pytest.raises(WriterFenced):
        old.submit([same])
    old.close()
    [receipt] = lucy.writer.submit([same])
    assert receipt.replayed
    assert_whole(lucy)


def test_a_writer_that_stands_still_in_its_transaction_keeps_nobody_out(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is frozen: it has locked the shard, and its connection stays."""
    successors = []

    def frozen(connection: Any) -> None:
        assert time_left(connection) == "10s"
        successors.append(lucy.new_writer())

    failing.after(monkeypatch, failing.BEFORE_COMMIT, frozen)
    before = everything(lucy)
    lost = withdrawal(1, 60_00)
    with pytest.raises(WriterFenced):
        lucy.writer.submit([lost])
    assert everything(lucy) == before
    lucy.writer.close()
    [lucy.writer] = successors
    [receipt] = lucy.writer.submit([lost])
    assert receipt.outcome is Outcome.ACCEPTED
    assert_whole(lucy)


def test_a_writer_that_is_fenced_while_it_recovers_appends_nothing(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commit's answer is lost, and meanwhile another has taken over."""
    successors = []

    def replaced(cursor: Any) -> None:
        successors.append(lucy.new_writer())
        raise AppendUnknown("lost")

    failing.after(monkeypatch, failing.AFTER_COMMIT, replaced)
    lost = withdrawal(1, 60_00)
    with pytest.raises(WriterFenced):
        lucy.writer.submit([lost])
    lucy.writer.close()
    [lucy.writer] = successors
    [receipt] = lucy.writer.submit([lost])
    assert (receipt.outcome, receipt.replayed) == (Outcome.ACCEPTED, True)
    assert_whole(lucy)
