"""The event log as its topic has it: the same reads as adapters.event_log.LogReader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.codec import Recorded, decode
from adapters.event_log import LogReader
from adapters.kafka.messages import first_offset_after, position_of, stored_of
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, topic_name

REACH_MS = 30_000


class GapInTopic(Exception):
    """The topic lacks an event: consumers must not go on as if it had not happened."""


class TopicBehind(Exception):
    """The topic does not have, nor did it get in REACH_MS, the event that was asked for."""


class OtherLife(Exception):
    """The topic tells of something that the log does not hold: the database was restored."""


class KafkaLog:
    """Delivery is at least once: what came before is skipped, a missing position is an error.

    `wait_ms` is how long `read` waits for the first event. Not for several threads.
    """

    def __init__(self, options: Mapping[str, Any], platform: str, wait_ms: int = 0) -> None:
        self._tail = Tail(options, topic_name(platform, Topic.EVENTS))
        self._wait_ms = wait_ms
        self._reached = -1

    def head(self) -> int:
        self._reached = -1
        last = self._tail.last()
        return 0 if last is None else position_of(last.headers)

    def require_part_of(self, log: LogReader) -> None:
        """Raises OtherLife where its last event is not in the log, which is never behind it."""
        last = self._tail.last()
        self._reached = -1
        if last is None:
            return
        position = position_of(last.headers)
        if log.read(position - 1, 1) != [decode(stored_of(last.value, last.headers))]:
            raise OtherLife(
                f"{self._tail.topic} tells at position {position} of something that the log does"
                " not hold"
            )

    def read(
        self,
        after: int,
        limit: int = 5000,
        topics: Sequence[str] = (),
        upto: int | None = None,
    ) -> list[Recorded]:
        """Events after a position, in order, at most `limit`; with `upto`, until that is reached.

        Raises GapInTopic; with `upto`, TopicBehind."""
        if upto is not None and upto <= after:
            return []
        if after != self._reached:
            if after > self._tail.end():  # Who asks was fed from the log itself.
                if upto is None:
                    return []
                raise self._behind(after)
            self._tail.seek(first_offset_after(after))
            self._reached = after
        events: list[Recorded] = []
        if upto is None:
            records = self._tail.poll(self._wait_ms, limit)
            while records:
                for record in records:
                    self._take(record, topics, events)
                records = self._tail.more(limit - len(events))
            return events
        while len(events) < limit and self._reached < upto:
            records = self._tail.poll(REACH_MS, limit - len(events))
            if not records:
                raise self._behind(upto)
            for record in records:
                if self._reached == upto:
                    self._tail.seek(record.offset)  # It is for the next read.
                    break
                self._take(record, topics, events)
        return events

    def pages(
        self, after: int, upto: int, topics: Sequence[str], size: int
    ) -> Iterator[list[Recorded]]:
        """Events after a position up to another, in order. Raises GapInTopic, TopicBehind."""
        while after < upto:
            page = self.read(after, size, topics, upto=upto)
            yield page
            after = page[-1].position if len(page) == size else upto

    def _behind(self, position: int) -> TopicBehind:
        return TopicBehind(f"{self._tail.topic} has not come to position {position}")

    def _take(self, record: Any, topics: Sequence[str], events: list[Recorded]) -> None:
        stored = stored_of(record.value, record.headers)
        if stored.position <= self._reached:
            return
        if stored.position != self._reached + 1:
            raise GapInTopic(f"{self._tail.topic}: {stored.position} follows {self._reached}")
        self._reached = stored.position
        if not topics or stored.topic in topics:
            events.append(decode(stored))

    def close(self) -> None:
        self._tail.close()
