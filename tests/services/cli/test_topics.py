"""`zhuanhu topics retake` and `renew`: the ways out that a person decides about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.event_log import WriterFenced
from adapters.kafka.group import PROJECTIONS, Group
from adapters.kafka.reading import RecordsLost
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from domain.accounts import Role
from infra.kafka import administration
from infra.settings import Settings
from services.cli.installation import Installation
from services.cli.translation import explain
from services.custody.hold import Hold, Holds, Reason
from services.custody.lease import take_lease
from services.settlement.kafka_intake import TopicReplaced
from tests.services.cli.conftest import Zhuanhu
from tests.services.kafka_house import KafkaHouse, answers, cut, recharge
from tests.services.settlement.whole import assert_whole, stored

DECIDED = ("--by", "ops", "--reason", "a test's")
OUT = ("events", "replies", "parked")


@pytest.fixture
def house(
    database: str,
    kafka: Settings,
    kafka_platform: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[KafkaHouse]:
    """With an installation in ZHUANHU_DATA_DIR that is its own."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka.kafka_bootstrap_servers))
    monkeypatch.setenv("ZHUANHU_DATA_DIR", str(tmp_path))
    Installation(kafka_platform, kafka_platform).save(tmp_path)
    house = KafkaHouse(database, kafka_platform, kafka)
    house.open()
    house.member("lucy", Role.INVESTOR)
    yield house
    house.close()


def topics(zhuanhu: Zhuanhu, *words: str) -> Any:
    return zhuanhu("topics", *words, "--json")


def delete(house: KafkaHouse, kind: Topic) -> None:
    name = topic_name(house.platform, kind)
    with administration(house.options) as client:
        client.delete_topics([name])
        while name in client.list_topics():
            pass


def test_after_commands_were_deleted_the_writer_goes_on_with_those_that_are_left(
    zhuanhu: Zhuanhu, house: KafkaHouse
) -> None:
    house.publish(*[recharge(house, number) for number in range(3)])
    house.take(1)
    taken = house.writer.commands_offset
    house.publish(recharge(house, 3), recharge(house, 4))
    cut(house, Topic.COMMANDS, 4)
    house.restart_writer()
    with pytest.raises(RecordsLost) as lost:
        house.take(1)
    told = explain(lost.value)
    assert told is not None
    assert "zhuanhu topics retake" in str(told.hint)
    decided = topics(zhuanhu, "retake", *DECIDED)
    assert decided.code == 0, decided.err
    assert decided.json | {"decided_at": ""} == {
        "id": 1,
        "decided": "retaken",
        "topic": topic_name(house.platform, Topic.COMMANDS),
        "reached": taken,
        "goes_on_at": 4,
        "decided_by": "ops",
        "reason": "a test's",
        "decided_at": "",
    }
    assert topics(zhuanhu, "decisions").json == {"decisions": [decided.json]}
    people = zhuanhu("topics", "decisions").out
    assert any("retaken commands" in line and "a test's" in line for line in people.splitlines())
    house.restart_writer()
    house.take(1)
    assert house.at_bank()[-1] == "C-r4"
    assert_whole(house)


def test_in_a_topic_made_anew_it_begins_at_the_beginning(
    zhuanhu: Zhuanhu, house: KafkaHouse, kafka: Settings
) -> None:
    """What is known is answered and not done again."""
    house.publish(recharge(house, 1))
    house.take(1)
    delete(house, Topic.COMMANDS)
    assert topics(zhuanhu, "retake", *DECIDED).error["code"] == "topic_missing"
    with administration(house.options) as client:
        ensure_topics(client, house.platform, kafka)
    house.publish(recharge(house, 1), recharge(house, 2))
    with pytest.raises(TopicReplaced):
        house.restart_writer()
    assert topics(zhuanhu, "retake", *DECIDED).json["goes_on_at"] == 0
    house.restart_writer()
    house.take(2)
    assert house.at_bank() == ["C-r1", "C-r2"]
    assert_whole(house)


def test_a_writer_that_runs_takes_nothing_by_its_old_place(
    zhuanhu: Zhuanhu, house: KafkaHouse
) -> None:
    house.publish(recharge(house, 1))
    house.take(1)
    assert topics(zhuanhu, "retake", *DECIDED).code == 0
    house.publish(recharge(house, 2))
    with pytest.raises(WriterFenced):
        house.take(1)
    house.restart_writer()
    house.take(2)
    assert house.at_bank() == ["C-r1", "C-r2"]


@pytest.mark.parametrize("words", [("retake",), ("renew", "events")])
@pytest.mark.parametrize("option", ["by", "reason"])
def test_whoever_decides_says_who_he_is_and_why(
    zhuanhu: Zhuanhu, house: KafkaHouse, words: tuple[str, ...], option: str
) -> None:
    said = {"by": "ops", "reason": "a test's"} | {option: " "}
    given = [word for name, value in said.items() for word in (f"--{name}", value)]
    told = topics(zhuanhu, *words, *given)
    assert (told.code, told.error["field"]) == (2, option)
    assert topics(zhuanhu, "decisions").json == {"decisions": []}


def test_topics_of_a_life_that_was_lost_are_made_anew_and_filled(
    zhuanhu: Zhuanhu, house: KafkaHouse
) -> None:
    house.publish(recharge(house, 1))
    house.take(1)
    house.put(("poison", b"{"))
    house.take(1)
    house.relay_all()
    said = answers(house)
    assert topics(zhuanhu, "renew", "events", *DECIDED).error["code"] == "topic_in_use"
    house.relay.close()
    told = topics(zhuanhu, "renew", *OUT, *DECIDED)
    assert told.code == 0, told.err
    assert [each["topic"].split(".")[2] for each in told.json["decisions"]] == list(OUT)
    assert all(each["reached"] > 0 for each in told.json["decisions"])
    house.relay = house.new_relay()
    house.relay_all()
    assert house.rows_in_topic() == stored(house)
    assert len(house.records(Topic.PARKED)) == 1
    assert set(answers(house)) <= set(said)


def test_a_topic_that_lacks_something_is_not_renewed_before_a_restore_is_done(
    zhuanhu: Zhuanhu, house: KafkaHouse
) -> None:
    """Until then it may be all that tells of what was lost."""
    house.relay_all()
    house.relay.close()
    with closing(take_lease(house.url, house.platform)) as lease:
        Holds(lease).begin(Hold(datetime.now(UTC), Reason.DECLARED, house.log.head(), None))
    told = topics(zhuanhu, "renew", "events", *DECIDED)
    assert (told.code, told.error["code"]) == (1, "catch_up_first")
    assert house.rows_in_topic() == stored(house)
    house.relay = house.new_relay()


def test_events_that_projections_read_are_left(zhuanhu: Zhuanhu, house: KafkaHouse) -> None:
    house.relay.close()

    class Nothing:
        def close(self) -> None:
            pass

    group = Group(house.options, PROJECTIONS, Topic.EVENTS, [house.platform], lambda _: Nothing())
    try:
        while not group.held:
            group.poll()
        told = topics(zhuanhu, "renew", "events", *DECIDED)
        assert (told.code, told.error["code"]) == (1, "topic_in_use")
        assert topics(zhuanhu, "renew", "replies", *DECIDED).code == 0
    finally:
        group.close()
    assert topics(zhuanhu, "renew", "events", *DECIDED).code == 0
    house.relay = house.new_relay()
