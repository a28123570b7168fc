"""Where the time comes from: an argument everywhere, read from the machine only here."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")  # Business dates are Chinese dates.


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands until it is moved. It never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = _utc(start)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        """Raises ValueError if `moment` is earlier than now, or has no time zone."""
        if _utc(moment) < self._now:
            raise ValueError("moment: a clock does not go back")
        self._now = _utc(moment)

    def advance(self, step: timedelta) -> None:
        self.set(self._now + step)


class RunningClock:
    """Starts from a moment that is set, and runs on from there at the machine's pace."""

    def __init__(self, start: datetime) -> None:
        self.set(start)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._since)

    def set(self, moment: datetime) -> None:
        self._start, self._since = _utc(moment), time.monotonic()


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("moment: must have a time zone")
    return moment.astimezone(UTC)
