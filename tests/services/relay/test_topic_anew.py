"""The topic of commands is deleted and made anew under a book that has taken from it."""

from __future__ import annotations

import pytest

from adapters.kafka.topics import Topic, TopicMissing, ensure_topics, topic_name
from domain.commands import Command
from infra.kafka import administration
from infra.settings import Settings
from services.settlement.kafka_intake import TopicReplaced
from tests.services.kafka_house import KafkaHouse, recharge
from tests.services.settlement.whole import assert_whole

ID = "SELECT commands_offset, commands_topic FROM {}.shard"


def recharges(house: KafkaHouse, *numbers: int) -> list[Command]:
    return [recharge(house, each) for each in numbers]


def delete(house: KafkaHouse) -> None:
    name = topic_name(house.platform, Topic.COMMANDS)
    with administration(house.options) as client:
        client.delete_topics([name])
        while name in client.list_topics():
            pass


def make_anew(house: KafkaHouse, kafka: Settings) -> None:
    with administration(house.options) as client:
        ensure_topics(client, house.platform, kafka)


def test_a_stored_offset_is_not_used_in_another_topic(house: KafkaHouse, kafka: Settings) -> None:
    """It fits: two messages of the new topic would have been skipped, and nobody told."""
    house.publish(*recharges(house, 1, 2))
    house.take(2)
    taken = house.query(ID)
    delete(house)
    make_anew(house, kafka)
    house.publish(*recharges(house, 3, 4, 5))
    for _ in range(2):
        with pytest.raises(TopicReplaced, match="taken up to 2"):
            house.restart_writer()
    assert house.query(ID) == taken


def test_an_operator_may_begin_with_the_new_topic(house: KafkaHouse, kafka: Settings) -> None:
    """At its beginning: what is known is answered and not done again."""
    first = recharges(house, 1)
    house.publish(*first)
    house.take(1)
    delete(house)
    make_anew(house, kafka)
    house.publish(*first, *recharges(house, 2))
    assert house.query("UPDATE {}.shard SET commands_offset = 0 RETURNING 1") == [(1,)]
    house.restart_writer()
    house.take(2)
    assert house.at_bank() == ["C-r1", "C-r2"]
    assert_whole(house)


def test_what_nobody_can_read_is_kept_from_both_topics(house: KafkaHouse, kafka: Settings) -> None:
    """At the same offset."""
    house.put(("poison", b"{"))
    house.take(1)
    delete(house)
    make_anew(house, kafka)
    house.put(("poison", b"["))
    assert house.query("UPDATE {}.shard SET commands_offset = 0 RETURNING 1") == [(1,)]
    house.restart_writer()
    house.take(1)
    assert house.query("SELECT place, state FROM {}.parked") == [(0, "parked"), (0, "parked")]


@pytest.mark.parametrize("hears", [True, False])
def test_a_writer_that_runs_takes_nothing_of_another_topic(
    house: KafkaHouse, kafka: Settings, hears: bool
) -> None:
    """Not even where it has messages beyond those that were taken, before anybody looks."""
    house.publish(*recharges(house, 1, 2))
    house.take(2)
    delete(house)
    if hears:
        assert house.intake.step() == 0
    make_anew(house, kafka)
    house.publish(*recharges(house, 3, 4, 5))
    with pytest.raises(TopicReplaced):
        all(house.intake.step(wait_ms=1_000) == 0 for _ in range(20))


def test_without_a_topic(house: KafkaHouse) -> None:
    delete(house)
    with pytest.raises(TopicMissing, match="commands"):
        house.new_intake()


def test_where_nothing_was_taken_the_new_topic_is_as_good(
    house: KafkaHouse, kafka: Settings
) -> None:
    delete(house)
    make_anew(house, kafka)
    house.publish(*recharges(house, 1, 2))
    house.restart_writer()
    house.take(2)
    assert house.at_bank() == ["C-r1", "C-r2"]
    assert_whole(house)
