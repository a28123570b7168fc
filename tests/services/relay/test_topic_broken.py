"""Topics that lack something: what was published stays whole, or somebody says so."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapters.kafka.contract import Reply
from adapters.kafka.log import GapInTopic, KafkaLog
from adapters.kafka.messages import event_message, reply_message
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from domain.accounts import Role
from infra.kafka import administration
from infra.settings import Settings
from services.projections.projector import Projector
from services.relay import relay as relaying
from services.relay.relay import RelayStopped
from tests.services.kafka_house import KafkaHouse, answers, recharge, tell_of_a_lost_life
from tests.services.settlement.whole import stored


def write_events(house: KafkaHouse, *positions: int) -> None:
    rows = {row.position: row for row in stored(house)}
    for position in positions:
        message = event_message(house.platform, rows[position])
        topic = topic_name(house.platform, Topic.EVENTS)
        house.producer.send(topic, message.value, headers=message.headers, partition=0)
    house.producer.flush()


def make_anew(house: KafkaHouse, kafka: Settings, topic: Topic) -> None:
    name = topic_name(house.platform, topic)
    with administration(house.options) as client:
        client.delete_topics([name])
        while name in client.list_topics():
            pass
        ensure_topics(client, house.platform, kafka)


def test_repeats_are_skipped_and_a_gap_is_an_error(house: KafkaHouse) -> None:
    house.member("anna", Role.INVESTOR)
    head = house.log.head()
    write_events(house, 1, 2, 1, 2, 3, *range(5, head + 1))
    with closing(KafkaLog(house.options, house.platform)) as log:
        assert log.read(0, upto=3) == house.log.read(0, upto=3)
        with pytest.raises(GapInTopic, match="5 follows 3"):
            log.read(3, upto=head)


def test_no_view_is_rebuilt_over_a_gap(house: KafkaHouse) -> None:
    house.member("anna", Role.INVESTOR)
    write_events(house, 1, 2, *range(4, house.log.head() + 1))
    with Projector(house.url, house.platform) as live:
        live.catch_up()
        before = live.compare()
        log = KafkaLog(house.options, house.platform)
        with Projector(house.url, house.platform, log=log) as other, pytest.raises(GapInTopic):
            other.rebuild("members")
        assert live.compare() == before


def test_a_topic_of_events_made_anew_under_a_relay_is_no_topic_to_go_on_with(
    house: KafkaHouse, kafka: Settings
) -> None:
    house.relay_all()
    make_anew(house, kafka, Topic.EVENTS)
    house.publish(recharge(house, 1))
    house.take(1)
    with pytest.raises(RelayStopped, match="made anew"):
        house.relay_all()
    with pytest.raises(RelayStopped, match="made anew"):
        house.restart_relay()  # The next one finds it so, too.
    make_anew(house, kafka, Topic.EVENTS)
    house.restart_relay()
    house.relay_all()
    assert house.rows_in_topic() == stored(house)


def test_a_topic_that_tells_of_a_life_that_the_log_has_lost_is_not_gone_on_with(
    house: KafkaHouse,
) -> None:
    """The database was restored from a backup."""
    house.relay_all()
    tell_of_a_lost_life(house)
    with pytest.raises(RelayStopped, match="does not hold"):
        house.restart_relay()
    house.publish(recharge(house, 1))
    house.take(1)  # Something else is at that position now.
    with pytest.raises(RelayStopped, match="does not hold"):
        house.restart_relay()


def test_answers_of_a_life_that_the_book_has_lost_hold_back_no_new_ones(
    house: KafkaHouse, kafka: Settings
) -> None:
    """As many as there were then would never be told: the topic of events alone was made anew."""
    house.relay_all()
    [[receipts]] = house.query("SELECT receipts FROM {}.shard")
    reply = Reply(
        command_id="lost",
        outcome="accepted",
        code=None,
        message=None,
        field=None,
        first_position=1,
        last_position=1,
        replayed=False,
    )
    lost = reply_message(house.platform, reply, receipts + 3, 0)
    topic = topic_name(house.platform, Topic.REPLIES)
    house.producer.send(topic, lost.value, key=lost.key, headers=lost.headers, partition=0)
    house.producer.flush()
    with pytest.raises(RelayStopped, match=f"replies goes to number {receipts + 3}"):
        house.restart_relay()
    make_anew(house, kafka, Topic.REPLIES)
    house.restart_relay()  # It has remembered nothing of that life.
    later = recharge(house, 1)
    house.publish(later)
    house.take(1)
    house.relay_all()
    assert answers(house)[-1][0] == later.id


@pytest.mark.parametrize("answered", [3, 4])
def test_answers_do_not_come_again_where_their_topic_no_longer_has_them(
    house: KafkaHouse, kafka: Settings, monkeypatch: pytest.MonkeyPatch, answered: int
) -> None:
    """Their topic is not kept for ever; but for the last few, the database knows."""
    house.relay_all()
    house.restart_relay()
    monkeypatch.setattr(relaying, "REMEMBER_AFTER", 4)
    house.publish(*[recharge(house, number) for number in range(answered)])
    house.take(answered)
    house.relay_all()
    make_anew(house, kafka, Topic.REPLIES)
    house.restart_relay()
    house.relay_all()
    assert len(answers(house)) == answered % 4


def test_an_answer_to_a_repeat_is_forgotten_once_it_is_published(house: KafkaHouse) -> None:
    again = recharge(house, 1)
    house.publish(again, again)
    house.take(2)
    assert len(house.query("SELECT 1 FROM {}.replay")) == 1
    house.relay_all()
    assert [row[3] for row in answers(house)][-1]
    assert house.query("SELECT 1 FROM {}.replay") == []
