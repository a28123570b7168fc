"""Connections and databases of any PostgreSQL server, embedded or not."""

from __future__ import annotations

import re
from functools import cache
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.errors import DuplicateDatabase, UniqueViolation

from infra.errors import PostgresUnavailable
from infra.whoami import who_am_i

SESSION_NAME_MAX = 63  # PostgreSQL cuts off the rest.
SERVER_VERSION_MIN = 17  # transaction_timeout, by which a writer that stands still lets go.
DATABASE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def connect(
    url: str, *, autocommit: bool = False, by_key: bool = False, role: str | None = None
) -> psycopg.Connection:
    """A connection to `url`. One that looks `by_key` only never reads a whole table, whatever the
    server believes of its size when it makes a plan: a plan made for an empty table stays. With a
    `role`, others see in the server's list of sessions who has it: `<role> <pid>@<host>`.
    Raises PostgresUnavailable, which never shows the password, also of an older server."""
    options = "-c enable_seqscan=off" if by_key else None
    name = role and f"{role} {who_am_i()}"[:SESSION_NAME_MAX]
    try:
        made = psycopg.connect(url, autocommit=autocommit, options=options, application_name=name)
    except psycopg.OperationalError as error:
        raise PostgresUnavailable(
            f"no connection to PostgreSQL: {str(error).strip()}",
            "Check that the server runs and that DATABASE_URL names it.",
        ) from None
    major = made.info.server_version // 10_000
    if major < SERVER_VERSION_MIN:
        made.close()
        raise PostgresUnavailable(
            f"the server is PostgreSQL {major}, and {SERVER_VERSION_MIN} or later is needed",
            "Name a newer server in DATABASE_URL, or unset it for the embedded one.",
        )
    return made


@cache
def in_schema_of(query: LiteralString, schema: str) -> bytes:
    """A statement with `schema` for each `{}`. Kept: to compose it takes as long as to send it."""
    return sql.SQL(query).format(sql.Identifier(schema)).as_bytes(None)


def ensure_database(server_url: str, name: str) -> None:
    """Creates the database `name` on the server unless it is there.

    The name is lower-case letters, digits and underscores; anything else is a ValueError.
    """
    if not DATABASE_NAME.fullmatch(name):
        raise ValueError(f"database name {name!r}: must match {DATABASE_NAME.pattern}")
    with connect(server_url, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, (name,)).fetchone():
            return
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except (DuplicateDatabase, UniqueViolation):
            return  # Somebody else made it in this moment.
