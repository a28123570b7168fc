"""`zhuanhu publish --kafka`: the same file and the same receipts, through a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka.commands import KafkaCommands
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, topic_name
from adapters.vault import Seal
from infra.kafka import client_options
from infra.keys import ensure_vault_key
from infra.settings import Settings
from services.cli import publish as publishing
from tests.adapters.kafka.answering import Answer, Writer, accepted, hurried, make_topics
from tests.services.cli.conftest import Zhuanhu

WORDS = ("publish", "-", "--kafka", "--json")


def rate(number: int) -> str:
    usual = {"type": "rate_loan", "platform": "demo", "actor": "risk-1", "grade": "A"}
    return json.dumps(usual | {"id": f"c{number}", "loan_id": f"L{number}"})


def refuses_the_second(message: Answer) -> Answer:
    refused = {"outcome": "refused", "code": "loan_unknown", "field": "loan_id"}
    return accepted(message) | (refused if message["id"] == "c2" else {})


def hurry(monkeypatch: pytest.MonkeyPatch, lost: str, times_sent: Callable[[], int]) -> None:
    """Nobody waits for the reply to that one."""

    class Hurried(KafkaCommands):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, timeout_s=60, **more)
            hurried(monkeypatch, self._publisher, lost, times_sent, times=2)

    monkeypatch.setattr(publishing, "KafkaCommands", Hurried)


@pytest.fixture
def writer(
    kafka: Settings, kafka_platform: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Writer]:
    servers = kafka.kafka_bootstrap_servers or ""
    make_topics(servers, kafka_platform)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", servers)
    monkeypatch.setenv("ZHUANHU_PLATFORM", kafka_platform)
    made = Writer(servers, kafka_platform)
    yield made
    made.close()


def test_each_line_has_its_receipt_in_order(zhuanhu: Zhuanhu, writer: Writer) -> None:
    writer.answer = refuses_the_second
    told = zhuanhu(*WORDS, stdin=f"{rate(1)}\n{rate(2)}\n{rate(3)}\n")
    assert told.code == 1, told.err
    assert [(each["command_id"], each["outcome"], each["code"]) for each in told.lines] == [
        ("c1", "accepted", None),
        ("c2", "refused", "loan_unknown"),
        ("c3", "accepted", None),
    ]
    assert told.lines[1]["message"] == "No loan of that id exists."
    assert [dict(each.headers)["ce_source"] for each in writer.seen] == [b"zhuanhu-publish"] * 3


def test_what_was_answered_is_shown_where_the_rest_is_not(
    zhuanhu: Zhuanhu, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, "c2", partial(writer.times_seen, "c2"))
    writer.answer = lambda message: None if message["id"] == "c2" else accepted(message)
    told = zhuanhu(*WORDS, stdin=f"{rate(1)}\n{rate(2)}\n{rate(3)}\n")
    assert (told.code, told.error["code"]) == (1, "no_receipt")
    assert [each["command_id"] for each in told.lines] == ["c1", "c3"]


def test_what_the_writer_cannot_read_takes_no_receipt_from_the_others(
    zhuanhu: Zhuanhu, writer: Writer
) -> None:
    """It is of another version, say."""
    parked = {"outcome": "parked", "message": "grade: no such", "first_position": 0}
    writer.answer = lambda message: accepted(message) | (parked if message["id"] == "c2" else {})
    told = zhuanhu(*WORDS, stdin=f"{rate(1)}\n{rate(2)}\n{rate(3)}\n")
    assert (told.code, told.error["code"]) == (1, "command_parked")
    assert "c2 was parked: grade: no such" in told.error["message"]
    assert [each["command_id"] for each in told.lines] == ["c1", "c3"]


def test_a_malformed_line_sends_nothing(zhuanhu: Zhuanhu, writer: Writer) -> None:
    told = zhuanhu(*WORDS, stdin=f"{rate(1)}\n{{}}\n")
    assert (told.code, told.error["code"]) == (2, "bad_command")
    assert zhuanhu(*WORDS, stdin=rate(2)).code == 0
    assert [each.key for each in writer.seen] == [b"c2"]


def test_with_the_vaults_key_at_hand_nobody_else_reads_it_in_the_topic(
    zhuanhu: Zhuanhu,
    kafka: Settings,
    kafka_platform: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rule 7, without a key of its own: the writer's seal opens what was closed."""
    servers = kafka.kafka_bootstrap_servers or ""
    make_topics(servers, kafka_platform)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", servers)
    vault_key = ensure_vault_key(tmp_path / "keys" / "vault.key")
    topic = topic_name(kafka_platform, Topic.COMMANDS)
    with closing(Tail(client_options(kafka), topic)) as tail:
        hurry(monkeypatch, "c1", tail.end)
        told = zhuanhu(
            *WORDS, "--platform", kafka_platform, "--data", str(tmp_path), stdin=f"{rate(1)}\n"
        )
        assert (told.code, told.error["code"]) == (1, "no_receipt")  # No writer is there.
        tail.seek(0)
        values = {record.value for record in tail.poll(60_000)}
    assert not [each for each in values if b"rate_loan" in each]
    opened = {Seal(vault_key).open_message(each) for each in values}
    assert [json.loads(each)["id"] for each in opened] == ["c1"]


def test_without_an_address(zhuanhu: Zhuanhu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    told = zhuanhu(*WORDS, stdin=rate(1))
    assert (told.code, told.error["code"]) == (2, "kafka_unavailable")
    assert "KAFKA_BOOTSTRAP_SERVERS" in told.error["message"]


def test_without_topics(
    zhuanhu: Zhuanhu, kafka: Settings, kafka_platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.kafka_bootstrap_servers or "")
    told = zhuanhu(*WORDS, "--platform", kafka_platform, stdin=rate(1))
    assert (told.code, told.error["code"]) == (1, "kafka_failed")
    assert f"zhuanhu.{kafka_platform}.replies" in told.error["message"]
