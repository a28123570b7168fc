"""The whole way: publisher -> Kafka -> writer -> log -> relay -> Kafka -> balances readable, with
writer, relay and projections as the processes that they are in production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson
import psutil
from kafka import KafkaProducer

from adapters.kafka.messages import PARTITION
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from adapters.read_models.balances import Balances
from adapters.read_models.reading import ReadModels
from benchmarks.commands import PLATFORM
from benchmarks.writer import new_bench
from infra.kafka import administration, client_options
from infra.kafka_broker import KafkaBroker
from infra.settings import load_settings
from services.cli.installation import Installation

ACCOUNTS = 20_000
TENDERS = 40_000
LATENCY_S, RATE = 20, 200
PARTS = ("writer", "relay", "projections")
PATIENCE_S = 300
LOOK_S = 0.003


class PipelineBench:
    """A running pipeline over a platform whose investors all have money."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder

    @contextmanager
    def running(self) -> Iterator[None]:
        settings = load_settings()
        with KafkaBroker(self._folder, settings.cache_dir) as broker:
            self._options = client_options(settings.with_own_kafka(broker.address))
            with administration(self._options) as client:
                ensure_topics(client, PLATFORM, settings)
            self._bench = new_bench(self._url, ACCOUNTS)
            self._bench.close()
            Installation(PLATFORM, "P1").save(self._folder)
            environment = os.environ | {
                "DATABASE_URL": self._url,
                "KAFKA_BOOTSTRAP_SERVERS": broker.address,
                "ZHUANHU_LOG_LEVEL": "warning",
            }
            self._parts = {
                part: subprocess.Popen(
                    (sys.executable, "-m", "services.cli", part, "--data", str(self._folder)),
                    env=environment,
                    stdout=subprocess.DEVNULL,
                )
                for part in PARTS
            }
            producer = KafkaProducer(
                **self._options, acks="all", batch_size=256 * 1024, linger_ms=0
            )
            replies = Tail(self._options, topic_name(PLATFORM, Topic.REPLIES))
            replies.seek(0)
            with closing(producer), closing(replies):
                self._producer, self._replies = producer, replies
                try:
                    self._drain(self._publish(1))
                    yield
                finally:
                    for process in self._parts.values():
                        process.send_signal(signal.SIGTERM)
                        process.wait()

    def commands_per_s(self) -> tuple[float, dict[str, float]]:
        """As fast as they go; and the CPU seconds a command of each process."""
        before = self._cpu_s()
        began = time.perf_counter()
        self._drain(self._publish(TENDERS))
        seconds = time.perf_counter() - began
        cpu_s = {name: self._cpu_s()[name] - spent for name, spent in before.items()}
        return TENDERS / seconds, {name: spent / TENDERS for name, spent in cpu_s.items()}

    def latencies_ms(self) -> list[float]:
        """At RATE a second: from sending to where the balance can be read, in order of size. Views
        are looked at every LOOK_S: whoever measures shares two cores with what he measures."""
        sent: dict[str, float] = {}
        seen: list[tuple[int, float]] = []
        positions: dict[str, int] = {}
        began = time.perf_counter()
        total = LATENCY_S * RATE
        with closing(ReadModels(self._url, PLATFORM)) as views:
            while len(positions) < total or seen[-1][0] < max(positions.values()):
                now = time.perf_counter()
                while len(sent) < total and now >= began + len(sent) / RATE:
                    [command_id] = self._publish(1)
                    sent[command_id] = time.perf_counter()
                seen.append((views.stamps()[Balances.NAME].position, time.perf_counter()))
                if len(sent) == total:
                    positions |= self._answered(0)
                if now > began + PATIENCE_S:
                    raise RuntimeError("the pipeline does not keep up")
                time.sleep(LOOK_S)
        places = [position for position, _ in seen]
        return sorted(
            (seen[bisect_left(places, position)][1] - sent[command_id]) * 1000
            for command_id, position in positions.items()
        )

    def _publish(self, count: int) -> list[str]:
        ids = []
        for _ in range(count):
            command = self._bench.tender()
            ids.append(command.id)
            self._producer.send(
                topic_name(PLATFORM, Topic.COMMANDS),
                key=command.id.encode(),
                value=command.model_dump_json().encode(),
                partition=PARTITION,
            )
        return ids

    def _drain(self, ids: list[str]) -> None:
        """Until all are answered and their balances can be read."""
        lacking, last = set(ids), 0
        deadline = time.monotonic() + PATIENCE_S
        while lacking:
            for command_id, position in self._answered(1000).items():
                lacking.discard(command_id)
                last = max(last, position)
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(lacking)} commands were not answered")
        with closing(ReadModels(self._url, PLATFORM)) as views:
            while views.stamps()[Balances.NAME].position < last:
                if time.monotonic() > deadline:
                    raise RuntimeError("the views do not keep up")
                time.sleep(0.002)

    def _answered(self, wait_ms: int) -> dict[str, int]:
        found = {}
        for record in self._replies.poll(wait_ms):
            said = orjson.loads(record.value)
            if said["outcome"] != "accepted":
                raise RuntimeError(f"{said['command_id']}: {said['code']}")
            found[said["command_id"]] = said["last_position"]
        return found

    def _cpu_s(self) -> dict[str, float]:
        pids = {name: process.pid for name, process in self._parts.items()} | {"publisher": None}
        times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
        return {name: each.user + each.system for name, each in times.items()}
