"""A client of kafka-python without a thread, for the leaders of partitions: it works while
somebody waits for it, one request at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar
from uuid import UUID

from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, RetriableError
from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from adapters.kafka.messages import PARTITION

T = TypeVar("T")
AGAIN_MS = 50
NOBODY = (None, -1)
NO_ID = UUID(int=0)
_OURS = {
    # Its timers stand still while nobody waits. Whoever is silent for long is cut off by the
    # broker, which is noticed; by itself it would cut off what it has just begun to write.
    "connections_max_idle_ms": 2**31 - 1,
    "retry_backoff_ms": 20,
    "reconnect_backoff_max_ms": 1_000,
    "receive_message_max_bytes": 128 * 1024 * 1024,  # An answer holds one batch at least, as it is.
}


class Driven:
    """`patience_s`: how long an answer is waited for, and anything else that may pass. Not for
    several threads."""

    def __init__(
        self, options: Mapping[str, Any], topics: Collection[str], patience_s: float
    ) -> None:
        """Raises KafkaError, KafkaTimeoutError where nothing answers."""
        patience_ms = int(patience_s * 1000)
        config = {**_OURS, **options, "request_timeout_ms": patience_ms}
        self._patience_s, self._topics = patience_s, topics
        self._net = KafkaNetClient(net=_Here(**config), **config)
        self._net.cluster.config["allow_auto_create_topics"] = False  # It is not passed on.
        try:
            self._net.get_broker_version(timeout_ms=patience_ms)
            self.patiently(self._meet)
        except BaseException:
            self.close()
            raise

    def topic_id(self, topic: str) -> UUID | None:
        """Kafka's own name for the topic, as far as we have heard: one that is deleted and made
        anew has another. None where we have not heard of any."""
        found: UUID | None = self._net.cluster.topic_id(topic)
        return found if found != NO_ID else None

    def leader(self, topic: str) -> Any:
        """The node to ask. Raises KafkaConnectionError where there is none."""
        found = self._net.cluster.leader_for_partition(TopicPartition(topic, PARTITION))
        if found in NOBODY:
            raise KafkaConnectionError(f"{topic} has no leader")
        return found

    def send(self, node: Any, request: Any) -> Any:
        """Gives a future. `node`: a leader, or None for whichever is there."""
        return self._net.send(node, request)

    def drive(self, wait_ms: float, future: Any = None) -> None:
        """Until the future is done or the time is over."""
        self._net.poll(timeout_ms=max(0.0, wait_ms), future=future)

    def answer(self, future: Any) -> Any:
        """Waits for it. Raises what went wrong, KafkaTimeoutError where nothing comes."""
        self.drive(self._patience_s * 1000, future)
        if not future.is_done:
            raise KafkaTimeoutError("Kafka does not answer")
        if future.exception is not None:
            raise future.exception
        return future.value

    def patiently(self, work: Callable[[], T]) -> T:
        """Again after errors that may pass. Raises KafkaTimeoutError where they do not."""
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return work()
            except RetriableError as error:
                if time.monotonic() > until:
                    raise KafkaTimeoutError(f"{type(error).__name__}: {error}") from error
            self.look_again()

    def look_again(self, wait_ms: float = AGAIN_MS) -> None:
        """Who leads, a moment later."""
        self._net.cluster.request_update()
        self.drive(wait_ms)

    def close(self) -> None:
        self._net.close()

    def _meet(self) -> None:
        self._net.cluster.set_topics(self._topics)
        self.answer(self._net.cluster.request_update())


class _Here(NetworkSelector):  # type: ignore[misc]
    """Driven by whoever polls. In a thread of its own, as kafka-python would have it, each poll
    would be handed over and back three times, between threads that share the interpreter."""

    def start(self) -> None:
        pass

    def wakeup(self) -> None:
        pass
