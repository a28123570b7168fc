"""The one writer of a platform's shard: commands in, events out (结算).

A batch is decided in memory, command by command, and appended in one transaction: the events of
all aggregates, the receipt of every command, the changed balances, sealed personal data, and what
was taken from the inbox. Whoever opens the shard last is the writer; the one before is fenced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg import sql

from adapters.codec import Circumstances, Stored, encode, hash_row
from adapters.commanding import Outcome, Receipt
from adapters.event_log import AppendUnknown, Batch, Head, WriterFenced, open_recorder
from adapters.shard_schema import shard_schema
from adapters.vault import Seal
from domain.commands import Command, OpenPlatform
from domain.model import Refused
from domain.refusals import Code
from infra.clock import Clock
from infra.postgres import PostgresUnavailable, connect
from services.settlement.desk import Desk, Staged
from services.settlement.handlers import HANDLERS
from services.settlement.receipts import Answered, Receipts
from services.settlement.shelf import Shelf

BATCH_MAX = 500
ATTEMPTS_MAX = 3

log = structlog.get_logger()


class Writer:
    """Implements adapters.commanding.Commands for one platform. Not safe for several threads."""

    def __init__(self, url: str, platform: str, seal: Seal, clock: Clock) -> None:
        self._platform = platform
        self._seal = seal
        self._clock = clock
        self._url = url
        self._schema = shard_schema(platform)
        self._recorder = open_recorder(url, platform)
        self._connect()
        self._head = self._read_head(None)
        self._sure = True  # That head and shelf are what the database holds.

    def _connect(self) -> None:
        self._connection = connect(self._url, autocommit=True, by_key=True)
        self._shelf = Shelf(self._connection, self._schema)
        self._receipts = Receipts(self._connection, self._schema)

    def _read_head(self, epoch: int | None) -> Head:
        """Takes the next epoch, or makes sure that the one held is still the last."""
        query = (
            "UPDATE {}.shard SET epoch = epoch + 1"
            if epoch is None
            else "UPDATE {}.shard SET epoch = epoch WHERE epoch = %s"
        )
        row = self._connection.execute(
            sql.SQL(
                query + " RETURNING epoch, head_position, head_hash, receipts,"
                " outstanding_principal_fen"
            ).format(sql.Identifier(self._schema)),
            () if epoch is None else (epoch,),
        ).fetchone()
        if row is None:
            raise WriterFenced(f"epoch {epoch}")
        return Head(row[0], row[1], bytes(row[2]), row[3], row[4])

    @property
    def position(self) -> int:
        return self._head.position

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        """Decide and append, in micro-batches. Raises WriterFenced if this writer was replaced."""
        receipts: list[Receipt] = []
        for start in range(0, len(commands), BATCH_MAX):
            receipts += self.run(commands[start : start + BATCH_MAX])
        return receipts

    def run(
        self,
        commands: Sequence[Command],
        inbox: Sequence[int] = (),
        parked: Sequence[tuple[int, bytes, str]] = (),
    ) -> list[Receipt]:
        """One batch; `inbox` holds the places of those commands that came that way, in order, and
        `parked` messages that could not be read. After a commit whose outcome is unknown everything
        is loaded anew, and the receipts say what had been done: nothing is appended twice."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                if not self._sure:
                    self._reload()
                self._sure = False
                receipts = self._run(commands, inbox, parked)
            except (AppendUnknown, PostgresUnavailable, psycopg.OperationalError) as error:
                log.warning("append_unknown", attempt=attempt, error=type(error).__name__)
                if attempt == ATTEMPTS_MAX:
                    raise
            else:
                self._sure = True
                return receipts
        raise AssertionError

    def _reload(self) -> None:
        """A batch did not end well: what it left in memory may never have been stored."""
        self._connection.close()
        self._connect()
        self._head = self._read_head(self._head.epoch)

    def close(self) -> None:
        self._connection.close()
        self._recorder.datastore.close()

    # -- one batch ----------------------------------------------------------------------

    def _run(
        self,
        commands: Sequence[Command],
        inbox: Sequence[int],
        parked: Sequence[tuple[int, bytes, str]],
    ) -> list[Receipt]:
        now = self._clock.now()
        payloads = [self._seal.payload_hash(_payload(command)) for command in commands]
        known = self._receipts.find([command.id for command in commands])
        self._prefetch([command for command in commands if command.id not in known])
        desk = Desk(self._shelf, self._seal, now, self._head.outstanding_principal_fen)
        pen = _Pen(self._head, now)
        answers = []
        for command, payload in zip(commands, payloads, strict=True):
            if (before := known.get(command.id)) is not None:
                answers.append(_again(before, payload))
                continue
            receipt = self._decide(desk, pen, command)
            known[command.id] = Answered(payload, receipt)
            pen.sign(command, payload, receipt)
            answers.append(receipt)
        answered = [_row(place, answer) for place, answer in zip(inbox, answers, strict=False)]
        batch = pen.batch(desk.outstanding_principal_fen, answered, parked)
        if batch.receipts or answered or parked:
            self._recorder.insert_events([], batch=batch)
            self._head = batch.after
        self._shelf.tidy()
        return answers

    def _prefetch(self, commands: Sequence[Command]) -> None:
        states = self._shelf.states
        asked: set[str] = set()
        while True:
            touched = [HANDLERS[type(c)].touches(c, states.get) for c in commands]
            streams = {name for each in touched for name in each.streams} - asked
            self._shelf.load(streams, (name for each in touched for name in each.accounts))
            asked |= streams
            if not streams:
                return

    def _decide(self, desk: Desk, pen: _Pen, command: Command) -> Receipt:
        try:
            self._admit(desk, command)
            HANDLERS[type(command)].decide(desk, command)
        except Refused as refused:
            desk.sweep()
            return Receipt(
                command.id, Outcome.REFUSED, refused.code, refused.message or "", refused.field
            )
        first = pen.position + 1 if desk.staged else 0
        pen.write(command, desk)
        return Receipt(
            command.id,
            Outcome.ACCEPTED,
            first_position=first,
            last_position=pen.position if first else 0,
        )

    def _admit(self, desk: Desk, command: Command) -> None:
        """What holds for every command: the platform, and the effective date."""
        opened = desk.platform.opened
        if command.platform != self._platform or (
            opened is None and not isinstance(command, OpenPlatform)
        ):
            raise Refused(Code.PLATFORM_UNKNOWN, field="platform")
        desk.effective_on = command.effective_on or desk.today
        if command.effective_on is None or opened is None:
            return
        if command.effective_on > desk.today:
            raise Refused(Code.EFFECTIVE_DATE_IN_FUTURE, f"today is {desk.today}", "effective_on")
        if command.effective_on < desk.today and not (command.reason or "").strip():
            raise Refused(Code.EFFECTIVE_DATE_NEEDS_REASON, field="reason")


class _Pen:
    """Writes a batch's rows in order, and links the chain."""

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
            self._write(Staged(stream, version, event), opening)
        self._sealed += sealed
        self._balances.update(balances)

    def _write(self, staged: Staged, opening: bytes) -> None:
        self.position += 1
        topic = staged.event.TOPIC
        state = encode(staged.event, opening, self._hash)
        self._hash = hash_row(self.position, staged.stream, staged.version, topic, state)
        self._events.append(Stored(self.position, staged.stream, staged.version, topic, state))

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


def _row(place: int, answer: Receipt) -> tuple[Any, ...]:
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


def _payload(command: Command) -> bytes:
    return command.__pydantic_serializer__.to_json(command)


def _again(before: Answered, payload: bytes) -> Receipt:
    if before.payload_hash == payload:
        return replace(before.receipt, replayed=True)
    return Receipt(
        before.receipt.command_id, Outcome.REFUSED, Code.COMMAND_ID_REUSED.value, field="id"
    )
