"""A table made from a dataclass: what goes in comes out, and the digest sees every change."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Cursor

from tests.adapters.read_models.things import THINGS, Thing, put, thing

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


@given(st.lists(things, max_size=8, unique_by=lambda t: (t.name, t.number)))
def test_rows_come_out_as_they_went_in(cursor: Cursor[Any], rows: list[Thing]) -> None:
    cursor.execute("TRUNCATE thing")
    put(cursor, *rows)
    expected = {(row.name, row.number): row for row in rows}
    assert THINGS.load(cursor, expected.keys()) == expected


@given(st.lists(things, max_size=8, unique_by=lambda t: (t.name, t.number)))
def test_added_and_copied_rows_are_those_that_were_put(
    cursor: Cursor[Any], rows: list[Thing]
) -> None:
    expected = {(row.name, row.number): row for row in rows}
    for write in (THINGS.add, THINGS.copy):
        cursor.execute("TRUNCATE thing")
        write(cursor, [THINGS.values(row) for row in rows])
        assert THINGS.load(cursor, expected.keys()) == expected


def test_a_key_that_is_there_is_not_added_again(cursor: Cursor[Any]) -> None:
    put(cursor, thing("a", 1))
    with pytest.raises(psycopg.errors.UniqueViolation):
        THINGS.add(cursor, [THINGS.values(thing("a", 1))])


def test_put_replaces_and_remove_removes_whole_keys(cursor: Cursor[Any]) -> None:
    put(cursor, thing("a", 1), thing("a", 2), thing("b", 1))
    put(cursor, thing("a", 2, amount_fen=7))
    THINGS.remove(cursor, [("b", 1), ("a", 1), ("b", 2)])
    assert THINGS.select(cursor) == [thing("a", 2, amount_fen=7)]


def test_only_fields_that_may_be_none_are_nullable(cursor: Cursor[Any]) -> None:
    with pytest.raises(psycopg.errors.NotNullViolation):
        cursor.execute("INSERT INTO thing (name, number, good) VALUES ('a', 1, true)")


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
