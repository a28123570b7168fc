"""Which releases (解冻) the bank has refused are asked for again tonight."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection

from adapters.read_models.releases import unreleased
from adapters.read_models.table import in_schema
from domain.release import ASKS_MAX, asks


def releases_to_ask(connection: Connection[Any], schema: str, today: date) -> list[str]:
    """Those that were not asked for today before: once a business date, whatever the bank says."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(in_schema(schema))
        return [
            refused.entry_id
            for refused, again in unreleased(cursor)
            if again is None and refused.requested_on < today and asks(refused.entry_id) < ASKS_MAX
        ]
