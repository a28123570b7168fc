"""What a proof of the mirror found: one to one or not, how long the bank's word took, and which
requests to look at."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from services.proof.report import Finding

LISTED_MAX = 10_000  # Of each list; a shorter range shows the rest.


class Notable(NamedTuple):
    """A request that is unknown, was tried again or was contradicted. `sent`, `asked`: how often.
    `code`: the bank's, or ours, of its last step."""

    request_no: str
    kind: str
    subject: str
    state: str
    code: str
    sent: int
    asked: int
    last_step_at: datetime


@dataclass(slots=True)
class Listing:
    """`first`: those that were listed; `count`: all of them."""

    count: int = 0
    first: list[Notable] = field(default_factory=list)

    def add(self, notable: Notable) -> None:
        self.count += 1
        if self.count <= LISTED_MAX:
            self.first.append(notable)


@dataclass(frozen=True, slots=True)
class OldestOpen:
    """`request_no` and `state` in custody's journal; None where it has not planned it yet."""

    movement_id: str
    position: int
    requested_at: datetime
    age_s: int
    request_no: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """Days and positions are the first and last that were looked at. Times are in milliseconds from
    a movement's request to its settlement, both as recorded in the log, to three digits; None where
    none is settled."""

    platform: str
    first_day: date | None
    last_day: date | None
    first_position: int
    last_position: int
    finding: Finding
    settled: int
    rejected: int
    open: int
    p50_ms: int | None
    p99_ms: int | None
    oldest_open: OldestOpen | None
    unknown: Listing
    retried: Listing
    contradicted: Listing

    @property
    def one_to_one(self) -> bool:
        return self.finding.ok

    def as_json(self) -> dict[str, Any]:
        finding = self.finding
        counted = ("movements", "instructions", "bank_records", "not_yet_planned")
        answer: dict[str, Any] = {
            "platform": self.platform,
            "one_to_one": self.one_to_one,
            "from": self.first_day,
            "to": self.last_day,
            "first_position": self.first_position,
            "last_position": self.last_position,
            **{name: finding.looked_at.get(name, 0) for name in counted},
            "settled": self.settled,
            "rejected": self.rejected,
            "open": self.open,
            "lag": {"p50_ms": self.p50_ms, "p99_ms": self.p99_ms},
            "oldest_open": None if self.oldest_open is None else asdict(self.oldest_open),
            "violation_count": finding.violation_count,
            "violations": [asdict(each) for each in finding.violations],
        }
        for name in ("unknown", "retried", "contradicted"):
            listing: Listing = getattr(self, name)
            answer[f"{name}_count"] = listing.count
            answer[name] = [each._asdict() for each in listing.first]
        return answer
