"""What came of a command, looked up by its id."""

from __future__ import annotations

from psycopg import sql

from adapters.commanding import Outcome, Receipt
from adapters.shard_schema import shard_schema
from infra.postgres import connect


def outcome_of(url: str, platform: str, command_id: str) -> Receipt | None:
    """The stored outcome of a command, if it has one."""
    query = sql.SQL(
        "SELECT command_id, outcome, code, message, field, first_position, last_position"
        " FROM {}.receipt WHERE command_id = %s"
    ).format(sql.Identifier(shard_schema(platform)))
    with connect(url, autocommit=True, by_key=True) as connection:
        row = connection.execute(query, (command_id,)).fetchone()
    return Receipt(row[0], Outcome(row[1]), *row[2:]) if row else None
