"""That the log is the one that was written: bytes, order, completeness, and a receipt for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from adapters.codec import GENESIS, Recorded, Stored, hash_row, prev_of
from domain.cashbook import BankMovementRecorded, EntryRejected, EntrySettled
from domain.investment import InvestmentClosed, TenderRefused, TenderReleased
from domain.loan_events import LoanRequested
from services.proof.checks.check import Check
from services.proof.snapshot import Snapshot


class Chain(Check):
    NAME = "chain"
    RULE = 7
    TITLE = "Events were never changed: each continues the one before, up to the head"

    def __init__(self) -> None:
        super().__init__()
        self.position = 0
        self.hash = GENESIS

    def see(self, row: Stored) -> None:
        position, stream, version, topic, state = row
        if position != self.position + 1:
            self.violated(f"the event before it is {self.position}", position)
        try:
            continues = prev_of(state) == self.hash
        except ValueError:
            continues = False
        if not continues:
            self.violated("does not continue the bytes of the event before it", position)
        self.position = position
        self.hash = hash_row(position, stream, version, topic, state)
        self.looked_at["events"] += 1

    def finish(self, snapshot: Snapshot) -> None:
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

    def see(self, row: Stored) -> None:
        position, stream, version, topic, _ = row
        if not self.looked_at["events"] and position != 1:
            self.violated("the log does not begin at 1", position)
        self.looked_at["events"] += 1
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


class _Receipt(NamedTuple):
    number: int
    command_id: str
    actor: str
    outcome: str
    first_position: int
    last_position: int


class Receipts(Check):
    """The accepted receipts, in order, tile the log: each event has exactly one."""

    NAME = "receipts"
    TITLE = "One receipt a command; every event has an accepted one, no refused one has events"

    def __init__(self, rows: Iterator[Any]) -> None:
        super().__init__()
        self._rows = rows
        self._tiled = 0
        self._current: _Receipt | None = None

    def see(self, recorded: Recorded) -> None:
        position = recorded.position
        while position > self._tiled and (receipt := self._next()) is not None:
            self._current = receipt
        current = self._current
        if current is None or not current.first_position <= position <= current.last_position:
            self.violated(f"no receipt covers the event of command {recorded.cause}", position)
        elif current.command_id != recorded.cause or current.actor != recorded.actor:
            self.violated(
                f"receipt {current.number} is {current.command_id}'s of {current.actor},"
                f" the event {recorded.cause}'s of {recorded.actor}",
                position,
            )

    def _next(self) -> _Receipt | None:
        """The next receipt that has events."""
        for row in self._rows:
            receipt = _Receipt(*row)
            self.looked_at[receipt.outcome] += 1
            self.looked_at["receipts"] += 1
            if receipt.number != self.looked_at["receipts"]:
                self.violated(f"receipt {receipt.number} is number {self.looked_at['receipts']}")
            if self._covers(receipt):
                return receipt
        return None

    def _covers(self, receipt: _Receipt) -> bool:
        first, last = receipt.first_position, receipt.last_position
        if first == 0 and last == 0:
            return False
        if receipt.outcome != "accepted":
            self.violated(f"{receipt.command_id} was {receipt.outcome} and names events", first)
            return False
        if first != self._tiled + 1 or last < first:
            self.violated(
                f"receipt {receipt.number} names {first} to {last} after {self._tiled}", first
            )
        self._tiled = max(self._tiled, last)
        return True

    def finish(self, snapshot: Snapshot) -> None:
        while self._next() is not None:
            pass
        count, head = snapshot.one("SELECT receipts, head_position FROM {shard}.shard")
        if self.looked_at["receipts"] != count:
            self.violated(f"{self.looked_at['receipts']} receipts, the shard counts {count}")
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
