"""Reading one partition from an offset of our own: Kafka keeps no place for us.

kafka-python's consumer looks after groups, resets, pauses and sizes, and takes for that more than
reading takes; its record batches are read by Python, those of aiokafka by C (decision 14). Where
many records come at once, the next are asked for meanwhile. Where few come, that would be answered
with the first one alone, and those after it wait one turn longer: there it is asked when polled,
and `more` gives nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from aiokafka.errors import CorruptRecordException
from aiokafka.record import MemoryRecords
from aiokafka.record.default_records import _DefaultRecordBatchPy
from kafka.errors import (
    CorruptRecordError,
    KafkaTimeoutError,
    OffsetOutOfRangeError,
    RetriableError,
    for_code,
)
from kafka.protocol.consumer import FetchRequest, ListOffsetsRequest

from adapters.kafka.driven import AGAIN_MS, Driven
from adapters.kafka.messages import PARTITION
from adapters.kafka.wire import Asked

FETCH_WAIT_MS = 100
FETCH_BYTES = 4 * 1024 * 1024
AT_ONCE = 2_000
AHEAD_FROM = 100
PATIENCE_S = 30.0
EARLIEST, LATEST = -2, -1
READ_COMMITTED = 1
LENGTH, OVERHEAD = 8, 12  # Where a batch says how long it is, and what comes before that counts.
VERSION = 13  # By the id of a topic: one that is made anew under its name is not taken for it.


class RecordsLost(Exception):
    """The topic does not hold the offset that is next: it was deleted, or is of another cluster."""

    def __init__(self, topic: str, offset: int) -> None:
        super().__init__(f"{topic} does not hold offset {offset}")
        self.topic = topic


class Tail:
    """The records of one topic, in order, from `seek` on; of a transaction none before it is
    committed, and none at all where it is aborted. Not for several threads."""

    def __init__(
        self, options: Mapping[str, Any], topic: str, patience_s: float = PATIENCE_S
    ) -> None:
        """Raises KafkaError, KafkaTimeoutError where nothing answers within `patience_s`."""
        self.topic = topic
        self._client = Driven(options, [topic], patience_s)
        self._request, self._wanted = _fetch()
        self._next = -1
        self._void_from = -1  # From here to `_next` there are no records.
        self._come: deque[Any] = deque()  # Records from `_next` on.
        self._asked: Asked | None = None  # Those behind them.

    def topic_id(self, *, ask: bool = False) -> UUID | None:
        """As `Driven.topic_id`; `ask`: after Kafka was asked once more."""
        if ask:
            self._client.look_again(0)
        return self._client.topic_id(self.topic)

    def seek(self, offset: int) -> None:
        if not self._void_from <= offset <= self._next:
            self._next = self._void_from = offset
            self._come.clear()
            self._asked = None

    def poll(self, wait_ms: int, limit: int = AT_ONCE) -> list[Any]:
        """At most `limit` records, each with `offset`, `key`, `value` and `headers`; waits for the
        first, and longer where Kafka is away. Raises RecordsLost, KafkaError."""
        until = time.monotonic() + wait_ms / 1000
        while not self._come:
            left_ms = (until - time.monotonic()) * 1000
            try:
                self._receive(left_ms)
            except RetriableError:
                self._asked = None
                if not self._come:
                    self._next = self._void_from  # A broker that lost it may have filled it anew.
                self._client.look_again(min(max(left_ms, 0.0), AGAIN_MS))
            if left_ms <= 0:
                break
        records = [self._come.popleft() for _ in range(min(limit, len(self._come)))]
        if records:
            self._next = self._void_from = records[-1].offset + 1
        return records

    def more(self, limit: int) -> list[Any]:
        """What has come behind what `poll` gave, or was asked for by then. Asks for nothing and
        waits for nothing. Raises as `poll`."""
        return self.poll(0, limit) if self._come or self._asked else []

    def begin(self) -> int:
        """The offset of the first record that is kept. Raises KafkaTimeoutError."""
        return self._offset(EARLIEST)

    def end(self) -> int:
        """The offset that the next record will have. Raises KafkaTimeoutError."""
        return self._offset(LATEST)

    def last(self, wait_ms: int = 30_000) -> Any | None:
        """The last record, None where the topic holds none. Leaves the place behind it.
        Raises KafkaTimeoutError."""
        end = self.end()
        if end == self.begin():
            return None
        self.seek(end - 1)
        records = self.poll(wait_ms)
        if not records:
            raise KafkaTimeoutError(f"{self.topic} did not give its last record in time")
        return records[-1]

    def close(self) -> None:
        self._client.close()

    def _receive(self, wait_ms: float) -> None:
        """What was asked for, if it comes in that time; then asks for what is behind it."""
        asked = self._asked or self._ask(self._next)
        self._asked = asked
        asked.wire.drive(wait_ms, asked)
        if not asked.is_done:
            return
        self._asked = None
        if asked.exception is not None:
            raise asked.exception
        if asked.value.error_code:
            raise for_code(asked.value.error_code)(self.topic)
        if not asked.value.responses:
            return  # The broker holds us back: a quota.
        [[found]] = [topic.partitions for topic in asked.value.responses]
        error = for_code(found.error_code)
        if error is OffsetOutOfRangeError:
            raise RecordsLost(self.topic, self._next)
        if found.error_code:
            raise error(self.topic)
        after = self._next
        for batch_end, records in _batches(found.records, found.aborted_transactions or ()):
            self._come.extend(record for record in records if record.offset >= self._next)
            after = max(after, batch_end)
        if not self._come:
            self._next = after  # Ends of transactions alone, and what was aborted.
        if len(self._come) >= AHEAD_FROM:
            self._asked = self._ask(after)

    def _ask(self, offset: int) -> Asked:
        leader = self._client.leader(self.topic)
        self._wanted.topic_id = self._client.topic_id(self.topic)
        [partition] = self._wanted.partitions
        partition.fetch_offset = offset
        return self._client.send(leader, self._request)

    def _offset(self, spec: int) -> int:
        def ask() -> int:
            topic = ListOffsetsRequest.ListOffsetsTopic
            wanted = topic.ListOffsetsPartition(
                partition_index=PARTITION, current_leader_epoch=-1, timestamp=spec
            )
            request = ListOffsetsRequest(
                isolation_level=0,
                topics=[topic(name=self.topic, partitions=[wanted])],
                min_version=1,
            )
            asked = self._client.send(self._client.leader(self.topic), request)
            [[found]] = [topic.partitions for topic in self._client.answer(asked).topics]
            if found.error_code:
                raise for_code(found.error_code)(self.topic)
            offset: int = found.offset
            return offset

        return self._client.patiently(ask)


def _fetch() -> tuple[FetchRequest, Any]:
    """The request that is sent again and again, and its part that says of what and from where."""
    topic = FetchRequest.FetchTopic
    partition = topic.FetchPartition(
        partition=PARTITION,
        current_leader_epoch=-1,
        last_fetched_epoch=-1,
        partition_max_bytes=FETCH_BYTES,
    )
    wanted = topic(partitions=[partition])
    request = FetchRequest(
        max_wait_ms=FETCH_WAIT_MS,
        min_bytes=1,
        max_bytes=FETCH_BYTES,
        isolation_level=READ_COMMITTED,
        session_epoch=-1,
        topics=[wanted],
        min_version=VERSION,
        max_version=VERSION,
    )
    return request, wanted


def _batches(raw: Any, aborted: Iterable[Any] = ()) -> Iterator[tuple[int, list[Any]]]:
    """The offset behind each batch, and its records; `aborted`: the transactions of whose records
    there are none. Raises CorruptRecordError."""
    raw = raw or b""
    batches, start = MemoryRecords(raw), 0
    coming = deque(sorted(aborted, key=lambda each: each.first_offset))
    aborting: set[int | None] = set()  # Producers, each until its transaction ends.
    try:
        while (batch := batches.next_batch()) is not None:
            end = start + OVERHEAD + int.from_bytes(raw[start + LENGTH : start + OVERHEAD])
            if not batch.validate_crc():
                raise CorruptRecordError(f"the batch before {batch.next_offset} came changed")
            while coming and coming[0].first_offset < batch.next_offset:
                aborting.add(coming.popleft().producer_id)
            records: list[Any] = []
            if batch.is_control_batch:
                aborting.discard(batch.producer_id)
            elif not (batch.is_transactional and batch.producer_id in aborting):
                records = _records(batch, raw, slice(start, end))
            yield batch.next_offset, records
            start = end
    except CorruptRecordException as error:
        raise CorruptRecordError(str(error)) from error


def _records(batch: Iterable[Any], raw: Any, place: slice) -> list[Any]:
    try:
        return list(batch)
    except UnicodeDecodeError:
        lenient = _DefaultRecordBatchPy(raw[place])
        lenient._maybe_uncompress()
        lenient._buffer = _Lenient(lenient._buffer)
        return list(lenient)


class _Lenient(bytearray):
    """Kafka takes a header's name as bytes, aiokafka as UTF-8 or not at all. Whoever sends one that
    is none must not hold up those behind him: it is read with a mark in its place."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _Lenient(found) if isinstance(key, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)
