"""Topics are made as they must be; what differs afterwards is said, and left as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource

from adapters.kafka.topics import (
    Difference,
    Ensured,
    Topic,
    TopicRefused,
    ensure_topics,
    topic_name,
)
from infra.kafka import administration, client_options
from infra.settings import Settings

WEEK_MS = "604800000"


@pytest.fixture
def client(kafka: Settings) -> Iterator[KafkaAdminClient]:
    with administration(client_options(kafka)) as made:
        yield made


def configs(client: KafkaAdminClient, name: str) -> dict[str, str]:
    asked = [ConfigResource("TOPIC", name)]
    found = client.describe_configs(asked, config_filter="all")["topic"][name]
    return {setting: each["value"] for setting, each in found.items()}


def changed(kafka: Settings, **values: object) -> Settings:
    return kafka.model_copy(update=values)


def test_the_topics_of_a_platform(
    client: KafkaAdminClient, kafka: Settings, kafka_platform: str
) -> None:
    settings = changed(kafka, kafka_commands_retention_ms=60_000)
    names = [f"zhuanhu.{kafka_platform}.{each}" for each in ("commands", "events", "replies")]
    names.append(f"zhuanhu.{kafka_platform}.parked")
    assert ensure_topics(client, kafka_platform, settings) == Ensured(names, [])

    described = {each["name"]: each for each in client.describe_topics(names)}
    assert {len(each["partitions"]) for each in described.values()} == {1}
    found = {name: configs(client, name) for name in names}
    assert [each["retention.ms"] for each in found.values()] == ["60000", "-1", WEEK_MS, "-1"]
    assert found[names[1]]["max.message.bytes"] == "16777216"
    assert found[names[2]]["max.message.bytes"] == "1048588"  # Kafka's own.
    for each in found.values():
        assert each["cleanup.policy"] == "delete"
        assert each["retention.bytes"] == "-1"
        assert each["min.insync.replicas"] == "1"
        assert each["unclean.leader.election.enable"] == "false"
        assert each["message.timestamp.type"] == "LogAppendTime"

    assert ensure_topics(client, kafka_platform, settings) == Ensured([], [])


def test_a_difference_is_told_and_left(
    client: KafkaAdminClient, kafka: Settings, kafka_platform: str
) -> None:
    events = topic_name(kafka_platform, Topic.EVENTS)
    bad: dict[str, Any] = {"cleanup.policy": "compact", "retention.ms": "1000"}
    client.create_topics({events: {"num_partitions": 2, "configs": bad}}, wait_for_metadata=True)
    before = configs(client, events)

    found = ensure_topics(client, kafka_platform, kafka)
    assert events not in found.created
    assert len(found.created) == 3
    assert found.differences == [
        Difference(events, "max.message.bytes", "16777216", "1048588"),
        Difference(events, "partitions", "1", "2"),
        Difference(events, "cleanup.policy", "delete", "compact"),
        Difference(events, "retention.ms", "-1", "1000"),
        Difference(events, "message.timestamp.type", "LogAppendTime", "CreateTime"),
    ]
    assert configs(client, events) == before
    assert ensure_topics(client, kafka_platform, kafka).differences == found.differences


def test_settings_that_changed_since_are_told(
    client: KafkaAdminClient, kafka: Settings, kafka_platform: str
) -> None:
    ensure_topics(client, kafka_platform, kafka)
    wider = changed(kafka, kafka_min_insync_replicas=2, kafka_replies_retention_ms=-1)
    replies = topic_name(kafka_platform, Topic.REPLIES)
    told = ensure_topics(client, kafka_platform, wider).differences
    assert Difference(replies, "retention.ms", "-1", WEEK_MS) in told
    assert {each.setting for each in told} == {"min.insync.replicas", "retention.ms"}
    assert len(told) == 5


def test_more_replicas_than_brokers_are_refused_in_kafkas_words(
    client: KafkaAdminClient, kafka: Settings, kafka_platform: str
) -> None:
    with pytest.raises(
        TopicRefused, match=rf"zhuanhu\.{kafka_platform}\.\w+: .*replication factor"
    ):
        ensure_topics(client, kafka_platform, changed(kafka, kafka_replication_factor=9))
