"""Where a platform's views stand: one schema, one row a view that says how far it has come.

Whoever moves views locks `view_position` first, whoever reads them shares it, and whoever switches
a rebuilt view in has it alone: so nobody ever reads half of a view.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

from psycopg import Cursor, sql

from adapters.read_models.table import in_schema
from adapters.read_models.view import Building, View
from infra.postgres import in_schema_of

_POSITIONS = """
CREATE TABLE IF NOT EXISTS view_position (
    name text PRIMARY KEY,
    position bigint NOT NULL,
    recorded_at timestamptz,
    shape text NOT NULL,
    tables text[] NOT NULL
)
"""


class ViewOutdated(Exception):
    """A view was built by a program that shaped its tables otherwise. Rebuild it."""


class ViewUnknown(LookupError):
    """There is no view of that name."""


class RebuildRunning(Exception):
    """Another rebuild or comparison of this platform's views is running: try again after it."""


@dataclass(frozen=True, slots=True)
class ViewStamp:
    """The last event in a view, and when it was recorded (UTC); None before the first."""

    position: int
    recorded_at: datetime | None

    def age(self, now: datetime) -> timedelta | None:
        """How long ago the view's last event was recorded. `now` is aware."""
        return None if self.recorded_at is None else now - self.recorded_at


def views_schema(platform: str) -> str:
    return f"views_{platform}"


class ViewStore:
    """All statements about a platform's views as a whole. The caller begins and commits."""

    def __init__(self, platform: str, views: Sequence[type[View]]) -> None:
        self.schema = views_schema(platform)
        self.shadow = f"{self.schema}_rebuild"
        self.views = {view.NAME: view for view in views}

    def named(self, name: str) -> type[View]:
        if name not in self.views:
            raise ViewUnknown(f"no view is called {name!r}: there are {', '.join(self.views)}")
        return self.views[name]

    def prepare(self, cursor: Cursor[Any]) -> None:
        """Makes the schema and the tables of views that are not there yet."""
        # Before anything else: creating a schema twice at once fails even with IF NOT EXISTS.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (self.schema,))
        self._execute(cursor, "CREATE SCHEMA IF NOT EXISTS {}", self.schema)
        cursor.execute(in_schema(self.schema))
        cursor.execute(_POSITIONS)
        cursor.execute("SELECT name FROM view_position")
        there = {name for (name,) in cursor}
        for view in self.views.values():
            if view.NAME not in there:
                for table in view.TABLES:
                    cursor.execute(table.ddl.encode())
                cursor.execute(
                    "INSERT INTO view_position (name, position, shape, tables)"
                    " VALUES (%s, 0, %s, %s)",
                    (view.NAME, view.shape(), _tables(view)),
                )

    def positions(self, cursor: Cursor[Any]) -> dict[str, int]:
        """How far each view has come. Raises ViewOutdated."""
        self._execute(cursor, "SELECT name, position, shape FROM {}.view_position", self.schema)
        rows = {name: (position, shape) for name, position, shape in cursor if name in self.views}
        outdated = [name for name, view in self.views.items() if rows[name][1] != view.shape()]
        if outdated:
            raise ViewOutdated(f"built by another version, to be rebuilt: {', '.join(outdated)}")
        return {name: position for name, (position, _) in rows.items()}

    def position(self, cursor: Cursor[Any], name: str) -> int:
        self._execute(
            cursor, "SELECT position FROM {}.view_position WHERE name = %s", self.schema, name
        )
        return int(cursor.fetchall()[0][0])

    def lock_to_write(self, cursor: Cursor[Any]) -> None:
        """Nobody else moves a view until the commit; reading goes on. First in a transaction."""
        self._execute(cursor, "LOCK TABLE {}.view_position IN EXCLUSIVE MODE", self.schema)

    def lock_to_switch(self, cursor: Cursor[Any]) -> None:
        """Nobody else reads or moves a view until the commit."""
        self._execute(cursor, "LOCK TABLE {}.view_position IN ACCESS EXCLUSIVE MODE", self.schema)

    def lock_to_read(self, cursor: Cursor[Any]) -> None:
        """No view is switched until the commit. Takes no snapshot: the next statement does."""
        self._execute(cursor, "LOCK TABLE {}.view_position IN ACCESS SHARE MODE", self.schema)

    def move(
        self, cursor: Cursor[Any], names: Sequence[str], position: int, recorded_at: str
    ) -> None:
        self._execute(
            cursor,
            "UPDATE {}.view_position SET position = %s, recorded_at = %s WHERE name = ANY(%s)",
            self.schema,
            position,
            recorded_at,
            list(names),
        )

    def stamps(self, cursor: Cursor[Any]) -> dict[str, ViewStamp]:
        self._execute(
            cursor, "SELECT name, position, recorded_at FROM {}.view_position", self.schema
        )
        return {
            name: ViewStamp(position, at and at.astimezone(UTC)) for name, position, at in cursor
        }

    def begin_beside(self, cursor: Cursor[Any], view: type[View]) -> Building:
        """An empty copy of the view's tables, beside the live ones, for this transaction alone."""
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (self.shadow,))
        if cursor.fetchall() != [(True,)]:
            raise RebuildRunning("a view of this platform is being rebuilt, or compared by verify")
        self._execute(cursor, "CREATE SCHEMA {}", self.shadow)
        cursor.execute(in_schema(self.shadow))
        for table in view.TABLES:
            table.create_bare(cursor)
        return Building(cursor, view)

    def switch(self, cursor: Cursor[Any], view: type[View]) -> None:
        """Puts the copy in the place of the live tables, whatever these were called."""
        self._execute(
            cursor, "SELECT tables FROM {}.view_position WHERE name = %s", self.schema, view.NAME
        )
        live = sql.Identifier(self.schema)
        for table in cursor.fetchall()[0][0]:
            drop = sql.SQL("DROP TABLE {}.{}").format(live, sql.Identifier(table))
            cursor.execute(drop)
        for table in _tables(view):
            move = sql.SQL("ALTER TABLE {}.{} SET SCHEMA {}")
            shadow = sql.Identifier(self.shadow)
            cursor.execute(move.format(shadow, sql.Identifier(table), live))
        self._execute(cursor, "DROP SCHEMA {}", self.shadow)
        self._execute(
            cursor,
            "UPDATE {}.view_position SET shape = %s, tables = %s WHERE name = %s",
            self.schema,
            view.shape(),
            _tables(view),
            view.NAME,
        )

    def digest(self, cursor: Cursor[Any], view: type[View], schema: str) -> str:
        """SHA-256 (hex) over all rows of the view's tables, in key order."""
        cursor.execute(in_schema(schema))
        return hashlib.sha256(b"".join(t.digest(cursor) for t in view.TABLES)).hexdigest()

    def _execute(
        self, cursor: Cursor[Any], query: LiteralString, schema: str, *values: object
    ) -> None:
        cursor.execute(in_schema_of(query, schema), values)


def _tables(view: type[View]) -> list[str]:
    return [table.name for table in view.TABLES]
