"""The projector: exactly once in effect, whatever the batches, crashes and rebuilds."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.codec import Recorded
from adapters.read_models import rows
from adapters.read_models.reading import ReadModels
from adapters.read_models.registry import VIEWS
from adapters.read_models.rows import Touched
from adapters.read_models.store import RebuildRunning, ViewOutdated, ViewUnknown
from adapters.read_models.table import Table
from adapters.read_models.view import ProjectionFailed, View
from domain.model import Event
from domain.platform import BusinessDateRolled, PlatformOpened
from infra.postgres import connect
from services.projections import projector as projecting
from services.projections.projector import LogGap, Projector
from tests.adapters.read_models.story import ListLog
from tests.services.projections.views import NAMES, PLATFORM, digests_of, positions


def start_over(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "views_{PLATFORM}" CASCADE'.encode())


class Failing(View):
    """Counts days, and cannot take the second roll."""

    @dataclass(slots=True)
    class Count:
        name: str
        days: int

    NAME: ClassVar[str] = "failing"
    COUNTS: ClassVar[Table[Count]] = Table("failing_count", Count, key=["name"])
    TABLES: ClassVar[tuple[Table[Any], ...]] = (COUNTS,)
    EVENTS: ClassVar[tuple[type[Event], ...]] = (PlatformOpened, BusinessDateRolled)
    bad_position: ClassVar[int] = 0

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._counts = self.open(self.COUNTS, ["days"])

    def fold(self, recorded: Recorded) -> None:
        if recorded.position == self.bad_position:
            raise KeyError("what")
        count = self._counts.get("days") or self._counts.add(self.Count("days", 0))
        count.days += 1


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_rows_do_not_depend_on_how_events_are_cut_into_batches(
    database: str, story: list[Recorded], digests: dict[str, str], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(story) - 1), max_size=25)))
    start_over(database)
    with Projector(database, PLATFORM, log=ListLog(story)) as projector:
        for start, end in pairwise([0, *cuts, len(story)]):
            assert projector.step(upto=end) == end - start
        assert digests_of(projector) == digests


def test_event_by_event_gives_the_same_rows(
    projector: Projector, story: list[Recorded], digests: dict[str, str]
) -> None:
    assert projector.catch_up(limit=1) == len(story)
    assert digests_of(projector) == digests


def test_the_digest_sees_a_changed_row(projector: Projector, database: str) -> None:
    projector.catch_up()
    assert projector.compare() == dict.fromkeys(NAMES, True)
    change(
        database,
        "UPDATE account SET available_fen = available_fen + 1 WHERE account = 'B1:borrower'",
    )
    change(database, "DELETE FROM claim WHERE tender_id = 't1'")
    unequal = {name for name, equal in projector.compare().items() if not equal}
    assert unequal == {"balances", "positions"}


def change(database: str, query: str) -> None:
    with connect(database) as connection:
        connection.execute(f'SET search_path TO "views_{PLATFORM}"'.encode())
        assert connection.execute(query.encode()).rowcount != 0


def test_catch_up_stops_where_it_is_told_to(projector: Projector, database: str) -> None:
    assert projector.catch_up(to=100, limit=30) == 100
    assert set(positions(database).values()) == {100}
    assert projector.catch_up(to=100) == 0


class Ending(View):
    """Loses the connection while the others wait for their rows."""

    NAME: ClassVar[str] = "ending"
    TABLES: ClassVar[tuple[Table[Any], ...]] = ()
    EVENTS: ClassVar[tuple[type[Event], ...]] = (PlatformOpened,)

    def fold(self, recorded: Recorded) -> None:
        self._tables.cursor.connection.close()


def test_a_database_that_goes_away_is_no_view_that_fails(
    database: str, story: list[Recorded]
) -> None:
    views: tuple[type[View], ...] = (Ending, *VIEWS)
    with (
        Projector(database, PLATFORM, views, ListLog(story)) as projector,
        pytest.raises(psycopg.OperationalError),
    ):
        projector.step(limit=30)
    assert set(positions(database).values()) == {0}


def test_a_view_that_fails_moves_nothing_and_names_the_event(
    database: str, story: list[Recorded], digests: dict[str, str]
) -> None:
    rolls = [r for r in story if isinstance(r.event, BusinessDateRolled)]
    Failing.bad_position = rolls[1].position
    with Projector(database, PLATFORM, (*VIEWS, Failing), ListLog(story)) as projector:
        projector.catch_up(to=rolls[0].position)
        before = digests_of(projector)
        with pytest.raises(ProjectionFailed, match=f"failing at position {rolls[1].position}"):
            projector.catch_up()
        assert set(positions(database).values()) == {rolls[0].position}
        assert digests_of(projector) == before
        Failing.bad_position = 0  # The bug is found.
        projector.catch_up()
        assert digests_of(projector) == digests
        with closing(ReadModels(database, PLATFORM)) as views:
            assert views.stamps()["failing"].position == len(story)


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
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database IS NOT NULL"
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


def test_a_new_view_catches_up_alone(
    database: str, story: list[Recorded], digests: dict[str, str]
) -> None:
    first, *others = VIEWS
    with Projector(database, PLATFORM, others, ListLog(story)) as projector:
        projector.catch_up(to=300)
    with Projector(database, PLATFORM, VIEWS, ListLog(story)) as projector:
        assert projector.step(limit=50) == 50
        assert positions(database)[first.NAME] == 50
        assert positions(database)["loans"] == 300
        projector.catch_up(limit=70)
        assert digests_of(projector) == digests


@pytest.mark.parametrize(
    ("old", "tables"),
    [("TO account_of_old", "{account_of_old}"), ("COLUMN frozen_fen TO held_fen", "{account}")],
)
def test_a_view_of_another_shape_must_be_rebuilt(
    projector: Projector,
    database: str,
    story: list[Recorded],
    digests: dict[str, str],
    old: str,
    tables: str,
) -> None:
    projector.catch_up()
    change(database, f"ALTER TABLE account RENAME {old}")
    change(
        database,
        f"UPDATE view_position SET shape = 'old', tables = '{tables}' WHERE name = 'balances'",
    )
    for attempt in (projector.step, projector.compare):
        with pytest.raises(ViewOutdated, match="balances"):
            attempt()
    assert projector.rebuild("balances") == (len(story), None, digests["balances"])
    assert digests_of(projector) == digests
    assert projector.compare()["balances"]


@pytest.mark.parametrize("missing", [0, 1, 150])
def test_a_gap_in_the_log_stops_the_projector(
    database: str, story: list[Recorded], missing: int
) -> None:
    log = ListLog(story[:missing] + story[missing + 1 :])
    with Projector(database, PLATFORM, log=log) as projector:
        with pytest.raises(LogGap, match=f"position {missing + 1} is missing"):
            projector.catch_up()
        assert set(positions(database).values()) == {0}


def test_an_unknown_view_is_named(projector: Projector) -> None:
    for attempt in (projector.rebuild, projector.digest):
        with pytest.raises(ViewUnknown, match="nosuch"):
            attempt("nosuch")


def test_two_projectors_apply_each_event_once(
    projector: Projector, database: str, story: list[Recorded], digests: dict[str, str]
) -> None:
    with Projector(database, PLATFORM, log=ListLog(story)) as other:
        both = [
            threading.Thread(target=each.catch_up, kwargs={"limit": 7})
            for each in (projector, other)
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert digests_of(other) == digests


def test_an_empty_log_moves_nothing(database: str) -> None:
    with Projector(database, PLATFORM, log=ListLog([])) as projector:
        assert projector.catch_up() == 0
        assert projector.rebuild("loans").position == 0
        assert projector.compare() == dict.fromkeys(NAMES, True)
