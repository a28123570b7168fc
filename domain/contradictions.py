"""What custody knows and reconciliation reports: final words that the bank took back.

Two services that do not know each other meet here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol


class Contradiction(NamedTuple):
    """The bank said two things about one request, `settled` and `refused`: first `said`, by which
    the book goes, then the other, with `code`. `entry_id` is None where no money was to move.
    `bank_date` is the bank's day of the second word."""

    request_no: str
    kind: str  # Of the request: freeze, withdraw, open_account ...
    entry_id: str | None
    said: str
    said_at: datetime
    then: str
    then_at: datetime
    code: str
    bank_date: date


class Contradictions(Protocol):
    def on(self, bank_date: date) -> Sequence[Contradiction]:
        """Those of that day of the bank, by request."""

    def of(self, request_nos: Collection[str]) -> Sequence[Contradiction]:
        """Those of these requests."""
