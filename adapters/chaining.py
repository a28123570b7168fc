"""Numbers, checks and chains what a batch tells, in the bytes that are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from adapters.codec import Stored, enclosed, hash_row

Written = tuple[str, int, str, bytes]
"""One event, not yet numbered: stream, version, topic, data."""


class Told(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The events of one command, and the opening of their envelopes."""

    opening: bytes
    events: Sequence[Written]


class Chain:
    """`position`, `hash`: of the last event. Goes on with each event that is taken from `rows`."""

    def __init__(self, position: int, last_hash: bytes) -> None:
        self.position, self.hash = position, last_hash

    def rows(self, told: Iterable[Told]) -> Iterator[Stored]:
        """Raises InvariantBroken for an event that could not be read again."""
        for command in told:
            for stream, version, topic, data in command.events:
                state = enclosed(topic, data, command.opening, self.hash)
                self.position += 1
                self.hash = hash_row(self.position, stream, version, topic, state)
                yield Stored(self.position, stream, version, topic, state)
