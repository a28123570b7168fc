"""Puts messages at the end of topics, a batch at a time, each when the one before is there.

kafka-python's producer takes many times as long for a message as a record batch does (decision
14), and has to be kept from sending on where one failed. Here nothing is sent before its turn. What
makes it idempotent is Kafka's own: a producer's id, and a number for each message of a partition.
Where an answer is lost the same bytes go again, and are taken once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from kafka.errors import (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RetriableError,
    for_code,
)
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest

from adapters.kafka.driven import Driven
from adapters.kafka.messages import PARTITION, Message

BATCH_BYTES = 512 * 1024
ALL_REPLICAS = -1
MAGIC = 2
UNCOMPRESSED = 0
NUMBERS = 2**31
"""A message's number starts again at zero after so many, as Kafka has it."""
VERSION_MAX = 9  # Topics by their names, not yet by their ids.

T = TypeVar("T")
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


class _Batch(NamedTuple):
    topic: str
    size: int
    records: bytes


class Outlet:
    """Not for several threads. `producer`: the id and epoch that Kafka knows it by."""

    def __init__(
        self, options: Mapping[str, Any], topics: Collection[str], patience_s: float
    ) -> None:
        """Raises KafkaError, KafkaTimeoutError where nothing answers within `patience_s`."""
        self._patience_s = patience_s
        self._bytes_max = dict.fromkeys(topics, BATCH_BYTES)
        self._numbers = dict.fromkeys(topics, 0)
        self._client = Driven(options, topics, patience_s)
        try:
            self.producer = self._client.patiently(self._introduce)
        except BaseException:
            self.close()
            raise

    def put(self, messages: Mapping[str, Sequence[Message]]) -> dict[str, int]:
        """All of them, by topic. Gives the offset of the last one of each.

        Raises KafkaError for what Kafka refused: of that topic nothing behind it was sent;
        KafkaTimeoutError where it did not answer: what is there is unknown."""
        rest = {topic: deque(each) for topic, each in messages.items() if each}
        last: dict[str, int] = {}
        while rest:
            batches = [self._batch(topic, waiting) for topic, waiting in rest.items()]
            for batch, offset in self._sent(batches):
                last[batch.topic] = offset + batch.size - 1
                self._numbers[batch.topic] = (self._numbers[batch.topic] + batch.size) % NUMBERS
                for _ in range(batch.size):
                    rest[batch.topic].popleft()
            rest = {topic: waiting for topic, waiting in rest.items() if waiting}
        return last

    def close(self) -> None:
        self._client.close()

    def _batch(self, topic: str, waiting: Iterable[Message]) -> _Batch:
        producer_id, epoch = self.producer
        builder = DefaultRecordBatchBuilder(
            magic=MAGIC,
            compression_type=UNCOMPRESSED,
            is_transactional=0,
            producer_id=producer_id,
            producer_epoch=epoch,
            base_sequence=self._numbers[topic],
            batch_size=self._bytes_max[topic],
        )
        now_ms = int(time.time() * 1000)
        size = 0
        for message in waiting:
            if not builder.append(size, now_ms, message.key, message.value, message.headers):
                break  # It is full.
            size += 1
        return _Batch(topic, size, bytes(builder.build()))

    def _sent(self, batches: Sequence[_Batch]) -> list[tuple[_Batch, int]]:
        """Those that are there now, each with the offset of its first message. A batch that is too
        large for its topic is not among them: the next ones are smaller."""
        there: list[tuple[_Batch, int]] = []
        waiting = {batch.topic: batch for batch in batches}

        def send_those_that_wait() -> None:
            again: Exception | None = None
            for topic, code, offset in self._ask(list(waiting.values())):
                batch, error = waiting[topic], for_code(code)
                if not code:
                    there.append((waiting.pop(topic), offset))
                elif error in _TOO_LARGE and batch.size > 1:
                    self._bytes_max[topic] = len(waiting.pop(topic).records) // 2
                elif issubclass(error, RetriableError):
                    again = error(topic)
                else:
                    raise error(topic)
            if again is not None:
                raise again

        self._client.patiently(send_those_that_wait)
        return there

    def _ask(self, batches: Sequence[_Batch]) -> Iterator[tuple[str, int, int]]:
        """Topic, error code, and offset of the first message, as each leader answers."""
        by_leader: dict[Any, list[_Batch]] = {}
        for batch in batches:
            by_leader.setdefault(self._client.leader(batch.topic), []).append(batch)
        asked = [
            self._client.send(leader, _request(each, self._patience_s))
            for leader, each in by_leader.items()
        ]
        for each in asked:
            for topic in self._client.answer(each).responses:
                for partition in topic.partition_responses:
                    yield topic.name, partition.error_code, partition.base_offset

    def _introduce(self) -> tuple[int, int]:
        request = InitProducerIdRequest(
            transactional_id=None,
            transaction_timeout_ms=int(self._patience_s * 1000),
            producer_id=-1,
            producer_epoch=-1,
        )
        answer = self._client.answer(self._client.send(self._client.anybody(), request))
        if answer.error_code:
            raise for_code(answer.error_code)
        return answer.producer_id, answer.producer_epoch


def _request(batches: Sequence[_Batch], patience_s: float) -> ProduceRequest:
    data = ProduceRequest.TopicProduceData
    return ProduceRequest(
        transactional_id=None,
        acks=ALL_REPLICAS,
        timeout_ms=int(patience_s * 1000),
        topic_data=[
            data(
                name=batch.topic,
                partition_data=[data.PartitionProduceData(index=PARTITION, records=batch.records)],
            )
            for batch in batches
        ],
        max_version=VERSION_MAX,
    )
