"""Writes a batch: rows in order, the hash chain, receipts (记账)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.codec import Circumstances, Stored, encode, hash_row
from adapters.commanding import Receipt
from adapters.event_log import Batch, Head
from domain.commands import Command
from services.settlement.desk import Desk


class Pen:
    def __init__(self, head: Head, now: datetime) -> None:
        self._before = head
        self._now = now
        self._recorded_at = now.isoformat(timespec="milliseconds")
        self._hash = head.hash
        self._number = head.receipts
        self.position = head.position
        self._events: list[Stored] = []
        self._receipts: list[tuple[Any, ...]] = []
        self._balances: dict[str, Any] = {}
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
        for stream, version, event in staged:
            self.position += 1
            state = encode(event, opening, self._hash)
            self._hash = hash_row(self.position, stream, version, event.TOPIC, state)
            self._events.append(Stored(self.position, stream, version, event.TOPIC, state))
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
                receipt.outcome.value,
                receipt.code,
                receipt.message,
                receipt.field,
                receipt.first_position,
                receipt.last_position,
            )
        )

    def batch(
        self,
        outstanding_principal_fen: int,
        answered: Sequence[tuple[Any, ...]],
        parked: Sequence[tuple[int, bytes, str]],
    ) -> Batch:
        after = replace(
            self._before,
            position=self.position,
            hash=self._hash,
            receipts=self._number,
            outstanding_principal_fen=outstanding_principal_fen,
        )
        return Batch(
            before=self._before,
            after=after,
            events=self._events,
            receipts=self._receipts,
            balances=[(account, *fen) for account, fen in self._balances.items()],
            sealed=self._sealed,
            answered=answered,
            parked=parked,
            recorded_at=self._now,
        )


def row_of(place: int, answer: Receipt) -> tuple[Any, ...]:
    return (
        place,
        answer.command_id,
        answer.outcome.value,
        answer.code,
        answer.message,
        answer.field,
        answer.first_position,
        answer.last_position,
        answer.replayed,
    )
