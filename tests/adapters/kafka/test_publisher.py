"""The publisher that platforms copy, on a real broker, before a writer whose answers we make."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import KafkaError, MessageSizeTooLargeError

from adapters.kafka import publisher as module
from adapters.kafka.contract import Reply as ReplyMessage
from adapters.kafka.publisher import NoReply, Publisher, Reply
from infra.kafka_broker import KafkaBroker
from infra.settings import Settings
from tests.adapters.kafka.answering import (
    Answer,
    Writer,
    accepted,
    hurried,
    lacking,
    make_topics,
)
from tests.hurry import LeapingTime

NO_BROKER = """
import threading
from adapters.kafka.publisher import Publisher
try:
    Publisher("127.0.0.1:1", "p", "x", timeout_s=0.5)
except Exception as error:
    print(type(error).__name__, threading.active_count())
"""


def command(number: int = 1, **changes: Any) -> dict[str, Any]:
    usual = {"type": "disburse_loan", "id": f"c{number}", "platform": "p", "actor": "ops"}
    return usual | {"loan_id": f"L{number}"} | changes


@pytest.fixture
def servers(kafka: Settings) -> str:
    assert kafka.kafka_bootstrap_servers is not None
    return kafka.kafka_bootstrap_servers


@pytest.fixture
def platform(servers: str, kafka_platform: str) -> str:
    """A platform whose topics are there."""
    make_topics(servers, kafka_platform)
    return kafka_platform


@pytest.fixture
def writer(servers: str, platform: str) -> Iterator[Writer]:
    made = Writer(servers, platform)
    yield made
    made.close()


@pytest.fixture
def publisher(servers: str, platform: str) -> Iterator[Publisher]:
    with Publisher(servers, platform, "loan-service", timeout_s=60.0) as made:
        yield made


def test_it_needs_nothing_of_ours() -> None:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imports = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert imports - set(sys.stdlib_module_names) == {"kafka", "cryptography"}
    always = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert not [name for name in always if name.startswith("cryptography")]


def test_its_reply_is_that_of_the_contract() -> None:
    assert list(Reply._fields) == list(ReplyMessage.model_fields)


def test_a_command_and_its_reply(publisher: Publisher, writer: Writer) -> None:
    reply = publisher.publish(command(purpose="装修"))
    assert reply == Reply("c1", "accepted", None, None, None, 1, 2, False)
    assert reply.accepted
    [record] = writer.seen
    assert json.loads(record.value) == command(purpose="装修")
    assert record.key == b"c1"
    headers = dict(record.headers)
    assert headers.pop("ce_time").startswith(b"20")
    assert headers == {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": b"c1",
        "ce_source": b"loan-service",
        "ce_type": b"zhuanhu.command.disburse_loan.v1",
    }


def test_a_refusal_is_a_reply(publisher: Publisher, writer: Writer) -> None:
    no = {"outcome": "refused", "code": "loan_unknown", "field": "loan_id"}
    writer.answer = lambda message: accepted(message) | no
    reply = publisher.publish(command())
    assert not reply.accepted
    assert (reply.code, reply.field) == ("loan_unknown", "loan_id")


@pytest.mark.parametrize("odd", ["", "a b", "我", "a:b", "x" * 65, "a\n"])
def test_an_id_that_nobody_could_be_answered_under_is_not_sent(
    publisher: Publisher, writer: Writer, odd: str
) -> None:
    """It would be parked, waited for in vain, and parked again with each new try."""
    with pytest.raises(ValueError, match=r"1 to 64 letters, digits, _ \. -"):
        publisher.publish_all([command(), command(id=odd)])
    publisher.publish(command())
    assert [each.key for each in writer.seen] == [b"c1"]


def test_many_keep_their_order(publisher: Publisher, writer: Writer) -> None:
    sent = [command(number) for number in range(3_000)]
    replies = publisher.publish_all(sent)
    assert [each.command_id for each in replies] == [each["id"] for each in sent]
    assert [each.key.decode() for each in writer.seen] == [each["id"] for each in sent]


def test_equal_ids_get_each_its_own_reply(publisher: Publisher, writer: Writer) -> None:
    answers = iter(range(1, 4))
    writer.answer = lambda message: accepted(message) | {"last_position": next(answers)}
    replies = publisher.publish_all([command(), command(), command(loan_id="L2")])
    assert [each.last_position for each in replies] == [1, 2, 3]


def test_replies_to_others_and_of_the_past_are_passed_over(
    servers: str, platform: str, writer: Writer
) -> None:
    old = accepted(command())
    writer.say(old | {"first_position": 99})
    writer.flush()
    with Publisher(servers, platform, "x", timeout_s=60.0) as publisher:
        writer.say(old | {"command_id": "other"})
        writer.say(old | {"first_position": 98}, "zhuanhu.reply.v2")
        writer.flush()
        assert publisher.publish(command()).first_position == 1


def test_a_lost_reply_is_asked_for_by_the_same_message(
    publisher: Publisher, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried(monkeypatch, publisher, "c2", partial(writer.times_seen, "c2"), times=1)
    times: dict[str, int] = {}

    def forgetful(message: Answer) -> Answer | None:
        times[message["id"]] = times.get(message["id"], 0) + 1
        lost = message["id"] == "c2" and times["c2"] == 1
        return None if lost else accepted(message) | {"replayed": times[message["id"]] > 1}

    writer.answer = forgetful
    replies = publisher.publish_all([command(1), command(2), command(3)])
    assert all(each.accepted for each in replies)
    assert replies[1].replayed
    first, *again = (each.value for each in writer.seen if each.key == b"c2")
    assert again
    assert set(again) == {first}


def test_an_unknown_outcome_is_said_and_never_guessed(
    publisher: Publisher, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried(monkeypatch, publisher, "c2", partial(writer.times_seen, "c2"), times=2)
    writer.answer = lambda message: None if message["id"] == "c2" else accepted(message)
    with pytest.raises(NoReply, match=r"1 command\(s\): c2\. .* same ids, is safe") as caught:
        publisher.publish_all([command(1), command(2), command(3)])
    assert len([each for each in writer.seen if each.key == b"c2"]) == 2
    assert caught.value.command_ids == ("c2",)
    assert [each and each.command_id for each in caught.value.replies] == ["c1", None, "c3"]

    writer.answer = accepted
    assert publisher.publish(command(2)).accepted


def test_it_waits_as_long_as_replies_come(
    publisher: Publisher, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each nearly as long as it would for the only one."""
    clock = LeapingTime(publisher._timeout_s * 2 / 3)

    def slow(message: Answer) -> Answer | None:
        while len(lacking(publisher)) > 4 - int(message["id"][1:]):  # The one before has come.
            time.sleep(0.01)
        clock.sleep(0)
        return accepted(message)

    def until_over(awaited: Any, left_s: float, how: str) -> None:
        until = clock.monotonic() + left_s
        while not any(each.done() for each in awaited) and clock.monotonic() < until:
            wait(awaited, 0.02, how)

    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module, "wait", until_over)
    writer.answer = slow
    replies = publisher.publish_all([command(number) for number in range(4)])
    assert all(each.accepted for each in replies)
    assert len(writer.seen) == 4


def test_any_thread_may_publish(publisher: Publisher, writer: Writer) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(publisher.publish, (command(number) for number in range(200))))
    assert [each.command_id for each in replies] == [f"c{number}" for number in range(200)]


@pytest.mark.parametrize("bad", [{"type": "x"}, {"id": "x"}, {"id": 1, "type": "x"}])
def test_what_is_no_command_is_not_sent(
    publisher: Publisher, writer: Writer, bad: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="id and its type"):
        publisher.publish_all([command(1), bad])
    assert publisher.publish(command(2)).accepted
    assert [each.key for each in writer.seen] == [b"c2"]


def test_an_unreadable_reply_is_raised_at_once(publisher: Publisher, writer: Writer) -> None:
    writer.answer = lambda message: {"command_id": message["id"]}
    with pytest.raises(TypeError, match="outcome"):
        publisher.publish(command())
    with pytest.raises(TypeError, match="outcome"):
        publisher.publish(command(2))


def test_what_kafka_refuses_is_said_at_once(
    servers: str, platform: str, publisher: Publisher, writer: Writer
) -> None:
    """It was not sent; nobody has to wait for a reply to it."""
    topic = ConfigResource("TOPIC", f"zhuanhu.{platform}.commands", {"max.message.bytes": "1000"})
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.alter_configs([topic])
    admin.close()
    with pytest.raises(MessageSizeTooLargeError):
        publisher.publish_all([command(1), command(2, purpose="x" * 2_000)])
    assert publisher.publish(command(3)).accepted
    assert b"c2" not in {each.key for each in writer.seen}


def test_without_its_topics_it_says_so(servers: str, kafka_platform: str) -> None:
    with pytest.raises(KafkaError, match=f"zhuanhu.{kafka_platform}.replies"):
        Publisher(servers, kafka_platform, "x", timeout_s=1.0, bootstrap_timeout_ms=60_000)


def test_without_a_broker_it_says_so_and_leaves_no_thread_behind() -> None:
    """In a process of its own: kafka-python leaves sockets to the collector."""
    done = subprocess.run(
        [sys.executable, "-c", NO_BROKER], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "KafkaTimeoutError 1\n"


HASTY_S = 3.0


def answered_at_last(publisher: Publisher, asked: dict[str, Any]) -> Reply:
    for _ in range(20):
        with suppress(NoReply):
            return publisher.publish(asked)
    pytest.fail("no reply")


def test_a_broker_that_goes_away_and_comes_back(own_kafka: KafkaBroker) -> None:
    """Killed -9 with a command under way, and stopped."""
    make_topics(own_kafka.address, "p")
    writer = Writer(own_kafka.address, "p")
    with (
        Publisher(
            own_kafka.address, "p", "x", timeout_s=HASTY_S, bootstrap_timeout_ms=60_000
        ) as publisher,
        ThreadPoolExecutor(1) as beside,
    ):
        assert answered_at_last(publisher, command(1)).accepted
        pid = own_kafka.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        asked = beside.submit(publisher.publish, command(2))
        while not under_way(publisher) and not asked.done():
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        assert isinstance(asked.exception(), NoReply)
        own_kafka.start()
        assert answered_at_last(publisher, command(2)).accepted
        own_kafka.stop()
        with pytest.raises(NoReply):
            publisher.publish(command(3))
    writer.close()  # The publisher has closed too, without a broker.


def under_way(publisher: Publisher) -> bool:
    """Whether the broker owes an answer."""
    found: dict[str, Any] = publisher._producer.metrics()["producer-metrics"]
    return bool(found["requests-in-flight"])
