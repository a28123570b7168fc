"""Reads the stored outcomes of commands."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from adapters.commanding import Outcome, Receipt
from domain.model import State
from infra.arrays import array
from infra.postgres import in_schema_of


class Answered(State):
    payload_hash: bytes
    receipt: Receipt


class Receipts:
    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        self._connection = connection
        self._query = in_schema_of(
            "SELECT command_id, payload_hash, outcome, code, message, field, first_position,"
            " last_position FROM {}.receipt WHERE command_id = ANY(%b::text[])",
            schema,
        )

    def ask(self, command_ids: Sequence[str]) -> psycopg.Cursor:
        return self._connection.execute(self._query, (array("text", command_ids),), binary=True)


def answered(asked: psycopg.Cursor) -> dict[str, Answered]:
    """Those of the commands asked for that have an outcome already."""
    return {
        row[0]: Answered(bytes(row[1]), Receipt(row[0], Outcome(row[2]), *row[3:]))
        for row in asked.fetchall()
    }
