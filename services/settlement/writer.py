"""The one writer of a platform's shard: commands in, events out (结算).

A delivery is decided in memory, command by command, and appended in one transaction: the events of
all aggregates, the receipt of every command, the changed balances, sealed personal data, and what
was taken from the inbox. The next ones are decided meanwhile. Whoever opens the shard last is the
writer; the one before is fenced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg import sql

from adapters.commanding import Outcome, Receipt
from adapters.event_log import AppendUnknown, Batch, Head, WriterFenced
from adapters.shard_schema import shard_schema, writer_role
from adapters.vault import Seal
from adapters.working_days import working_days
from domain.commands import Command
from domain.model import Refused
from domain.refusals import Code
from domain.working_days import WorkingDays
from infra.clock import Clock
from infra.postgres import PostgresUnavailable, connect
from services.settlement.admission import admit
from services.settlement.desk import Desk
from services.settlement.handlers import HANDLERS
from services.settlement.pen import Delivery, Pen
from services.settlement.press import Press, Storing
from services.settlement.questions import Questions
from services.settlement.receipts import Answered
from services.settlement.shelf import UNSTORED_MAX
from services.settlement.watch import UNWATCHED, Watch

BATCH_MAX = 500
ATTEMPTS_MAX = 3
LISTEN_EVERY = 32

log = structlog.get_logger()


class _Flight(NamedTuple):
    """A delivery that is decided, and not yet known to be stored."""

    delivery: Delivery
    answers: list[Receipt]
    answered: dict[str, Answered]  # Those commands that were new.
    batch: Batch | None  # None where there is nothing to store.


class _Airborne(NamedTuple):
    flight: _Flight
    stored: Future[bytes]


class Writer:
    """Implements adapters.commanding.Commands for one platform. Not safe for several threads.
    `calendar`: by which deadlines are counted; None for the package's own."""

    def __init__(
        self,
        url: str,
        platform: str,
        seal: Seal,
        clock: Clock,
        watch: Watch = UNWATCHED,
        press: Callable[[str, str], Storing] = Press,
        calendar: WorkingDays | None = None,
    ) -> None:
        self._calendar = calendar or working_days()
        self._watch = watch
        self._platform = platform
        self._seal = seal
        self._clock = clock
        self._url = url
        self._schema = shard_schema(platform)
        self._connect()
        self._head, self._stored = self._read_head(None)
        self._press = press(url, platform)
        self._storing = ThreadPoolExecutor(1, "append")
        self._flights: deque[_Airborne] = deque()
        # By those that were in the air when the database was asked for the delivery at hand, and by
        # the one since.
        self._answered: deque[dict[str, Answered]] = deque(maxlen=UNSTORED_MAX + 1)
        self._sure = True  # That head and shelf are what the database holds.

    def _connect(self) -> None:
        role = writer_role(self._platform)
        self._connection = connect(self._url, autocommit=True, by_key=True, role=role)
        self._questions = Questions(self._connection, self._schema, self._seal)
        self._shelf = self._questions.shelf

    def _read_head(self, epoch: int | None) -> tuple[Head, Future[bytes]]:
        """Takes the next epoch, from whoever has it or if `epoch` is still the last: what is still
        on its way under that one is fenced. Gives the last event's hash too, as of a flight."""
        query = "UPDATE {}.shard SET epoch = epoch + 1"
        if epoch is not None:
            query += " WHERE epoch = %s"
        row = self._connection.execute(
            sql.SQL(
                query + " RETURNING head_hash, epoch, head_position, receipts,"
                " outstanding_principal_fen, commands_offset, replays, lent_principal_fen"
            ).format(sql.Identifier(self._schema)),
            () if epoch is None else (epoch,),
        ).fetchone()
        if row is None:
            raise WriterFenced(f"epoch {epoch}")
        stored: Future[bytes] = Future()
        stored.set_result(bytes(row[0]))
        return Head(*row[1:]), stored

    @property
    def seal(self) -> Seal:
        return self._seal

    @property
    def position(self) -> int:
        return self._head.position

    @property
    def commands_offset(self) -> int:
        """Of the topic of commands: the next one to take."""
        return self._head.commands_offset

    def count_in(self, topic: UUID) -> UUID:
        """The topic that `commands_offset` counts in: this one from now on, where nothing was taken
        from another."""
        [[counted_in]] = self._connection.execute(
            sql.SQL(
                "UPDATE {}.shard SET commands_topic = CASE WHEN commands_offset > 0"
                " THEN coalesce(commands_topic, %s) ELSE %s END RETURNING commands_topic"
            ).format(sql.Identifier(self._schema)),
            (topic, topic),
        ).fetchall()
        found: UUID = counted_in
        return found

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        """Decide and append, in micro-batches. Raises WriterFenced if this writer was replaced."""
        return self.run(
            Delivery(commands[start : start + BATCH_MAX])
            for start in range(0, len(commands), BATCH_MAX)
        )

    def run(self, deliveries: Iterable[Delivery]) -> list[Receipt]:
        """Each delivery is one transaction, and is decided while those before it are being stored
        and the database is asked for the one after it. Gives the receipts in order, when all is
        stored.

        After a commit whose outcome is unknown everything is loaded anew, and the receipts say what
        had been done: nothing is appended twice."""
        receipts: list[Receipt] = []
        rest = iter(deliveries)
        try:
            this = next(rest, None)
            while this is not None:
                coming, failure = _next(rest)
                receipts += self._step(this, coming)
                if failure is not None:
                    raise failure
                this = coming
            return receipts + self._step(None, None)
        except BaseException:
            self._await_flights()
            self._flights.clear()
            self._sure = False
            raise

    def close(self) -> None:
        self._storing.shutdown()
        self._connection.close()
        self._press.close()

    # -- flights: batches on their way to the database, one behind the other ---------------

    def _step(self, this: Delivery | None, coming: Delivery | None) -> list[Receipt]:
        """Decides this delivery, while the database is asked for the coming one, and lets it go as
        soon as fewer than UNSTORED_MAX are in the air; after the last one all land. Gives the
        receipts of those that landed."""
        landed: list[Receipt] = []
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                if not self._sure:
                    self._recover()
                self._sure = False
                decided = None if this is None else self._decide_watched(this, coming)
                while len(self._flights) > (UNSTORED_MAX - 1 if decided else 0):
                    landed += self._land()
                if decided is not None:
                    self._let_go(decided)
                self._sure = True
            except (AppendUnknown, PostgresUnavailable, psycopg.OperationalError) as error:
                log.warning("append_unknown", attempt=attempt, error=type(error).__name__)
                if attempt == ATTEMPTS_MAX:
                    raise
            else:
                return landed
        raise AssertionError

    def _recover(self) -> None:
        """Something did not end well: what is in memory may never have been stored. The deliveries
        in the air are decided again, or found to be stored."""
        self._await_flights()
        self._connection.close()
        self._connect()
        self._head, self._stored = self._read_head(self._head.epoch)
        self._answered.clear()
        failed, self._flights = self._flights, deque()
        try:
            while failed:
                self._let_go(self._decide_watched(failed[0].flight.delivery, None))
                failed.popleft()
        except BaseException:
            self._flights += failed  # Else their deliveries would be passed over.
            raise

    def _let_go(self, flight: _Flight) -> None:
        if flight.batch is not None:
            self._stored = self._storing.submit(self._store, flight.batch, self._stored)
        self._flights.append(_Airborne(flight, self._stored))
        self._answered.append(flight.answered)

    def _store(self, batch: Batch, before: Future[bytes]) -> bytes:
        """Nothing is stored upon what was not: then it raises the same."""
        prev = before.result()
        with self._watch.appending():
            return self._press.store(batch, prev)

    def _land(self) -> list[Receipt]:
        """The one that is longest in the air."""
        flight, stored = self._flights[0]
        stored.result()
        self._flights.popleft()
        self._watch.landed(flight.answers, len(flight.delivery.unread))
        return flight.answers

    def _await_flights(self) -> None:
        wait([stored for _, stored in self._flights])

    # -- one delivery ---------------------------------------------------------------------

    def _decide_watched(self, this: Delivery, coming: Delivery | None) -> _Flight:
        with self._watch.deciding():
            ready = self._questions.take(this)
            if coming is not None:
                self._questions.ask(coming)
            return self._decide_all(*ready)

    def _decide_all(
        self, delivery: Delivery, payloads: Sequence[bytes], known: dict[str, Answered]
    ) -> _Flight:
        if self._taken_before(delivery):
            delivery = delivery._replace(unread=(), offset=None)
        commands = delivery.commands
        self._shelf.tidy()
        now = self._clock.now()
        for answered in self._answered:
            known |= answered
        desk = Desk(
            self._shelf,
            self._seal,
            now,
            self._head.outstanding_principal_fen,
            self._head.lent_principal_fen,
            self._calendar,
        )
        pen = Pen(self._head, now)
        answers = []
        new: dict[str, Answered] = {}
        for number, (command, payload) in enumerate(zip(commands, payloads, strict=True)):
            if not number % LISTEN_EVERY:
                self._questions.listen()
            if (before := known.get(command.id)) is not None:
                answers.append(_again(before, payload))
                continue
            receipt = self._decide(desk, pen, command)
            new[command.id] = known[command.id] = Answered(payload, receipt)
            pen.sign(command, payload, receipt)
            answers.append(receipt)
        batch = pen.batch(delivery, answers, desk)
        self._head = batch.after
        stored = batch.receipts or batch.taken or batch.parked or delivery.offset is not None
        return _Flight(delivery, answers, new, batch if stored else None)

    def _taken_before(self, delivery: Delivery) -> bool:
        """Its part of the topic is on record: the delivery came again after a lost answer."""
        return delivery.offset is not None and delivery.offset <= self._head.commands_offset

    def _decide(self, desk: Desk, pen: Pen, command: Command) -> Receipt:
        try:
            admit(desk, command, self._platform)
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


def _next(deliveries: Iterator[Delivery]) -> tuple[Delivery | None, Exception | None]:
    """The next one, or why there is none: what came before is still to be decided."""
    try:
        return next(deliveries, None), None
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is raised after that.
        return None, failure


def _again(before: Answered, payload: bytes) -> Receipt:
    if before.payload_hash == payload:
        return before.receipt._replace(replayed=True)
    return Receipt(
        before.receipt.command_id, Outcome.REFUSED, Code.COMMAND_ID_REUSED.value, field="id"
    )
