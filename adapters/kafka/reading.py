"""Reading one partition from an offset of our own: Kafka keeps no place for us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError, NoOffsetForPartitionError, OffsetOutOfRangeError
from kafka.net.compat import KafkaNetClient

from adapters.kafka.driven import driven_client
from adapters.kafka.messages import PARTITION

FETCH_WAIT_MS = 100
AT_ONCE = 2_000


class RecordsLost(Exception):
    """The topic does not hold the offset that is next: it was deleted, or is of another cluster."""


class Tail:
    """The records of one topic, in order, from `seek` on. Not for several threads."""

    def __init__(self, options: Mapping[str, Any], topic: str) -> None:
        self.topic = topic
        self._clients: list[KafkaNetClient] = []
        self._partition = TopicPartition(topic, PARTITION)
        try:
            self._consumer = KafkaConsumer(
                **options,
                kafka_client=self._client,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                allow_auto_create_topics=False,
                fetch_max_wait_ms=FETCH_WAIT_MS,
                fetch_max_bytes=16 * 1024 * 1024,
                max_partition_fetch_bytes=8 * 1024 * 1024,
                metrics_enabled=False,
                retry_backoff_ms=20,
                reconnect_backoff_max_ms=1_000,
            )
        except BaseException:
            for each in self._clients:  # It has a thread by now.
                each.close()
            raise
        self._consumer.assign([self._partition])
        self._next = -1

    def topic_id(self) -> UUID | None:
        """Kafka's own name for the topic, as far as the consumer has heard: one that is deleted and
        made anew has another. None where it has not heard of any."""
        [client] = self._clients
        found: UUID | None = client.cluster.topic_id(self.topic)
        return found if found != UUID(int=0) else None

    def seek(self, offset: int) -> None:
        if offset != self._next:
            self._consumer.seek(self._partition, offset)
            self._next = offset

    def poll(self, wait_ms: int, limit: int = AT_ONCE) -> list[Any]:
        """At most `limit` records; waits for the first. Raises RecordsLost."""
        try:
            found = self._consumer.poll(timeout_ms=wait_ms, max_records=limit)
        except (OffsetOutOfRangeError, NoOffsetForPartitionError):
            raise RecordsLost(f"{self.topic} does not hold offset {self._next}") from None
        records: list[Any] = found.get(self._partition, [])
        if records:
            self._next = records[-1].offset + 1
        return records

    def end(self) -> int:
        """The offset that the next record will have."""
        end: int = self._consumer.end_offsets([self._partition])[self._partition]
        return end

    def last(self, wait_ms: int = 30_000) -> Any | None:
        """The last record, None where the topic holds none. Leaves the place behind it.
        Raises KafkaTimeoutError."""
        beginning = self._consumer.beginning_offsets([self._partition])[self._partition]
        end = self.end()
        if end == beginning:
            return None
        self.seek(end - 1)
        records = self.poll(wait_ms)
        if not records:
            raise KafkaTimeoutError(f"{self.topic} did not give its last record in time")
        return records[-1]

    def close(self) -> None:
        self._consumer.close()

    def _client(self, **config: Any) -> KafkaNetClient:
        self._clients.append(driven_client(**config))
        return self._clients[-1]
