"""The projector: exactly once in effect, whatever the batches, crashes and rebuilds."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import pairwise
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.codec import Recorded
from adapters.read_models.reading import ReadModels
from adapters.read_models.registry import VIEWS
from adapters.read_models.store import ViewOutdated, ViewUnknown
from adapters.read_models.table import Table
from adapters.read_models.view import ProjectionFailed, View
from domain.model import Event
from domain.platform import BusinessDateRolled, PlatformOpened
from infra.postgres import connect
from services.projections.projector import LogGap, Projector
from tests.adapters.read_models.story import ListLog
from tests.services.projections.failing import Failing
from tests.services.projections.views import NAMES, PLATFORM, digests_of, positions


def start_over(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "views_{PLATFORM}" CASCADE'.encode())


@settings(max_examples=12)
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
