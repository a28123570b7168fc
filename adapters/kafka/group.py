"""Divides platforms among the processes of one kind: a consumer group over one topic of each.

The group only says who serves which platform; what serves it reads from a place of its own. While
shares move, two may think that they hold the same one: whatever is opened must bear that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.structs import OffsetAndMetadata

from adapters.kafka.messages import PARTITION
from adapters.kafka.topics import Topic, topic_name

SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 2_000
POLL_EVERY_S = 0.25
SAY_EVERY_S = 5.0
IDLE_MS = 500  # A shorter poll may never come to the end of joining.

log = structlog.get_logger()


class Share(Protocol):
    """What serves one platform."""

    def close(self) -> None: ...


S = TypeVar("S", bound=Share)


class Group(Generic[S]):
    """`held` are the shares of this process. Not for several threads."""

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
        self._polled = self._said = 0.0
        self._consumer = KafkaConsumer(
            **options,
            group_id=name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            partition_assignment_strategy=(CooperativeStickyAssignor,),
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
        )
        self._consumer.subscribe(topics=[partition.topic for partition in self._platforms])

    def poll(self) -> None:
        """Now and then opens and closes what was given and taken since; nothing is read. Waits a
        little where nothing is held."""
        if self.held and time.monotonic() < self._polled + POLL_EVERY_S:
            return
        self._polled = time.monotonic()
        self._consumer.pause(*self._consumer.assignment())
        self._consumer.poll(timeout_ms=0 if self.held else IDLE_MS)
        mine = {self._platforms[partition] for partition in self._consumer.assignment()}
        self._consumer.pause(*self._consumer.assignment())
        for platform in self.held.keys() - mine:
            self.drop(platform)
        for platform in sorted(mine - self.held.keys()):
            log.info("share_taken", platform=platform)
            self.held[platform] = self._open(platform)

    def drop(self, platform: str) -> None:
        """Closes a share; it is opened anew with the next poll, if it is still this process's."""
        log.info("share_left", platform=platform)
        self.held.pop(platform).close()

    def say(self, offsets: Mapping[str, int]) -> None:
        """Tells Kafka now and then how far each platform's topic is taken, for tools that show lag.
        Nothing reads it."""
        if time.monotonic() < self._said + SAY_EVERY_S:
            return
        self._said = time.monotonic()
        told = {
            partition: OffsetAndMetadata(offsets[platform])
            for partition, platform in self._platforms.items()
            if platform in offsets
        }
        if told:
            self._consumer.commit_async(told)

    def close(self) -> None:
        for platform in list(self.held):
            self.drop(platform)
        self._consumer.close()
