"""Writers, relay and projections as processes of their own, with a broker of their own, killed at
random under load. What must hold afterwards does not depend on when.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg
import pytest
from kafka import KafkaProducer

from adapters.codec import Stored
from adapters.event_log import LogReader
from adapters.kafka.log import KafkaLog
from adapters.kafka.messages import stored_of
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from domain import commands as c
from domain.accounts import Role
from domain.commands import Command
from infra.kafka import administration, client_options
from infra.kafka_broker import KafkaBroker
from infra.settings import load_settings
from services.cli.installation import Installation
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import NAME, PHONE, TODAY, command

PLATFORMS = ("p1", "p2", "p3")
"""More platforms than writers."""
LINE_TIMEOUT_S = 60
NO_WRITER = "up --no-writer"


class Part:
    """One process of the product. `kill` is -9."""

    def __init__(
        self, name: str, folders: list[Path], environment: dict[str, str], log: Path
    ) -> None:
        self.log = log
        options = [word for folder in folders for word in ("--data", str(folder))]
        self._command = (sys.executable, "-m", "services.cli", *name.split(), *options)
        self._environment = environment
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=log
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=LINE_TIMEOUT_S) == 0, self.log.read_text()


class Pipeline:
    def __init__(self, folder: Path, url: str, broker: KafkaBroker) -> None:
        settings = load_settings().with_own_kafka(broker.address)
        self.folder, self.broker, self.url = folder, broker, url
        self.options = client_options(settings)
        self.environment = os.environ | {
            "DATABASE_URL": url,
            "KAFKA_BOOTSTRAP_SERVERS": broker.address,
        }
        self.folders = []
        with administration(self.options) as client:
            for platform in PLATFORMS:
                data = folder / platform
                data.mkdir()
                Installation(platform, "P1").save(data)
                self.folders.append(data)
                assert ensure_topics(client, platform, settings).differences == []
        self.parts: dict[str, Part] = {}
        self.producer = KafkaProducer(**self.options, acks="all", retry_backoff_ms=20)
        self.sent: dict[str, list[Command]] = {platform: [] for platform in PLATFORMS}

    def start(self, *names: str) -> None:
        for name in names:
            kind = name if name == NO_WRITER else name.partition(" ")[0]
            log = self.folder / f"{name}.log"
            self.parts[name] = Part(kind, self.folders, self.environment, log)

    def publish(self, platform: str, *commands: Command) -> None:
        topic = topic_name(platform, Topic.COMMANDS)
        for each in commands:
            self.sent[platform].append(each)
            self.producer.send(topic, value=each.model_dump_json().encode(), partition=0)

    def poison(self, platform: str) -> None:
        self.producer.send(topic_name(platform, Topic.COMMANDS), value=b"{", partition=0)

    def end_sessions(self) -> None:
        """All that PostgreSQL has of the parts, as when it is restarted."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def replies(self, platform: str) -> Iterator[dict[str, object]]:
        """As they come, for ever."""
        tail = Tail(self.options, topic_name(platform, Topic.REPLIES))
        tail.seek(0)
        try:
            while True:
                records = tail.poll(LINE_TIMEOUT_S * 1000)
                assert records, f"no answer came from {platform}: {self.said()}"
                yield from (orjson.loads(each.value) for each in records)
        finally:
            tail.close()

    def await_answers(self) -> None:
        """Until every command that was sent has its answer."""
        for platform, commands in self.sent.items():
            lacking = {each.id for each in commands}
            for reply in self.replies(platform):
                lacking.discard(str(reply["command_id"]))
                if not lacking:
                    break

    def said(self) -> str:
        return "\n".join(part.log.read_text()[-3_000:] for part in self.parts.values())

    def stop(self) -> None:
        self.producer.close()
        for part in self.parts.values():
            if part.process.poll() is None:
                part.stop()

    def rows_in_topic(self, platform: str) -> list[Stored]:
        """Each position once, in the order in which it first came."""
        tail = Tail(self.options, topic_name(platform, Topic.EVENTS))
        end, rows, place = tail.end(), dict[int, Stored](), 0
        tail.seek(0)
        while place < end:
            for each in tail.poll(LINE_TIMEOUT_S * 1000):
                row = stored_of(each.value, each.headers)
                assert rows.setdefault(row.position, row) == row
                place = each.offset + 1
        tail.close()
        return list(rows.values())


@pytest.fixture
def pipeline(tmp_path: Path, database: str, own_kafka: KafkaBroker) -> Iterator[Pipeline]:
    pipeline = Pipeline(tmp_path, database, own_kafka)
    yield pipeline
    for part in pipeline.parts.values():
        part.kill()


def opening(platform: str) -> Command:
    return command(c.OpenPlatform, platform=platform, business_date=TODAY, law_table="none")


def registration(platform: str, number: int) -> Command:
    return command(
        c.RegisterMember,
        platform=platform,
        member_id=f"m{number}",
        kind="person",
        roles=(Role.INVESTOR,),
        name=NAME,
        id_no=f"1101011990{number:08d}",
        phone=PHONE,
    )


def assert_right(pipeline: Pipeline) -> None:
    """Each command has one outcome; log and topic agree; views equal a rebuild; verify is clean
    but for the mirror, which nobody served."""
    for platform, commands in pipeline.sent.items():
        with psycopg.connect(pipeline.url) as connection:
            rows = connection.execute(
                f"SELECT command_id FROM shard_{platform}.receipt".encode()
            ).fetchall()
        assert sorted(row[0] for row in rows) == sorted({each.id for each in commands})
        with Projector(
            pipeline.url, platform, log=KafkaLog(pipeline.options, platform)
        ) as projector:
            projector.catch_up()
            assert all(projector.compare().values())
        log = LogReader(pipeline.url, platform)
        in_topic = pipeline.rows_in_topic(platform)
        assert [row.position for row in in_topic] == list(range(1, log.head() + 1))
        log.close()
        report = verify(pipeline.url, platform)
        assert {each.name for each in report.findings if not each.ok} <= {"mirror"}


def test_the_bank_is_asked_by_one_process_and_the_writer_is_another(pipeline: Pipeline) -> None:
    """Custody's answers reach the writer by the inbox: the member's account is opened."""
    pipeline.folders = pipeline.folders[:1]
    pipeline.sent = {PLATFORMS[0]: []}
    pipeline.start("writer", "relay", "projections", NO_WRITER)
    pipeline.publish(PLATFORMS[0], opening(PLATFORMS[0]), registration(PLATFORMS[0], 1))
    tail = Tail(pipeline.options, topic_name(PLATFORMS[0], Topic.EVENTS))
    tail.seek(0)
    seen: set[str] = set()
    while "member.account-opened.v1" not in seen:
        records = tail.poll(LINE_TIMEOUT_S * 1000)
        assert records, pipeline.said()
        seen |= {stored_of(each.value, each.headers).topic for each in records}
    tail.close()
    pipeline.stop()


def test_whatever_is_killed_under_load(pipeline: Pipeline) -> None:
    """Writers, relay and projections -9 at random, the broker once, all sessions of the database at
    once, and a message between that nobody can read: every command takes effect once."""
    chance = random.Random(4)
    pipeline.start("writer 1", "relay", "projections")
    for platform in PLATFORMS:
        pipeline.publish(platform, opening(platform))
    pipeline.start("writer 2")
    number = 0
    for wave in range(8):
        for platform in PLATFORMS:
            batch = [registration(platform, number + each) for each in range(200)]
            pipeline.publish(platform, *batch, batch[0], *pipeline.sent[platform][-3:])
        number += 200
        pipeline.producer.flush()
        victim = chance.choice(("writer 1", "writer 2", "relay", "projections"))
        pipeline.parts[victim].kill()
        pipeline.parts[victim].start()
        if wave == 2:
            pipeline.end_sessions()
            pipeline.poison(PLATFORMS[0])
        if wave == 4:
            assert pipeline.broker.pid is not None
            os.kill(pipeline.broker.pid, signal.SIGKILL)
            pipeline.broker.start()
    pipeline.await_answers()
    pipeline.stop()
    assert_right(pipeline)
