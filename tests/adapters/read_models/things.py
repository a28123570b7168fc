"""A table of every field type, and rows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Cursor

from adapters.read_models.table import Table


@dataclass(slots=True)
class Thing:
    name: str
    number: int
    note: str | None
    amount_fen: int
    since: date | None
    good: bool


THINGS = Table("thing", Thing, key=["name", "number"], indexes=["since"])


def thing(name: str, number: int = 1, **more: Any) -> Thing:
    fields = {"note": None, "amount_fen": 0, "since": None, "good": True} | more
    return Thing(name, number, **fields)


def put(cursor: Cursor[Any], *rows: Thing) -> None:
    THINGS.put(cursor, [THINGS.values(row) for row in rows])
