"""Where the parts of a pipeline stand, in a real PostgreSQL and a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from kafka.errors import KafkaError

from adapters.kafka import driven
from adapters.kafka.group import WRITERS, Group
from adapters.kafka.messages import event_message
from adapters.kafka.topics import Topic, make_anew, topic_name
from adapters.watching.pipeline import Look, PipelineReader
from adapters.watching.topics import NO_GROUP, GroupStanding, Member, groups
from domain.accounts import Role
from infra.kafka import administration
from infra.postgres import connect
from infra.settings import Settings
from infra.whoami import who_am_i
from services.projections.projector import Projector
from tests.hurry import leaping
from tests.services.kafka_house import WAIT_MS, KafkaHouse, cut, recharge
from tests.services.settlement.whole import stored


@pytest.fixture
def house(database: str, kafka: Settings, kafka_platform: str) -> Iterator[KafkaHouse]:
    house = KafkaHouse(database, kafka_platform, kafka)
    house.open()
    house.member("lucy", Role.INVESTOR)
    yield house
    house.close()


def look(house: KafkaHouse, options: Any = None, *, simulated: bool = True) -> Look:
    with closing(PipelineReader(house.url, house.platform, options, simulated=simulated)) as reader:
        return reader.look()


def test_a_log_that_nobody_follows(house: KafkaHouse) -> None:
    found = look(house).standing
    [[epoch]] = house.query("SELECT epoch FROM {}.shard")
    assert (found.position, found.epoch) == (house.log.head(), epoch)
    assert found.recorded_at == house.clock.now()
    assert (found.commands, found.inbox, found.parked) == (5, 0, 0)
    assert (found.writer, found.relay_holder) == (who_am_i(), who_am_i())
    assert (found.relay, found.views) == (None, {})


def test_whoever_opened_the_shard_last_is_its_writer(house: KafkaHouse) -> None:
    name = f"writer {house.platform} 1@elsewhere"
    with psycopg.connect(house.url, application_name=name):
        assert look(house).standing.writer == "1@elsewhere"
    with psycopg.connect(house.url, application_name=f"writer {house.platform}-2 1@elsewhere"):
        assert look(house).standing.writer == who_am_i()


def test_what_waits_in_the_topic_in_the_inbox_and_for_a_person(house: KafkaHouse) -> None:
    house.put(("poison", b"{"))
    house.take(1)
    house.publish(recharge(house, 1), recharge(house, 2))
    house.query("INSERT INTO {}.inbox (message) VALUES (%s) RETURNING 1", b"{")
    found = look(house, house.options)
    assert found.commands_in_topic == 2
    assert (found.standing.inbox, found.standing.parked) == (1, 1)
    house.query("UPDATE {}.parked SET state = 'discarded' RETURNING 1")
    assert look(house).standing.parked == 0


def test_commands_that_no_writer_can_take(house: KafkaHouse, kafka: Settings) -> None:
    """Their topic holds neither the next one, nor is it the one that was taken; while all is well
    it says nothing, also of those that were taken since it looked at the topic."""

    def out_of_reach() -> bool | None:
        return reader.look().commands_out_of_reach

    with closing(PipelineReader(house.url, house.platform, house.options)) as reader:
        house.publish(*[recharge(house, number) for number in range(4)])
        assert out_of_reach() is False
        house.intake.step(WAIT_MS, limit=1)
        cut(house, Topic.COMMANDS, 3)
        assert out_of_reach() is True
        house.query("UPDATE {}.shard SET commands_offset = 3 RETURNING 1")
        assert out_of_reach() is False
        house.query("UPDATE {}.shard SET commands_offset = 5 RETURNING 1")
        assert out_of_reach() is True
        house.query("UPDATE {}.shard SET commands_offset = 4 RETURNING 1")
        with administration(house.options) as client:
            make_anew(client, house.platform, [Topic.COMMANDS], kafka)
        house.publish(*[recharge(house, number) for number in range(5, 10)])
        assert out_of_reach() is True
    assert look(house).commands_out_of_reach is None


def test_how_far_the_relay_is_behind(house: KafkaHouse) -> None:
    house.relay_all()
    before = house.log.head()
    house.publish(recharge(house, 1))
    house.take(1)
    house.clock.advance(timedelta(seconds=90))
    house.publish(recharge(house, 2))
    house.take(1)
    relayed = look(house, house.options).standing.relay
    assert relayed
    assert (relayed.position, relayed.lag) == (before, house.log.head() - before)
    assert (relayed.lag_s, relayed.age_s, relayed.gap) == (90, 90, 0)
    house.relay_all()
    relayed = look(house, house.options).standing.relay
    assert relayed
    assert (relayed.position, relayed.lag, relayed.lag_s) == (house.log.head(), 0, 0)


def test_each_view_by_itself_and_the_machines_time_where_time_is_real(house: KafkaHouse) -> None:
    head = house.log.head()
    with Projector(house.url, house.platform) as projector:
        projector.step(limit=head - 1)
    house.query(
        f'UPDATE "views_{house.platform}".view_position SET position = 0'
        " WHERE name = 'days' RETURNING 1"
    )
    views = look(house).standing.views
    assert {(each.position, each.lag) for name, each in views.items() if name != "days"} == {
        (head - 1, 1)
    }
    assert (views["days"].position, views["days"].lag, views["days"].age_s) == (0, head, None)
    real = look(house, simulated=False).standing.views["days"]
    assert real.lag_s > timedelta(days=1).total_seconds()  # The house is in the past.


def test_events_that_are_missing_in_the_log(house: KafkaHouse) -> None:
    with Projector(house.url, house.platform) as projector:
        projector.step(limit=2)
    with psycopg.connect(house.url) as forger:
        forger.execute("SET session_replication_role TO replica")  # Past the guard.
        forger.execute(
            f'DELETE FROM "shard_{house.platform.replace("-", "_")}".stored_events'
            " WHERE notification_id IN (3, 5)".encode()
        )
    found = look(house, house.options).standing
    assert {each.gap for each in found.views.values()} == {2}
    assert found.relay
    assert found.relay.gap == 2


def test_an_event_that_is_missing_in_the_topic(house: KafkaHouse) -> None:
    """Repeats are none, and the topic is read only where a view stands still."""
    house.member("anna", Role.INVESTOR)
    rows = {row.position: row for row in stored(house)}
    for position in (1, 2, 1, 2, *range(6, house.log.head() + 1)):
        message = event_message(house.platform, rows[position])
        topic = topic_name(house.platform, Topic.EVENTS)
        house.producer.send(topic, value=message.value, headers=message.headers, partition=0)
    house.producer.flush()

    def gaps() -> set[int]:
        return {each.gap for each in reader.look().standing.views.values()}

    with (
        Projector(house.url, house.platform) as projector,
        closing(PipelineReader(house.url, house.platform, house.options)) as reader,
    ):
        projector.step(limit=2)
        assert gaps() == {3}
        projector.step(limit=1)
        assert gaps() == {0}
        assert gaps() == {2}
        projector.catch_up()
        assert gaps() == {0}


def test_kafka_and_postgresql_fail_each_by_itself(
    house: KafkaHouse, kafka_platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaping(monkeypatch, driven)
    options = house.options | {"bootstrap_servers": ["127.0.0.1:2"]}
    with closing(PipelineReader(house.url, house.platform, options)) as reader:
        found = reader.look()
        assert isinstance(found.trouble, KafkaError)
        assert (found.standing.position, found.commands_in_topic) == (house.log.head(), None)
        with connect(house.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
                " WHERE starts_with(application_name, 'watching ')"
            )
        with pytest.raises(psycopg.OperationalError):
            reader.look()


class Nothing:
    def close(self) -> None:
        pass


def test_who_is_in_a_group(house: KafkaHouse) -> None:
    name = f"{WRITERS}.{house.platform}"
    with administration(house.options) as client:
        assert groups(client, [name]) == [GroupStanding(name, NO_GROUP, [])]
        group = Group(
            house.options, name, Topic.COMMANDS, [house.platform], lambda _platform: Nothing()
        )
        with closing(group):
            while not group.held:
                group.poll()
            [found] = groups(client, [name])
        assert found == GroupStanding(name, "Stable", [Member(who_am_i(), [house.platform])])
