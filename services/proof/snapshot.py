"""One instant of the database, read-only: whatever is read of it belongs to the same commit."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from types import TracebackType
from typing import Any, LiteralString

import psycopg
from psycopg import IsolationLevel, sql

from adapters.shard_schema import shard_schema
from infra.postgres import connect

ROWS_AT_ONCE = 5_000

LOG = (
    "SELECT notification_id, originator_id, originator_version, topic, state"
    " FROM {shard}.stored_events ORDER BY notification_id"
)
"""All rows of the log, in order, each with the fields of adapters.codec.Stored."""


class Snapshot:
    """Streams rows in chunks: several streams may be open at once, and memory stays flat.

    `instant` is what another snapshot, still open, has exported: both then read the same commit.
    """

    def __init__(self, url: str, platform: str, instant: str | None = None) -> None:
        self._connection = connect(url)
        self._connection.isolation_level = IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True
        if instant is not None:
            query = sql.SQL("SET TRANSACTION SNAPSHOT {}").format(instant)
            self._connection.execute(query)
        # A stream is read to its end: plans that start fast and end late do not pay.
        self._connection.execute("SET LOCAL cursor_tuple_fraction = 1.0")
        self._names = count(1)
        self._schemas = {
            "shard": shard_schema(platform),
            "custody": f"custody_{platform}",
            "reconciliation": f"reconciliation_{platform}",
        }

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def export(self) -> str:
        (instant,) = self.one("SELECT pg_export_snapshot()")
        return str(instant)

    def has(self, schema: str) -> bool:
        """Whether the platform's schema of that part is there."""
        query = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        return self._connection.execute(query, (self._schemas[schema],)).fetchone() is not None

    def stream(self, query: LiteralString, values: tuple[Any, ...] = ()) -> Iterator[Any]:
        """The rows of `query`, in which {shard}, {custody} and {reconciliation} are schemas."""
        cursor = psycopg.ServerCursor(self._connection, f"stream_{next(self._names)}")
        with cursor:
            cursor.execute(self._sql(query), values, binary=True)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):  # Quicker than row by row.
                yield from rows

    def one(self, query: LiteralString) -> tuple[Any, ...]:
        row = self._connection.execute(self._sql(query)).fetchone()
        if row is None:
            raise LookupError("no row")
        return row

    def _sql(self, query: LiteralString) -> sql.Composed:
        names = {name: sql.Identifier(schema) for name, schema in self._schemas.items()}
        return sql.SQL(query).format(**names)


@contextmanager
def no_cycles() -> Iterator[None]:
    """The collector of cycles would go through all open states over and over: reading a log makes
    no cycles, and what is done with is freed at once."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
