"""Records to and from PostgreSQL, a batch at a time.

A table is read by a list of keys and written from one JSON text (PostgreSQL spreads it into rows),
so a batch costs one statement a table however many calls are in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any, Generic, Protocol, TypeVar

import orjson
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from services.sandbox_bank.rows import (
    Account,
    Confirmation,
    Entry,
    Freeze,
    Header,
    Injected,
    Notice,
    Page,
    Posting,
    Project,
    Request,
)

Db = Connection[TupleRow]
T = TypeVar("T")


class _Row(Protocol):
    def __call__(self, *columns: Any) -> Any: ...


@dataclass(frozen=True)
class Table(Generic[T]):
    """Statements of one table, made once. `key` is None where rows are only ever added."""

    row: type[T]
    key: str | None
    select: bytes
    save: bytes

    def load(self, db: Db, keys: Collection[str]) -> list[T]:
        cursor = db.execute(self.select, (list(keys),), binary=True)
        return [self.row(*columns) for columns in cursor]

    def write(self, db: Db, rows: Iterable[T]) -> None:
        db.execute(self.save, (orjson.dumps(list(rows)).decode(),))


def _table(row: type[T], key: str | None = None) -> Table[T]:
    name = sql.Identifier(row.__name__.lower())
    names = [sql.Identifier(column.name) for column in fields(row)]  # type: ignore[arg-type]
    columns = sql.SQL(", ").join(names)
    save = sql.SQL(
        "INSERT INTO {0} ({1}) SELECT {1} FROM json_populate_recordset(NULL::{0}, %s::json)"
    ).format(name, columns)
    if key is None:
        return Table(row, key, b"", save.as_bytes())
    updates = sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(column) for column in names)
    upsert = sql.SQL(" ON CONFLICT ({}) DO UPDATE SET {}").format(sql.Identifier(key), updates)
    select = sql.SQL("SELECT {} FROM {} WHERE {} = ANY(%s)").format(
        columns, name, sql.Identifier(key)
    )
    return Table(row, key, select.as_bytes(), (save + upsert).as_bytes())


ACCOUNT = _table(Account, "no")
PROJECT = _table(Project, "no")
FREEZE = _table(Freeze, "request_no")
REQUEST = _table(Request, "request_no")
HEADER = _table(Header, "key")
PAGE = _table(Page, "request_no")
ENTRY = _table(Entry)
POSTING = _table(Posting)
NOTICE = _table(Notice)
INJECTED = _table(Injected, "id")
CONFIRMATION = _table(Confirmation)
