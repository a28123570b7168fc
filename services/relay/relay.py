"""The relay: event log and receipts -> topics, in commit order.

It keeps no place of its own for events: the last one in the topic says how far it came. One relay
a platform, by a lock of its database session. What Kafka refuses stops it; where Kafka does not
answer, the next relay goes on behind what is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, LiteralString, NamedTuple

from kafka.errors import KafkaError, KafkaTimeoutError, SaslAuthenticationFailedError
from psycopg import Cursor, sql

from adapters.codec import Stored
from adapters.kafka.contract import Parked, Reply
from adapters.kafka.messages import (
    Message,
    attributes_of,
    event_message,
    parked_message,
    reply_message,
)
from adapters.kafka.outlet import Outlet
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, topic_id, topic_name
from adapters.shard_schema import (
    RELAY_SESSIONS,
    TAKE_RELAY_LOCK,
    Appended,
    appended_channel,
    relay_role,
    shard_schema,
)
from domain.refusals import meaning_of
from infra.kafka import administration
from infra.postgres import connect, in_schema_of

AT_ONCE = 1_000  # Of entries with hundreds of legs some hundred megabytes.
PATIENCE_S = 10
FROZEN_S = 120
"""A relay asks the database several times a second. One that has not for so long is frozen, and
would keep its platform from all others."""
REMEMBER_AFTER = 1_000
PUBLISHED = (Topic.EVENTS, Topic.REPLIES, Topic.PARKED)


class RelayRunning(Exception):
    """Another relay serves this platform."""


class RelayStopped(Exception):
    """Kafka refused a message, or the log or the topic of events lacks one. Nothing is dropped: the
    next relay goes on from there."""


class Relay:
    """Raises RelayRunning, TopicMissing, RelayStopped, KafkaUnavailable, KafkaError."""

    def __init__(self, url: str, platform: str, options: Mapping[str, Any]) -> None:
        self._platform = platform
        self._schema = shard_schema(platform)
        self._connection = connect(url, autocommit=True, by_key=True, role=relay_role(platform))
        try:
            self._take_lock()
            with administration(options) as client:
                for kind in PUBLISHED:
                    topic_id(client, platform, kind)
            # What `_remember` loses in a power cut, the topic tells.
            self._connection.execute("SET synchronous_commit TO off")
            self._connection.execute(
                sql.SQL("LISTEN {}").format(sql.Identifier(appended_channel(platform)))
            )
            events = _last(options, platform, Topic.EVENTS)
            self.position = events.number("position")
            _must_be_whole(self.position, events.offset)
            self._must_be_of_this_log(events)
            replies = _last(options, platform, Topic.REPLIES)
            self.parked = _last(options, platform, Topic.PARKED).number("number")
            self._must_be_of_this_book(replies)
            self.receipts, self.replays = self._answered(replies)
            self._remember()
            self._others_wait = True  # Or may: replays and parked messages.
            topics = [topic_name(platform, kind) for kind in PUBLISHED]
            self._outlet = Outlet(options, topics, PATIENCE_S)
        except BaseException:
            self._connection.close()
            raise

    def step(self) -> int:
        """Publishes what is new; gives how many messages that were. Raises RelayStopped, and
        KafkaTimeoutError where Kafka does not answer: then it is to be closed."""
        # Answers are read first: the events that they name are then among those read after.
        with self._connection.pipeline():
            asked = [
                self._ask(_RECEIPTS, self.receipts, AT_ONCE),
                *(self._ask_for_others() if self._others_wait else ()),
                self._ask(_EVENTS, self.position, AT_ONCE),
            ]
            receipts, *others, rows = [each.fetchall() for each in asked]
        replays, parked = others or ([], [])
        self._others_wait = AT_ONCE in (len(replays), len(parked))
        events = [Stored(*row) for row in rows]
        position = self.position + len(events)
        if events and events[-1].position != position:
            raise RelayStopped(f"the log lacks an event between {self.position} and {position}")
        receipts = list(takewhile(lambda row: row[-1] <= position, receipts))
        published = self._publish(
            {
                Topic.EVENTS: [event_message(self._platform, row) for row in events],
                Topic.REPLIES: list(self._replies(receipts, replays)),
                Topic.PARKED: [parked_message(self._platform, _parked(row)) for row in parked],
            }
        )
        if events:
            _must_be_whole(position, published[Topic.EVENTS])
        if parked:
            self.parked = parked[-1][0]
        self.position = position
        if replays or self.receipts >= self._remembered + REMEMBER_AFTER:
            self._remember()
        return len(events) + len(receipts) + len(replays) + len(parked)

    def wait(self, seconds: float) -> None:
        """Until something was appended that is not published, or the time is over."""
        until = time.monotonic() + seconds
        while True:
            left_s = max(0.0, until - time.monotonic())
            told = list(self._connection.notifies(timeout=left_s, stop_after=1))
            if not told:
                self._others_wait = True  # Whoever was not told asks.
                return
            news = [self._is_new(Appended.read(each.payload)) for each in told]
            if any(news):
                return

    def _is_new(self, appended: Appended) -> bool:
        self._others_wait |= appended.others
        return (
            appended.others
            or appended.position > self.position
            or appended.receipts > self.receipts
        )

    def close(self) -> None:
        self._outlet.close()
        if not self._connection.closed:
            self._connection.execute("SELECT pg_advisory_unlock_all()")  # At once, for the next.
        self._connection.close()

    def _take_lock(self) -> None:
        role = relay_role(self._platform)
        row = self._connection.execute(TAKE_RELAY_LOCK, (role,)).fetchone()
        if row != (True,):
            self._end_frozen()
            raise RelayRunning(f"another relay serves {self._platform}")

    def _end_frozen(self) -> None:
        """Whoever tries next has the lock then."""
        self._connection.execute(
            "SELECT pg_terminate_backend(pid)"
            + RELAY_SESSIONS
            + " AND state_change < now() - make_interval(secs => %s)",
            (relay_role(self._platform), FROZEN_S),
        )

    def _must_be_of_this_log(self, last: _Last) -> None:
        """A database that was restored has lost what the topic still tells."""
        if self.position and (last.value,) not in self._ask(_EVENT, self.position).fetchall():
            raise RelayStopped(
                f"the topic of events tells at position {self.position} of something that the log"
                " does not hold: docs/restore.md"
            )

    def _must_be_of_this_book(self, replies: _Last) -> None:
        """Else answers would be held back until there are as many as in the life that was lost."""
        [had] = self._ask(_NUMBERS)
        told = (replies.number("number"), replies.number("replays"), self.parked)
        for kind, last, there in zip(_NUMBERED, told, had, strict=True):
            if last > there:
                raise RelayStopped(
                    f"the topic of {kind} goes to number {last}, and the book to {there}:"
                    " docs/restore.md"
                )

    def _answered(self, last: _Last) -> tuple[int, int]:
        """Answers are not kept in their topic for ever: then the database says where they end, and
        a few come again."""
        [(receipts, replays)] = self._ask("SELECT receipts, replays FROM {}.relayed")
        return (
            max(receipts, last.number("number")),
            max(replays, last.number("replays")),
        )

    def _remember(self) -> None:
        self._connection.execute(
            sql.SQL(
                "WITH done AS (DELETE FROM {0}.replay WHERE number <= %(replays)s)"
                " UPDATE {0}.relayed SET receipts = %(receipts)s, replays = %(replays)s"
            ).format(sql.Identifier(self._schema)),
            {"receipts": self.receipts, "replays": self.replays},
        )
        self._remembered = self.receipts

    def _replies(
        self, receipts: Sequence[Sequence[Any]], replays: Sequence[Sequence[Any]]
    ) -> Iterator[Message]:
        for number, *outcome in receipts:
            self.receipts = number
            reply = _reply(outcome, replayed=False)
            yield reply_message(self._platform, reply, self.receipts, self.replays)
        for number, *outcome in replays:
            self.replays = number
            reply = _reply(outcome, replayed=outcome[1] != Topic.PARKED)
            yield reply_message(self._platform, reply, self.receipts, self.replays)

    def _publish(self, messages: Mapping[Topic, Sequence[Message]]) -> dict[Topic, int]:
        """Gives the offset of the last message in each topic."""
        names = {kind: topic_name(self._platform, kind) for kind in messages}
        try:
            last = self._outlet.put({names[kind]: each for kind, each in messages.items()})
        except (KafkaTimeoutError, SaslAuthenticationFailedError):
            raise  # A broker that is only just starting may not know its users yet.
        except KafkaError as error:
            raise RelayStopped(f"{type(error).__name__}: {error}") from error
        return {kind: last[name] for kind, name in names.items() if name in last}

    def _ask_for_others(self) -> Iterator[Cursor[Any]]:
        yield self._ask(_REPLAYS, self.replays, AT_ONCE)
        yield self._ask(_PARKED, self.parked, AT_ONCE)

    def _ask(self, query: LiteralString, *values: int) -> Cursor[Any]:
        statement = in_schema_of(query, self._schema)
        return self._connection.execute(statement, values, binary=True)


_EVENTS = (
    "SELECT notification_id, originator_id, originator_version, topic, state"
    " FROM {}.stored_events WHERE notification_id > %s"
    " ORDER BY notification_id LIMIT %s"
)
_NUMBERED = (Topic.REPLIES, Topic.REPLIES, Topic.PARKED)
_NUMBERS = "SELECT receipts, replays, (SELECT coalesce(max(id), 0) FROM {0}.parked) FROM {0}.shard"
_EVENT = "SELECT state FROM {}.stored_events WHERE notification_id = %s"
_RECEIPTS = (
    "SELECT number, command_id, outcome, code, message, field, first_position, last_position"
    " FROM {}.receipt WHERE number > %s ORDER BY number LIMIT %s"
)
_REPLAYS = (
    "SELECT number, command_id, outcome, code, message, field, first_position, last_position"
    " FROM {}.replay WHERE number > %s ORDER BY number LIMIT %s"
)
_PARKED = "SELECT id, source, place, reason FROM {}.parked WHERE id > %s ORDER BY id LIMIT %s"


def _reply(row: Sequence[Any], *, replayed: bool) -> Reply:
    command_id, outcome, code, message, field, first_position, last_position = row
    return Reply(
        command_id=command_id,
        outcome=outcome,
        code=code or None,
        message=message or meaning_of(code) or None,
        field=field,
        first_position=first_position,
        last_position=last_position,
        replayed=replayed,
    )


def _parked(row: Sequence[Any]) -> Parked:
    parked_id, source, offset, reason = row
    return Parked(id=parked_id, source=source, offset=offset, reason=reason)


class _Last(NamedTuple):
    """The last message of a topic; without attributes where there is none."""

    offset: int
    attributes: Mapping[str, str]
    value: bytes = b""

    def number(self, name: str) -> int:
        return int(self.attributes.get(name, 0))


def _last(options: Mapping[str, Any], platform: str, kind: Topic) -> _Last:
    tail = Tail(options, topic_name(platform, kind))
    try:
        last = tail.last()
    finally:
        tail.close()
    return _Last(last.offset, attributes_of(last.headers), last.value) if last else _Last(-1, {})


def _must_be_whole(position: int, offset: int) -> None:
    """An event's offset is at least its position - 1: repeats only push it back."""
    if offset < position - 1:
        raise RelayStopped(
            f"the topic of events lacks some before position {position}: it was made anew"
        )
