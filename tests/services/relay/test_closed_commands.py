"""Commands that a platform closed with its key: in the topic of commands nobody else reads them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest

from adapters.kafka.publisher import Publisher, Reply
from adapters.kafka.topics import Topic
from adapters.parked import Parked
from domain import commands as c
from domain.accounts import Role
from tests.exemplars import ID_NO, NAME, PHONE, command
from tests.house import COMMANDS_KEY, SEAL
from tests.services.kafka_house import WAIT_MS, KafkaHouse

OTHER_KEY = bytes(32)


@contextmanager
def publishing(house: KafkaHouse, key: bytes | None) -> Iterator[Publisher]:
    servers = house.options["bootstrap_servers"]
    with Publisher(
        servers, house.platform, "test", timeout_s=WAIT_MS / 1000, commands_key=key
    ) as publisher:
        yield publisher


def answered(house: KafkaHouse, publisher: Publisher, sent: dict[str, Any]) -> Reply:
    with ThreadPoolExecutor(1) as beside:
        reply: Future[Reply] = beside.submit(publisher.publish, sent)
        house.take(1)
        house.relay.wait(0)  # It hears that there are answers besides.
        house.relay_all()
        return reply.result()


def registration(house: KafkaHouse) -> dict[str, Any]:
    made = command(
        c.RegisterMember,
        platform=house.platform,
        member_id="lily",
        roles=(Role.INVESTOR,),
        kind="person",
        name=NAME,
        phone=PHONE,
        id_no=ID_NO,
    )
    return made.model_dump(mode="json")


def test_the_writer_reads_what_nobody_finds_in_the_topic(house: KafkaHouse) -> None:
    with publishing(house, COMMANDS_KEY) as publisher:
        reply = answered(house, publisher, registration(house))
    assert reply.accepted
    [record] = house.records(Topic.COMMANDS)
    told = b"".join([record.key, record.value, *(value for _, value in record.headers)])
    assert not [each for each in (NAME, ID_NO, PHONE) if each.encode() in told]


def test_what_does_not_open_is_parked_and_read_when_the_key_is_there(house: KafkaHouse) -> None:
    """And what was sent in clear is taken, so that a platform may begin when it likes."""
    sent = registration(house)
    with publishing(house, OTHER_KEY) as publisher:
        reply = answered(house, publisher, sent)
    assert (reply.outcome, reply.message) == ("parked", "the message is closed with another key")
    with publishing(house, None) as publisher:
        assert answered(house, publisher, sent).accepted
    with publishing(house, COMMANDS_KEY) as publisher:
        assert answered(house, publisher, sent).replayed
    with closing(Parked(house.url, house.platform, SEAL)) as parked:
        [waiting] = parked.list()
        assert waiting.reason == "the message is closed with another key"


@pytest.mark.parametrize("length", [0, 16, 33])
def test_a_key_of_another_length_is_refused(house: KafkaHouse, length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"), publishing(house, bytes(length)):
        pass
