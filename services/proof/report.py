"""What a verification found: every check with its rule, what it looked at, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VIOLATIONS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Violation:
    what: str
    position: int | None = None  # In the log, where the violation has one.


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome. `violations` are the first ones, `violation_count` is all of them."""

    name: str
    rule: int | None  # Of the nine money rules; None where the check is of our own making.
    title: str
    looked_at: Mapping[str, int]
    violations: tuple[Violation, ...]
    violation_count: int

    @property
    def ok(self) -> bool:
        return self.violation_count == 0


@dataclass(frozen=True, slots=True)
class Report:
    """`head_hash` covers all events up to `head_position`: kept elsewhere, it also proves later
    that the whole log was not written anew."""

    platform: str
    head_position: int
    head_hash: str
    events: int
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    @property
    def events_per_second(self) -> int:
        return round(self.events / self.seconds) if self.seconds > 0 else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "platform": self.platform,
            "ok": self.ok,
            "head_position": self.head_position,
            "head_hash": self.head_hash,
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "events_per_second": self.events_per_second,
            "checks": [
                {
                    "name": finding.name,
                    "rule": finding.rule,
                    "title": finding.title,
                    "ok": finding.ok,
                    "looked_at": dict(finding.looked_at),
                    "violation_count": finding.violation_count,
                    "violations": [
                        {"position": violation.position, "what": violation.what}
                        for violation in finding.violations
                    ],
                }
                for finding in self.findings
            ],
        }
