"""One live sender a platform: a lock that a database session holds, and loses with its life."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import LockNotAvailable

from infra.postgres import connect, forbid_changes, migrate
from services.custody.schema import JOURNAL, MIGRATIONS, custody_schema

PATIENCE_MS = 1_000  # The server may notice a moment late that a killed holder is gone.


class CustodyBusy(RuntimeError):
    """Another process sends for this platform."""


def take_lease(url: str, platform: str) -> psycopg.Connection[Any]:
    """The session that holds the platform's lease. The journal is written through it alone, so
    that who has lost the lease can't write either. Raises CustodyBusy, PostgresUnavailable."""
    schema = custody_schema(platform)
    connection = connect(url, autocommit=True, by_key=True)
    migrate(connection, schema, MIGRATIONS)
    forbid_changes(connection, schema, *JOURNAL)
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


def enter(connection: psycopg.Connection[Any], schema: str) -> None:
    connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
