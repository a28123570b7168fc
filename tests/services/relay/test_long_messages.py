"""A few bytes of a compressed message may stand for as many as one likes: it holds up nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest
from kafka import KafkaProducer

from adapters.kafka.topics import Topic, topic_name
from adapters.parked import Parked
from services.settlement import kafka_intake
from services.settlement.kafka_intake import DELIVERY_BYTES_MAX, KEPT_BYTES, MESSAGE_BYTES_MAX
from tests.house import SEAL
from tests.services.kafka_house import KafkaHouse, answers, recharge

LONG_BYTES = 40 * 1024 * 1024


@pytest.fixture
def compressing(house: KafkaHouse) -> Iterator[KafkaProducer]:
    size = LONG_BYTES * 2
    with closing(
        KafkaProducer(**house.options, compression_type="gzip", max_request_size=size)
    ) as producer:
        yield producer


def test_of_a_message_that_is_too_long_only_the_beginning_is_kept(
    house: KafkaHouse, compressing: KafkaProducer
) -> None:
    topic, name = topic_name(house.platform, Topic.COMMANDS), [("ce_id", b"long")]
    compressing.send(topic, b"7" * LONG_BYTES, headers=name, partition=0).get(timeout=60)
    house.publish(recharge(house, 1))
    house.take(2)
    house.relay_all()
    outcomes = {name: outcome for name, outcome, _code, _replayed in answers(house)}
    assert outcomes.pop("long") == "parked"
    assert "accepted" in outcomes.values()
    with closing(Parked(house.url, house.platform, SEAL)) as parked:
        [found] = parked.list()
        assert f"{LONG_BYTES} bytes" in found.reason
        assert parked.message(found.id) == b"7" * KEPT_BYTES


def test_a_delivery_is_never_longer_than_can_be_stored_in_time() -> None:
    most = DELIVERY_BYTES_MAX // MESSAGE_BYTES_MAX
    lengths = [LONG_BYTES, *[MESSAGE_BYTES_MAX] * most, 1, 0]
    records = [SimpleNamespace(value=b"x" * length or None) for length in lengths]
    portions = list(kafka_intake._portions(records))
    assert [each for portion in portions for each in portion] == records
    assert [len(portion) for portion in portions] == [most, 3]
    assert list(kafka_intake._portions([])) == []
