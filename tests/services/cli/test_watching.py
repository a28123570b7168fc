"""The pages of the running parts: processes of their own, on a real PostgreSQL and a real Kafka."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import urllib3
from kafka import KafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from adapters.event_log import prepare_shard
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from adapters.watching.metrics import Metrics
from domain import commands as c
from infra.errors import KafkaUnavailable
from infra.kafka import administration, client_options
from infra.postgres import connect
from infra.settings import Settings
from services.cli import watching
from services.cli.installation import Installation
from services.cli.opening import Place
from services.cli.watching import Looker, Watching
from tests.exemplars import TODAY, command
from tests.services.cli.conftest import Up, Zhuanhu

TIMEOUT_S = 120


class Part:
    """One process of the product, ready when made."""

    def __init__(self, name: str, data: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", name, "--data", str(data), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ZHUANHU_METRICS_PORT": "0"} | environment,
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.url = json.loads(line)["metrics_url"]

    def get(self, page: str) -> tuple[int, bytes]:
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request("GET", self.url + page)
        return answer.status, answer.data

    def value(self, name: str, **labels: str) -> float | None:
        """The sum over those that have these labels; None where there is none."""
        found = [
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics")[1].decode())
            for sample in family.samples
            if sample.name == f"zhuanhu_{name}" and labels.items() <= sample.labels.items()
        ]
        return sum(found) if found else None

    def awaits(self, told: Callable[[Part], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not told(self):
            assert time.monotonic() < deadline, (self.get("/ready"), self.get("/metrics"))
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode


def is_ready(part: Part) -> bool:
    return part.get("/ready")[0] == 200


@pytest.fixture
def place(
    tmp_path: Path,
    database: str,
    kafka: Settings,
    kafka_platform: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    """An installation with its topics, which the environment leads to."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka.kafka_bootstrap_servers))
    Installation(kafka_platform, "P1").save(tmp_path)
    prepare_shard(database, kafka_platform)
    with administration(client_options(kafka)) as client:
        ensure_topics(client, kafka_platform, kafka)
    return Place(tmp_path, Installation.load(tmp_path))


@pytest.fixture
def start(place: Place) -> Iterator[Callable[..., Part]]:
    started: list[Part] = []

    def start(name: str, **environment: str) -> Part:
        started.append(Part(name, place.data, **environment))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


def test_the_three_parts_tell_how_a_command_went_through(
    start: Callable[..., Part], place: Place, kafka: Settings
) -> None:
    writer, relay, projections = start("writer"), start("relay"), start("projections")
    for part in (writer, relay, projections):
        part.awaits(is_ready)
    opening = command(
        c.OpenPlatform, platform=place.platform, business_date=TODAY, law_table="none"
    )
    with closing(KafkaProducer(**client_options(kafka))) as producer:
        for message in (opening.model_dump_json().encode(), b"{"):
            topic = topic_name(place.platform, Topic.COMMANDS)
            producer.send(topic, value=message, partition=0)
    writer.awaits(lambda part: part.value("commands_total", outcome="accepted") == 1)
    writer.awaits(lambda part: part.value("commands_total", outcome="parked") == 1)
    assert (writer.value("append_seconds_count") or 0) >= 1
    relay.awaits(lambda part: (part.value("relay_messages_total") or 0) >= 3)
    projections.awaits(lambda part: part.value("projection_events_total") == 1)
    for part in (writer, relay, projections):
        part.awaits(lambda part: part.value("projection_position", view="loans") == 1)
        part.awaits(lambda part: part.value("relay_position") == 1)
        part.awaits(lambda part: part.value("share_held", platform=place.platform) == 1)
        part.awaits(lambda part: part.value("parked_messages") == 1)
        part.awaits(lambda part: part.value("commands_waiting", source="topic") == 0)
        assert part.value("log_position") == 1
        assert part.value("relay_gap_positions") == part.value("projection_gap_positions") == 0
        assert part.get("/live")[0] == 200
    assert [each.stop() for each in (writer, relay, projections)] == [0, 0, 0]


def test_a_second_relay_is_ready_and_waits(start: Callable[..., Part], place: Place) -> None:
    first = start("relay")
    first.awaits(lambda part: part.value("share_held") == 1)
    second = start("relay")
    second.awaits(is_ready)
    told = json.loads(second.get("/ready")[1])
    assert told == {"ready": True, "trouble": None, "held": [], "waiting": [place.platform]}
    first.stop()
    second.awaits(lambda part: part.value("share_held") == 1)


def test_where_kafka_is_away_a_part_is_alive_and_not_ready(start: Callable[..., Part]) -> None:
    part = start("projections", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:2")
    part.awaits(lambda part: b'"trouble":"kafka_unavailable"' in part.get("/ready")[1])
    assert (part.get("/ready")[0], part.get("/live")[0]) == (503, 200)


def test_up_tells_too(
    make_up: Callable[..., Up], make_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHUANHU_METRICS_PORT", "0")
    up = make_up(make_folder())
    url = up.ready["metrics_url"]
    with urllib3.PoolManager(retries=False) as pool:
        assert pool.request("GET", f"{url}/live").status == 200
        while pool.request("GET", f"{url}/ready").status != 200:
            assert up.process.poll() is None
        text = ""
        while 'zhuanhu_share_held{platform="demo"} 1.0' not in text:  # Its loop has begun.
            assert up.process.poll() is None
            text = pool.request("GET", f"{url}/metrics").data.decode()
    assert 'zhuanhu_log_position{platform="demo"} 0.0' in text
    assert 'zhuanhu_bank_down{platform="demo"} 0.0' in text
    assert up.stop() == 0


def test_a_port_that_is_taken_is_named(
    place: Place, zhuanhu: Zhuanhu, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("ZHUANHU_METRICS_PORT", str(taken.getsockname()[1]))
        told = zhuanhu("relay", "--data", str(place.data), "--json")
    assert (told.code, told.error["code"]) == (2, "port_taken")
    assert "ZHUANHU_METRICS_PORT" in told.error["hint"]


def test_an_address_that_is_not_this_machine_s_is_named(
    place: Place, zhuanhu: Zhuanhu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHUANHU_METRICS_PORT", "0")
    monkeypatch.setenv("ZHUANHU_METRICS_HOST", "192.0.2.1")  # RFC 5737: nobody's.
    told = zhuanhu("relay", "--data", str(place.data), "--json")
    assert (told.code, told.error["code"]) == (2, "bad_settings")
    assert "ZHUANHU_METRICS_HOST" in told.error["hint"]


def answer(page: Any) -> tuple[int, dict[str, Any]]:
    return page.status, json.loads(page.content)


def test_a_loop_that_does_not_come_round_is_not_alive(place: Place) -> None:
    part = Watching({place.platform: place}, live_s=0)
    assert answer(part.live())[0] == 503
    part = Watching({place.platform: place})
    assert answer(part.live())[1]["live"] is True


def test_what_is_not_ready_says_why(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Watching({place.platform: place})
    assert answer(part.ready())[1]["trouble"] == "starting"
    part.saw(None)
    assert answer(part.ready()) == (
        200,
        {"ready": True, "trouble": None, "held": [], "waiting": [place.platform]},
    )
    part.round({place.platform})
    assert answer(part.ready())[1]["held"] == [place.platform]
    part.saw("kafka_failed")
    assert answer(part.ready())[0] == 503
    part.saw(None)
    part.away(KafkaUnavailable("gone", "come back"))
    assert answer(part.ready()) == (
        503,
        {"ready": False, "trouble": "kafka_unavailable", "held": [], "waiting": [place.platform]},
    )
    part.saw(None)
    monkeypatch.setattr(watching, "LOOK_OLD_S", -1)
    assert answer(part.ready())[1]["trouble"] == "look_overdue"


def test_a_look_that_fails_is_told_and_the_next_one_begins_anew(
    place: Place, database: str
) -> None:
    metrics = Metrics()
    looker = Looker({place.platform: place}, {place.platform: database}, None, metrics)
    assert looker.look() is None
    with connect(database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE starts_with(application_name, 'watching ')"
        )
    assert looker.look() == "database_failed"
    assert looker.look() is None
    labels = {"platform": place.platform, "code": "database_failed"}
    assert metrics.registry.get_sample_value("zhuanhu_looks_failed_total", labels) == 1
    looker.close()
