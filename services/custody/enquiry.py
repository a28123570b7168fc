"""While sending is held: what the bank says of every request that is not done with.

Each is asked after until the bank has said something, also one that was only planned here: before
the database was restored it may have been sent. In no order but that of the log: whatever the bank
did, it did after what it waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from services.custody.requests import FINAL, Open, State


class Enquiry:
    def __init__(self) -> None:
        self._answered: set[str] = set()

    def next(self, requests: Iterable[Open], now: datetime, limit: int) -> list[Open]:
        """Whom to ask after now, oldest first."""
        due = (each for each in self._silent(requests) if not each.asks or _is_due(each, now))
        chosen = list(islice(due, limit))
        for each in chosen:
            each.asks += 1
        return chosen

    def answered(self, each: Open) -> None:
        """Whatever it was: that the bank does not know it is an answer too."""
        self._answered.add(each.no)

    def is_done(self, requests: Iterable[Open]) -> bool:
        return next(self._silent(requests), None) is None

    @staticmethod
    def unsent(requests: Iterable[Open]) -> list[str]:
        """The numbers of those that the bank does not have, or not wholly."""
        return [each.no for each in requests if each.state in (State.PLANNED, State.UNKNOWN)]

    def _silent(self, requests: Iterable[Open]) -> Iterator[Open]:
        return (
            each for each in requests if each.state not in FINAL and each.no not in self._answered
        )


def _is_due(each: Open, now: datetime) -> bool:
    return each.ask_at is None or each.ask_at <= now
