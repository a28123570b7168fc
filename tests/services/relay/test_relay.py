"""From the topic of commands to the topics of events and answers, with the real broker."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import jsonschema
import orjson
import psycopg
import pytest
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.producer.transaction_manager import ProducerIdAndEpoch
from psycopg import sql

from adapters.kafka.asyncapi import document
from adapters.kafka.contract import schemas
from adapters.kafka.log import KafkaLog
from adapters.kafka.outlet import BATCH_BYTES
from adapters.kafka.topics import Topic, topic_name
from adapters.shard_schema import shard_schema
from domain import commands as c
from domain.refusals import Code
from infra.kafka import administration
from services.relay import relay as relaying
from services.relay.relay import PATIENCE_S, Relay, RelayRunning, RelayStopped
from tests.exemplars import command
from tests.services.kafka_house import WAIT_MS, KafkaHouse, answers, numbers, recharge
from tests.services.settlement import failing
from tests.services.settlement.whole import assert_whole, stored


def test_the_topic_holds_the_log_byte_for_byte(house: KafkaHouse) -> None:
    house.publish(*[recharge(house, number) for number in range(3)])
    house.take(3)
    assert house.relay_all() > 0
    assert house.rows_in_topic() == stored(house)


def test_what_is_published_is_what_the_contract_says(house: KafkaHouse) -> None:
    """Headers and values of all three topics, against the documents that platforms read."""
    house.put(("poison", b"{"))
    house.publish(recharge(house, 1))
    house.take(2)
    house.relay_all()
    known, headers = schemas(), document()["components"]["schemas"]
    for topic in (Topic.EVENTS, Topic.REPLIES, Topic.PARKED):
        records = house.records(topic)
        assert records
        for each in records:
            found = {name: value.decode() for name, value in each.headers}
            assert set(headers[f"{topic.value}-headers"]["required"]) <= set(found)
            jsonschema.validate(orjson.loads(each.value), known[found["ce_type"]])


def test_every_reply_of_a_refusal_says_why_in_words(house: KafkaHouse) -> None:
    """Also where nothing was to be added to what the code means, and once more for a repeat."""
    ghost, reused = recharge(house, 1, member_id="ghost"), recharge(house, 2)
    house.publish(ghost, ghost, reused, reused.model_copy(update={"amount_fen": 2}))
    house.take(4)
    house.relay_all()
    said = [orjson.loads(each.value) for each in house.records(Topic.REPLIES)]
    refused = [each for each in said if each["outcome"] == "refused"]
    assert [each["message"] for each in refused] == [
        *(Code.MEMBER_UNKNOWN.meaning, Code.MEMBER_UNKNOWN.meaning),
        Code.COMMAND_ID_REUSED.meaning,
    ]
    assert all(each["message"] is None for each in said if each["outcome"] == "accepted")


def test_a_poison_message_is_parked_and_answered_and_holds_up_nobody(house: KafkaHouse) -> None:
    good = recharge(house, 1)
    house.put(("poison", b'{"secret": "13800000000"'), (good.id, good.model_dump_json().encode()))
    house.take(2)
    house.relay_all()
    assert {row[:2] for row in answers(house)} >= {("poison", "parked"), (good.id, "accepted")}
    [parked] = house.records(Topic.PARKED)
    assert orjson.loads(parked.value)["offset"] == 0
    assert b"13800000000" not in parked.value
    [[content]] = house.query("SELECT content FROM {}.parked")
    assert b"13800000000" not in bytes(content)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (b"\xff", b"{"),
        (b"a\x00b", b"{"),
        (b"x" * 10_000, b"{"),
        (b"", b'{"type": "a\\u0000b"}'),
        (b"m", b'{"type": "rate_loan", "' + b"\\u0000" * 10_000 + b'": 1}'),
        (b"m", b"\x00\xff"),
    ],
)
def test_whatever_is_sent_holds_up_nobody(house: KafkaHouse, name: bytes, message: bytes) -> None:
    """What the sender made up stands in no text that PostgreSQL refuses, and in none too long."""
    topic = topic_name(house.platform, Topic.COMMANDS)
    house.producer.send(topic, value=message, headers=[("ce_id", name)], partition=0).get(60)
    good = recharge(house, 1)
    house.publish(good)
    house.take(2)
    house.relay_all()
    assert (good.id, "accepted", None, False) in answers(house)
    [[reason]] = house.query("SELECT reason FROM {}.parked")
    assert reason.isprintable()
    assert len(reason) < 500
    assert_whole(house)


def test_a_read_goes_on_where_the_one_before_was_to_end(house: KafkaHouse) -> None:
    """Once what was fetched beyond that was lost, and came out as a gap."""
    house.relay_all()
    log = KafkaLog(house.options, house.platform, wait_ms=60_000)
    assert log.read(0, upto=2) == house.log.read(0, upto=2)
    assert log.read(2, limit=3) == house.log.read(2, limit=3)
    log.close()


def test_a_view_that_is_ahead_of_the_topic_waits_for_it(house: KafkaHouse) -> None:
    """It was fed from the log itself, by another process: nothing is lost."""
    head = house.log.head()
    log = KafkaLog(house.options, house.platform, wait_ms=60_000)
    assert log.read(head) == []
    house.publish(recharge(house, 1))
    house.take(1)
    house.relay_all()
    assert log.read(head) == house.log.read(head)
    log.close()


def test_nobody_outside_says_what_the_bank_did(house: KafkaHouse) -> None:
    """Nor takes an id of our own making before we do."""
    house.publish(recharge(house, 1))
    forged = command(c.SettleEntry, entry_id="C-r1", bank_date=house.today, platform=house.platform)
    early = recharge(house, 2).model_dump(mode="json") | {"id": f"day:{house.today}"}
    house.put((forged.id, forged.model_dump_json().encode()), ("early", orjson.dumps(early)))
    house.take(3)
    assert house.available("lucy:investor") == 0
    reasons = [row[0] for row in house.query("SELECT reason FROM {}.parked ORDER BY id")]
    assert reasons[0].startswith("type: settle_entry is made by zhuanhu itself")
    assert reasons[1].startswith("request_recharge.id: ")
    assert_whole(house)


@pytest.mark.parametrize("step", [failing.BEFORE_COMMIT, failing.AFTER_COMMIT])
def test_a_writer_that_dies_goes_on_where_the_database_says(
    house: KafkaHouse, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    batch = [recharge(house, number) for number in range(3)]
    house.publish(*batch)
    failing.after(monkeypatch, step, failing.break_down)
    with pytest.raises(failing.Broken):
        house.take(3)
    house.restart_writer()
    house.publish(recharge(house, 4))
    house.take(4 if step == failing.BEFORE_COMMIT else 1)
    house.relay_all()
    assert house.at_bank() == ["C-r0", "C-r1", "C-r2", "C-r4"]
    assert {row[0] for row in answers(house)} >= {each.id for each in batch}
    assert_whole(house)


def test_a_lost_answer_to_a_commit_takes_no_message_twice(
    house: KafkaHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.AFTER_COMMIT, failing.lose_answer)
    house.put(("poison", b"{"))
    house.publish(recharge(house, 1))
    house.take(2)
    house.relay_all()
    assert [row[1] for row in answers(house)].count("parked") == 1
    assert house.writer.commands_offset == 2
    assert_whole(house)


def test_a_relay_finds_in_the_topic_how_far_it_came(house: KafkaHouse) -> None:
    house.relay_all()
    house.publish(*[recharge(house, number) for number in range(5)])
    house.take(5)
    house.restart_relay()
    house.relay_all()
    house.restart_relay()
    assert house.relay_all() == 0
    assert house.rows_in_topic() == stored(house)
    replied = numbers(house.records(Topic.REPLIES), "number")
    assert replied == list(range(1, len(replied) + 1))


def test_a_relay_that_waits_is_told_of_all_that_came(house: KafkaHouse) -> None:
    """New answers, repeats, and what could not be read: each by itself, and while others come."""
    first = recharge(house, 1)
    house.publish(first)
    house.take(1)
    house.relay_all()
    house.relay.wait(0)  # It was told of what it has.
    house.relay.step()
    published = len(answers(house))
    house.publish(first)
    house.take(1)
    house.relay.wait(PATIENCE_S)
    assert house.relay.step() == 1
    house.put(("poison", b"{"))
    house.take(1)
    house.publish(recharge(house, 2))
    house.take(1)
    house.relay.wait(PATIENCE_S)
    house.relay.step()
    assert [outcome for _, outcome, *_ in answers(house)[published:]] == [
        "accepted",
        "accepted",
        "parked",
    ]
    assert [record.key for record in house.records(Topic.PARKED)] == [b"1"]


def test_two_relays_of_one_platform(house: KafkaHouse) -> None:
    with pytest.raises(RelayRunning):
        house.new_relay()


def test_a_frozen_relay_lets_go_and_wakes_up_beside_its_successor(
    house: KafkaHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had in its hands comes again behind what is newer, and is no event twice."""
    monkeypatch.setattr(relaying, "FROZEN_S", 1)
    house.relay_all()
    frozen, head = house.relay, house.log.head()
    holds, wakes = threading.Event(), threading.Event()
    put = frozen._outlet.put

    def freeze(messages: Any) -> dict[str, int]:
        holds.set()
        wakes.wait()
        return put(messages)

    monkeypatch.setattr(frozen._outlet, "put", freeze)
    house.publish(recharge(house, 1))
    house.take(1)
    with ThreadPoolExecutor(1) as beside:
        step = beside.submit(frozen.step)
        try:
            assert holds.wait(WAIT_MS / 1000)
            house.relay = until_free(house)
            house.publish(recharge(house, 2))
            house.take(1)
            house.relay_all()
        finally:
            wakes.set()
        assert step.result() > 0
    with pytest.raises(psycopg.OperationalError):
        frozen.step()
    frozen.close()
    positions = [row.position for row in house.rows_in_topic()]
    assert positions[-1] < max(positions) == house.log.head()
    with closing(KafkaLog(house.options, house.platform, WAIT_MS)) as log:
        assert log.read(head) == house.log.read(head)


def until_free(house: KafkaHouse) -> Relay:
    while True:
        try:
            return house.new_relay()
        except RelayRunning:
            continue


def test_the_topic_is_read_like_the_log(house: KafkaHouse) -> None:
    house.relay_all()
    log = KafkaLog(house.options, house.platform)
    head = log.head()
    assert head == house.log.head()
    assert log.read(0, upto=head) == house.log.read(0)
    assert log.read(2, limit=2, upto=head) == house.log.read(2, limit=2)
    log.close()


def test_a_log_that_lacks_an_event_is_not_published(house: KafkaHouse) -> None:
    """A gap in the topic would stay for ever."""
    house.publish(*[recharge(house, number) for number in range(3)])
    house.take(3)
    with psycopg.connect(house.url) as forger:
        forger.execute("SET session_replication_role TO replica")  # Past the guard.
        query = "DELETE FROM {}.stored_events WHERE notification_id = 3"
        forger.execute(sql.SQL(query).format(sql.Identifier(shard_schema(house.platform))))
    with pytest.raises(RelayStopped, match="the log lacks an event between 0 and"):
        house.relay_all()
    assert house.rows_in_topic() == []


def limit_messages(house: KafkaHouse, size_bytes: int) -> None:
    topic = topic_name(house.platform, Topic.EVENTS)
    limit = {"max.message.bytes": str(size_bytes)}
    with administration(house.options) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, limit)])


def test_a_topic_may_take_less_at_once_than_is_sent(house: KafkaHouse) -> None:
    limit_messages(house, 2_000)
    house.publish(*[recharge(house, number) for number in range(10)])
    house.take(10)
    house.relay_all()
    assert house.rows_in_topic() == stored(house)
    assert len(answers(house)) == len(house.query("SELECT 1 FROM {}.receipt"))


def test_nothing_stands_behind_an_event_that_a_topic_does_not_take(house: KafkaHouse) -> None:
    house.relay_all()
    before = stored(house)
    house.publish(recharge(house, 1), recharge(house, 2, correlation_id="c" * 64))
    house.publish(*[recharge(house, number) for number in range(3, 9)])
    house.take(8)
    [small, large, *_] = stored(house)[len(before) :]
    limit_messages(house, 300 + (len(small.state) + len(large.state)) // 2)
    with pytest.raises(RelayStopped, match="MessageSizeTooLargeError"):
        house.relay_all()
    assert house.rows_in_topic() == [*before, small]
    limit_messages(house, 1_000_000)
    house.restart_relay()
    house.relay_all()
    assert house.rows_in_topic() == stored(house)


def test_nothing_is_sent_behind_a_batch_that_kafka_fenced(house: KafkaHouse) -> None:
    """As after a broker that lost what it had taken: what lay between would be missing for ever."""
    house.relay_all()
    before = stored(house)
    take_epoch_of(house)
    house.publish(*[recharge(house, number) for number in range(1_500)])
    house.take(1_500)
    assert sum(len(row.state) for row in stored(house)) > BATCH_BYTES  # More than one batch.
    with pytest.raises(RelayStopped, match="InvalidProducerEpoch"):
        house.relay_all()
    assert house.rows_in_topic() == [*before, before[-1]]
    house.restart_relay()
    house.relay_all()
    assert house.rows_in_topic() == [*before, before[-1], *stored(house)[len(before) :]]


def take_epoch_of(house: KafkaHouse) -> None:
    """Another producer says the last event again, with the relay's own number and a later epoch."""
    producer_id, epoch = house.relay._outlet.producer
    [*_, last] = house.records(Topic.EVENTS)
    with closing(KafkaProducer(**house.options, acks="all", enable_idempotence=True)) as other:
        topic = topic_name(house.platform, Topic.EVENTS)
        other.partitions_for(topic)
        later = ProducerIdAndEpoch(producer_id, epoch + 1)
        other._transaction_manager.set_producer_id_and_epoch(later)
        sent = other.send(topic, last.value, last.key, last.headers, partition=0)
        sent.get(60)
