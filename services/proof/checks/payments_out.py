"""Rules 6 and 7: where money may leave to, and that what corrects names what it corrects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.codec import decode_event
from domain.accounts import owner_of, role_of
from domain.binding import check_payable
from domain.cashbook import (
    BankMovementRecorded,
    EntryRejected,
    EntryRequested,
    EntrySettled,
    Movement,
    entry_of,
)
from domain.model import Event, Refused
from domain.purposes import Purpose
from domain.streams import entry_stream
from services.proof.checks.check import FORGED, Check, Fact, Look
from services.proof.checks.streams import Streams
from services.proof.snapshot import Snapshot

_COME_BACK = frozenset({Purpose.RETURNED_WITHDRAWAL, Purpose.BANK_REVERSAL})


class Withdrawals(Check):
    NAME = "withdrawals"
    RULE = 6
    TITLE = "Money leaves only to the owner's bound bank account, not suspended, after any cool-off"

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self._streams = streams

    def looks(self) -> Mapping[type[Event], Look]:
        return {EntryRequested: self._requested}

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        if event.purpose is not Purpose.WITHDRAWAL:
            return
        self.looked_at["withdrawals"] += 1
        for movement in event.movements:
            owner_id = owner_of(movement.payer)
            if owner_id != event.subject:
                self.violated(f"{movement.id} is not its owner's", fact.position)
            try:
                check_payable(
                    self._streams.member(owner_id),
                    role_of(movement.payer),
                    event.reference,
                    self._streams.platform.business_date,
                )
            except Refused as refused:
                self.violated(f"{movement.id}: {refused.code}", fact.position)


class Corrections(Check):
    """What was corrected is looked up at the end: there are few of these."""

    NAME = "corrections"
    RULE = 7
    TITLE = "A returned withdrawal or a reversal names the movement that it takes back"

    def __init__(self) -> None:
        super().__init__()
        self._corrections: dict[str, _Correction] = {}  # By movement, those that count.

    def looks(self) -> Mapping[type[Event], Look]:
        return {
            EntryRequested: self._requested,
            EntryRejected: self._rejected,
            BankMovementRecorded: self._recorded,
        }

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        if event.purpose is Purpose.REVERSAL:
            for movement in event.movements:
                self._note(fact.position, movement, event.reference)

    def _recorded(self, fact: Fact) -> None:
        event = fact.event
        if event.movement.purpose in _COME_BACK:
            self._note(fact.position, event.movement, event.origin)

    def _rejected(self, fact: Fact) -> None:
        for movement_id in fact.event.movement_ids:
            self._corrections.pop(movement_id, None)

    def _note(self, position: int, movement: Movement, origin: str | None) -> None:
        self.looked_at["corrections"] += 1
        self._corrections[movement.id] = _Correction(position, movement, origin or "")

    def finish(self, snapshot: Snapshot) -> None:
        settled = _settled(snapshot, {each.origin for each in self._corrections.values()})
        given_back: dict[str, int] = {}
        for position, movement, origin in self._corrections.values():
            before = settled.get(origin)
            if before is None or before.requested_at > position:
                self.violated(f"{movement.id} names no settled movement", position)
                continue
            given_back[origin] = given_back.get(origin, 0) + movement.amount_fen
            wanted = movement.purpose is Purpose.RETURNED_WITHDRAWAL
            if wanted and before.movement.purpose is not Purpose.WITHDRAWAL:
                self.violated(f"{movement.id}: {origin} is no withdrawal", position)
            if movement.payee != before.movement.payer:
                self.violated(f"{movement.id} goes back to another account", position)
            if given_back[origin] > before.movement.amount_fen:
                self.violated(f"{movement.id}: more comes back than {origin} moved", position)


class _Correction(NamedTuple):
    position: int
    movement: Movement
    origin: str


class _Settled(NamedTuple):
    movement: Movement
    requested_at: int


def _settled(snapshot: Snapshot, movement_ids: set[str]) -> dict[str, _Settled]:
    """Those of these movements that the bank carried out."""
    streams = [entry_stream(entry_of(name)) for name in movement_ids]
    requested: dict[str, _Settled] = {}
    settled: dict[str, _Settled] = {}
    for position, topic, state in snapshot.stream(
        "SELECT notification_id, topic, state FROM {shard}.stored_events"
        " WHERE originator_id = ANY(%s) ORDER BY notification_id",
        (streams,),
    ):
        try:
            event: Any = decode_event(topic, state)
        except FORGED:
            continue  # Reported where the log is read.
        if isinstance(event, EntryRequested):
            requested |= {each.id: _Settled(each, position) for each in event.movements}
        elif isinstance(event, EntrySettled):
            settled |= {name: requested[name] for name in event.movement_ids if name in requested}
    return settled
