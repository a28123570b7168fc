"""That the log is the one that was written: bytes, order, completeness, and a receipt for each."""

from __future__ import annotations

import math
from collections.abc import Iterator

from adapters.codec import GENESIS, Stored, command_of, hash_row
from domain.cashbook import BankMovementRecorded, EntryRejected, EntrySettled
from domain.investment import InvestmentClosed, TenderRefused, TenderReleased
from domain.loan_events import LoanRequested
from services.proof.checks.check import FORGED, Check
from services.proof.snapshot import Snapshot


class Chain(Check):
    NAME = "chain"
    RULE = 7
    TITLE = "Events were never changed: each continues the one before, up to the head"

    def __init__(self) -> None:
        super().__init__()
        self.position = 0
        self.hash = GENESIS
        self.events = 0

    def see(self, row: Stored, prev: bytes) -> None:
        """`prev`: the hash before it, as the event has it."""
        position, stream, version, topic, state = row
        if position != self.position + 1:
            self.violated(f"the event before it is {self.position}", position)
        if prev != self.hash.hex().encode():
            self.violated("does not continue the bytes of the event before it", position)
        self.position = position
        self.hash = hash_row(position, stream, version, topic, state)
        self.events += 1

    def finish(self, snapshot: Snapshot) -> None:
        self.looked_at["events"] = self.events
        head, head_hash = snapshot.one("SELECT head_position, head_hash FROM {shard}.shard")
        if head != self.position:
            self.violated(f"the head is {head}, the last event {self.position}", head)
        elif bytes(head_hash) != self.hash:
            self.violated("the bytes of the last event are not those that the head names", head)


class Retention(Check):
    """A stream that ended is forgotten, so that memory stays flat: an event after its end would
    have to be its first."""

    NAME = "retention"
    RULE = 9
    TITLE = "Records are kept: the log begins at 1 and no stream lacks an event"

    _LAST = frozenset(
        {
            EntrySettled.TOPIC,
            EntryRejected.TOPIC,
            BankMovementRecorded.TOPIC,
            InvestmentClosed.TOPIC,
            TenderRefused.TOPIC,
            TenderReleased.TOPIC,
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self._versions: dict[str, int] = {}
        self._first = 0

    def see(self, row: Stored) -> None:
        position, stream, version, topic, _ = row
        self._first = self._first or position
        before = self._versions.get(stream, 0)
        if version != before + 1:
            self.violated(f"{stream}: version {version} follows {before}", position)
        if version == 1:
            self.looked_at["streams"] += 1
            if topic == LoanRequested.TOPIC:
                self.looked_at["loans"] += 1
        if topic in self._LAST:
            self._versions.pop(stream, None)
        else:
            self._versions[stream] = version

    def finish(self, snapshot: Snapshot) -> None:
        if self._first > 1:
            self.violated("the log does not begin at 1", self._first)


_Receipt = tuple[int, str, str, str, int, int]
"""Number, command, actor, outcome, first and last position."""


class Receipts(Check):
    """The accepted receipts, in order, tile the log: each event has exactly one."""

    NAME = "receipts"
    TITLE = "One receipt a command; every event has an accepted one, no refused one has events"

    def __init__(self, rows: Iterator[_Receipt]) -> None:
        super().__init__()
        self._rows = rows
        self._tiled = 0
        self._current: _Receipt | None = None
        self._covered = b""  # How the event began that was found covered last.
        self._receipts = 0

    def see(self, position: int, opening: bytes) -> None:
        """`opening`: how the event begins, which all events of one command share."""
        current = self._current
        if position > self._tiled:
            self._advance(position)
            current = self._current
        elif opening == self._covered and current is not None and position <= current[5]:
            return  # The command's next event.
        self._covered = b""
        try:
            cause, actor = command_of(opening)
        except FORGED:
            return  # What cannot be read is reported with its stream.
        if current is None or not current[4] <= position <= current[5]:
            self.violated(f"no receipt covers the event of command {cause}", position)
        elif current[1] != cause or current[2] != actor:
            self.violated(
                f"receipt {current[0]} is {current[1]}'s of {current[2]},"
                f" the event {cause}'s of {actor}",
                position,
            )
        else:
            self._covered = opening

    def _advance(self, position: float) -> None:
        """Reads receipts up to one that reaches this position."""
        for receipt in self._rows:
            number, command_id, _, outcome, first, last = receipt
            self.looked_at[outcome] += 1
            self._receipts += 1
            if number != self._receipts:
                self.violated(f"receipt {number} is the {self._receipts}th")
            if first == 0 and last == 0:
                continue
            if outcome != "accepted":
                self.violated(f"{command_id} was {outcome} and names events", first)
                continue
            if first != self._tiled + 1 or last < first:
                self.violated(f"receipt {number} names {first} to {last} after {self._tiled}")
            self._tiled = max(self._tiled, last)
            self._current = receipt
            if self._tiled >= position:
                return

    def finish(self, snapshot: Snapshot) -> None:
        self._advance(math.inf)
        self.looked_at["receipts"] = self._receipts
        count, head = snapshot.one("SELECT receipts, head_position FROM {shard}.shard")
        if self._receipts != count:
            self.violated(f"{self._receipts} receipts, the shard counts {count}")
        if self._tiled != head:
            self.violated(f"the receipts cover {self._tiled} events, the head is {head}", head)
        for (command_id,) in snapshot.stream(
            "SELECT command_id FROM {shard}.receipt GROUP BY command_id HAVING count(*) > 1"
        ):
            self.violated(f"command {command_id} has more than one receipt")


RECEIPTS = (
    "SELECT number, command_id, actor, outcome, first_position, last_position"
    " FROM {shard}.receipt ORDER BY number"
)
