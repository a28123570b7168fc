"""Rule 2: every movement is mirrored by exactly one instruction, and final by the bank's word only.

The journal is read beside the log, both by position, so that neither is held in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from domain.cashbook import BankMovementRecorded, EntryRejected, EntryRequested, EntrySettled
from domain.investment import TenderFrozen, TenderReleased
from domain.loan_events import AdvancePaid, LoanDisbursed, RepaymentHeld, RepaymentSettled
from domain.model import Event
from domain.reserve import PayoutPaid
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.snapshot import Snapshot

CUSTODY = "custody"
"""The actor of what our own service reports of the bank."""

JOURNAL = (
    "SELECT i.position, i.movement_id, i.entry_id, i.amount_fen, s.state"
    " FROM {custody}.instruction i LEFT JOIN {custody}.request_step s"
    " ON s.request_no = i.request_no AND s.state IN ('settled', 'refused')"
    " ORDER BY i.position, i.movement_id"
)
"""Each instruction with the bank's final word on it."""

FOLLOWER = "SELECT position FROM {custody}.follower"


Instruction = tuple[int, str, str, int, str | None]
"""Position, movement, entry, fen, and the bank's final word."""


class Mirror(Check):
    """`planned_to` is the position up to which custody has planned: later movements may wait."""

    NAME = "mirror"
    RULE = 2
    TITLE = "Exactly one instruction a movement, and no instruction without one"

    def __init__(self, journal: Iterator[Instruction], planned_to: int) -> None:
        super().__init__()
        self._journal = journal
        self._planned_to = planned_to
        self._next = next(journal, None)
        self._words: dict[str, str | None] = {}  # By open entry.

    def looks(self) -> Mapping[type[Event], Look]:
        return {
            EntryRequested: self._requested,
            BankMovementRecorded: self._by_bank,
        }

    def word(self, entry_id: str) -> str | None:
        """The bank's final word on an entry, asked for once: when it closes."""
        return self._words.pop(entry_id, None)

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        position = fact.position
        wanted = {movement.id: movement.amount_fen for movement in event.movements}
        self.looked_at["movements"] += len(wanted)
        for _, movement_id, entry_id, amount_fen, word in self._take(position):
            wanted_fen = wanted.pop(movement_id, None)
            if wanted_fen is None:
                self.violated(f"{movement_id} has no movement", position)
            elif amount_fen != wanted_fen or entry_id != event.entry_id:
                self.violated(f"{movement_id} differs from its movement", position)
            self._words[event.entry_id] = word
        for movement_id in wanted:
            if position <= self._planned_to:
                self.violated(f"{movement_id} has no instruction", position)
            else:
                self.looked_at["not_yet_planned"] += 1

    def _by_bank(self, fact: Fact) -> None:
        event = fact.event
        if event.entry_id != f"B-{event.bank_record}" or not event.bank_record:
            self.violated(f"{event.entry_id} is not of its bank record", fact.position)
        self.looked_at["bank_records"] += 1

    def _take(self, position: float) -> list[Instruction]:
        """The instructions planned at this position; those before it had no movement."""
        found = []
        instruction = self._next
        while instruction is not None and instruction[0] <= position:
            self.looked_at["instructions"] += 1
            if instruction[0] == position:
                found.append(instruction)
            else:
                self.violated(f"{instruction[1]} has no movement", instruction[0])
            instruction = next(self._journal, None)
        self._next = instruction
        return found

    def finish(self, snapshot: Snapshot) -> None:
        self._take(math.inf)


class BankWord(Check):
    """What follows from an entry's success stands in the same command as that success."""

    NAME = "bank_word"
    RULE = 2
    TITLE = "Nothing is final before the bank says so"

    def __init__(self, mirror: Mirror) -> None:
        super().__init__()
        self._mirror = mirror
        self._settled = ("", "")  # The command at hand, and the entry that it settled.

    def looks(self) -> Mapping[type[Event], Look]:
        return looks_of(
            ((EntrySettled,), self._on_settled),
            ((EntryRejected,), self._on_rejected),
            ((BankMovementRecorded,), self._by_custody),
            (tuple(_ENTRY_OF), self._follows),
        )

    def _on_settled(self, fact: Fact) -> None:
        event = fact.event
        self._settled = (self._by_custody(fact), event.entry_id)
        if self._mirror.word(event.entry_id) != "settled":
            self.violated(f"{event.entry_id} is settled without the bank", fact.position)

    def _on_rejected(self, fact: Fact) -> None:
        event = fact.event
        self._by_custody(fact)
        if self._mirror.word(event.entry_id) != "refused":
            self.violated(f"{event.entry_id} is rejected without the bank", fact.position)

    def _by_custody(self, fact: Fact) -> str:
        """Gives the command, which was read with its actor."""
        self.looked_at["bank_answers"] += 1
        cause, actor = fact.command
        if actor != CUSTODY:
            self.violated(f"{fact.stream} is closed by {actor}", fact.position)
        return cause

    def _follows(self, fact: Fact) -> None:
        self.looked_at["consequences"] += 1
        event = fact.event
        cause, entry_id = self._settled
        prefix, name = _ENTRY_OF[type(event)]
        wanted = f"{prefix}-{getattr(event, name)}"
        settled = entry_id.rpartition("-")[0] if prefix == "D" else entry_id
        if cause != fact.command[0] or settled != wanted:
            self.violated(f"{fact.topic} without {wanted} being settled", fact.position)


_ENTRY_OF: dict[type[Event], tuple[str, str]] = {
    TenderFrozen: ("T", "tender_id"),
    TenderReleased: ("X", "tender_id"),
    LoanDisbursed: ("D", "loan_id"),  # Its entry counts the attempts, too: D-{loan_id}-{n}.
    RepaymentHeld: ("H", "payment_id"),
    RepaymentSettled: ("R", "payment_id"),
    AdvancePaid: ("P", "payout_id"),
    PayoutPaid: ("P", "payout_id"),
}
"""Which entry's success an event follows from: the prefix, and the field that names the rest."""
