"""Rule 2: every movement is mirrored by exactly one instruction, and final by the bank's word only.

The journal is read beside the log, both by position, so that neither is held in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from domain.assignment import AssignmentSettled
from domain.cashbook import (
    BankMovementRecorded,
    EntryRejected,
    EntryRequested,
    EntrySettled,
    movement_id,
)
from domain.guarantee import AdvanceMade, Reimbursed
from domain.investment import TenderFrozen, TenderReleased
from domain.loan_events import (
    AdvancePaid,
    ClaimAssigned,
    LoanDisbursed,
    RepaymentHeld,
    RepaymentSettled,
)
from domain.loan_guarantee import GuaranteeAdvancePaid, ReimbursementPaid
from domain.model import Event
from domain.purposes import Purpose
from domain.release import first_id
from domain.reserve import PayoutPaid
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.snapshot import Snapshot

CUSTODY = "custody"
"""The actor of what our own service reports of the bank."""

JOURNAL = (
    "SELECT i.position, i.movement_id, i.entry_id, i.amount_fen, s.state"
    " FROM {custody}.instruction i LEFT JOIN {custody}.request_step s"
    " ON s.request_no = i.request_no AND s.state IN ('settled', 'refused')"
    " WHERE i.position > %s AND i.position <= %s"
    " ORDER BY i.position, i.movement_id"
)
"""Each instruction with the bank's final word on it."""

FOLLOWER = "SELECT position FROM {custody}.follower"

# Of a returned withdrawal, taken out of the box.
TOLD_BY_NOTICE = """
SELECT DISTINCT 'B-' || request_no AS entry_id FROM {custody}.notice
WHERE handled AND withdrawal_request_no IS NOT NULL
    AND coalesce(bank_date, (received_at AT TIME ZONE 'Asia/Shanghai')::date) BETWEEN %s AND %s
    AND NOT EXISTS (SELECT FROM {shard}.stored_events
        WHERE originator_id = 'entry-B-' || request_no AND topic = %s)
ORDER BY entry_id
"""
# A line that no movement fits is a break, and so explained. What is told once explains nothing.
LISTED_BY_FILE = """
SELECT DISTINCT left(key, -2) AS entry_id FROM {reconciliation}.line
WHERE key >= 'B-' AND key < 'B.' AND bank_date BETWEEN %s AND %s
    AND NOT EXISTS (SELECT FROM {shard}.stored_events
        WHERE originator_id = 'entry-' || left(key, -2) AND topic = %s)
    AND NOT EXISTS (SELECT FROM {reconciliation}.break
        WHERE reference = key AND class NOT IN ('returned', 'contradiction'))
ORDER BY entry_id
"""

Instruction = tuple[int, str, str, int, str | None]
"""Position, movement, entry, fen, and the bank's final word."""


class Span(NamedTuple):
    """What is looked at: movements requested at a position above `after` and up to `upto`, and
    bank records of the bank's days from `first` to `last`."""

    after: int = -(2**63)
    upto: int = 2**63 - 1
    first: date = date.min
    last: date = date.max


ALL = Span()


class Mirror(Check):
    """`planned_to` is the position up to which custody has planned: later movements may wait."""

    NAME = "mirror"
    RULE = 2
    TITLE = "Exactly one instruction a movement, and no instruction without one"

    def __init__(self, snapshot: Snapshot, span: Span = ALL) -> None:
        super().__init__()
        self._span = span
        self._journal: Iterator[Instruction] = iter(())
        self._planned_to = 0
        if snapshot.has("custody"):
            self._journal = snapshot.stream(JOURNAL, (span.after, span.upto))
            (self._planned_to,) = snapshot.one(FOLLOWER)
        self._next = next(self._journal, None)
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
        event, position = fact.event, fact.position
        wanted = {movement.id: movement.amount_fen for movement in event.movements}
        missing = dict(wanted)
        self.looked_at["movements"] += len(wanted)
        for _, number, entry_id, amount_fen, word in self._take(position):
            if number not in wanted:
                self.violated(f"{number} has no movement", position)
            elif missing.pop(number, None) is None:
                self.violated(f"{number} has a second instruction", position)
            elif amount_fen != wanted[number] or entry_id != event.entry_id:
                self.violated(f"{number} differs from its movement", position)
            self._words[event.entry_id] = word
        for number in missing:
            if position <= self._planned_to:
                self.violated(f"{number} has no instruction", position)
            else:
                self.looked_at["not_yet_planned"] += 1

    def _by_bank(self, fact: Fact) -> None:
        event = fact.event
        made = f"B-{event.bank_record}"
        named = event.entry_id == made and event.movement.id == movement_id(made, 1)
        if not named or not event.bank_record:
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
        asked = (self._span.first, self._span.last, BankMovementRecorded.TOPIC)
        if snapshot.has("custody"):
            for (entry_id,) in snapshot.stream(TOLD_BY_NOTICE, asked):
                self.violated(f"{entry_id}: the bank told of it, and the book has no such movement")
        if snapshot.has("reconciliation"):
            for (entry_id,) in snapshot.stream(LISTED_BY_FILE, asked):
                self.violated(f"{entry_id}: the bank lists it, and the book has no such movement")


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
            ((BankMovementRecorded,), self._on_recorded),
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

    def _on_recorded(self, fact: Fact) -> None:
        """What the bank took back comes by no message: two people record it (two_people)."""
        if fact.event.movement.purpose is not Purpose.BANK_REVERSAL:
            self._by_custody(fact)

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
        settled = entry_id.rpartition("-")[0] if prefix == "D" else first_id(entry_id)
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
    AssignmentSettled: ("AS", "assignment_id"),
    ClaimAssigned: ("AS", "assignment_id"),
    GuaranteeAdvancePaid: ("GA", "advance_id"),
    AdvanceMade: ("GA", "advance_id"),
    ReimbursementPaid: ("GR", "reimbursement_id"),
    Reimbursed: ("GR", "reimbursement_id"),
}
"""Which entry's success an event follows from: the prefix, and the field that names the rest."""
