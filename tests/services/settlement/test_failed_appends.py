"""An append that fails, or whose answer is lost: one outcome, and a writer that is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from adapters.commanding import Outcome
from adapters.event_log import AppendUnknown
from services.settlement.pen import INBOX, Delivery, Unread
from tests.house import House
from tests.services.settlement import failing
from tests.services.settlement.lucy import everything, withdrawal
from tests.services.settlement.whole import assert_whole


def test_a_session_killed_inside_the_transaction_ends_with_one_outcome(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.BEFORE_COMMIT, failing.end_session(lucy.url))
    [receipt] = lucy.writer.submit([withdrawal(1, 60_00)])
    assert (receipt.outcome, receipt.replayed) == (Outcome.ACCEPTED, False)
    assert lucy.balances()["lucy:investor"] == (40_00, 60_00)
    assert_whole(lucy)


def test_a_lost_answer_to_a_commit_ends_with_the_stored_outcome(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.AFTER_COMMIT, failing.lose_answer)
    accepted, refused = lucy.writer.submit([withdrawal(1, 60_00), withdrawal(2, 60_00)])
    assert (accepted.outcome, accepted.replayed) == (Outcome.ACCEPTED, True)
    assert (refused.code, refused.replayed) == ("insufficient_balance", True)
    assert lucy.balances()["lucy:investor"] == (40_00, 60_00)
    assert_whole(lucy)


def test_the_reading_session_may_be_killed_between_batches(lucy: House) -> None:
    with psycopg.connect(lucy.url, autocommit=True) as other:
        pid = lucy.writer._connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))
    [receipt] = lucy.writer.submit([withdrawal(1, 60_00)])
    assert receipt.outcome is Outcome.ACCEPTED
    assert_whole(lucy)


# -- one delivery is decided while the one before it is being stored ------------------------


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.settlement.writer.BATCH_MAX", 1)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("step", [failing.BEFORE_COMMIT, failing.AFTER_COMMIT])
@pytest.mark.parametrize("times", [1, 2])
def test_what_was_decided_upon_a_delivery_that_failed_is_decided_again(
    lucy: House, monkeypatch: pytest.MonkeyPatch, step: str, times: int
) -> None:
    failing.after(monkeypatch, step, failing.lose_answer, times)
    receipts = lucy.writer.submit(
        [withdrawal(1, 60_00), withdrawal(2, 60_00), withdrawal(3, 40_00)]
    )
    assert [r.code for r in receipts] == ["", "insufficient_balance", ""]
    assert lucy.balances()["lucy:investor"] == (0, 100_00)
    assert_whole(lucy)


@pytest.mark.usefixtures("small_batches")
def test_a_command_again_while_the_first_is_being_stored(lucy: House) -> None:
    first, second = withdrawal(1, 60_00), withdrawal(2, 30_00)
    receipts = lucy.writer.submit([first, first, second, first])
    assert [r.replayed for r in receipts] == [False, True, False, True]
    assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
    assert_whole(lucy)


def test_a_bug_after_a_delivery_leaves_that_one_stored_and_the_writer_right(
    lucy: House,
) -> None:
    """What is on its way when another delivery fails does land."""

    def deliveries() -> Iterator[Delivery]:
        yield Delivery([withdrawal(1, 60_00)])
        raise failing.Broken

    with pytest.raises(failing.Broken):
        lucy.writer.run(deliveries())
    assert lucy.balances()["lucy:investor"] == (40_00, 60_00)
    receipts = lucy.writer.submit([withdrawal(2, 60_00), withdrawal(3, 40_00)])
    assert [r.code for r in receipts] == ["insufficient_balance", ""]
    assert_whole(lucy)


@pytest.mark.usefixtures("small_batches")
def test_the_reading_session_may_be_killed_while_a_delivery_is_being_stored(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = lucy.writer

    def end_reader(_: Any) -> None:
        failing.end_session(lucy.url)(writer._connection)

    failing.after(monkeypatch, failing.BEFORE_COMMIT, end_reader)
    receipts = writer.submit([withdrawal(1, 60_00), withdrawal(2, 60_00), withdrawal(3, 40_00)])
    assert [r.code for r in receipts] == ["", "insufficient_balance", ""]
    assert_whole(lucy)


@pytest.mark.parametrize("times", [3, 4])
def test_a_writer_that_gave_up_forgets_what_it_never_stored(
    lucy: House, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Once its shelf kept the phantom: the next batch built versions and balances upon it."""
    failing.after(monkeypatch, failing.BEFORE_COMMIT, failing.lose_answer, times)
    with pytest.raises(AppendUnknown):
        lucy.writer.submit([withdrawal(1, 60_00)])
    [receipt] = lucy.writer.submit([withdrawal(2, 30_00)])
    assert receipt.outcome is Outcome.ACCEPTED
    lucy.writer.submit([withdrawal(1, 60_00)])
    assert lucy.balances()["lucy:investor"] == (10_00, 90_00)
    assert_whole(lucy)


class Stop(BaseException):
    """As a signal, between two lines."""


@pytest.mark.parametrize("how", [failing.Broken, Stop])
@pytest.mark.parametrize("step", [failing.BEFORE_COMMIT, failing.AFTER_COMMIT])
def test_whatever_stops_a_batch_leaves_a_writer_that_is_right(
    lucy: House, monkeypatch: pytest.MonkeyPatch, step: str, how: type[BaseException]
) -> None:
    def stop(_: Any) -> None:
        raise how

    before = everything(lucy)
    failing.after(monkeypatch, step, stop)
    with pytest.raises(how):
        lucy.writer.submit([withdrawal(1, 60_00)])
    if step == failing.BEFORE_COMMIT:
        assert everything(lucy) == before
    lucy.writer.submit([withdrawal(2, 30_00)])
    lucy.writer.submit([withdrawal(1, 60_00)])
    assert lucy.balances()["lucy:investor"] == (10_00, 90_00)
    assert_whole(lucy)


def test_a_message_is_parked_once_even_if_the_answer_was_lost(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.AFTER_COMMIT, failing.lose_answer)
    [receipt] = lucy.writer.run(
        [Delivery([withdrawal(1, 1)], [8], [Unread(INBOX, 7, b"{", "not JSON")])]
    )
    assert receipt.outcome is Outcome.ACCEPTED
    assert lucy.query("SELECT place, reason FROM {}.parked") == [(7, "not JSON")]
    assert lucy.query("SELECT position, outcome FROM {}.inbox_answer") == [(8, "accepted")]
    assert_whole(lucy)
