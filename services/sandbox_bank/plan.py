"""A seeded plan of faults: how often each kind strikes.

Whether a kind strikes a subject (a service's call about a number, a notice, a line) follows from
the seed, the kind and the subject alone, and not from the order in which calls arrive: the same
seed gives the same faults for the same traffic. A kind strikes a subject once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from services.sandbox_bank.kinds import Fault, Kind

OF = 10_000
DELAY_MS, HANG_MS = 300, 400
_DAYS = 4  # The longest that a paid withdrawal takes to come back.

REALISTIC: Mapping[Kind, int] = {
    Kind.SLOW: 200,
    Kind.TIMEOUT_BEFORE: 30,
    Kind.TIMEOUT_AFTER: 30,
    Kind.ARRIVES_LATE: 20,
    Kind.HTTP_500: 30,
    Kind.BAD_SIGNATURE: 10,
    Kind.NO_SIGNATURE: 10,
    Kind.CUT: 20,
    Kind.NOT_FOUND: 50,
    Kind.PARTIAL: 30,
    Kind.NOTICE_MISSING: 100,
    Kind.NOTICE_LATE: 200,
    Kind.NOTICE_TWICE: 200,
    Kind.NOTICE_REORDERED: 200,
    Kind.NOTICE_BAD_SIGNATURE: 20,
    Kind.CONTRADICTION: 20,
    Kind.BACKROLL: 50,
    Kind.LINE_MISSING: 10,
    Kind.LINE_DOUBLED: 10,
    Kind.LINE_CHANGED: 10,
    Kind.LINE_FOREIGN: 200,
    Kind.STATEMENT_LATE: 500,
    Kind.STATEMENT_TWICE: 200,
}
CRUEL: Mapping[Kind, int] = {
    Kind.SLOW: 500,
    Kind.TIMEOUT_BEFORE: 300,
    Kind.TIMEOUT_AFTER: 300,
    Kind.ARRIVES_LATE: 300,
    Kind.HTTP_500: 500,
    Kind.BAD_SIGNATURE: 300,
    Kind.NO_SIGNATURE: 300,
    Kind.CUT: 500,
    Kind.NOT_FOUND: 1_000,
    Kind.PARTIAL: 800,
    Kind.NOTICE_MISSING: 1_500,
    Kind.NOTICE_LATE: 1_000,
    Kind.NOTICE_TWICE: 1_000,
    Kind.NOTICE_REORDERED: 1_500,
    Kind.NOTICE_BAD_SIGNATURE: 500,
    Kind.CONTRADICTION: 500,
    Kind.BACKROLL: 1_500,
    Kind.LINE_MISSING: 150,
    Kind.LINE_DOUBLED: 150,
    Kind.LINE_CHANGED: 150,
    Kind.LINE_FOREIGN: 1_500,
    Kind.STATEMENT_LATE: 3_000,
    Kind.STATEMENT_TWICE: 1_500,
}
PROFILES = {"realistic": REALISTIC, "cruel": CRUEL}


@dataclass(frozen=True, slots=True)
class Plan:
    """`rates`: of 10,000 subjects that a kind could strike, how many it does. `delay_ms`: how long
    what is slow or late takes; `hang_ms`: when a caller is cut off who gets no answer."""

    seed: int
    rates: Mapping[Kind, int] = field(default_factory=dict)
    delay_ms: int = DELAY_MS
    hang_ms: int = HANG_MS

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Plan:
        rates = {Kind(kind): rate for kind, rate in row["rates"].items()}
        return cls(row["seed"], rates, row["delay_ms"], row["hang_ms"])

    def as_row(self) -> dict[str, Any]:
        rates = {kind.value: rate for kind, rate in self.rates.items()}
        return {**asdict(self), "rates": rates}

    def striking(self, subject: str, among: Collection[Kind]) -> Iterator[Kind]:
        """In the order of Kind."""
        for kind in Kind:
            if kind in among and self._number(kind, subject) % OF < self.rates.get(kind, 0):
                yield kind

    def fault(self, kind: Kind, subject: str) -> Fault:
        return Fault(
            kind,
            None,
            None,
            times=1,
            delay_s=self.delay_ms / 1000,
            hang_s=self.hang_ms / 1000,
            days=1 + self._number(kind, subject) // OF % _DAYS,
            subject=subject,
        )

    def _number(self, kind: Kind, subject: str) -> int:
        text = f"{self.seed}|{kind}|{subject}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def injection_id(kind: str, subject: str) -> str:
    return f"{kind} {subject}"
