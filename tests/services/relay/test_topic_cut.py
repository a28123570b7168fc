"""A topic no longer holds its beginning: what was kept too short a time is missed, and said."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapters.kafka.reading import RecordsLost, Tail
from adapters.kafka.topics import Topic, topic_name
from tests.services.kafka_house import WAIT_MS, KafkaHouse, cut, recharge
from tests.services.settlement.whole import assert_whole


def test_commands_that_were_deleted_before_they_were_taken_are_not_passed_over(
    house: KafkaHouse,
) -> None:
    """However often the writer is started; an operator says where to go on."""
    house.publish(recharge(house, 0))
    house.take(1)
    house.publish(*[recharge(house, number) for number in range(1, 5)])
    cut(house, Topic.COMMANDS, 3)
    for _ in range(2):
        with pytest.raises(RecordsLost, match="offset 1"):
            house.take(1)
        house.restart_writer()
    assert house.at_bank() == ["C-r0"]
    house.query("UPDATE {}.shard SET commands_offset = 3 RETURNING 1")
    house.restart_writer()
    house.take(2)
    assert house.at_bank() == ["C-r0", "C-r3", "C-r4"]
    assert_whole(house)


def test_a_relay_goes_on_where_all_answers_were_deleted(house: KafkaHouse) -> None:
    house.publish(recharge(house, 1))
    house.take(1)
    house.relay_all()
    house.restart_relay()  # It remembers how far it came.
    with closing(Tail(house.options, topic_name(house.platform, Topic.REPLIES))) as replies:
        end = replies.end()
        cut(house, Topic.REPLIES, end)
        house.restart_relay()
        assert house.relay_all() == 0
        later = recharge(house, 2)
        house.publish(later)
        house.take(1)
        house.relay_all()
        replies.seek(end)
        assert [each.key for each in replies.poll(WAIT_MS)] == [later.id.encode()]
