"""Which loans auto-tender (智能分散投标) is to fill tonight."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Any

from psycopg import Connection, sql

from domain.model import Event
from domain.platform import AutoTenderScheduled

_LACKING = """
SELECT loan_id FROM {}.loan
WHERE status = 'published' AND deadline >= %s AND reserved_fen < amount_fen
ORDER BY requested_on, loan_id
"""


def scheduled(told: Iterable[Event]) -> int | None:
    """Over how many lenders at least; None: no night does."""
    investors: int | None = None
    for event in told:
        if isinstance(event, AutoTenderScheduled):
            investors = event.investors
    return investors


def loans_that_lack(connection: Connection[Any], views: sql.Identifier, today: date) -> list[str]:
    """Published ones, in the order in which they were asked for."""
    return [row[0] for row in connection.execute(sql.SQL(_LACKING).format(views), (today,))]


def spread_id(today: date, loan_id: str) -> str:
    """Short enough for the tenders that are named by it."""
    return f"{today:n%y%m%d}-{sha256(loan_id.encode()).hexdigest()[:12]}"
