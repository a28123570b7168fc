"""The entries of the cash book (资金账) that are open at the position at hand."""

from __future__ import annotations

from collections.abc import Mapping

from domain.cashbook import EntryRejected, EntryRequested, EntrySettled
from domain.model import Event
from services.proof.checks.check import Check, Fact, Look
from services.proof.snapshot import Snapshot


class Book(Check):
    """Other checks look entries up in it, so it looks first at what opens an entry, and last at
    what closes one (`closing`)."""

    NAME = "entries"
    TITLE = "Every entry is requested once and closed once, with all its movements"

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[str, EntryRequested] = {}

    def looks(self) -> Mapping[type[Event], Look]:
        return {EntryRequested: self._requested}

    def closing(self) -> Mapping[type[Event], Look]:
        return {EntrySettled: self._closed, EntryRejected: self._closed}

    def get(self, entry_id: str) -> EntryRequested | None:
        return self._open.get(entry_id)

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        if event.entry_id in self._open:
            self.violated(f"{event.entry_id} is requested again", fact.position)
        for number, movement in enumerate(event.movements, start=1):
            if movement.id != f"{event.entry_id}.{number}":
                self.violated(f"{movement.id} is not {event.entry_id}'s", fact.position)
        self._open[event.entry_id] = event
        self.looked_at["entries"] += 1

    def _closed(self, fact: Fact) -> None:
        event = fact.event
        requested = self._open.pop(event.entry_id, None)
        if requested is None:
            self.violated(f"{event.entry_id} closes and is not open", fact.position)
        elif [*event.movement_ids] != [movement.id for movement in requested.movements]:
            self.violated(f"{event.entry_id} closes other movements", fact.position)
        self.looked_at["closed"] += 1

    def finish(self, snapshot: Snapshot) -> None:
        self.looked_at["open"] = len(self._open)
