"""Rows in memory, of one batch or held over many: what was done to them comes into the table."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Cursor

from adapters.read_models import rows as module
from adapters.read_models.rows import Held, Rows
from tests.adapters.read_models.things import THINGS, Thing, put, thing

KEPT, GONE, NEW = ("kept", 1), ("gone", 1), ("new", 1)


def test_rows_are_changed_in_memory_and_written_once(cursor: Cursor[Any]) -> None:
    put(cursor, thing("kept"), thing("gone"), thing("untouched"))
    keys = [("kept", 1), ("gone", 1)]
    rows = Rows(THINGS)
    rows.ask(cursor.connection.cursor(), keys)
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
    rows = Rows(THINGS)
    rows.ask(cursor.connection.cursor(), [(row.name, 1) for row in THINGS.select(cursor)])
    rows["changed", 1].amount_fen = 5
    rows["looked at", 1].amount_fen = 0
    rows.add(rows.pop(("gone and back", 1)))
    rows.save(cursor)
    cursor.execute("SELECT name FROM thing WHERE xmin = pg_current_xact_id()::xid ORDER BY name")
    assert [name for (name,) in cursor] == ["changed", "gone and back"]


def all_things(cursor: Cursor[Any]) -> list[Thing]:
    return THINGS.select(cursor, "true ORDER BY name")


def test_held_rows_are_found_again_and_written_at_the_end(cursor: Cursor[Any]) -> None:
    put(cursor, thing("kept"), thing("gone"))
    held = Held(cursor.connection, [])

    def batch(*keys: tuple[str, int]) -> Rows[Thing]:
        held.save()
        return held.open(THINGS, keys)

    batch(KEPT)[KEPT].amount_fen += 1
    batch(KEPT, GONE).pop(GONE)
    rows = batch(KEPT, GONE, NEW)
    assert (rows.get(GONE), rows.get(NEW)) == (None, None)
    rows[KEPT].amount_fen += 2
    rows.add(thing("new"))
    batch(NEW)[NEW].amount_fen += 5
    assert all_things(cursor) == [thing("gone"), thing("kept")]
    held.write()
    assert all_things(cursor) == [thing("kept", amount_fen=3), thing("new", amount_fen=5)]
    batch(NEW, GONE).pop(NEW)
    batch().add(thing("gone", note="back"))
    held.write()
    assert all_things(cursor) == [thing("gone", note="back"), thing("kept", amount_fen=3)]


def test_no_more_rows_are_held_than_fit(
    cursor: Cursor[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HELD_ROWS", 4)
    held = Held(cursor.connection, [])
    for number in range(1, 11):
        rows = held.open(THINGS, [("a", number - 1), ("a", number)])
        rows.add(thing("a", number))
        if number > 1:
            rows["a", number - 1].amount_fen += 1
        assert len(rows) <= 4
        held.save()
    held.write()
    expected = [thing("a", number, amount_fen=int(number < 10)) for number in range(1, 11)]
    assert THINGS.select(cursor, "true ORDER BY number") == expected


def test_bare_tables_are_filled_and_indexed(cursor: Cursor[Any]) -> None:
    indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'thing' ORDER BY indexname"
    expected = cursor.execute(indexes).fetchall()
    cursor.execute("DROP TABLE thing")
    THINGS.create_bare(cursor)
    held = Held(cursor.connection, [THINGS])
    held.open(THINGS, [KEPT]).add(thing("kept"))
    assert cursor.execute(indexes).fetchall() == []
    held.write()
    assert cursor.execute(indexes).fetchall() == expected
    held.open(THINGS, [KEPT])[KEPT].amount_fen += 1
    held.write()
    assert all_things(cursor) == [thing("kept", amount_fen=1)]
