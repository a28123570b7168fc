"""One live sender a platform: a lock that a database session holds, and loses with its life."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import LockNotAvailable

from infra.postgres import connect, forbid_changes, migrate
from services.custody.schema import JOURNAL, MIGRATIONS, custody_schema

PATIENCE_MS = 5_000  # The server may notice a moment late that a killed holder is gone.


class CustodyBusy(RuntimeError):
    """Another process sends for this platform."""


class LeaseMissing(RuntimeError):
    """The session does not hold the platform's lease, so that it may not write the journal, and
    what stands in no journal is never sent."""


def take_lease(url: str, platform: str) -> psycopg.Connection[Any]:
    """The session that holds the platform's lease. The journal is written through it alone, so
    that who has lost the lease can't write either. Raises CustodyBusy, PostgresUnavailable."""
    schema = custody_schema(platform)
    connection = connect(url, autocommit=True, by_key=True)
    _make_ready(connection, schema)
    enter(connection, schema)
    try:
        connection.execute(f"SET lock_timeout = {PATIENCE_MS}".encode())
        # Another seed than the migrations', which others must be able to check meanwhile.
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", (schema,))
        connection.execute("SET lock_timeout = DEFAULT")
    except LockNotAvailable:
        connection.close()
        raise CustodyBusy(f"platform {platform}: another custody process is sending") from None
    return connection


def prepare_journal(url: str, platform: str) -> None:
    """Makes its tables where they are not there yet, for whoever only reads."""
    with connect(url, autocommit=True) as connection:
        _make_ready(connection, custody_schema(platform))


def _make_ready(connection: psycopg.Connection[Any], schema: str) -> None:
    migrate(connection, schema, MIGRATIONS)
    forbid_changes(connection, schema, *JOURNAL)


def require_lease(connection: psycopg.Connection[Any]) -> None:
    """Raises LeaseMissing unless this session holds the lease of the schema that it is in."""
    if connection.execute(_HELD).fetchone() is None:
        raise LeaseMissing(str(LeaseMissing.__doc__))


def enter(connection: psycopg.Connection[Any], schema: str) -> None:
    connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))


_HELD = (
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
    " AND pid = pg_backend_pid()"
    " AND (classid::bigint << 32) | objid::bigint = hashtextextended(current_schema(), 1)"
)
