"""What is read belongs to one instant, on however many connections and in whichever process."""

from __future__ import annotations

import os

import psycopg
import pytest

from services.proof import verify as verify_module
from services.proof.beside import WorkLost
from services.proof.snapshot import LOG, Snapshot
from services.proof.verify import verify
from tests.services.proof.forger import Forger
from tests.services.proof.town import PLATFORM


def test_snapshots_and_streams_of_one_instant_see_nothing_that_came_later(town_url: str) -> None:
    with Snapshot(town_url, PLATFORM) as before:
        forger = Forger(town_url)
        forger.run("DELETE FROM {shard}.stored_events WHERE notification_id > 1")
        forger.commit()
        with Snapshot(town_url, PLATFORM, before.instant) as other:
            whole = [row[0] for row in before.stream(LOG)]
            assert len(whole) > 1
            assert [row[0] for row in other.stream(LOG)] == whole
    with Snapshot(town_url, PLATFORM) as after:
        assert len(list(after.stream(LOG))) == 1


def test_several_streams_are_read_side_by_side(town_url: str) -> None:
    with Snapshot(town_url, PLATFORM) as snapshot:
        both = zip(snapshot.stream(LOG), snapshot.stream(LOG), strict=True)
        assert all(left == right for left, right in both)


def test_a_snapshot_cannot_write(town_url: str) -> None:
    with (
        Snapshot(town_url, PLATFORM) as snapshot,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        list(snapshot.stream("DELETE FROM {shard}.stored_events RETURNING 1"))


def test_no_report_without_the_other_process(
    town_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_module, "read_record", lambda *_: os._exit(0))
    with pytest.raises(WorkLost):
        verify(town_url, PLATFORM)
