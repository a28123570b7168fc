"""Rebuilds: byte-equal, beside the live view and its readers, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from adapters.codec import Recorded
from adapters.read_models import rows
from adapters.read_models.reading import ReadModels
from adapters.read_models.registry import VIEWS
from adapters.read_models.store import RebuildRunning
from adapters.read_models.view import ProjectionFailed
from domain.platform import BusinessDateRolled
from infra.postgres import connect
from services.projections import projector as projecting
from services.projections.projector import Projector
from tests.adapters.read_models.story import ListLog
from tests.services.projections.failing import Failing
from tests.services.projections.views import NAMES, PLATFORM, digests_of, positions


@pytest.mark.parametrize("held_rows", [1, 9, rows.HELD_ROWS])
@pytest.mark.parametrize("name", NAMES)
def test_a_rebuild_is_byte_equal(
    projector: Projector,
    database: str,
    digests: dict[str, str],
    name: str,
    held_rows: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever it holds in memory over its pages."""
    monkeypatch.setattr(projecting, "REPLAY_LIMIT", 5)
    monkeypatch.setattr(rows, "HELD_ROWS", held_rows)
    projector.catch_up()
    [table, *_] = [view.TABLES[0].name for view in VIEWS if name == view.NAME]
    with connect(database) as connection:
        connection.execute(f'DELETE FROM "views_{PLATFORM}".{table}'.encode())
    damaged = projector.digest(name)
    position = sum(positions(database).values()) // len(NAMES)
    assert projector.rebuild(name) == (position, damaged, digests[name])
    assert projector.rebuild(name).equal
    assert digests_of(projector) == digests


def test_after_a_rebuild_the_view_goes_on_from_there(
    projector: Projector, story: list[Recorded], digests: dict[str, str]
) -> None:
    projector.catch_up(to=200)
    assert projector.rebuild("loans").position == 200
    assert projector.catch_up() == len(story) - 200
    assert digests_of(projector) == digests


class SlowLog(ListLog):
    """While a rebuild is at its first page, something else happens."""

    def __init__(self, events: Sequence[Recorded], meanwhile: Any) -> None:
        super().__init__(events)
        self._meanwhile = [meanwhile]

    def pages(self, *words: Any) -> Iterator[list[Recorded]]:
        for page in super().pages(*words):
            if self._meanwhile:
                self._meanwhile.pop()()
            yield page


def test_a_rebuild_takes_in_what_the_live_view_does_meanwhile(
    projector: Projector, database: str, story: list[Recorded], digests: dict[str, str]
) -> None:
    projector.catch_up(to=200)
    log = SlowLog(story, projector.catch_up)
    with Projector(database, PLATFORM, log=log) as rebuilder:
        assert rebuilder.rebuild("statements").position == len(story)
    assert digests_of(projector) == digests


def test_readers_see_the_live_view_while_it_is_rebuilt(
    projector: Projector, database: str, story: list[Recorded]
) -> None:
    projector.catch_up()
    with closing(ReadModels(database, PLATFORM)) as views:
        expected = views.accounts()
        seen = []
        log = SlowLog(story, lambda: seen.append(views.accounts()))
        with Projector(database, PLATFORM, log=log) as rebuilder:
            rebuilder.rebuild("balances")
        assert [*seen, views.accounts()] == [expected, expected]


def test_a_reader_that_waits_for_the_switch_reads_the_new_tables(
    projector: Projector, database: str
) -> None:
    """A snapshot taken before the switch would see the new tables empty."""
    projector.catch_up()
    with closing(ReadModels(database, PLATFORM)) as views, connect(database) as other:
        expected = views.accounts()
        other.execute(f'LOCK TABLE "views_{PLATFORM}".view_position IN ACCESS SHARE MODE'.encode())
        rebuild = threading.Thread(target=projector.rebuild, args=["balances"])
        rebuild.start()
        wait_for_lock(other, 1)  # The rebuild waits to switch,
        answers: list[Any] = []
        read = threading.Thread(target=lambda: answers.append(views.accounts()))
        read.start()
        wait_for_lock(other, 2)  # ... and the reader behind it.
        other.rollback()
        rebuild.join()
        read.join()
        assert answers == [expected]


def wait_for_lock(connection: Any, waiting: int) -> None:
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON database = d.oid"
        " WHERE NOT granted AND datname = current_database()"
    )
    while connection.execute(query).fetchone() != (waiting,):
        pass


def test_a_rebuild_is_refused_while_another_runs(
    projector: Projector, database: str, story: list[Recorded], digests: dict[str, str]
) -> None:
    projector.catch_up()
    refused = []

    def meanwhile() -> None:
        for attempt in (lambda: projector.rebuild("balances"), projector.compare):
            with pytest.raises(RebuildRunning) as caught:
                attempt()
            refused.append(caught.value)

    with Projector(database, PLATFORM, log=SlowLog(story, meanwhile)) as rebuilder:
        rebuilder.rebuild("loans")
    assert len(refused) == 2
    projector.rebuild("balances")
    assert digests_of(projector) == digests


def test_a_rebuild_that_fails_leaves_the_live_view(database: str, story: list[Recorded]) -> None:
    Failing.bad_position = 0
    with Projector(database, PLATFORM, [Failing], ListLog(story)) as projector:
        projector.catch_up()
        before = projector.digest("failing")
        Failing.bad_position = _a_roll(story)
        with pytest.raises(ProjectionFailed):
            projector.rebuild("failing")
        assert projector.digest("failing") == before
        Failing.bad_position = 0
        projector.rebuild("failing")  # Nothing is left of the first attempt.
        assert projector.digest("failing") == before


def _a_roll(story: Sequence[Recorded]) -> int:
    return next(r.position for r in story if isinstance(r.event, BusinessDateRolled))
