"""A writer on a real broker whose answers we make, and the topics that it needs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from adapters.kafka.contract import REPLY_TYPE

Answer = dict[str, Any]


def accepted(message: Answer) -> Answer:
    return {
        "command_id": message["id"],
        "outcome": "accepted",
        "code": None,
        "message": None,
        "field": None,
        "first_position": 1,
        "last_position": 2,
        "replayed": False,
    }


class Writer:
    """Answers each command by `answer`, None for not at all. `seen`: the records, in order."""

    def __init__(self, servers: str, platform: str) -> None:
        self.answer: Callable[[Answer], Answer | None] = accepted
        self.seen: list[Any] = []
        self._replies = f"zhuanhu.{platform}.replies"
        self._producer = KafkaProducer(bootstrap_servers=servers)
        self._consumer = KafkaConsumer(bootstrap_servers=servers)
        commands = TopicPartition(f"zhuanhu.{platform}.commands", 0)
        self._consumer.assign([commands])
        self._consumer.seek_to_beginning(commands)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ends.is_set():
            for records in self._consumer.poll(timeout_ms=50).values():
                for record in records:
                    self.seen.append(record)
                    answer = self.answer(json.loads(record.value))
                    if answer is not None:
                        self.say(answer)

    def say(self, answer: Answer, kind: str = REPLY_TYPE) -> None:
        self._producer.send(
            self._replies,
            json.dumps(answer).encode(),
            answer["command_id"].encode(),
            [("ce_type", kind.encode())],
        )

    def flush(self) -> None:
        self._producer.flush()

    def close(self) -> None:
        self._ends.set()
        self._thread.join()
        self._producer.close()
        self._consumer.close()


def make_topics(servers: str, platform: str) -> None:
    topics: dict[str, dict[str, Any]] = {
        f"zhuanhu.{platform}.{each}": {} for each in ("commands", "replies")
    }
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics(topics, wait_for_metadata=True)
    admin.close()
