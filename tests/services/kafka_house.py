"""A house whose commands come from Kafka, and whose events go there: the real broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from kafka import KafkaProducer, TopicPartition

from adapters.codec import Stored
from adapters.kafka.messages import attributes_of, event_message, stored_of
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from domain import commands as c
from domain.accounts import Role
from domain.commands import Command
from infra.kafka import administration, client_options
from infra.settings import Settings
from services.relay.relay import Relay
from services.settlement.kafka_intake import KafkaIntake
from tests.exemplars import command
from tests.house import House
from tests.services.settlement.whole import stored

WAIT_MS = 60_000


class KafkaHouse(House):
    def __init__(self, url: str, platform: str, settings: Settings) -> None:
        super().__init__(url, platform)
        self.options = client_options(settings)
        with administration(self.options) as client:
            assert ensure_topics(client, platform, settings).differences == []
        self.producer = KafkaProducer(**self.options, acks="all", linger_ms=0)
        self.intake = self.new_intake()
        self.relay = self.new_relay()

    def close(self) -> None:
        self.producer.close()
        self.intake.close()
        self.relay.close()
        super().close()

    def new_intake(self) -> KafkaIntake:
        return KafkaIntake(self.options, self.platform, self.writer)

    def new_relay(self) -> Relay:
        return Relay(self.url, self.platform, self.options)

    def restart_writer(self) -> None:
        self.intake.close()
        self.writer.close()
        self.writer = self.new_writer()
        self.intake = self.new_intake()

    def restart_relay(self) -> None:
        self.relay.close()
        self.relay = self.new_relay()

    def publish(self, *commands: Command) -> None:
        self.put(*((each.id, each.model_dump_json().encode()) for each in commands))

    def put(self, *messages: tuple[str, bytes]) -> None:
        topic = topic_name(self.platform, Topic.COMMANDS)
        sent = [
            self.producer.send(
                topic, value=value, key=b"k", headers=[("ce_id", name.encode())], partition=0
            )
            for name, value in messages
        ]
        self.producer.flush()
        for each in sent:
            each.get(timeout=0)

    def take(self, count: int) -> None:
        """Until the writer has taken so many messages."""
        taken = 0
        while taken < count:
            stepped = self.intake.step(WAIT_MS)
            assert stepped, "nothing came"
            taken += stepped

    def relay_all(self) -> int:
        return sum(iter(self.relay.step, 0))

    def records(self, topic: Topic) -> list[Any]:
        tail = Tail(self.options, topic_name(self.platform, topic))
        end, found = tail.end(), list[Any]()
        tail.seek(0)
        while len(found) < end:
            found += tail.poll(WAIT_MS)
        tail.close()
        return found

    def rows_in_topic(self) -> list[Stored]:
        return [stored_of(each.value, each.headers) for each in self.records(Topic.EVENTS)]


def cut(house: KafkaHouse, kind: Topic, offset: int) -> None:
    """What lies before is deleted, as by Kafka when its time is over."""
    partition = TopicPartition(topic_name(house.platform, kind), 0)
    with administration(house.options) as client:
        client.delete_records({partition: offset})


def tell_of_a_lost_life(house: KafkaHouse) -> int:
    """As after a restore: the topic has one event more than the log. Gives its position."""
    last = stored(house)[-1]
    lost = event_message(house.platform, last._replace(position=last.position + 1))
    topic = topic_name(house.platform, Topic.EVENTS)
    house.producer.send(topic, lost.value, headers=lost.headers, partition=0)
    house.producer.flush()
    return last.position + 1


def numbers(records: Sequence[Any], name: str) -> list[int]:
    return [int(attributes_of(each.headers)[name]) for each in records]


def recharge(house: KafkaHouse, number: int, **fields: Any) -> Command:
    usual: dict[str, Any] = {"recharge_id": f"r{number}", "member_id": "lucy"}
    usual |= {"role": Role.INVESTOR, "amount_fen": 1, "platform": house.platform}
    return command(c.RequestRecharge, **(usual | fields))


def answers(house: KafkaHouse) -> list[tuple[Any, ...]]:
    said = [orjson.loads(each.value) for each in house.records(Topic.REPLIES)]
    return [(each["command_id"], each["outcome"], each["code"], each["replayed"]) for each in said]
