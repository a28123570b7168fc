"""Divides platforms among the processes of one kind: a consumer group over one topic of each.

The group only says who serves which platform; what serves it reads from a place of its own. While
shares move, two may think that they hold the same one: whatever is opened must bear that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.structs import OffsetAndMetadata

from adapters.kafka.messages import PARTITION
from adapters.kafka.topics import Topic, topic_name
from infra.whoami import who_am_i

WRITERS = "zhuanhu.settlement"
PROJECTIONS = "zhuanhu.projections"

SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 2_000
ATTEND_MS = 500
SAY_EVERY_S = 5.0

log = structlog.get_logger()


class Share(Protocol):
    """What serves one platform."""

    def close(self) -> None: ...


S = TypeVar("S", bound=Share)


class Group(Generic[S]):
    """`held` are the shares of this process. Not for several threads.

    A thread of its own attends the group: kafka-python takes a joining that ended between two short
    polls for none, and begins it anew.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        name: str,
        topic: Topic,
        platforms: Sequence[str],
        open_share: Callable[[str], S],
    ) -> None:
        self._platforms = {
            TopicPartition(topic_name(platform, topic), PARTITION): platform
            for platform in platforms
        }
        self._open = open_share
        self.held: dict[str, S] = {}
        self._mine: frozenset[str] = frozenset()
        self._offsets: Mapping[str, int] = {}
        self._failure: Exception | None = None
        self._ended = threading.Event()
        self._consumer = KafkaConsumer(
            **options,
            group_id=name,
            client_id=who_am_i(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            partition_assignment_strategy=(CooperativeStickyAssignor,),
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
        )
        self._consumer.subscribe(
            topics=[partition.topic for partition in self._platforms],
            listener=_Pausing(self._consumer),
        )
        self._thread = threading.Thread(target=self._attend, name=name, daemon=True)
        self._thread.start()

    def poll(self) -> None:
        """Opens and closes what was given and taken since. Raises what ended the attending."""
        if self._failure is not None:
            raise self._failure
        for platform in self.held.keys() - self._mine:
            self.drop(platform)
        for platform in sorted(self._mine - self.held.keys()):
            log.info("share_taken", platform=platform)
            self.held[platform] = self._open(platform)

    def drop(self, platform: str) -> None:
        """Closes a share; it is opened anew with the next poll, if it is still this process's."""
        log.info("share_left", platform=platform)
        self.held.pop(platform).close()

    def say(self, offsets: Mapping[str, int]) -> None:
        """How far each platform's topic is taken: Kafka is told now and then, for tools that show
        lag. Nothing reads it."""
        self._offsets = offsets

    def close(self) -> None:
        for platform in list(self.held):
            self.drop(platform)
        self._ended.set()
        self._thread.join()

    def _attend(self) -> None:
        said_at = time.monotonic()
        try:
            while not self._ended.is_set():
                self._consumer.poll(timeout_ms=ATTEND_MS)
                mine = self._consumer.assignment()
                self._mine = frozenset(self._platforms[partition] for partition in mine)
                if time.monotonic() > said_at + SAY_EVERY_S:
                    said_at = time.monotonic()
                    self._tell(mine)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next `poll` raises it.
            self._failure = error
        finally:
            self._consumer.close()

    def _tell(self, mine: Collection[TopicPartition]) -> None:
        offsets = self._offsets
        told = {
            partition: OffsetAndMetadata(offsets[self._platforms[partition]])
            for partition in mine
            if self._platforms[partition] in offsets
        }
        if told:
            self._consumer.commit_async(told)


class _Pausing(ConsumerRebalanceListener):  # type: ignore[misc]
    """Nothing is read here, nor can anything that lies in a topic end the attending."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._consumer.pause(*assigned)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        pass
