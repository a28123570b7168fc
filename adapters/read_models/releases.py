"""Releases (解冻) that the bank has finally refused, and whose money is still frozen: read from the
movements."""

from __future__ import annotations

from typing import Any, NamedTuple

from psycopg import Cursor

from adapters.read_models.movements import MOVEMENTS, MovementRow
from domain.cashbook import Status
from domain.release import RELEASES, following_id


class Unreleased(NamedTuple):
    """`refused` was refused last; `again` asks for the same and has no answer yet, if it was asked
    again."""

    refused: MovementRow
    again: MovementRow | None


def unreleased(cursor: Cursor[Any]) -> list[Unreleased]:
    """In the order in which they were asked. The search path says in which schema."""
    refused = MOVEMENTS.select(
        cursor,
        # What has no bank date is indexed, and little of a book.
        "bank_date IS NULL AND status = 'rejected' AND purpose = ANY(%s)"
        " ORDER BY requested_position",
        sorted(RELEASES),
    )
    following = [following_id(row.entry_id) for row in refused]
    asked = {row.entry_id: row for row in MOVEMENTS.select(cursor, "entry_id = ANY(%s)", following)}
    told = ((row, asked.get(entry_id)) for row, entry_id in zip(refused, following, strict=True))
    return [
        Unreleased(row, again)
        for row, again in told
        if again is None or again.status == Status.REQUESTED
    ]
