"""The product's parts as processes on a broker of their own, several platforms at once, and what
may happen to them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import orjson
import psycopg
from kafka import KafkaProducer

from adapters.inbox import Inbox
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from domain import commands as c
from domain.accounts import Role
from domain.commands import Command
from infra.kafka import administration, client_options
from infra.kafka_broker import KafkaBroker
from infra.settings import load_settings
from services.cli.installation import Installation
from tests.exemplars import NAME, PHONE, TODAY, command

PLATFORMS = ("p1", "p2", "p3")
"""More platforms than writers."""
LINE_TIMEOUT_S = 180
NO_WRITER = "up --no-writer"


class Part:
    """One process of the product. `kill` is -9; one that is frozen goes on as if no time had
    passed."""

    def __init__(
        self, name: str, folders: list[Path], environment: dict[str, str], log: Path
    ) -> None:
        self.log = log
        options = [word for folder in folders for word in ("--data", str(folder))]
        self._command = (sys.executable, "-m", "services.cli", *name.split(), *options)
        self._environment = environment
        self._said_ready = log.with_suffix(".ready")
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log, self._said_ready.open("wb") as said:
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=said, stderr=log
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Also where it had ended by itself, it must have ended well. One that is just starting
        would end at the signal as any program does: it is waited for."""
        deadline = time.monotonic() + LINE_TIMEOUT_S
        while self.process.poll() is None and not self._said_ready.stat().st_size:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=LINE_TIMEOUT_S) == 0, self.log.read_text()

    def held(self) -> set[str]:
        """The platforms that it serves, as it says itself."""
        held = set[str]()
        for line in self.log.read_bytes()[self._log_start :].splitlines():
            if b'"share_taken"' in line:
                held.add(orjson.loads(line)["platform"])
            elif b'"share_left"' in line:
                held.discard(orjson.loads(line)["platform"])
        return held


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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for part in self.parts.values():
            part.kill()

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

    def submit(self, platform: str, *commands: Command) -> None:
        """By the inbox; returns when the writer has decided."""
        self.sent[platform] += commands
        seal = Installation(platform, "P1").seal(self.folder / platform)
        with closing(Inbox(self.url, platform, seal, LINE_TIMEOUT_S)) as inbox:
            inbox.submit(commands)

    def poison(self, platform: str) -> None:
        self.producer.send(topic_name(platform, Topic.COMMANDS), value=b"{", partition=0)

    @contextmanager
    def broker_silent(self) -> Iterator[None]:
        """It takes connections and says nothing; afterwards it does what it was asked meanwhile."""
        pid = self.broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def kill_broker(self) -> None:
        assert self.broker.pid is not None
        os.kill(self.broker.pid, signal.SIGKILL)

    def end_sessions(self) -> None:
        """All that PostgreSQL has of the parts, as when it is restarted."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def replies(self, platform: str) -> Generator[dict[str, object]]:
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

    def await_answers(self, *platforms: str) -> None:
        """Until every command that was sent (to these) has its answer."""
        for platform in platforms or self.sent:
            lacking = {each.id for each in self.sent[platform]}
            for reply in self.replies(platform):
                lacking.discard(str(reply["command_id"]))
                if not lacking:
                    break

    def await_first_answer(self, platform: str) -> None:
        replies = self.replies(platform)
        next(replies)
        replies.close()

    def await_that(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LINE_TIMEOUT_S
        while not what():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        return "\n".join(part.log.read_text()[-3_000:] for part in self.parts.values())

    def stop(self) -> None:
        self.producer.close()
        for part in self.parts.values():
            part.stop()

    def records(self, platform: str, kind: Topic) -> list[Any]:
        tail = Tail(self.options, topic_name(platform, kind))
        end, found = tail.end(), list[Any]()
        tail.seek(0)
        while not found or found[-1].offset + 1 < end:
            records = tail.poll(LINE_TIMEOUT_S * 1000)
            assert records, f"{tail.topic} does not give what it holds"
            found += records
        tail.close()
        return found


def opening(platform: str) -> Command:
    return command(c.OpenPlatform, platform=platform, business_date=TODAY, law_table="none")


def registrations(platform: str, first: int, count: int) -> list[Command]:
    return [registration(platform, number) for number in range(first, first + count)]


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
