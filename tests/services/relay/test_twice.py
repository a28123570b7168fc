"""What comes twice takes effect once: the same command, and a second writer of the same topic."""

from __future__ import annotations

import pytest

from adapters.event_log import WriterFenced
from tests.services.kafka_house import KafkaHouse, answers, recharge
from tests.services.settlement.whole import assert_whole


def test_every_command_is_answered_and_a_repeat_again(house: KafkaHouse) -> None:
    """In one delivery, in the next one, and by a writer and a relay that were started since."""
    first, other = recharge(house, 1), recharge(house, 2, member_id="ghost")
    changed = first.model_copy(update={"amount_fen": 2})
    house.relay_all()
    before = len(answers(house))
    house.publish(first, first, other, changed)
    house.take(4)
    house.publish(first)
    house.take(1)
    house.relay_all()
    house.restart_writer()
    house.publish(other, first, changed)
    house.take(3)
    house.restart_relay()
    house.relay_all()
    new, again = (first.id, "accepted", None, False), (first.id, "accepted", None, True)
    reused = (first.id, "refused", "command_id_reused", True)
    assert sorted(answers(house)[before:]) == sorted(
        [
            *(new, again, again, again, reused, reused),
            (other.id, "refused", "member_unknown", False),
            (other.id, "refused", "member_unknown", True),
        ]
    )
    assert house.at_bank() == ["C-r1"]
    assert_whole(house)


def test_two_writers_of_one_topic(house: KafkaHouse) -> None:
    """The last to open the shard takes the commands; the one before, which has the same before him,
    takes none of them, and none of those to come."""
    old_writer, old = house.writer, house.intake
    house.publish(recharge(house, 1), recharge(house, 2))
    house.writer = house.new_writer()
    house.intake = house.new_intake()
    with pytest.raises(WriterFenced):
        old.step(60_000)
    house.take(2)
    house.publish(recharge(house, 3))
    with pytest.raises(WriterFenced):
        old.step(60_000)
    house.take(1)
    old.close()
    old_writer.close()
    house.relay_all()
    assert house.at_bank() == ["C-r1", "C-r2", "C-r3"]
    assert_whole(house)
