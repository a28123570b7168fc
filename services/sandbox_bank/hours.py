"""When the bank is open: its daily maintenance, and until when a withdrawal is one of today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.sandbox_bank.clock import BEIJING

_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of Beijing. Closed from the first of `maintenance` to the last, which may lie on the
    next day; None: never. `cut_off`: from then on it is too late for today; midnight: never."""

    maintenance: tuple[time, time] | None = None
    cut_off: time = _MIDNIGHT

    def is_closed(self, at: datetime) -> bool:
        if self.maintenance is None:
            return False
        (begins, ends), now = self.maintenance, at.astimezone(BEIJING).time()
        if begins <= ends:
            return begins <= now < ends
        return now >= begins or now < ends

    def days_late(self, at: datetime) -> timedelta:
        late = self.cut_off != _MIDNIGHT and at.astimezone(BEIJING).time() >= self.cut_off
        return timedelta(days=int(late))


ALWAYS_OPEN = Hours()
