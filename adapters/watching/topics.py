"""How far a platform's topics reach, and who is in the groups that read them. Takes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from kafka import KafkaAdminClient

from adapters.kafka.messages import first_offset_after, position_of
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, platform_of, topic_name

WAIT_MS = 3_000
NO_GROUP = "Dead"


class Topics(NamedTuple):
    """`relayed`: the position of the last event in its topic, 0 where there is none.
    `commands_begin`: the offset of the first command that is kept, `commands_end`: that the next
    will have. `commands_topic`: Kafka's own name for the topic, where it is known."""

    relayed: int
    commands_begin: int
    commands_end: int
    commands_topic: UUID | None


class Member(NamedTuple):
    """`client`: `pid@host` of the process. `platforms`: those that it serves; none where it waits
    to take over."""

    client: str
    platforms: Sequence[str]


class GroupStanding(NamedTuple):
    """`state` in Kafka's words: Stable, PreparingRebalance, CompletingRebalance, Empty or Dead."""

    name: str
    state: str
    members: Sequence[Member]


class TopicsReader:
    """Not for several threads. All may raise KafkaError, and RecordsLost."""

    def __init__(self, options: Mapping[str, Any], platform: str) -> None:
        patience_s = WAIT_MS / 1000
        self._events = Tail(options, topic_name(platform, Topic.EVENTS), patience_s)
        try:
            self._commands = Tail(options, topic_name(platform, Topic.COMMANDS), patience_s)
        except BaseException:
            self._events.close()
            raise

    def look(self) -> Topics:
        last = self._events.last(WAIT_MS)
        relayed = 0 if last is None else position_of(last.headers)
        topic = self._commands.topic_id(ask=True)
        return Topics(relayed, self._commands.begin(), self._commands.end(), topic)

    def commands_end(self) -> int:
        return self._commands.end()

    def gap_after(self, position: int) -> int:
        """How many positions are missing in the topic where a view that came to `position` goes on;
        0 where nothing follows yet."""
        if position >= self._events.end():
            return 0
        self._events.seek(first_offset_after(position))
        while records := self._events.poll(WAIT_MS):
            for record in records:
                if (found := position_of(record.headers)) > position:
                    return found - position - 1
            if self._events.end() <= records[-1].offset + 1:
                break
        return 0

    def close(self) -> None:
        self._events.close()
        self._commands.close()


def groups(client: KafkaAdminClient, names: Sequence[str]) -> list[GroupStanding]:
    """Raises KafkaError."""
    # A broker that never had any group cannot be asked about one.
    there = {each["group_id"] for each in client.list_groups()} & set(names)
    told = client.describe_groups(sorted(there)) if there else {}
    return [
        GroupStanding(name, told[name]["group_state"], [_member(m) for m in told[name]["members"]])
        if name in told
        else GroupStanding(name, NO_GROUP, [])
        for name in names
    ]


def _member(told: Mapping[str, Any]) -> Member:
    assigned = told["member_assignment"] or {"assigned_partitions": []}  # "" as long as it joins.
    topics = [each["topic"] for each in assigned["assigned_partitions"]]
    return Member(told["client_id"], sorted(platform_of(topic) for topic in topics))
