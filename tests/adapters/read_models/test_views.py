"""After any command, each view says what the domain says of the same events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.registry import VIEWS
from infra.postgres import connect
from tests.adapters.read_models.checks_of_loans import (
    check_assignments,
    check_guarantees,
    check_loans,
    check_positions,
)
from tests.adapters.read_models.checks_of_members import check_blacklist, check_cases, check_members
from tests.adapters.read_models.checks_of_money import (
    check_balances,
    check_days,
    check_movements,
    check_reserve,
    check_shortfalls,
    check_statements,
)

STEP = 5  # Events in a batch: it cuts commands in the middle.


@pytest.fixture
def cursor(database: str) -> Iterator[Cursor[Any]]:
    with connect(database) as connection, connection.cursor() as cursor:
        for table in (table for view in VIEWS for table in view.TABLES):
            cursor.execute(table.ddl.encode())
        yield cursor


Look = Callable[[Cursor[Any], Sequence[Recorded]], None]


@pytest.mark.parametrize(
    "check",
    [
        check_balances,
        check_statements,
        check_movements,
        check_shortfalls,
        check_loans,
        check_positions,
        check_assignments,
        check_reserve,
        check_guarantees,
        check_members,
        check_days,
        check_cases,
        check_blacklist,
    ],
    ids=[view.NAME for view in (VIEWS[0], VIEWS[2], VIEWS[1], *VIEWS[3:])],
)
def test_a_view_agrees_with_the_domain_at_every_look(
    cursor: Cursor[Any], story: list[Recorded], check: Look
) -> None:
    for start in range(0, len(story), STEP):
        batch = story[start : start + STEP]
        for view in VIEWS:
            begun = view.begin(cursor, batch)
            if begun is not None:
                begun.finish()
        past, after = story[: start + STEP], story[start + STEP : start + STEP + 1]
        if not after or after[0].cause != past[-1].cause:  # A whole command: money is in step.
            check(cursor, past)


def test_the_story_has_every_kind_of_event_that_a_view_takes(story: list[Recorded]) -> None:
    told = {recorded.topic for recorded in story}
    assert {event.TOPIC for view in VIEWS for event in view.EVENTS} <= told
