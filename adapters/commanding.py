"""The port through which commands reach the writer, and what comes back for each."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from domain.commands import Command

PARKED = "parked"
"""What a sender hears of a message that could not be read: not final, a person looks at it."""


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Receipt(NamedTuple):
    """The stored outcome of one command id, for ever. `replayed`: it was stored before.

    The positions are those of its first and last event (both 0 where there are none). A reused id
    with another payload is answered by a refusal that is not stored: the first outcome stands.
    """

    command_id: str
    outcome: Outcome
    code: str = ""
    message: str = ""
    field: str | None = None
    first_position: int = 0
    last_position: int = 0
    replayed: bool = False


class CommandParked(Exception):
    """The writer could not read a command, and a person looks at it: is it of this version?
    `receipts` are those of the others that were submitted with it."""

    def __init__(self, told: str, receipts: Sequence[Receipt] = ()) -> None:
        super().__init__(told)
        self.receipts = receipts


class Commands(Protocol):
    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        """One receipt for each command, in order, after they are durable. Raises CommandParked
        where the writer is another process, which could not read one."""
