"""One platform by way of the broker, all in this process: for a demo that goes through Kafka.

The same parts as the processes of services.cli.parts, stepped by hand, so that a seeded run stays
one history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import orjson
from kafka import KafkaProducer

from adapters.commanding import Receipt
from adapters.kafka.commands import receipt_of
from adapters.kafka.log import KafkaLog
from adapters.kafka.messages import PARTITION
from adapters.kafka.publisher import Reply
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from domain.commands import Command
from infra.kafka import administration, client_options
from infra.settings import Settings
from services.cli.failure import CliError
from services.relay.relay import Relay
from services.settlement.kafka_intake import KafkaIntake
from services.settlement.writer import Writer

WAIT_MS = 30_000


def new_topics(settings: Settings, platform: str) -> Mapping[str, Any]:
    """A client's options, after the platform's topics are made. Raises CliError where one holds
    something: a history that is not this one's."""
    options = client_options(settings)
    with administration(options) as client:
        ensure_topics(client, platform, settings)
    for topic in Topic:
        with closing(Tail(options, topic_name(platform, topic))) as tail:
            if tail.end():
                raise CliError(
                    "topic_not_empty",
                    f"{tail.topic} holds another history",
                    hint="delete it, or unset KAFKA_BOOTSTRAP_SERVERS for a broker of our own",
                )
    return options


class ThroughKafka(KafkaLog):
    """Implements adapters.commanding.Commands, and the log as the projector asks for it."""

    def __init__(self, url: str, writer: Writer, platform: str, options: Mapping[str, Any]) -> None:
        super().__init__(options, platform)
        self._commands = topic_name(platform, Topic.COMMANDS)
        self._producer = KafkaProducer(**options, acks="all", linger_ms=0)
        self._close = writer.seal.close_message
        self._intake = KafkaIntake(options, platform, writer)
        self._relay = Relay(url, platform, options)
        self._replies = Tail(options, topic_name(platform, Topic.REPLIES))
        self._replies.seek(self._replies.end())

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        """Published, decided, relayed, and the answers read from their topic."""
        for command in commands:
            self._producer.send(
                self._commands,
                key=command.id.encode(),
                value=self._close(command.model_dump_json().encode()),
                headers=[("ce_id", command.id.encode())],
                partition=PARTITION,
            )
        self._producer.flush()
        taken = 0
        while taken < len(commands):
            taken += self._some(self._intake.step(WAIT_MS))
        self._relay_all()
        lacking = {command.id for command in commands}
        answers: dict[str, Receipt] = {}
        while lacking - answers.keys():
            records = self._replies.poll(WAIT_MS)
            self._some(len(records))
            answers |= {each.command_id: each for each in map(_receipt, records)}
        return [answers[command.id] for command in commands]

    def head(self) -> int:
        self._relay_all()
        return self._relay.position

    def close(self) -> None:
        for each in (self._producer, self._intake, self._relay, self._replies):
            each.close()
        super().close()

    def _relay_all(self) -> None:
        while self._relay.step():
            pass

    def _some(self, count: int) -> int:
        if not count:
            raise CliError("kafka_silent", f"nothing came from Kafka in {WAIT_MS // 1000} s")
        return count


def _receipt(record: Any) -> Receipt:
    return receipt_of(Reply(**orjson.loads(record.value)))
