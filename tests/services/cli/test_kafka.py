"""`zhuanhu kafka` and `zhuanhu topics`, with a broker of their own and with one that is named."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra import kafka as infra_kafka
from infra import kafka_broker
from infra.kafka_broker import KafkaBroker
from infra.settings import Settings, known_variables, load_settings
from services.cli import doctor
from tests.hurry import once_heard
from tests.services.cli.conftest import Zhuanhu


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_variables():
        if "KAFKA" in name:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "_server_version", lambda folder: "left out")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder that is not there yet; what runs on it in the end is stopped."""
    folder = tmp_path / "data"
    yield folder
    KafkaBroker(folder, load_settings().cache_dir).stop()


def finding(zhuanhu: Zhuanhu, data: Path) -> dict[str, Any]:
    told = zhuanhu("doctor", "--data", str(data), "--json")
    assert told.err == ""
    (found,) = (each for each in told.json["findings"] if each["what"] == "kafka")
    return dict(found)


def test_a_broker_of_our_own_from_start_to_stop(
    zhuanhu: Zhuanhu, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--data", str(data))
    status = zhuanhu("kafka", "status", *where, "--json")
    nothing = {"running": False, "bootstrap_servers": None, "pid": None, "data": str(data)}
    assert (status.code, status.json, data.exists()) == (1, nothing, False)
    assert "not running" in zhuanhu("kafka", "status", *where).out

    started = zhuanhu("kafka", "start", *where, "--json")
    assert (started.code, started.err) == (0, "")
    assert started.json["running"] is True
    address, pid = started.json["bootstrap_servers"], started.json["pid"]
    status = zhuanhu("kafka", "status", *where, "--json")
    assert (status.code, status.json) == (0, started.json)
    assert (
        f"Kafka at {address} answers (pid {pid}, in {data})"
        in zhuanhu("kafka", "start", *where).out
    )
    assert finding(zhuanhu, data) | {"hint": ""} == {
        "what": "kafka",
        "ok": True,
        "told": f"runs at {address}",
        "hint": "",
    }

    made = zhuanhu("topics", "ensure", *where, "--platform", "demo")
    assert (made.code, made.err) == (0, "")
    assert "zhuanhu.demo.events: made" in made.out

    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as patched:
        patched.setattr(kafka_broker, "ANSWER_TIMEOUT_S", 1)
        silent = zhuanhu("kafka", "status", *where, "--json")
        assert (silent.code, silent.json) == (1, started.json | {"running": False})
        assert finding(zhuanhu, data)["ok"] is False
    os.kill(pid, signal.SIGKILL)
    again = zhuanhu("kafka", "start", *where, "--json").json
    assert again["bootstrap_servers"] == address
    assert again["pid"] != pid
    assert (
        "zhuanhu.demo.events: was there"
        in zhuanhu("topics", "ensure", *where, "--platform", "demo").out
    )

    stopped = zhuanhu("kafka", "stop", *where, "--json")
    assert (stopped.code, stopped.json) == (0, nothing)
    assert zhuanhu("kafka", "stop", *where, "--json").json == nothing


@pytest.fixture
def named(kafka: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a running broker, which the environment names."""
    address = str(kafka.kafka_bootstrap_servers)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", address)
    return address


def test_one_that_is_named_is_used_and_nothing_is_started(
    zhuanhu: Zhuanhu, data: Path, named: str
) -> None:
    expected = {"running": True, "bootstrap_servers": named, "pid": None, "data": None}
    for word in ("start", "status"):
        told = zhuanhu("kafka", word, "--data", str(data), "--json")
        assert (told.code, told.json) == (0, expected)
    assert not data.exists()
    assert finding(zhuanhu, data)["told"] == "KAFKA_BOOTSTRAP_SERVERS answers, 1 broker(s)"


@pytest.mark.usefixtures("named")
def test_topics_are_made_once_and_what_differs_is_told(
    zhuanhu: Zhuanhu, monkeypatch: pytest.MonkeyPatch, data: Path, kafka_platform: str
) -> None:
    names = [
        f"zhuanhu.{kafka_platform}.{each}" for each in ("commands", "events", "replies", "parked")
    ]
    monkeypatch.setenv("ZHUANHU_PLATFORM", kafka_platform)
    words = ("topics", "ensure", "--data", str(data))
    made = zhuanhu(*words, "--json")
    expected = {"platform": kafka_platform, "topics": names, "created": names, "differences": []}
    assert (made.code, made.json) == (0, expected)
    again = zhuanhu(*words, "--json")
    assert (again.code, again.json) == (0, expected | {"created": []})

    monkeypatch.setenv("ZHUANHU_KAFKA_REPLIES_RETENTION_MS", "-1")
    other = zhuanhu(*words, "--json")
    assert other.code == 1
    assert other.json["differences"] == [
        {"topic": names[2], "setting": "retention.ms", "wanted": "-1", "found": "604800000"}
    ]
    people = zhuanhu(*words)
    assert people.code == 1
    assert all(word in people.out for word in ("retention.ms", "604800000", "Nothing was changed"))

    monkeypatch.setenv("ZHUANHU_KAFKA_REPLICATION_FACTOR", "9")
    refused = zhuanhu(*words, "--platform", f"{kafka_platform}-2", "--json")
    assert (refused.code, refused.error["code"]) == (1, "topic_refused")
    assert "replication factor" in refused.error["message"]


def test_one_that_is_named_and_does_not_answer(
    zhuanhu: Zhuanhu, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:2")
    monkeypatch.setattr(infra_kafka, "CONNECT_TIMEOUT_MS", 500)
    for words in (("kafka", "start"), ("topics", "ensure", "--platform", "demo")):
        asked = partial(zhuanhu, *words, "--data", str(data), "--json")
        told = once_heard(asked, "ECONNREFUSED")
        assert (told.code, told.error["code"]) == (2, "kafka_unavailable")
        assert "127.0.0.1:2: 111 ECONNREFUSED" in told.error["message"]
    status = zhuanhu("kafka", "status", "--json")
    assert (status.code, status.json["running"], status.err) == (1, False, "")
    assert "Kafka at 127.0.0.1:2 does not answer" in zhuanhu("kafka", "status").out
    found = finding(zhuanhu, data)
    assert (found["ok"], "KAFKA_BOOTSTRAP_SERVERS" in found["hint"]) == (False, True)


def test_security_settings_that_do_not_fit_are_named(
    zhuanhu: Zhuanhu, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:2")
    monkeypatch.setenv("ZHUANHU_KAFKA_SASL_PASSWORD", "hush")
    told = zhuanhu("kafka", "status", "--json")
    assert (told.code, told.error["code"]) == (2, "bad_settings")
    assert "ZHUANHU_KAFKA_SASL_PASSWORD: is set" in told.error["message"]
    found = finding(zhuanhu, data)
    assert (found["ok"], "hush" in f"{told}{found}") == (False, False)


def test_without_anything_the_three_ways_out_are_told(
    zhuanhu: Zhuanhu, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHUANHU_CACHE_DIR", str(tmp_path / "cache"))
    topics = zhuanhu("topics", "ensure", "--data", str(data), "--platform", "demo", "--json")
    assert (topics.code, topics.error["code"]) == (2, "kafka_unavailable")
    assert f"zhuanhu kafka start --data {data}" in topics.error["hint"]

    monkeypatch.setenv("PATH", str(tmp_path))
    started = zhuanhu("kafka", "start", "--data", str(data), "--json")
    assert (started.code, started.error["code"]) == (2, "kafka_not_installed")
    found = finding(zhuanhu, data)
    assert found["ok"]
    for hint in (topics.error["hint"], started.error["hint"], found["hint"]):
        assert all(way in hint for way in ("JDK 17", "docker compose", "KAFKA_BOOTSTRAP_SERVERS"))


def test_a_platforms_name_is_checked(zhuanhu: Zhuanhu) -> None:
    told = zhuanhu("topics", "ensure", "--platform", "No Name", "--json")
    assert (told.code, told.error["field"]) == (2, "platform")
