"""The bank's clock: the real time until it is first set, then it stands where it was set."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Beijing")


class BankClock:
    def __init__(self, stands_at: datetime | None = None) -> None:
        self.stands_at = stands_at

    def now(self) -> datetime:
        return self.stands_at or datetime.now(UTC)


def bank_date(at: datetime) -> date:
    return at.astimezone(BEIJING).date()


def start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)


def compact(day: date) -> str:
    return day.strftime("%Y%m%d")
