"""A table made from a dataclass: what goes in comes out, and the digest sees every change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Cursor

from adapters.read_models.table import Rows, Table
from infra.postgres import connect


@dataclass(slots=True)
class Thing:
    name: str
    number: int
    note: str | None
    amount_fen: int
    since: date | None
    good: bool


THINGS = Table("thing", Thing, key=["name", "number"], indexes=["since"])
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
things = st.builds(
    Thing,
    name=texts,
    number=st.integers(-9, 9),
    note=st.none() | texts | st.sampled_from(["NULL", "null", "", "{}", '"', "\\", "a,b"]),
    amount_fen=st.integers(-(2**63), 2**63 - 1),
    since=st.none() | st.dates(),
    good=st.booleans(),
)


@pytest.fixture
def cursor(database: str) -> Iterator[Cursor[Any]]:
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(THINGS.ddl.encode())
        yield cursor


def thing(name: str, number: int = 1, **more: Any) -> Thing:
    fields = {"note": None, "amount_fen": 0, "since": None, "good": True} | more
    return Thing(name, number, **fields)


def put(cursor: Cursor[Any], *rows: Thing) -> None:
    THINGS.put(cursor, [THINGS.values(row) for row in rows])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(things, max_size=8, unique_by=lambda t: (t.name, t.number)))
def test_rows_come_out_as_they_went_in(cursor: Cursor[Any], rows: list[Thing]) -> None:
    cursor.execute("TRUNCATE thing")
    put(cursor, *rows)
    expected = {(row.name, row.number): row for row in rows}
    assert THINGS.load(cursor, expected.keys()) == expected


def test_put_replaces_and_remove_removes_whole_keys(cursor: Cursor[Any]) -> None:
    put(cursor, thing("a", 1), thing("a", 2), thing("b", 1))
    put(cursor, thing("a", 2, amount_fen=7))
    THINGS.remove(cursor, [("b", 1), ("a", 1), ("b", 2)])
    assert THINGS.select(cursor) == [thing("a", 2, amount_fen=7)]


def test_only_fields_that_may_be_none_are_nullable(cursor: Cursor[Any]) -> None:
    with pytest.raises(psycopg.errors.NotNullViolation):
        cursor.execute("INSERT INTO thing (name, number, good) VALUES ('a', 1, true)")


def test_rows_are_changed_in_memory_and_written_once(cursor: Cursor[Any]) -> None:
    put(cursor, thing("kept"), thing("gone"), thing("untouched"))
    keys = [("kept", 1), ("gone", 1)]
    rows = Rows(THINGS, cursor.connection.cursor(), keys)
    rows["kept", 1].amount_fen = 5
    rows.pop(("gone", 1))
    rows.add(thing("new"))
    rows.add(thing("brief"))
    rows.pop(("brief", 1))
    rows.save(cursor)
    assert THINGS.select(cursor, "true ORDER BY name") == [
        thing("kept", amount_fen=5),
        thing("new"),
        thing("untouched"),
    ]


def test_only_rows_that_were_changed_are_written(cursor: Cursor[Any]) -> None:
    put(cursor, *(thing(name) for name in ("changed", "looked at", "gone and back", "unseen")))
    cursor.connection.commit()
    rows = Rows(
        THINGS, cursor.connection.cursor(), [(row.name, 1) for row in THINGS.select(cursor)]
    )
    rows["changed", 1].amount_fen = 5
    rows["looked at", 1].amount_fen = 0
    rows.add(rows.pop(("gone and back", 1)))
    rows.save(cursor)
    cursor.execute("SELECT name FROM thing WHERE xmin = pg_current_xact_id()::xid ORDER BY name")
    assert [name for (name,) in cursor] == ["changed", "gone and back"]


def test_the_digest_knows_rows_and_not_the_order_of_writing(cursor: Cursor[Any]) -> None:
    rows = [thing("b"), thing("a", 2), thing("a", 1)]
    digests = set()
    for order in (rows, rows[::-1]):
        cursor.execute("TRUNCATE thing")
        put(cursor, *order)
        digests.add(THINGS.digest(cursor))
    assert len(digests) == 1
    for change in (thing("a", 1, note=""), thing("a", 1, note="NULL"), thing("c")):
        put(cursor, change)
        digests.add(THINGS.digest(cursor))
    assert len(digests) == 4
