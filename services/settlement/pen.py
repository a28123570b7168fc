"""Writes down what a delivery leaves: events, receipts, balances, in order (记账)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from adapters.chaining import Told
from adapters.codec import Circumstances, data_from
from adapters.commanding import PARKED, Receipt
from adapters.event_log import Batch, Head
from adapters.vault import Seal
from domain.commands import Command
from domain.refusals import Code
from services.settlement.desk import Desk
from services.settlement.shelf import Balance

INBOX = "inbox"


class Unread(NamedTuple):
    """A message that could not be read as a command. It may hold personal data."""

    source: str  # INBOX, or a topic.
    place: int  # There: the inbox position, or the offset.
    message: bytes
    reason: str  # Fields and rules, no values.
    command_id: str = ""  # As its headers have it.

    @property
    def by_inbox(self) -> bool:
        return self.source == INBOX


class Delivery(NamedTuple):
    """Commands that came together, and are stored together with how far they were taken."""

    commands: Sequence[Command]
    inbox: Sequence[int] = ()  # The places of those that came that way, in order.
    unread: Sequence[Unread] = ()
    offset: int | None = None  # Of the topic of commands: the next one after these.


class Pen:
    def __init__(self, head: Head, now: datetime) -> None:
        self._before = head
        self._now = now
        self._recorded_at = now.isoformat(timespec="milliseconds")
        self._number = head.receipts
        self.position = head.position
        self._told: list[Told] = []
        self._receipts: list[tuple[Any, ...]] = []
        self._balances: dict[str, Balance] = {}
        self._sealed: list[Any] = []

    def write(self, command: Command, desk: Desk) -> None:
        # The business date that the command leaves: a roll stands under the date that it opens.
        opening = Circumstances(
            self._recorded_at,
            desk.today.isoformat(),
            command.id,
            command.correlation_id or command.id,
            command.actor,
        ).opening()
        staged, sealed, balances = desk.keep()
        self.position += len(staged)
        written = [(s.stream, s.version, s.event.TOPIC, data_from(s.event)) for s in staged]
        self._told.append(Told(opening, written))
        self._sealed += sealed
        self._balances.update(balances)

    def sign(self, command: Command, payload: bytes, receipt: Receipt) -> None:
        self._number += 1
        self._receipts.append(
            (
                command.id,
                self._number,
                command.type,
                command.actor,
                payload,
                receipt.outcome,
                receipt.code,
                receipt.message,
                receipt.field,
                receipt.first_position,
                receipt.last_position,
            )
        )

    def batch(self, delivery: Delivery, answers: Sequence[Receipt], desk: Desk) -> Batch:
        """All that the delivery leaves; `answers` are those of its commands, in order."""
        replays: Sequence[tuple[Any, ...]] = ()
        commands_offset = self._before.commands_offset
        if delivery.offset is not None:
            commands_offset = delivery.offset
            replays = self._replays(delivery, answers)
        after = replace(
            self._before,
            position=self.position,
            receipts=self._number,
            outstanding_principal_fen=desk.outstanding_principal_fen,
            lent_principal_fen=desk.lent_principal_fen,
            commands_offset=commands_offset,
            replays=self._before.replays + len(replays),
        )
        return Batch(
            before=self._before,
            after=after,
            told=self._told,
            receipts=self._receipts,
            balances=[(a, b.available_fen, b.frozen_fen) for a, b in self._balances.items()],
            sealed=self._sealed,
            taken=(*delivery.inbox, *(each.place for each in delivery.unread if each.by_inbox)),
            answered=list(map(_answer, delivery.inbox, answers)),
            parked=[_parked(each, desk.seal) for each in delivery.unread],
            replays=replays,
            recorded_at=self._now,
        )

    def _replays(self, delivery: Delivery, answers: Sequence[Receipt]) -> list[tuple[Any, ...]]:
        """What the sender would else never hear: repeats, and what could not be read."""
        said: list[tuple[Any, ...]] = [
            (a.command_id, a.outcome, a.code, a.message, a.field, *a[5:7])
            for a in answers
            if a.replayed or a.code == Code.COMMAND_ID_REUSED
        ]
        said += [
            (each.command_id, PARKED, "", each.reason, None, 0, 0)
            for each in delivery.unread
            if each.command_id
        ]
        return [(number, *row) for number, row in enumerate(said, self._before.replays + 1)]


def _parked(unread: Unread, seal: Seal) -> tuple[str, int, bytes, bytes, str]:
    name = f"{unread.source}:{unread.place}"
    sealed = seal.close(name, {"message": b64encode(unread.message).decode()})
    return (unread.source, unread.place, sealed.wrapped_key, sealed.content, unread.reason)


def _answer(place: int, answer: Receipt) -> tuple[Any, ...]:
    return (
        place,
        answer.command_id,
        answer.outcome,
        answer.code,
        answer.message,
        answer.field,
        answer.first_position,
        answer.last_position,
        answer.replayed,
    )
