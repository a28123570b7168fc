"""A topic is read from any offset on, in order, whoever wrote it and however."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from kafka import KafkaProducer
from kafka.errors import CorruptRecordError, KafkaTimeoutError
from kafka.protocol.metadata import MetadataRequest

from adapters.kafka import driven
from adapters.kafka import outlet as letting_out
from adapters.kafka.messages import Message
from adapters.kafka.outlet import Outlet
from adapters.kafka.reading import AHEAD_FROM, RecordsLost, Tail, _batches
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from adapters.kafka.wire import Asked, Wire
from infra.kafka import administration, client_options
from infra.settings import Settings
from tests.hurry import leaping

WAIT_MS = 30_000
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4


@pytest.fixture
def topic(kafka: Settings, kafka_platform: str) -> str:
    with administration(client_options(kafka)) as client:
        ensure_topics(client, kafka_platform, kafka)
    return topic_name(kafka_platform, Topic.COMMANDS)


@pytest.fixture
def tail(kafka: Settings, topic: str) -> Iterator[Tail]:
    with closing(Tail(client_options(kafka), topic)) as made:
        yield made


def write(kafka: Settings, topic: str, *numbers: int, **options: Any) -> None:
    """Each call is a batch."""
    with closing(KafkaProducer(**client_options(kafka), linger_ms=200, **options)) as producer:
        if "transactional_id" in options:
            producer.init_transactions()
            producer.begin_transaction()
        for number in numbers:
            headers = [("number", str(number).encode())]
            producer.send(topic, b"%d" % number, b"k", headers, partition=0)
        if "transactional_id" in options:
            producer.commit_transaction()
        producer.flush()


def read(tail: Tail, count: int, limit: int = 2_000) -> list[int]:
    numbers: list[int] = []
    while len(numbers) < count:
        records = tail.poll(WAIT_MS, limit)
        assert 0 < len(records) <= limit
        numbers += [int(record.value) for record in records]
    return numbers


def test_in_portions_over_several_batches(kafka: Settings, topic: str, tail: Tail) -> None:
    for start in (0, 5, 10):
        write(kafka, topic, *range(start, start + 5))
    tail.seek(0)
    assert read(tail, 15, limit=4) == list(range(15))
    assert tail.poll(0) == []
    write(kafka, topic, 15)
    [record] = tail.poll(WAIT_MS)
    assert (record.offset, record.key, record.value) == (15, b"k", b"15")
    assert record.headers == [("number", b"15")]


def test_from_the_middle_of_a_batch_and_back(kafka: Settings, topic: str, tail: Tail) -> None:
    write(kafka, topic, *range(10))
    tail.seek(7)
    assert read(tail, 3) == [7, 8, 9]
    tail.seek(2)
    assert read(tail, 2, limit=2) == [2, 3]
    tail.seek(4)  # It is there already.
    assert read(tail, 3, limit=3) == [4, 5, 6]
    tail.seek(8)
    assert read(tail, 2) == [8, 9]


def test_what_was_asked_for_before_a_seek_is_not_taken(
    kafka: Settings, topic: str, tail: Tail
) -> None:
    write(kafka, topic, 0, 1)
    tail.seek(0)
    assert read(tail, 2) == [0, 1]  # What follows is asked for by now.
    write(kafka, topic, 2)
    tail.seek(0)
    assert read(tail, 3) == [0, 1, 2]


def test_where_few_come_those_behind_them_come_together(
    kafka: Settings, topic: str, tail: Tail
) -> None:
    """Whoever asks too soon is answered with the first of them alone."""
    write(kafka, topic, 0)
    tail._request.max_wait_ms = WAIT_MS
    tail.seek(0)
    assert read(tail, 1) == [0]
    assert tail.more(10) == []
    write(kafka, topic, 1)
    write(kafka, topic, 2)
    assert [int(record.value) for record in tail.poll(WAIT_MS)] == [1, 2]


def test_more_is_what_has_come(kafka: Settings, topic: str, tail: Tail) -> None:
    write(kafka, topic, *range(5))
    tail.seek(0)
    assert read(tail, 2, limit=2) == [0, 1]
    assert [int(record.value) for record in tail.more(2)] == [2, 3]
    assert tail.more(0) == []
    assert [int(record.value) for record in tail.more(2)] == [4]
    assert tail.more(2) == []


def test_where_many_come_the_next_are_asked_for_meanwhile(
    kafka: Settings, topic: str, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ask = [], tail._ask

    def spy(offset: int) -> Asked:
        asked.append(offset)
        return ask(offset)

    monkeypatch.setattr(tail, "_ask", spy)
    write(kafka, topic, *range(AHEAD_FROM))
    tail.seek(0)
    assert read(tail, AHEAD_FROM) == list(range(AHEAD_FROM))
    assert asked == [0, AHEAD_FROM]


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_compressed_by_another(
    kafka: Settings, topic: str, tail: Tail, monkeypatch: pytest.MonkeyPatch, codec: int
) -> None:
    monkeypatch.setattr(letting_out, "UNCOMPRESSED", codec)
    with closing(Outlet(client_options(kafka), [topic], 60)) as outlet:
        outlet.put({topic: [Message(b"k", b"%d" % number, []) for number in range(10)]})
    tail.seek(3)
    assert read(tail, 7) == list(range(3, 10))


class Latin(str):
    """A header's name of a sender who knows nothing of UTF-8; Kafka takes it."""

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:
        return super().encode("latin-1", errors)


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_a_header_whose_name_is_no_text(
    kafka: Settings, topic: str, tail: Tail, compression: str | None
) -> None:
    """Its record and those beside it are read as any other."""
    options = client_options(kafka) | {"linger_ms": 200, "compression_type": compression}
    with closing(KafkaProducer(**options)) as producer:
        for number, name in enumerate(("before", Latin("n\xe4me"), "after")):
            headers = [(name, b"v"), ("ce_id", b"c")]
            producer.send(topic, b"%d" % number, b"k", headers, partition=0)
        producer.flush()
    tail.seek(0)
    records: list[Any] = []
    while len(records) < 3:
        records += tail.poll(WAIT_MS)
    assert [(each.key, each.value) for each in records] == [(b"k", b"%d" % n) for n in range(3)]
    assert [each.headers for each in records] == [
        [(name, b"v"), ("ce_id", b"c")] for name in ("before", "n\ufffdme", "after")
    ]


def test_what_ends_a_transaction_is_no_record(kafka: Settings, topic: str, tail: Tail) -> None:
    write(kafka, topic, 0, 1, transactional_id=topic)
    tail.seek(0)
    assert read(tail, 2) == [0, 1]
    assert tail.poll(300) == []
    assert tail.end() == 3
    write(kafka, topic, 3)
    [record] = tail.poll(WAIT_MS)
    assert record.offset == 3


def test_what_was_aborted_never_was(kafka: Settings, topic: str, tail: Tail) -> None:
    """Its sender has taken it back. What others wrote meanwhile comes when that is sure."""
    options = client_options(kafka)
    with closing(KafkaProducer(**options, transactional_id=topic)) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topic, b"0", partition=0)
        producer.flush()
        write(kafka, topic, 1)
        producer.send(topic, b"2", partition=0)
        producer.flush()
        tail.seek(0)
        assert tail.poll(300) == []
        producer.abort_transaction()
        assert read(tail, 1) == [1]
        assert tail.poll(300) == []
        producer.begin_transaction()
        producer.send(topic, b"3", partition=0)
        producer.commit_transaction()
    assert read(tail, 1) == [3]
    tail.seek(2)  # From the middle of what was aborted.
    assert read(tail, 1) == [3]


def test_where_no_record_is_nothing_is_asked_for_again(
    kafka: Settings, topic: str, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though whoever reads goes on behind the last record that he has."""
    asked, ask = [], tail._ask

    def spy(offset: int) -> Asked:
        asked.append(offset)
        return ask(offset)

    write(kafka, topic, 0, transactional_id=topic)
    tail.seek(0)
    assert read(tail, 1) == [0]
    monkeypatch.setattr(tail, "_ask", spy)
    while tail._next < 2:
        assert tail.poll(100) == []
    asked.clear()
    tail.seek(1)
    assert tail.poll(100) == []
    assert set(asked) <= {2}
    for wire in tail._client._wires.values():
        wire._socket.shutdown(2)  # Who knows what the broker has when it is back.
    write(kafka, topic, 2)
    assert read(tail, 1) == [2]
    assert 1 in asked


def test_an_offset_that_the_topic_does_not_hold(kafka: Settings, topic: str, tail: Tail) -> None:
    write(kafka, topic, 0)
    tail.seek(5)
    with pytest.raises(RecordsLost, match="offset 5"):
        tail.poll(WAIT_MS)


def test_a_broker_that_holds_us_back_is_asked_again(
    kafka: Settings, topic: str, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a quota it answers at once, and with nothing at all."""
    write(kafka, topic, 0, 1)
    ask, held_back = tail._ask, [SimpleNamespace(error_code=0, responses=[])]

    def hold_back(offset: int) -> Asked:
        asked = ask(offset)
        if held_back:
            asked.wire.answer(asked)
            asked.value = held_back.pop()
        return asked

    monkeypatch.setattr(tail, "_ask", hold_back)
    tail.seek(0)
    assert read(tail, 2) == [0, 1]
    assert held_back == []


@pytest.mark.parametrize("at", [61, -1])
def test_a_batch_that_came_changed(at: int) -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1_000)
    for offset in range(3):
        builder.append(offset, 0, None, b"value", [])
    raw = builder.build()
    assert [(end, len(records)) for end, records in _batches(bytes(raw))] == [(3, 3)]
    raw[at] ^= 1
    with pytest.raises(CorruptRecordError):
        list(_batches(bytes(raw)))


def test_no_topic_is_made_by_looking_for_it(
    kafka: Settings, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, send = [], Wire.send

    def spy(wire: Wire, request: Any) -> Asked:
        sent.append(request)
        return send(wire, request)

    monkeypatch.setattr(Wire, "send", spy)
    with closing(Tail(client_options(kafka), topic)):
        [asked] = [each for each in sent if isinstance(each, MetadataRequest)]
    assert asked.allow_auto_topic_creation is False


def test_a_topic_that_is_not_there(
    kafka: Settings, kafka_platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaping(monkeypatch, driven)
    name = topic_name(kafka_platform, Topic.COMMANDS)
    with pytest.raises(KafkaTimeoutError, match=name):
        Tail(client_options(kafka), name)


def test_the_last(kafka: Settings, topic: str, tail: Tail) -> None:
    assert tail.last() is None
    write(kafka, topic, 0, 1, 2)
    last = tail.last()
    assert last is not None
    assert (last.offset, tail.end()) == (2, 3)
    assert tail.poll(0) == []
    write(kafka, topic, 3)
    assert read(tail, 1) == [3]
