"""What a check is: a rule, the events that it wants to see, and what it found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from adapters.codec import command_of, ends_of
from domain.model import Event, InvariantBroken, Refused
from services.proof.report import VIOLATIONS_SHOWN, Finding, Violation
from services.proof.snapshot import Snapshot


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One event as it stands in the log. Its command is read where a check asks for it."""

    position: int
    stream: str
    topic: str
    state: bytes
    event: Any

    @property
    def command(self) -> tuple[str, str]:
        """Its id and its actor."""
        opening, _ = ends_of(self.state)
        return command_of(opening)


Look = Callable[[Fact], None]

FORGED = (
    ArithmeticError,
    AttributeError,
    InvariantBroken,
    LookupError,
    Refused,
    TypeError,
    ValueError,
)
"""What looking at an event that the domain never wrote may raise: a finding, not a crash."""


class Check:
    NAME: ClassVar[str]
    RULE: ClassVar[int | None] = None
    TITLE: ClassVar[str]

    def __init__(self) -> None:
        self.looked_at: defaultdict[str, int] = defaultdict(int)
        self._violations: list[Violation] = []
        self._count = 0

    def looks(self) -> Mapping[type[Event], Look]:
        """By event type, what to call with each of them."""
        return {}

    def finish(self, snapshot: Snapshot) -> None:
        """After the last event."""

    def violated(self, what: str, position: int | None = None) -> None:
        self._count += 1
        if self._count <= VIOLATIONS_SHOWN:
            self._violations.append(Violation(what, position))

    def finding(self) -> Finding:
        return Finding(
            self.NAME,
            self.RULE,
            self.TITLE,
            dict(self.looked_at),
            tuple(self._violations),
            self._count,
        )


def looks_of(*pairs: tuple[tuple[type[Event], ...], Any]) -> dict[type[Event], Look]:
    return {event: look for events, look in pairs for event in events}
