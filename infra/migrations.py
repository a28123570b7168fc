"""Numbered changes to a schema, each applied once and recorded beside what it made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row


@dataclass(frozen=True, slots=True)
class Migration:
    """One change. Once released its text never changes: a later change is a later migration.

    `sql` is one or more statements; unqualified names mean the schema it is applied to.
    """

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationRefused(RuntimeError):
    """The migrations given and the ones applied tell different stories; nothing was changed."""


def migrate(
    connection: psycopg.Connection, schema: str, migrations: Sequence[Migration]
) -> list[int]:
    """Brings `schema` up to the last of `migrations`, all or nothing; returns the numbers applied.

    Numbers are 1, 2, 3 ... in order. Callers that run at once wait for one another. Raises
    MigrationRefused if numbers are out of order, if an applied one's text has changed since, or if
    the schema is newer than this program.
    """
    if [each.number for each in migrations] != list(range(1, len(migrations) + 1)):
        raise MigrationRefused(f"{schema}: migrations must be numbered 1, 2, 3 ... in order")
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        # Before anything else: creating a schema twice at once fails even with IF NOT EXISTS.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (schema,))
        _enter(cursor, schema)
        cursor.execute("SELECT number, digest FROM migration ORDER BY number")
        applied: dict[int, str] = dict(cursor.fetchall())
        _check(schema, migrations, applied)
        fresh = migrations[len(applied) :]
        for each in fresh:
            cursor.execute(each.sql.encode())
            cursor.execute(
                "INSERT INTO migration (number, name, digest) VALUES (%s, %s, %s)",
                (each.number, each.name, each.digest),
            )
    return [each.number for each in fresh]


def _enter(cursor: psycopg.Cursor[tuple[object, ...]], schema: str) -> None:
    """Makes the schema and its record if need be, and names it the default of this transaction."""
    name = sql.Identifier(schema)
    cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    cursor.execute(sql.SQL("SET LOCAL search_path TO {}").format(name))
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS migration ("
        " number int PRIMARY KEY, name text NOT NULL, digest text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"
    )


def _check(schema: str, migrations: Sequence[Migration], applied: dict[int, str]) -> None:
    if len(applied) > len(migrations):
        raise MigrationRefused(f"{schema}: at {len(applied)}, newer than this program knows")
    for each in migrations[: len(applied)]:
        if applied.get(each.number) != each.digest:
            raise MigrationRefused(f"{schema}: {each.number} {each.name} changed after release")
