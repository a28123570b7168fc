"""A process that does nothing else than project: the views that somebody waits for go first."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.reading import ReadModels
from adapters.read_models.registry import VIEWS
from domain.accounts import RESERVE_ACCOUNT
from domain.cashbook import EntrySettled
from services.cli.parts import AWAY
from services.projections import projector as projector_module
from services.projections.projector import LogGap, Projector
from tests.adapters.read_models.story import ListLog
from tests.hurry import time_left
from tests.services.projections.views import NAMES, PLATFORM, digests_of, positions

LATER = [view.NAME for view in VIEWS if not view.PROMPT]
WAIT_S = 60
PROMPT = [view.NAME for view in VIEWS if view.PROMPT]


class GrowingLog(ListLog):
    """A log that has come no further than `end`."""

    def __init__(self, events: Sequence[Recorded], end: int) -> None:
        super().__init__(events)
        self.end = end

    def head(self) -> int:
        return self.end


def test_followed_views_that_are_prompt_go_ahead_of_the_others(
    database: str,
    story: list[Recorded],
    digests: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projector_module, "LATER_S", 1e9)
    log = GrowingLog(story, 100)
    with Projector(database, PLATFORM, log=log) as projector:
        assert projector.follow() == 100
        log.end = 250
        assert projector.follow() == 150
        assert positions(database) == dict.fromkeys(LATER, 0) | dict.fromkeys(PROMPT, 250)
        assert projector.compare() == dict.fromkeys(NAMES, True)
        monkeypatch.setattr(projector_module, "STEP_MAX", 300)
        log.end = 300
        assert projector.follow() == 50
        assert set(positions(database).values()) == {300}
        monkeypatch.setattr(projector_module, "LATER_S", 0.0)
        log.end = len(story)
        while projector.follow():
            assert len(set(positions(database).values())) == 1
        assert digests_of(projector) == digests


def test_what_was_followed_is_taken_up_after_a_kill_and_beside_others(
    projector: Projector,
    database: str,
    story: list[Recorded],
    digests: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projector_module, "LATER_S", 1e9)
    killed, frozen = GrowingLog(story, 200), GrowingLog(story, 250)
    with Projector(database, PLATFORM, log=killed) as other:
        other.follow()
    with Projector(database, PLATFORM, log=frozen) as other:
        assert other.follow() == 250  # All from the first that some view lacks.
        assert positions(database)["balances"] == 250
        to = next(r.position for r in story[250:] if isinstance(r.event, EntrySettled))
        projector.catch_up(to=to)  # An event that would count twice.
        assert set(positions(database).values()) == {to}
        monkeypatch.setattr(projector_module, "LATER_S", 0.0)
        frozen.end = len(story)
        while other.follow():  # It goes on where it was, behind the others.
            pass
        assert digests_of(projector) == digests


def test_what_is_read_of_the_reserve_is_of_one_event(
    projector: Projector, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector_module, "LATER_S", 1e9)
    projector.catch_up(to=100)
    with closing(ReadModels(database, PLATFORM)) as views:
        before, balance = views.reserve(), views.account(RESERVE_ACCOUNT).value
        projector.follow()
        assert views.account(RESERVE_ACCOUNT).value != balance
        assert views.reserve() == before


def test_a_gap_stops_whoever_follows(database: str, story: list[Recorded]) -> None:
    log = GrowingLog(story[:150] + story[151:], 150)
    with Projector(database, PLATFORM, log=log) as projector:
        assert projector.follow() == 150
        log.end = len(story)
        with pytest.raises(LogGap, match="position 151 is missing"):
            projector.follow()
        assert positions(database)["balances"] == 150


def test_whoever_follows_past_a_view_is_stopped(database: str, story: list[Recorded]) -> None:
    """As one would who went on after an error."""
    with Projector(database, PLATFORM, log=ListLog(story)) as projector:
        projector._followed = 100
        with pytest.raises(LogGap, match="has not come to position 100"):
            projector.follow()
    assert set(positions(database).values()) == {0}


def test_whoever_is_frozen_with_the_views_in_his_hands_lets_go(
    database: str, story: list[Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    """His successor goes on, and he himself when he wakes up."""
    holds, wakes = threading.Event(), threading.Event()
    with (
        Projector(database, PLATFORM, log=ListLog(story)) as frozen,
        Projector(database, PLATFORM, log=ListLog(story)) as successor,
        ThreadPoolExecutor(1) as beside,
    ):

        def freeze(cursor: Cursor[Any], *_: object) -> None:
            assert time_left(cursor.connection) == "10min"
            holds.set()
            wakes.wait()

        monkeypatch.setattr(frozen._store, "move", freeze)
        step = beside.submit(frozen.step, 10)
        try:
            assert holds.wait(WAIT_S)
            successor._connection.execute(f"SET lock_timeout = '{WAIT_S}s'")
            assert successor.catch_up() == len(story)
        finally:
            wakes.set()
        assert isinstance(step.exception(), AWAY)
