"""What is put out lies at the end of its topic, once and in order, or somebody hears otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    NotEnoughReplicasAfterAppendError,
)

from adapters.codec import data_from
from adapters.kafka import driven
from adapters.kafka import outlet as letting_out
from adapters.kafka.messages import Message
from adapters.kafka.outlet import Outlet
from adapters.kafka.reading import Tail
from adapters.kafka.topics import EVENT_BYTES_MAX, Topic, ensure_topics, topic_name
from domain.cashbook import INITIAL, Movement, movement_id, request
from domain.claims import CLAIMS_MAX
from domain.purposes import Purpose
from infra.kafka import administration, client_options
from infra.settings import Settings
from tests.hurry import leaping

PATIENCE_S = 60


@pytest.fixture
def topics(kafka: Settings, kafka_platform: str) -> list[str]:
    with administration(client_options(kafka)) as client:
        ensure_topics(client, kafka_platform, kafka)
    return [topic_name(kafka_platform, kind) for kind in (Topic.EVENTS, Topic.REPLIES)]


@pytest.fixture
def outlet(kafka: Settings, topics: list[str]) -> Iterator[Outlet]:
    with closing(Outlet(client_options(kafka), topics, PATIENCE_S)) as made:
        yield made


def message(number: int, size: int = 10) -> Message:
    return Message(b"key", b"%d " % number + bytes(size), [("ce_number", str(number).encode())])


def lying_in(kafka: Settings, topic: str) -> list[Message]:
    with closing(Tail(client_options(kafka), topic)) as tail:
        end, found = tail.end(), list[Message]()
        tail.seek(0)
        while len(found) < end:
            found += [Message(r.key, r.value, r.headers) for r in tail.poll(1000)]
        return found


def test_two_topics_at_once(outlet: Outlet, kafka: Settings, topics: list[str]) -> None:
    events, replies = topics
    first = {events: [message(1), message(2)], replies: [message(3)]}
    assert outlet.put(first) == {events: 1, replies: 0}
    assert outlet.put({events: [], replies: [message(4)]}) == {replies: 1}
    assert outlet.put({}) == {}
    assert lying_in(kafka, events) == first[events]
    assert lying_in(kafka, replies) == [message(3), message(4)]


def test_more_than_a_batch_takes(
    outlet: Outlet, kafka: Settings, topics: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letting_out, "BATCH_BYTES", 2_000)
    events = topics[0]
    messages = [message(number, 150) for number in range(100)]
    with closing(Outlet(client_options(kafka), topics, PATIENCE_S)) as small:
        assert small.put({events: messages}) == {events: 99}
    assert lying_in(kafka, events) == messages


def test_the_longest_entry_fits(outlet: Outlet, kafka: Settings, topics: list[str]) -> None:
    """One repayment to each claim of the loan with the most, every name as long as may be."""
    long_id = "L" * 32
    events = topics[0]
    movements = [
        Movement(
            id=movement_id("E" * 36, number),
            purpose=Purpose.REPAYMENT,
            payer=f"{long_id}:borrower",
            payee=f"{number:032}:investor",
            amount_fen=10**11,
            interest_fen=10**11,
            freeze=movement_id("F" * 36, 1),
        )
        for number in range(CLAIMS_MAX)
    ]
    entry = request(INITIAL, "E" * 36, long_id, long_id, movements)
    data = data_from(entry)
    longest = Message(b"key", data, [("ce_number", b"1")])
    assert EVENT_BYTES_MAX / 8 < len(data) < EVENT_BYTES_MAX / 4
    longer = Message(b"key", data * 4, [("ce_number", b"2")])
    messages = [message(0), longest, longer, message(3)]
    assert outlet.put({events: messages}) == {events: 3}
    assert lying_in(kafka, events) == messages


@pytest.mark.parametrize("losses", [1, 3])
def test_where_an_answer_is_lost_the_messages_are_there_once(
    outlet: Outlet,
    kafka: Settings,
    topics: list[str],
    monkeypatch: pytest.MonkeyPatch,
    losses: int,
) -> None:
    events = topics[0]
    outlet.put({events: [message(1)]})
    wait, left = outlet._client.answer, [losses]

    def lose(asked: Any) -> Any:
        answer = wait(asked)
        if hasattr(answer, "responses") and left[0]:
            left[0] -= 1
            raise KafkaConnectionError("lost")
        return answer

    monkeypatch.setattr(outlet._client, "answer", lose)
    assert outlet.put({events: [message(2), message(3)]}) == {events: 2}
    assert outlet.put({events: [message(4)]}) == {events: 3}
    assert left == [0]
    assert lying_in(kafka, events) == [message(number) for number in (1, 2, 3, 4)]


def test_what_was_taken_by_too_few_replicas_is_there_once(
    outlet: Outlet, kafka: Settings, topics: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader has it and says that it does not count yet: it is sent again."""
    wait, left = outlet._client.answer, [2]

    def too_few(asked: Any) -> Any:
        answer = wait(asked)
        if hasattr(answer, "responses") and left[0]:
            left[0] -= 1
            [[partition]] = [topic.partition_responses for topic in answer.responses]
            partition.error_code = NotEnoughReplicasAfterAppendError.errno
        return answer

    monkeypatch.setattr(outlet._client, "answer", too_few)
    events = topics[0]
    assert outlet.put({events: [message(1), message(2)]}) == {events: 1}
    assert left == [0]
    assert lying_in(kafka, events) == [message(1), message(2)]


def test_a_topic_that_is_not_there(
    kafka: Settings, kafka_platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaping(monkeypatch, driven)
    name = topic_name(kafka_platform, Topic.EVENTS)
    with pytest.raises(KafkaTimeoutError, match=name):
        Outlet(client_options(kafka), [name], PATIENCE_S)


def test_nobody_answers(kafka: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    leaping(monkeypatch, driven)
    options = {**client_options(kafka), "bootstrap_servers": ["127.0.0.1:1"]}
    with pytest.raises(KafkaTimeoutError):
        Outlet(options, ["t"], PATIENCE_S)


def test_a_connection_that_was_closed_meanwhile(
    outlet: Outlet, kafka: Settings, topics: list[str]
) -> None:
    """As brokers do with those that are silent for ten minutes: nobody notices before the next
    message, as nobody listens."""
    events = topics[0]
    outlet.put({events: [message(1)]})
    for wire in outlet._client._wires.values():
        wire._socket.shutdown(2)
    outlet.put({events: [message(2)]})
    assert lying_in(kafka, events) == [message(1), message(2)]
