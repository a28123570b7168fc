"""A platform's topics: made where they are missing, compared where they exist, never changed.

commands   what the platform's services ask for
events     what happened, for ever: partition = shard, key = stream
replies    one for each command
parked     what could not be read or had no meaning, until somebody has decided about it
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    KafkaTimeoutError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from infra.settings import Settings

FOR_EVER = -1
EVENT_BYTES_MAX = 16 * 1024 * 1024
"""Four times what the longest entry takes: a repayment to each claim that a loan may have."""
DELETED_WITHIN_S = 30.0
LOOK_AGAIN_S = 0.05
PARTITIONS = "partitions"
REPLICATION = "replication.factor"


class TopicRefused(Exception):
    """Kafka does not make the topic as the settings want it."""


class TopicMissing(Exception):
    """There is no topic of that name."""


class Topic(StrEnum):
    COMMANDS = "commands"
    EVENTS = "events"
    REPLIES = "replies"
    PARKED = "parked"


class Difference(NamedTuple):
    topic: str
    setting: str
    wanted: str
    found: str


class Ensured(NamedTuple):
    created: list[str]
    differences: list[Difference]


def topic_name(platform: str, topic: Topic) -> str:
    return f"zhuanhu.{platform}.{topic.value}"


def topic_id(client: KafkaAdminClient, platform: str, topic: Topic) -> UUID:
    """Kafka's own name for it: deleted and made anew, it has another. Raises TopicMissing,
    KafkaError."""
    name = topic_name(platform, topic)
    [described] = client.describe_topics([name])
    error = for_code(described["error_code"])
    if error is UnknownTopicOrPartitionError:
        raise TopicMissing(f"there is no topic {name}")
    if error is not NoError:
        raise error(name)
    return UUID(described["topic_id"])


def platform_of(topic: str) -> str:
    return topic.split(".")[1]


def ensure_topics(client: KafkaAdminClient, platform: str, settings: Settings) -> Ensured:
    """Makes the topics that are missing, and says in what the others are not what is wanted.

    Raises TopicRefused where one cannot be made.
    """
    wanted = {topic_name(platform, topic): _wanted(topic, settings) for topic in Topic}
    created = _create(client, wanted)
    client.wait_for_topics(list(wanted))
    found = _found(client, wanted)
    return Ensured(created, list(_differences(wanted, found)))


def make_anew(
    client: KafkaAdminClient, platform: str, topics: Collection[Topic], settings: Settings
) -> None:
    """Deletes these with all that they hold, and makes what is missing. Killed between the two, it
    leaves the rest to `ensure_topics`. Raises KafkaTimeoutError where Kafka does not delete."""
    names = {topic_name(platform, topic) for topic in topics}
    client.delete_topics(sorted(names))
    until = time.monotonic() + DELETED_WITHIN_S
    while names & set(client.list_topics()):
        if time.monotonic() > until:
            raise KafkaTimeoutError(f"{', '.join(sorted(names))}: still there")
        time.sleep(LOOK_AGAIN_S)  # Kafka says nothing when it is done.
    ensure_topics(client, platform, settings)


def _wanted(topic: Topic, settings: Settings) -> dict[str, str]:
    retention_ms = {
        Topic.COMMANDS: settings.kafka_commands_retention_ms,
        Topic.REPLIES: settings.kafka_replies_retention_ms,
    }.get(topic, FOR_EVER)
    longest = {"max.message.bytes": str(EVENT_BYTES_MAX)} if topic is Topic.EVENTS else {}
    return longest | {
        PARTITIONS: "1",  # A platform is one shard, and nobody reads a second one.
        REPLICATION: str(settings.kafka_replication_factor),
        "cleanup.policy": "delete",
        "retention.ms": str(retention_ms),
        "retention.bytes": str(FOR_EVER),
        "min.insync.replicas": str(settings.kafka_min_insync_replicas),
        # Else a replica that lags may lead, and what was acknowledged is lost.
        "unclean.leader.election.enable": "false",
        # Else a sender's wrong clock decides how long a message is kept.
        "message.timestamp.type": "LogAppendTime",
    }


def _create(client: KafkaAdminClient, wanted: Mapping[str, Mapping[str, str]]) -> list[str]:
    missing = wanted.keys() - set(client.list_topics())
    if not missing:
        return []
    asked = {name: _as_asked(wanted[name]) for name in wanted if name in missing}
    created = []
    for answer in client.create_topics(asked, raise_errors=False)["topics"]:
        error = for_code(answer["error_code"])
        if error.errno == 0:
            created.append(answer["name"])
        elif error is not TopicAlreadyExistsError:  # Somebody else may just have made it.
            raise TopicRefused(f"{answer['name']}: {answer['error_message'] or error.__name__}")
    return created


def _as_asked(wanted: Mapping[str, str]) -> dict[str, Any]:
    return {
        "num_partitions": int(wanted[PARTITIONS]),
        "replication_factor": int(wanted[REPLICATION]),
        "configs": {k: v for k, v in wanted.items() if k not in {PARTITIONS, REPLICATION}},
    }


def _found(
    client: KafkaAdminClient, wanted: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
    configs = client.describe_configs(asked, config_filter="all")["topic"]
    found = {name: {k: each["value"] for k, each in configs[name].items()} for name in wanted}
    for topic in client.describe_topics(list(wanted)):
        partitions = topic["partitions"]
        replicas = {len(each["replica_nodes"]) for each in partitions}
        found[topic["name"]][PARTITIONS] = str(len(partitions))
        found[topic["name"]][REPLICATION] = ", ".join(map(str, sorted(replicas)))
    return found


def _differences(
    wanted: Mapping[str, Mapping[str, str]], found: Mapping[str, Mapping[str, str]]
) -> Iterator[Difference]:
    for topic, settings in wanted.items():
        for setting, value in settings.items():
            there = found[topic].get(setting, "unknown")
            if there != value:
                yield Difference(topic, setting, value, there)
