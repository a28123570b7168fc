"""A writer on a real broker whose answers we make, and the topics that it needs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from adapters.kafka import publisher as module
from adapters.kafka.contract import REPLY_TYPE
from adapters.kafka.publisher import Publisher

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

    def times_seen(self, command_id: str) -> int:
        return sum(record.key == command_id.encode() for record in self.seen)

    def flush(self) -> None:
        self._producer.flush()

    def close(self) -> None:
        self._ends.set()
        self._thread.join()
        self._producer.close()
        self._consumer.close()


def lacking(publisher: Publisher) -> set[str]:
    """The commands whose replies have not come."""
    with publisher._lock:
        return {command_id for command_id, waiting in publisher._asked.items() if waiting}


def hurried(
    monkeypatch: pytest.MonkeyPatch,
    publisher: Publisher,
    lost: str,
    times_sent: Callable[[], int],
    times: int,
) -> None:
    """Its time is over, so often, as soon as it lacks nothing but the reply to `lost`, which it has
    sent (again)."""
    given_up = 0

    def until_over(awaited: tuple[Future[Any], ...], left_s: float, how: str) -> None:
        nonlocal given_up
        if given_up == times:
            wait(awaited, left_s, how)
            return
        while not any(each.done() for each in awaited):
            if lacking(publisher) == {lost} and times_sent() > given_up:
                given_up += 1
                break
            wait(awaited, 0.02, how)

    monkeypatch.setattr(module, "wait", until_over)


def make_topics(servers: str, platform: str) -> None:
    topics: dict[str, dict[str, Any]] = {
        f"zhuanhu.{platform}.{each}": {} for each in ("commands", "replies")
    }
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics(topics, wait_for_metadata=True)
    admin.close()
