"""How long movements take from being requested to being settled, as the log has it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from adapters.codec import circumstances_of
from domain.cashbook import EntryRejected, EntryRequested, EntrySettled
from services.proof.checks.check import Fact


class Open(NamedTuple):
    position: int
    movement_ids: tuple[str, ...]
    requested_at: datetime


class Pace:
    """How long the movements took; of those that are over it keeps how many took how long."""

    def __init__(self) -> None:
        self.settled = 0
        self.rejected = 0
        self._open: dict[str, Open] = {}  # By entry, oldest first.
        self._lags_ms: Counter[int] = Counter()

    @property
    def open(self) -> int:
        return sum(len(each.movement_ids) for each in self._open.values())

    @property
    def oldest(self) -> Open | None:
        return next(iter(self._open.values()), None)

    def see(self, fact: Fact) -> bool:
        """Whether that was the end of an entry."""
        event = fact.event
        match event:
            case EntryRequested():
                numbers = tuple(movement.id for movement in event.movements)
                self._open[event.entry_id] = Open(fact.position, numbers, _recorded_at(fact))
                return False
            case EntrySettled() | EntryRejected():
                opened = self._open.pop(event.entry_id, None)
                if opened is not None:
                    self._close(opened, fact)
                return True
            case _:
                return False

    def _close(self, opened: Open, fact: Fact) -> None:
        movements = len(opened.movement_ids)
        if isinstance(fact.event, EntryRejected):
            self.rejected += movements
            return
        self.settled += movements
        took_s = (_recorded_at(fact) - opened.requested_at).total_seconds()
        self._lags_ms[three_digits(max(0, round(took_s * 1000)))] += movements

    def percentile_ms(self, percent: int) -> int | None:
        """The smallest time that so many per cent did not exceed; None where none is settled."""
        rank = -(-self.settled * percent // 100)
        for lag_ms, movements in sorted(self._lags_ms.items()):
            rank -= movements
            if rank <= 0:
                return lag_ms
        return None


def three_digits(number: int) -> int:
    """Rounded, so that a log of any length has few different ones."""
    unit: int = 10 ** max(0, len(str(number)) - 3)
    return (number + unit // 2) // unit * unit


def _recorded_at(fact: Fact) -> datetime:
    return datetime.fromisoformat(circumstances_of(fact.state).recorded_at)
