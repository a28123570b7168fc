"""Sending held back, because the database came from a backup and the bank may be ahead of it.

A hold begins when somebody says so, or by itself: PostgreSQL leaves `backup_label.old` in a cluster
that was started from a base backup. Its record is only added to, and is a part of what is restored:
so the same backup restored once more is held once more.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString, NamedTuple

import orjson
import psycopg
from psycopg import errors as sql_errors

from infra.postgres import connect
from services.custody.lease import enter, require_lease
from services.custody.schema import custody_schema


class Reason(StrEnum):
    DECLARED = "declared"  # By whoever restored it.
    BASE_BACKUP = "base_backup"  # PostgreSQL tells of a backup that nobody has caught up from.


class Hold(NamedTuple):
    """`position`: where the log ended when it began. `backup`: which one, where that is known."""

    since: datetime
    reason: Reason
    position: int
    backup: str | None


class Holds:
    """The record, over the session that holds the platform's lease."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        require_lease(connection)
        self._connection = connection

    def standing(self, now: datetime, position: int) -> Hold | None:
        """The hold that has not ended. Begins one where the cluster comes from a backup that is
        not on record."""
        backup = _backup(self._connection)
        if backup is not None and not _is_known(self._connection, backup):
            self.begin(Hold(now, Reason.BASE_BACKUP, position, backup))
        return _standing(self._connection)

    def begin(self, hold: Hold) -> None:
        self._write(hold.since, "held", hold.reason, hold.position, hold.backup, None, {})

    def end(self, now: datetime, position: int, by: str | None, result: dict[str, Any]) -> None:
        """`by`: who bears what still differs; None where nothing does."""
        self._write(now, "released", None, position, None, by, result)

    def _write(self, *values: Any) -> None:
        *columns, result = values
        with self._connection.transaction():
            self._connection.execute("SET LOCAL synchronous_commit TO on")
            self._connection.execute(_WRITE, (*columns, orjson.dumps(result).decode()))


def is_held(url: str, platform: str) -> bool:
    """Whether a custody that starts now would hold. Changes nothing; its tables must be there."""
    with connect(url, autocommit=True) as connection:
        enter(connection, custody_schema(platform))
        backup = _backup(connection)
        fresh = backup is not None and not _is_known(connection, backup)
        return fresh or _standing(connection) is not None


def _standing(connection: psycopg.Connection[Any]) -> Hold | None:
    row = connection.execute(_LAST).fetchone()
    if row is None or row[0] == "released":
        return None
    _, since, reason, position, backup = row
    return Hold(since, Reason(reason), position, backup)


def _is_known(connection: psycopg.Connection[Any], backup: str) -> bool:
    return connection.execute(_KNOWN, (backup,)).fetchone() is not None


def _backup(connection: psycopg.Connection[Any]) -> str | None:
    """Which base backup the cluster was started from: where it begins in the log of PostgreSQL, and
    when it was taken. None where it was not, or where we may not see it."""
    try:
        row = connection.execute(_READ_LABEL).fetchone()
    except sql_errors.InsufficientPrivilege:
        return None
    if row is None or row[0] is None:
        return None
    told = dict(line.partition(": ")[::2] for line in row[0].splitlines())
    return f"{told.get('START WAL LOCATION', '')} {told.get('START TIME', '')}".strip()


_READ_LABEL: LiteralString = "SELECT pg_read_file('backup_label.old', true)"
_WRITE: LiteralString = (
    "INSERT INTO hold (at, what, reason, position, backup, by, result)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
_LAST: LiteralString = (
    "SELECT what, at, reason, position, backup FROM hold ORDER BY number DESC LIMIT 1"
)
_KNOWN: LiteralString = "SELECT 1 FROM hold WHERE backup = %s"
