"""A group divides platforms: each is one process's, and goes to another when that one leaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import pytest

from adapters.kafka.group import Group
from adapters.kafka.messages import Message
from adapters.kafka.outlet import Outlet
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from infra.kafka import administration, client_options
from infra.settings import Settings

WAIT_S = 60


class Opened:
    """A share that does nothing."""

    def close(self) -> None: ...


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_who_comes_second_to_the_only_platform_waits_until_the_first_leaves(
    kafka: Settings, kafka_platform: str
) -> None:
    options, name = client_options(kafka), kafka_platform

    def join() -> Group[Opened]:
        return Group(options, name, Topic.COMMANDS, [kafka_platform], lambda _: Opened())

    def holds(group: Group[Opened]) -> bool:
        group.poll()
        return group.held.keys() == {kafka_platform}

    with administration(options) as client:
        ensure_topics(client, kafka_platform, kafka)

        def both_are_in() -> bool:
            found = client.describe_groups([name])[name]
            return len(found["members"]) == 2 and found["group_state"] == "Stable"

        first = join()
        with closing(first):
            until(lambda: holds(first))
            second = join()
            until(both_are_in)
            until(lambda: holds(first))
            assert not holds(second)
    with closing(second):
        until(lambda: holds(second))


def test_what_ends_the_attending_is_said_and_no_share_is_kept_for_ever(
    kafka: Settings, kafka_platform: str
) -> None:
    options = client_options(kafka)
    with administration(options) as client:
        ensure_topics(client, kafka_platform, kafka)

    def open_share(_: str) -> Opened:
        return Opened()

    group = Group(options, kafka_platform, Topic.COMMANDS, [kafka_platform], open_share)

    def holds_something() -> bool:
        group.poll()
        return bool(group.held)

    with closing(group):
        until(holds_something)
        group._platforms.clear()  # A bug, say.
        with pytest.raises(KeyError):
            until(lambda: not holds_something())


def test_what_lies_in_a_topic_is_none_of_the_groups_business(
    kafka: Settings, kafka_platform: str
) -> None:
    """It is not even fetched: something that the client cannot read would end the attending."""
    options = client_options(kafka)
    with administration(options) as client:
        ensure_topics(client, kafka_platform, kafka)
    topic = topic_name(kafka_platform, Topic.COMMANDS)
    with closing(Outlet(options, [topic], WAIT_S)) as outlet:
        outlet.put({topic: [Message(b"k", b"v", [])] * 10})
    group = Group(options, kafka_platform, Topic.COMMANDS, [kafka_platform], lambda _: Opened())

    def holds_it() -> bool:
        group.poll()
        return bool(group.held)

    with closing(group):
        until(holds_it)
        figures = group._consumer.metrics()["consumer-fetch-manager-metrics"]
        assert figures["fetch-rate"] == 0
