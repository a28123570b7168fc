"""The event log on `eventsourcing`'s PostgreSQL recorder: one table a shard, in commit order.

Positions are given by the writer, without gaps: the shard's row says where the log ends, and an
append that finds another end (or another epoch) is refused whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, LiteralString, TypeVar

import psycopg
from eventsourcing.persistence import InterfaceError, OperationalError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import TransactionTimeout
from psycopg.rows import DictRow, args_row

from adapters.chaining import Chain, Told
from adapters.codec import Recorded, Stored, decode, decode_event, recorded
from adapters.shard_schema import MIGRATIONS, Appended, shard_schema
from adapters.vault import Sealed
from domain.model import Event
from infra.arrays import array
from infra.postgres import (
    PostgresUnavailable,
    connect,
    forbid_changes,
    in_schema_of,
    migrate,
)

EVENTS_TABLE = "stored_events"
STANDS_STILL = "SET LOCAL transaction_timeout = '10s'"
"""A writer that is frozen while it appends has the shard's row locked, and nobody could take over:
the server ends its session."""
ROWS_AT_ONCE = 200
EVENTS_AT_ONCE = 400
"""The server stores so many while the next ones are chained."""
_NO_END = 2**63 - 1

R = TypeVar("R")


class WriterFenced(Exception):
    """Another writer has taken over this shard, or the log ends elsewhere. Nothing was appended."""


class AppendUnknown(Exception):
    """The connection broke while committing: reload, and look what is there."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a shard stands."""

    epoch: int
    position: int
    receipts: int
    outstanding_principal_fen: int
    commands_offset: int
    replays: int
    lent_principal_fen: int  # Of loans that are not paid off.


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one transaction appends. Each tuple is one row of its table; events are
    chained while the first of them are being stored."""

    before: Head
    after: Head
    told: Sequence[Told]
    receipts: Sequence[tuple[Any, ...]]
    balances: Sequence[tuple[str, int, int]]
    sealed: Sequence[Sealed]
    taken: Sequence[int]  # The places of inbox messages.
    answered: Sequence[tuple[Any, ...]]  # Those of them that are commands, with what came of them.
    parked: Sequence[tuple[str, int, bytes, bytes, str]]  # Messages that could not be read.
    replays: Sequence[tuple[Any, ...]]  # Answers to the topic that are no new receipts.
    recorded_at: datetime


class _Datastore(PostgresDatastore):
    """Says that the server is gone in our own words, which the library does not wait upon: it
    would try a lost server ten times, five seconds each."""

    @contextmanager
    def get_connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        try:
            with super().get_connection() as connection:
                yield connection
        except (InterfaceError, OperationalError) as error:
            raise PostgresUnavailable(
                f"the connection to PostgreSQL was lost: {str(error).strip()}",
                "Check that the server runs, and start again: nothing is lost or done twice.",
            ) from None


class ShardRecorder(PostgresApplicationRecorder):
    """The library's recorder with one insert for all rows, and our tables in its transaction."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        batch: Batch = kwargs["batch"]
        chain: Chain = kwargs["chain"]
        with self.datastore.get_connection() as connection:
            try:
                with (
                    connection.pipeline(),
                    connection.transaction(),
                    connection.cursor() as cursor,
                ):
                    connection.execute(STANDS_STILL)
                    held = self._hold(connection, batch.before)
                    self._insert_events(cursor, stored_events, batch=batch)
                    rows = chain.rows(batch.told)
                    while some := list(islice(rows, EVENTS_AT_ONCE)):
                        self._insert_stored_events(cursor, stored_events, rows=some)
                    self._advance(connection, batch, chain.hash)
                    # A fetch sends all that waits to be sent; `sync()` may wait for an answer to
                    # what it never sent whole, for ever.
                    if held.fetchone() is None:
                        raise _fenced(batch.before)
            except psycopg.IntegrityError:
                if held.rowcount == 0:  # The next writer has decided the same commands.
                    raise _fenced(batch.before) from None
                raise
            except (psycopg.OperationalError, TransactionTimeout) as error:
                raise AppendUnknown(str(error)) from None
        return range(batch.before.position + 1, batch.after.position + 1)

    def select_stored(
        self, after: int, limit: int, topics: Sequence[str], upto: int | None
    ) -> list[Stored]:
        """As `select_notifications`, in binary and without a row's way through two more objects."""
        query, values = self._stored(after, limit, topics, upto)
        with self._cursor_of(Stored) as cursor:
            return cursor.execute(query, values, prepare=True).fetchall()

    def stream_recorded(self, after: int, topics: Sequence[str], upto: int) -> Iterator[Recorded]:
        """All of them, while the server goes on. Nothing else may be asked meanwhile."""
        query, values = self._stored(after, None, topics, upto)
        with self._cursor_of(recorded) as cursor:
            yield from cursor.stream(query, values, binary=True, size=ROWS_AT_ONCE)

    def _stored(
        self, after: int, limit: int | None, topics: Sequence[str], upto: int | None
    ) -> tuple[bytes, dict[str, Any]]:
        query = self._sql(
            "SELECT notification_id, originator_id, originator_version, topic, state"
            " FROM {}.stored_events"
            " WHERE notification_id > %(after)s AND notification_id <= %(upto)s"
            " AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))"
            " ORDER BY notification_id LIMIT %(limit)s"
        )
        return query, {
            "after": after,
            "upto": _NO_END if upto is None else upto,
            "topics": list(topics) or None,
            "limit": limit,
        }

    @contextmanager
    def _cursor_of(self, make: Callable[..., R]) -> Iterator[psycopg.Cursor[R]]:
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(binary=True, row_factory=args_row(make)) as cursor,
        ):
            yield cursor

    def _hold(self, connection: psycopg.Connection[Any], before: Head) -> psycopg.Cursor[Any]:
        """Keeps all others out, or finds nothing where another has taken over."""
        return connection.execute(
            self._sql(
                "SELECT epoch FROM {}.shard WHERE epoch = %s AND head_position = %s FOR UPDATE"
            ),
            (before.epoch, before.position),
            prepare=True,
        )

    def _advance(self, connection: psycopg.Connection[Any], batch: Batch, last: bytes) -> None:
        after = batch.after
        told = Appended(after.position, after.receipts, bool(batch.replays or batch.parked))
        connection.execute(
            self._sql(
                "UPDATE {}.shard SET head_position = %s, head_hash = %s, receipts = %s,"
                " outstanding_principal_fen = %s, commands_offset = %s, replays = %s,"
                " lent_principal_fen = %s"
                " WHERE epoch = %s RETURNING pg_notify(%s, %s)"
            ),
            (
                after.position,
                last,
                after.receipts,
                after.outstanding_principal_fen,
                after.commands_offset,
                after.replays,
                after.lent_principal_fen,
                after.epoch,
                f"{self.datastore.schema}.appended",
                told.written(),
            ),
            prepare=True,
        )

    def _insert_events(
        self, curs: psycopg.Cursor[Any], stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> None:
        batch: Batch = kwargs["batch"]
        self._insert_rows(
            curs,
            "INSERT INTO {}.receipt (command_id, number, type, actor, payload_hash, outcome, code,"
            " message, field, first_position, last_position, recorded_at)"
            " SELECT unnest(%b::text[]), unnest(%b::bigint[]), unnest(%b::text[]),"
            " unnest(%b::text[]), unnest(%b::bytea[]), unnest(%b::text[]), unnest(%b::text[]),"
            " unnest(%b::text[]), unnest(%b::text[]), unnest(%b::bigint[]), unnest(%b::bigint[]),"
            " %s::timestamptz",
            "text bigint text text bytea text text text text bigint bigint",
            batch.receipts,
            batch.recorded_at,
        )
        self._insert_rows(
            curs,
            "INSERT INTO {}.account_balance (account, available_fen, frozen_fen)"
            " SELECT unnest(%b::text[]), unnest(%b::bigint[]), unnest(%b::bigint[])"
            " ON CONFLICT (account) DO UPDATE SET available_fen = excluded.available_fen,"
            " frozen_fen = excluded.frozen_fen",
            "text bigint bigint",
            batch.balances,
        )
        self._insert_rows(
            curs,
            "INSERT INTO {}.vault (ref, wrapped_key, content)"
            " SELECT unnest(%b::text[]), unnest(%b::bytea[]), unnest(%b::bytea[])",
            "text bytea bytea",
            batch.sealed,
        )
        self._insert_rows(
            curs,
            "INSERT INTO {}.parked (source, place, wrapped_key, content, reason)"
            " SELECT unnest(%b::text[]), unnest(%b::bigint[]), unnest(%b::bytea[]),"
            " unnest(%b::bytea[]), unnest(%b::text[])"
            " ON CONFLICT DO NOTHING",  # The inbox's, after an append whose outcome was unknown.
            "text bigint bytea bytea text",
            batch.parked,
        )
        self._insert_rows(
            curs,
            "INSERT INTO {}.replay (number, command_id, outcome, code, message, field,"
            " first_position, last_position) SELECT unnest(%b::bigint[]), unnest(%b::text[]),"
            " unnest(%b::text[]), unnest(%b::text[]), unnest(%b::text[]), unnest(%b::text[]),"
            " unnest(%b::bigint[]), unnest(%b::bigint[])",
            "bigint text text text text text bigint bigint",
            batch.replays,
        )
        self._insert_rows(
            curs,
            "INSERT INTO {}.inbox_answer (position, command_id, outcome, code, message, field,"
            " first_position, last_position, replayed) SELECT unnest(%b::bigint[]),"
            " unnest(%b::text[]), unnest(%b::text[]), unnest(%b::text[]), unnest(%b::text[]),"
            " unnest(%b::text[]), unnest(%b::bigint[]), unnest(%b::bigint[]), unnest(%b::bool[])"
            " ON CONFLICT DO NOTHING",
            "bigint text text text text text bigint bigint bool",
            batch.answered,
        )
        if batch.taken:
            curs.execute(
                self._sql("DELETE FROM {}.inbox WHERE position = ANY(%s)"), (list(batch.taken),)
            )

    def _insert_stored_events(
        self, curs: psycopg.Cursor[Any], stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> None:
        self._insert_rows(
            curs,
            "INSERT INTO {}.stored_events"
            " (notification_id, originator_id, originator_version, topic, state)"
            " SELECT unnest(%b::bigint[]), unnest(%b::text[]), unnest(%b::bigint[]),"
            " unnest(%b::text[]), unnest(%b::bytea[])",
            "bigint text bigint text bytea",
            kwargs["rows"],
        )

    def _insert_rows(
        self,
        curs: psycopg.Cursor[Any],
        query: LiteralString,
        kinds: str,
        rows: Iterable[tuple[Any, ...]],
        *after: Any,
    ) -> None:
        """All rows by one statement; `after` are its parameters after the columns. Arrays are
        unnested side by side in what is selected: as a table each is written down first."""
        columns = zip(*rows, strict=True)
        arrays = [array(kind, column) for kind, column in zip(kinds.split(), columns, strict=False)]
        if arrays:
            curs.execute(self._sql(query), [*arrays, *after], prepare=True)

    def _sql(self, query: LiteralString) -> bytes:
        return in_schema_of(query, self.datastore.schema)


def open_recorder(url: str, platform: str) -> ShardRecorder:
    """The shard's recorder, on a pool of one connection that does not reconnect by itself."""
    parts = conninfo_to_dict(url)
    datastore = _Datastore(
        dbname=str(parts.get("dbname", "")),
        host=str(parts.get("host", "")),
        port=str(parts.get("port", "")),
        user=str(parts.get("user", "")),
        password=str(parts.get("password", "")),
        schema=shard_schema(platform),
        originator_id_type="text",
    )
    return ShardRecorder(datastore, events_table_name=EVENTS_TABLE)


def prepare_shard(url: str, platform: str) -> None:
    """Creates the shard's schema and tables where they are missing. Money rules 7 and 9: events
    and receipts can be added, and neither changed nor deleted."""
    schema = shard_schema(platform)
    with connect(url, autocommit=True) as connection:
        # One at a time: "if not exists" holds only for what was committed before.
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (schema,))
        migrate(connection, schema, MIGRATIONS)
        # Only once: even to find its index there takes a lock that whoever appends waits for.
        if not _has_log(connection, schema):
            recorder = open_recorder(url, platform)
            try:
                recorder.create_table()
            finally:
                recorder.datastore.close()
        forbid_changes(connection, schema, EVENTS_TABLE, "receipt", "topic_decision")


def _has_log(connection: psycopg.Connection[Any], schema: str) -> bool:
    query = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = %s"
    return connection.execute(query, (schema, EVENTS_TABLE)).fetchone() is not None


def _fenced(before: Head) -> WriterFenced:
    return WriterFenced(f"epoch {before.epoch}, position {before.position}")


class LogReader:
    """Reads one shard's log. Never writes."""

    def __init__(self, url: str, platform: str) -> None:
        self._recorder = open_recorder(url, platform)

    def head(self) -> int:
        return self._recorder.max_notification_id() or 0

    def read(
        self,
        after: int,
        limit: int = 5000,
        topics: Sequence[str] = (),
        upto: int | None = None,
    ) -> list[Recorded]:
        """Events after a position, in order, at most `limit`."""
        rows = self._recorder.select_stored(after, limit, topics, upto)
        return [decode(row) for row in rows]

    def pages(
        self, after: int, upto: int, topics: Sequence[str], size: int
    ) -> Iterator[list[Recorded]]:
        """Events after a position up to another, in order. Nothing else may be read meanwhile."""
        events = self._recorder.stream_recorded(after, topics, upto)
        while page := list(islice(events, size)):
            yield page

    def stream(self, name: str) -> list[Event]:
        """What happened to one aggregate, in order."""
        return [decode_event(row.topic, row.state) for row in self._recorder.select_events(name)]

    def close(self) -> None:
        self._recorder.datastore.close()
