"""A view's table: its row is a dataclass, and everything else follows from it.

    DDL, ask by keys, put, add, copy, remove, digest: each one statement, whatever the size

Field types: str, int, bool, date, and `| None` of these. Money and positions are bigint.
"""

# ruff: noqa: S608  -- the names in these statements are this program's own, values are bound.

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date
from operator import attrgetter
from types import NoneType
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec
from psycopg import Cursor, sql

R = TypeVar("R")
Key = Any
"""One value, or a tuple of them where the key has several columns."""

Values = tuple[Any, ...]

ROWS_AT_ONCE = 1_000


_TYPES = {str: "text", int: "bigint", bool: "boolean", date: "date"}

_json = msgspec.json.Encoder().encode


def _array(values: Sequence[Any]) -> str:
    """An array literal: but for what it escapes, JSON is one, and is written ten times as fast."""
    literal = _json(values)[1:-1]
    if b"\\" in literal:
        return "{" + ",".join(map(_quoted, values)) + "}"
    return "{" + literal.decode() + "}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Table(Generic[R]):
    """A table whose rows are `row`s. `key` is its primary key; `indexes` are further columns."""

    def __init__(
        self, name: str, row: type[R], key: Sequence[str], indexes: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.row = row
        self.columns = tuple(field.name for field in fields(row))  # type: ignore[arg-type]
        self.key_of: Callable[[R], Key] = attrgetter(*key)
        self._key = tuple(key)
        self._primary_key = f"PRIMARY KEY ({_list(key)})"
        self._create_indexes = [f"CREATE INDEX ON {name} ({column})" for column in indexes]
        hints = get_type_hints(row)
        self._nullable = {name for name in self.columns if NoneType in get_args(hints[name])}
        self._types = {name: _bare(hints[name]) for name in self.columns}
        self._values: Callable[[R], Values] = attrgetter(*self.columns)
        self._load = self._load_sql()
        self._put = self._put_sql()
        self._add = self._add_sql().encode()
        self._copy = f"COPY {name} ({_list(self.columns)}) FROM STDIN".encode()
        self._remove = self._remove_sql()

    @property
    def ddl(self) -> str:
        """Unqualified: the search path says in which schema."""
        return ";\n".join((self._create(self._primary_key), *self._create_indexes))

    def create_bare(self, cursor: Cursor[Any]) -> None:
        """Without its indexes, for many rows that come at once."""
        cursor.execute(self._create().encode())

    def index(self, cursor: Cursor[Any]) -> None:
        """A table that was created bare."""
        cursor.execute(f"ALTER TABLE {self.name} ADD {self._primary_key}".encode())
        for statement in self._create_indexes:
            cursor.execute(statement.encode())

    def load(self, cursor: Cursor[Any], keys: Collection[Key]) -> dict[Key, R]:
        if not keys:
            return {}
        self.ask(cursor, keys)
        return {self.key_of(row): row for row in self._rows(cursor)}

    def ask(self, cursor: Cursor[Any], keys: Collection[Key]) -> None:
        cursor.execute(self._load, list(map(_array, self._key_columns(keys))))

    def select(self, cursor: Cursor[Any], where: str = "true", *values: Any) -> list[R]:
        """Rows by a condition (and order) in SQL with %s for each value."""
        query = f"SELECT {_list(self.columns)} FROM {self.name} WHERE {where}"
        cursor.execute(query.encode(), values)
        return list(self._rows(cursor))

    def stream(self, cursor: Cursor[Any], where: str = "true", *values: Any) -> Iterator[R]:
        """As `select`, some rows at a time; the cursor is taken until the last one."""
        query = f"SELECT {_list(self.columns)} FROM {self.name} WHERE {where}"
        for row in cursor.stream(query.encode(), values, size=ROWS_AT_ONCE):
            yield self.row(*row)

    def values(self, row: R) -> Values:
        """What its columns hold, as `put` takes it and the database gives it."""
        return self._values(row)

    def put(self, cursor: Cursor[Any], rows: Collection[Values]) -> None:
        if rows:
            cursor.execute(self._put, list(map(_array, zip(*rows, strict=True))))

    def add(self, cursor: Cursor[Any], rows: Collection[Values]) -> None:
        """As `put`, for rows whose keys are not there yet; else psycopg.IntegrityError."""
        if rows:
            cursor.execute(self._add, list(map(_array, zip(*rows, strict=True))))

    def copy(self, cursor: Cursor[Any], rows: Collection[Values]) -> None:
        """As `add`, for many rows. Not in a pipeline."""
        if rows:
            with cursor.copy(self._copy) as copy:
                for row in rows:
                    copy.write_row(row)

    def remove(self, cursor: Cursor[Any], keys: Collection[Key]) -> None:
        if keys:
            cursor.execute(self._remove, list(map(_array, self._key_columns(keys))))

    def digest(self, cursor: Cursor[Any]) -> bytes:
        """SHA-256 over every row in key order, and over the names of the columns."""
        columns = _list(self.columns)
        digest = hashlib.sha256(f"{self.name} {columns}\n".encode())
        rows = f"SELECT {columns} FROM {self.name}"
        query = f"SELECT line::text FROM ({rows}) AS line ORDER BY {_list(self._key)}"
        for (line,) in cursor.stream(query.encode(), size=ROWS_AT_ONCE):
            digest.update(line.encode() + b"\n")
        return digest.digest()

    def _rows(self, cursor: Cursor[Any]) -> Iterator[R]:
        return (self.row(*values) for values in cursor.fetchall())

    def _key_columns(self, keys: Collection[Key]) -> Iterable[Sequence[Any]]:
        return zip(*keys, strict=True) if len(self._key) > 1 else (tuple(keys),)

    def _create(self, *constraints: str) -> str:
        columns = [
            f"{name} {_TYPES[self._types[name]]}"
            + (' COLLATE "C"' if self._types[name] is str else "")
            + ("" if name in self._nullable else " NOT NULL")
            for name in self.columns
        ]
        return f"CREATE TABLE {self.name} ({', '.join([*columns, *constraints])})"

    def _unnest(self, names: Sequence[str]) -> str:
        return f"unnest({_list(map(self._given, names))})"

    def _given(self, name: str) -> str:
        return f"%s::{_TYPES[self._types[name]]}[]"

    def _load_sql(self) -> bytes:
        return (
            f"SELECT {_list(self.columns)} FROM {self.name}"
            f" JOIN {self._unnest(self._key)} AS wanted ({_list(self._key)})"
            f" USING ({_list(self._key)})"
        ).encode()

    def _add_sql(self) -> str:
        # Not as one table of all columns: the server would write each column down first.
        columns = _list(f"unnest({self._given(name)})" for name in self.columns)
        return f"INSERT INTO {self.name} ({_list(self.columns)}) SELECT {columns}"

    def _put_sql(self) -> bytes:
        rest = [name for name in self.columns if name not in self._key]
        changes = ", ".join(f"{name} = excluded.{name}" for name in rest)
        return (
            f"{self._add_sql()} ON CONFLICT ({_list(self._key)}) DO UPDATE SET {changes}"
        ).encode()

    def _remove_sql(self) -> bytes:
        same = " AND ".join(f"{self.name}.{name} = gone.{name}" for name in self._key)
        return (
            f"DELETE FROM {self.name} USING {self._unnest(self._key)}"
            f" AS gone ({_list(self._key)}) WHERE {same}"
        ).encode()


def in_schema(schema: str) -> sql.Composed:
    """For the rest of the transaction unqualified names mean `schema`."""
    return sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(schema))


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _bare(hint: Any) -> type:
    plain = [each for each in get_args(hint) if each is not NoneType] or [hint]
    return plain[0]  # type: ignore[no-any-return]
