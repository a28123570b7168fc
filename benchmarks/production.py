"""Idempotent or transactional production: what one message waits at 200 a second.

    python -m benchmarks.production

Prints for each, by turns on one broker: milliseconds from when a message is due until Kafka has
taken it for good, 50 and 99 of a hundred, and this process's CPU for one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from adapters.kafka.messages import PARTITION, Message
from adapters.kafka.outlet import Outlet
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from benchmarks.commands import PLATFORM
from benchmarks.measuring import percentile
from infra.kafka import administration, client_options
from infra.kafka_broker import KafkaBroker
from infra.settings import load_settings

ROUNDS, SECONDS, RATE = 3, 5, 200
PATIENCE_S = 10
MESSAGE = Message(b"key", bytes(400), [("ce_position", b"1")])

Put = Callable[[str], None]


@contextmanager
def idempotent(options: Any, topic: str) -> Iterator[Put]:
    with closing(KafkaProducer(**options, acks="all", enable_idempotence=True)) as producer:

        def put(name: str) -> None:
            _send(producer, name)
            producer.flush()

        yield put


@contextmanager
def transactional(options: Any, topic: str) -> Iterator[Put]:
    with closing(KafkaProducer(**options, acks="all", transactional_id="benchmark")) as producer:
        producer.init_transactions()

        def put(name: str) -> None:
            producer.begin_transaction()
            _send(producer, name)
            producer.commit_transaction()

        yield put


@contextmanager
def outlet(options: Any, topic: str) -> Iterator[Put]:
    """What the relay uses: idempotent, too."""
    with closing(Outlet(options, [topic], PATIENCE_S)) as made:

        def put(name: str) -> None:
            made.put({name: [MESSAGE]})

        yield put


def _send(producer: KafkaProducer, topic: str) -> None:
    producer.send(topic, MESSAGE.value, MESSAGE.key, MESSAGE.headers, partition=PARTITION)


def latencies_ms(put: Put, topic: str) -> list[float]:
    began, found = time.perf_counter(), list[float]()
    for number in range(SECONDS * RATE):
        due = began + number / RATE
        time.sleep(max(0.0, due - time.perf_counter()))  # Until it is due.
        put(topic)
        found.append((time.perf_counter() - due) * 1000)
    return found


def main() -> None:
    settings = load_settings()
    with (
        tempfile.TemporaryDirectory(prefix="zhuanhu-bench-") as folder,
        KafkaBroker(Path(folder), settings.cache_dir) as broker,
    ):
        options = client_options(settings.with_own_kafka(broker.address))
        with administration(options) as client:
            ensure_topics(client, PLATFORM, settings)
        topic = topic_name(PLATFORM, Topic.EVENTS)
        for _ in range(ROUNDS):
            for way in (idempotent, transactional, outlet):
                with way(options, topic) as put:
                    put(topic)
                    cpu_s = time.process_time()
                    waits = latencies_ms(put, topic)
                    us = (time.process_time() - cpu_s) / len(waits) * 1e6
                p50, p99 = percentile(waits, 50), percentile(waits, 99)
                print(f"{way.__name__}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {us:.0f} us of CPU")


if __name__ == "__main__":
    main()
