"""`zhuanhu top`: what a pipeline looks like from beside, with and without Kafka."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka import driven
from adapters.kafka.group import PROJECTIONS, WRITERS
from adapters.kafka.topics import Topic
from adapters.read_models.registry import VIEWS
from domain.accounts import Role
from infra.settings import Settings
from infra.whoami import who_am_i
from services.cli.installation import Installation
from services.cli.opening import Place
from services.cli.pipeline import Observer
from services.projections.projector import Projector
from tests.house import House
from tests.hurry import leaping, once_heard
from tests.services.cli.conftest import Zhuanhu
from tests.services.kafka_house import KafkaHouse, cut

TIMEOUT_S = 120


@pytest.fixture
def data(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The house's installation, without Kafka."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    Installation("p1", "P1").save(tmp_path)
    return tmp_path


@pytest.fixture
def house(database: str, data: Path) -> Iterator[House]:
    """Three events that the views have, and more that they have not."""
    with closing(House(database)) as house:
        house.open()
        house.member("lucy", Role.INVESTOR)
        with Projector(database, house.platform) as projector:
            projector.step(limit=3)
        yield house


def test_one_look_without_kafka(zhuanhu: Zhuanhu, data: Path, house: House) -> None:
    told = zhuanhu("top", "--once", "--json", "--data", str(data))
    assert (told.code, told.err) == (0, "")
    assert told.json["kafka"] is None
    [found] = told.json["platforms"]
    head = house.log.head()
    views = found.pop("views")
    assert found.pop("recorded_at") == house.clock.now().isoformat()
    assert found == {
        "platform": "p1",
        "position": head,
        "commands": 5,
        "commands_per_s": 0,
        "waiting": {"topic": None, "inbox": 0, "out_of_reach": None},
        "parked": 0,
        "epoch": 1,
        "writer": who_am_i(),
        "relay_holder": None,
        "relay": None,
    }
    assert views.keys() == {view.NAME for view in VIEWS}
    assert {(each["position"], each["lag"], each["gap"]) for each in views.values()} == {
        (3, head - 3, 0)
    }


def test_one_look_for_people(zhuanhu: Zhuanhu, data: Path, house: House) -> None:
    house.query("INSERT INTO {}.inbox (message) VALUES (%s) RETURNING 1", b"{")
    told = zhuanhu("top", "--once", "--data", str(data))
    assert (told.code, told.err) == (0, "")
    assert "p1: 5 commands, 0.0 a second" in told.out
    assert "1 in the inbox; parked: 0" in told.out
    assert "epoch 1" in told.out
    assert all(view.NAME in told.out for view in VIEWS)
    assert "no Kafka" in told.out


def test_a_rate_is_what_came_since_the_look_before(data: Path, database: str, house: House) -> None:
    place = Place(data, Installation.load(data))
    with closing(Observer([(place, database)], None)) as observer:
        assert observer.look().platforms[0].commands_per_s is None
        house.member("anna", Role.INVESTOR)
        assert (observer.look().platforms[0].commands_per_s or 0) > 0
        assert observer.look().platforms[0].commands_per_s == 0


@pytest.fixture
def kafka_house(
    database: str, data: Path, kafka: Settings, kafka_platform: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KafkaHouse]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka.kafka_bootstrap_servers))
    Installation(kafka_platform, "P1").save(data)
    with closing(KafkaHouse(database, kafka_platform, kafka)) as house:
        house.open()
        yield house


def test_with_kafka_the_relay_and_the_groups_are_seen_too(
    zhuanhu: Zhuanhu, data: Path, kafka: Settings, kafka_house: KafkaHouse
) -> None:
    head = kafka_house.log.head()
    kafka_house.put(("poison", b"{"), ("poison", b"{"))
    kafka_house.relay_all()
    kafka_house.member("lucy", Role.INVESTOR)
    told = zhuanhu("top", "--once", "--json", "--data", str(data))
    assert (told.code, told.err) == (0, "")
    [found] = told.json["platforms"]
    assert (found["relay"]["position"], found["relay"]["gap"]) == (head, 0)
    assert found["relay"]["lag"] == kafka_house.log.head() - head
    assert found["relay_holder"] == who_am_i()
    assert found["waiting"] == {"topic": 2, "inbox": 0, "out_of_reach": False}
    assert told.json["kafka"]["servers"] == kafka.kafka_bootstrap_servers
    assert [each["name"] for each in told.json["kafka"]["groups"]] == [WRITERS, PROJECTIONS]
    people = zhuanhu("top", "--once", "--data", str(data))
    assert f"group {WRITERS}: " in people.out
    assert "lacks" not in people.out
    cut(kafka_house, Topic.COMMANDS, 1)
    told = zhuanhu("top", "--once", "--data", str(data))
    assert "lacks the next command" in " ".join(told.out.split())
    assert "relay" in people.out


def test_where_kafka_is_away_the_rest_is_shown(
    zhuanhu: Zhuanhu, data: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:2")
    monkeypatch.setattr("infra.kafka.CONNECT_TIMEOUT_MS", 500)
    look = partial(zhuanhu, "top", "--once", "--data", str(data))
    told = once_heard(partial(look, "--json"), "ECONNREFUSED")
    assert (told.code, told.err) == (1, "")
    assert told.json["kafka"]["trouble"]["code"] == "kafka_unavailable"
    assert "ECONNREFUSED" in told.json["kafka"]["trouble"]["message"]
    assert "KAFKA_BOOTSTRAP_SERVERS" in told.json["kafka"]["trouble"]["hint"]
    people = once_heard(look, "ECONNREFUSED")
    assert (people.code, people.err) == (1, "")
    assert "ECONNREFUSED" in people.out
    assert "KAFKA_BOOTSTRAP_SERVERS" in people.out
    assert told.json["platforms"][0]["position"] == house.log.head()


@pytest.mark.usefixtures("house")
def test_topics_that_are_missing_are_told(
    zhuanhu: Zhuanhu, data: Path, kafka: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka.kafka_bootstrap_servers))
    leaping(monkeypatch, driven)
    told = zhuanhu("top", "--once", "--json", "--data", str(data))
    assert (told.code, told.err) == (1, "")
    assert told.json["kafka"]["trouble"]["code"] == "kafka_failed"
    assert "zhuanhu topics ensure" in told.json["kafka"]["trouble"]["hint"]


def test_where_nothing_is_installed(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("top", "--once", "--json", "--data", str(data / "other"))
    assert (told.code, told.error["code"]) == (2, "no_installation")
    assert "zhuanhu up" in told.error["hint"]


def top(data: Path, *options: str, **more: Any) -> subprocess.Popen[bytes]:
    words = (sys.executable, "-m", "services.cli", "top", "--data", str(data), *options)
    return subprocess.Popen(words, **more)


@pytest.mark.usefixtures("house")
def test_machines_get_a_line_a_look_until_they_stop_it(data: Path) -> None:
    with top(data, "--json", stdout=subprocess.PIPE) as process:
        assert process.stdout
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0
    assert first["platforms"][0]["commands_per_s"] is None
    assert second["platforms"][0]["commands_per_s"] == 0
    assert first["at"] < second["at"]


def test_in_a_terminal_it_goes_on_also_where_postgresql_was_away(data: Path, house: House) -> None:
    ours, its = pty.openpty()
    with (
        top(data, stdin=its, stdout=its, stderr=its) as process,
        closing(os.fdopen(ours, "rb", 0)) as screen,
    ):
        os.close(its)
        _read_until(screen, b"p1: 5 commands")
        house.query(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE starts_with(application_name, 'watching ')"
        )
        _read_until(screen, b"PostgreSQL: ")
        house.member("anna", Role.INVESTOR)
        _read_until(screen, b"p1: 7 commands")
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 0


def _read_until(screen: Any, said: bytes) -> None:
    seen, deadline = b"", time.monotonic() + TIMEOUT_S
    while said not in seen:
        assert time.monotonic() < deadline, seen[-2_000:]
        assert select.select([screen], [], [], TIMEOUT_S)[0], seen[-2_000:]
        seen += screen.read(4096)
