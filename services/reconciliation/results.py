"""What comes out of a bank day: the verdict and its figures, and a break as people see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.reconciliation.breaks import BreakClass


class Verdict(StrEnum):
    INCOMPLETE = "incomplete"  # The bank's files, or our views, could not be read.
    BREAKS = "breaks"
    RECONCILED_WITH_PENDING = "reconciled_with_pending"  # Instructions out, or timing.
    RECONCILED = "reconciled"

    @property
    def clean(self) -> bool:
        return self in (Verdict.RECONCILED, Verdict.RECONCILED_WITH_PENDING)


@dataclass(frozen=True, slots=True)
class DayResult:
    """`lines` = those listed by the bank, `matched` = those of them without any difference.

    `pending`: movements out at the bank at the end of its day. `timing`: differences that are
    borne for now. `taken_in`: movements that the bank made by itself, now in the book. `digest`:
    SHA-256 of the bank's files. `position`: the book's last event that was looked at.
    """

    bank_date: date
    verdict: Verdict
    reconciled_at: datetime
    reason: str = ""
    digest: str = ""
    lines: int = 0
    matched: int = 0
    accounts: int = 0
    pending: int = 0
    taken_in: int = 0
    timing: int = 0
    breaks: int = 0
    position: int = 0
    confirmed_at: datetime | None = None
    confirm_code: str = ""  # The bank's code where it did not take our confirmation.


class BreakStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Break:
    """`figures` and detail are those of the last bank day on which it was seen."""

    break_id: str
    kind: BreakClass
    reference: str
    owner: str
    status: BreakStatus
    resolution: str | None  # auto, person
    first_seen: date
    last_seen: date
    age_days: int
    book_fen: int | None
    bank_fen: int | None
    detail: str
    turns_on: date | None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """`what` is found, changed, resolved, reopened or assigned."""

    at: datetime
    bank_date: date | None
    what: str
    note: str
