"""One instant of the database, read-only: whatever is read of it belongs to the same commit."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, LiteralString

import psycopg
from psycopg import IsolationLevel, sql

from adapters.shard_schema import shard_schema
from infra.postgres import connect

ROWS_AT_ONCE = 200

LOG = (
    "SELECT notification_id, originator_id, originator_version, topic, state"
    " FROM {shard}.stored_events ORDER BY notification_id"
)
"""All rows of the log, in order, each with the fields of adapters.codec.Stored."""


class Snapshot:
    """Streams rows in chunks: several streams may be open at once, and memory stays flat.

    Each open stream has a connection of its own, on which the server goes on while what it sent is
    looked at. `instant` is another open snapshot's: both then read the same commit.
    """

    def __init__(self, url: str, platform: str, instant: str | None = None) -> None:
        self._url = url
        self._schemas = {
            "shard": shard_schema(platform),
            "custody": f"custody_{platform}",
            "reconciliation": f"reconciliation_{platform}",
        }
        self._open: list[psycopg.Connection] = []
        self._idle: list[psycopg.Connection] = []
        self._connection = self._connect(instant)
        self.instant = instant or str(self.one("SELECT pg_export_snapshot()")[0])

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connection in self._open:
            connection.close()

    def has(self, schema: str) -> bool:
        """Whether the platform's schema of that part is there."""
        query = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        return self._connection.execute(query, (self._schemas[schema],)).fetchone() is not None

    def stream(
        self, query: LiteralString, values: tuple[Any, ...] = ()
    ) -> Generator[Any, None, None]:
        """The rows of `query`, in which {shard}, {custody} and {reconciliation} are schemas."""
        connection = self._idle.pop() if self._idle else self._connect(self.instant)
        cursor = connection.cursor()
        yield from cursor.stream(self._sql(query), values, binary=True, size=ROWS_AT_ONCE)
        self._idle.append(connection)

    def one(self, query: LiteralString) -> tuple[Any, ...]:
        row = self._connection.execute(self._sql(query)).fetchone()
        if row is None:
            raise LookupError("no row")
        return row

    def _connect(self, instant: str | None) -> psycopg.Connection:
        connection = connect(self._url)
        self._open.append(connection)
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        if instant is not None:
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(instant))
        return connection

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
