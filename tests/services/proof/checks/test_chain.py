"""Rules 7 and 9: events and receipts are linked, and none is missing; falsified."""

from __future__ import annotations

import pytest

from domain.cashbook import EntryRejected
from domain.loan_events import LoanRated
from tests.services.proof.auditor import broken
from tests.services.proof.forger import Forger, change

# -- rule 7 -----------------------------------------------------------------------------


@pytest.mark.parametrize("position", [1, 100])
def test_rule_7_one_byte_of_an_event(town_url: str, position: int) -> None:
    change(
        town_url,
        "UPDATE {shard}.stored_events SET state = set_byte(state, 10, 57)"
        " WHERE notification_id = %s",  # A digit of the time at which it was recorded.
        position,
    )
    assert broken(town_url) == {"chain"}


def test_rule_7_one_byte_of_the_last_event(town_url: str) -> None:
    change(
        town_url,
        "UPDATE {shard}.stored_events SET state = set_byte(state, 10, 57)"
        " WHERE notification_id = (SELECT max(notification_id) FROM {shard}.stored_events)",
    )
    assert broken(town_url) == {"chain"}


def test_rule_7_another_head(town_url: str) -> None:
    change(town_url, "UPDATE {shard}.shard SET head_hash = sha256('x')")
    assert broken(town_url) == {"chain"}


def test_rule_7_the_last_event_cut_off(town_url: str) -> None:
    change(
        town_url,
        "DELETE FROM {shard}.stored_events"
        " WHERE notification_id = (SELECT max(notification_id) FROM {shard}.stored_events)",
    )
    assert "chain" in broken(town_url)


def test_rule_7_two_events_that_changed_places(town_url: str) -> None:
    move = "UPDATE {shard}.stored_events SET notification_id = %s WHERE notification_id = %s"
    for to, position in ((-1, 3), (3, 4), (4, -1)):
        change(town_url, move, to, position)
    assert "chain" in broken(town_url)


def test_rule_7_an_event_deleted(town_url: str) -> None:
    change(town_url, "DELETE FROM {shard}.stored_events WHERE notification_id = 100")
    assert {"chain", "retention"} <= broken(town_url)


# -- rule 9 -----------------------------------------------------------------------------


def test_rule_9_an_event_that_was_taken_out(town_url: str) -> None:
    """All positions, hashes and receipts were made to fit."""
    forger = Forger(town_url)
    forger.drop(forger.first(LoanRated, loan_id="L4"))
    forger.save()
    assert broken(town_url) == {"retention"}


def test_rule_9_a_log_that_begins_later(town_url: str) -> None:
    change(town_url, "DELETE FROM {shard}.stored_events WHERE notification_id <= 2")
    assert "retention" in broken(town_url)


def test_rule_9_an_event_after_the_end_of_its_stream(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRejected, entry_id="T-t0")
    forger.insert_after(line, line.stream, line.event)
    forger.save()
    assert broken(town_url) >= {"retention", "entries"}


# -- receipts ---------------------------------------------------------------------------


def test_a_receipt_that_was_made_up(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run(
        "INSERT INTO {shard}.receipt SELECT 'made-up', number + 1000, type, actor, payload_hash,"
        " outcome, code, message, field, 0, 0, recorded_at FROM {shard}.receipt WHERE number = 1"
    )
    forger.commit()
    assert broken(town_url) == {"receipts"}


@pytest.mark.parametrize(
    "forgery",
    [
        "SET outcome = 'refused' WHERE first_position = 1",
        "SET actor = 'somebody' WHERE first_position = 1",
        "SET command_id = 'c0' WHERE first_position = 1",
        "SET last_position = last_position + 1 WHERE first_position = 1",
        "SET first_position = 0, last_position = 0 WHERE first_position = 1",
        "SET first_position = 7, last_position = 7 WHERE outcome = 'refused'",
    ],
)
def test_a_receipt_that_was_changed(town_url: str, forgery: str) -> None:
    change(town_url, "UPDATE {shard}.receipt " + forgery)
    assert broken(town_url) == {"receipts"}


@pytest.mark.parametrize("outcome", ["accepted", "refused"])
def test_a_receipt_that_was_deleted(town_url: str, outcome: str) -> None:
    change(
        town_url,
        "DELETE FROM {shard}.receipt WHERE number ="
        " (SELECT max(number) FROM {shard}.receipt WHERE outcome = %s)",
        outcome,
    )
    assert broken(town_url) == {"receipts"}


def test_two_receipts_of_one_command(town_url: str) -> None:
    change(town_url, "ALTER TABLE {shard}.receipt DROP CONSTRAINT receipt_pkey")
    change(
        town_url,
        "INSERT INTO {shard}.receipt SELECT command_id, number + 1000, type, actor, payload_hash,"
        " outcome, code, message, field, 0, 0, recorded_at FROM {shard}.receipt WHERE number = 1",
    )
    change(town_url, "UPDATE {shard}.shard SET receipts = receipts + 1")
    assert broken(town_url) == {"receipts"}
