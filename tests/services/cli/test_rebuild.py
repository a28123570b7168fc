"""`zhuanhu rebuild` as processes, with the real broker: several at once, and killed ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection, sql

from adapters.kafka.topics import Topic, topic_name
from adapters.read_models.store import views_schema
from domain.accounts import Role
from infra.kafka import administration
from infra.postgres import connect
from infra.settings import Settings
from services.cli.installation import Installation
from services.projections.projector import Projector
from tests.services.kafka_house import KafkaHouse

TIMEOUT_S = 120


@pytest.fixture
def house(database: str, kafka: Settings, kafka_platform: str) -> Iterator[KafkaHouse]:
    """All but its last recharge is in the topic: who needs that waits for the relay."""
    house = KafkaHouse(database, kafka_platform, kafka)
    house.open()
    house.member("ian", Role.INVESTOR, 1)
    house.relay_all()
    house.recharge("ian", Role.INVESTOR, 1)
    yield house
    house.close()


@pytest.fixture
def live(house: KafkaHouse) -> Iterator[Projector]:
    """Fed from the log."""
    with Projector(house.url, house.platform) as live:
        live.catch_up()
        yield live


class Rebuilding:
    """`zhuanhu rebuild balances` as a process, caught in the middle."""

    def __init__(self, house: KafkaHouse, data: Path, *options: str) -> None:
        if not data.exists():
            data.mkdir()
            Installation(house.platform, "P1").save(data)
        self.house = house
        servers = ",".join(house.options["bootstrap_servers"])
        words = ("rebuild", "balances", "--json", "--data", str(data), *options)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", *words],
            env=os.environ | {"DATABASE_URL": house.url, "KAFKA_BOOTSTRAP_SERVERS": servers},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            assert self.process.poll() is None, self.process.communicate()

    def runs(self) -> bool:
        [(count,)] = self.house.connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)",
            (f"{views_schema(self.house.platform)}_rebuild",),
        ).fetchall()
        return bool(count)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()
        while self.runs():
            pass

    def answer(self) -> tuple[int, dict[str, Any]]:
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode, json.loads(out or err)


def waits_to_switch(connection: Connection[Any]) -> bool:
    query = "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
    return connection.execute(query).fetchone() is not None


def test_a_second_rebuild_is_refused_until_the_first_has_ended(
    house: KafkaHouse, live: Projector, tmp_path: Path
) -> None:
    house.relay_all()
    with connect(house.url) as other:
        shadow = sql.Identifier(f"{views_schema(house.platform)}_rebuild")
        other.execute(sql.SQL("CREATE SCHEMA {}").format(shadow))  # So the first one has to wait.
        first = Rebuilding(house, tmp_path / "data", "--kafka")
        first.until(first.runs)
        for options in (["--kafka"], []):
            code, told = Rebuilding(house, tmp_path / "data", *options).answer()
            assert (code, told["code"]) == (1, "rebuild_running"), told
            assert told["hint"]
        other.rollback()
    code, told = first.answer()
    assert (code, told["equal"]) == (0, True), told
    assert Rebuilding(house, tmp_path / "data").answer()[1]["equal"] is True


def test_a_rebuild_that_is_killed_leaves_nothing(
    house: KafkaHouse, live: Projector, tmp_path: Path
) -> None:
    """Once while it reads, once when all is built and it waits for a reader to end: that one's
    session must not wait on."""
    before = live.digest("balances")
    reading = Rebuilding(house, tmp_path / "data", "--kafka")
    reading.until(reading.runs)
    reading.kill()
    house.relay_all()
    with connect(house.url) as reader:
        lock = sql.SQL("LOCK TABLE {}.view_position IN ACCESS SHARE MODE")
        reader.execute(lock.format(sql.Identifier(views_schema(house.platform))))
        switching = Rebuilding(house, tmp_path / "data", "--kafka")
        switching.until(lambda: waits_to_switch(house.connection))
        switching.kill()
        assert live.step() == 0  # Nobody else waits.
    assert live.digest("balances") == before
    shadows = "SELECT 1 FROM pg_namespace WHERE nspname LIKE '%_rebuild'"
    assert house.connection.execute(shadows).fetchone() is None
    code, told = Rebuilding(house, tmp_path / "data", "--kafka").answer()
    assert (code, told["digest_after"]) == (0, before)


def test_a_topic_that_nobody_made_is_named(
    house: KafkaHouse, live: Projector, tmp_path: Path
) -> None:
    name = topic_name(house.platform, Topic.EVENTS)
    with administration(house.options) as client:
        client.delete_topics([name])
        while name in client.list_topics():
            pass
    code, told = Rebuilding(house, tmp_path / "data", "--kafka").answer()
    assert (code, told["code"]) == (1, "topic_missing")
    assert name in told["message"]
