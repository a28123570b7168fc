"""A part that serves several platforms: what one of them lacks is no other one's loss."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from adapters.event_log import prepare_shard
from adapters.kafka.log import OtherLife
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from infra.kafka import administration
from infra.settings import Settings
from services.cli import parts
from services.cli.installation import Installation
from services.cli.opening import Place
from services.cli.watching import Watching
from services.relay.relay import RelayRunning
from tests.house import SEAL
from tests.services.kafka_house import KafkaHouse, tell_of_a_lost_life
from tests.services.settlement.whole import stored

WAIT_S = 60
ROUNDS = 20


@pytest.fixture
def house(database: str, kafka: Settings, kafka_platform: str) -> Iterator[KafkaHouse]:
    with closing(KafkaHouse(database, kafka_platform, kafka)) as house:
        house.open()
        house.relay.close()  # Another one is to serve.
        yield house


def serving(house: KafkaHouse, *platforms: str) -> parts._Here:
    places = {name: Place(Path("nowhere"), Installation(name, "P1")) for name in platforms}
    urls = dict.fromkeys(platforms, house.url)
    return parts._Here(places, urls, house.options, Watching(places))


def test_a_platform_without_topics_holds_up_no_other(house: KafkaHouse, kafka: Settings) -> None:
    """And is served as soon as it has them."""
    other = f"{house.platform}-2"
    prepare_shard(house.url, other)
    here, stop = serving(house, house.platform, other), threading.Event()
    with ThreadPoolExecutor(1) as beside:
        relay = beside.submit(parts._relay, here, stop)
        try:
            until(relay.running, lambda: house.rows_in_topic() == stored(house))
            with administration(house.options) as client:
                ensure_topics(client, other, kafka)
            until(relay.running, lambda: here.watching._held == {house.platform, other})
        finally:
            stop.set()
        relay.result()
    assert len(house.records(Topic.EVENTS)) == len(stored(house))


@pytest.mark.parametrize(
    ("serve", "topic"), [(parts._write, Topic.COMMANDS), (parts._project, Topic.EVENTS)]
)
def test_whoever_waits_for_a_topic_says_so(
    house: KafkaHouse,
    monkeypatch: pytest.MonkeyPatch,
    serve: Callable[[parts._Here, threading.Event], None],
    topic: Topic,
) -> None:
    """It was ready, served nobody, and said nothing."""
    other = f"{house.platform}-2"
    monkeypatch.setattr(parts, "seal_of", lambda *_: SEAL)
    with capture_logs() as said:
        serve(serving(house, other), Rounds())
    assert [each["what"] for each in said if each["event"] == "away"] == [
        f"there is no topic {topic_name(other, topic)}"
    ]


def test_no_view_takes_events_that_the_log_does_not_hold(house: KafkaHouse) -> None:
    """The database was restored, and the topic still tells of the life that was lost."""
    relay = house.new_relay()
    while relay.step():
        pass
    relay.close()
    lost_at = tell_of_a_lost_life(house)
    rounds = Rounds()
    rounds.left = 1000 * ROUNDS
    with pytest.raises(OtherLife, match=f"position {lost_at}"):
        parts._project(serving(house, house.platform), rounds)


def until(goes_on: Callable[[], bool], what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not what():
        assert goes_on()
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Rounds(threading.Event):
    """Set after so many looks."""

    left = ROUNDS

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_whoever_waits_for_a_platform_does_not_ask_all_the_time(
    house: KafkaHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time is a new session of the database."""
    tries: list[object] = []

    def is_served(*of: object) -> NoReturn:
        tries.append(of)
        raise RelayRunning

    monkeypatch.setattr(parts, "Relay", is_served)
    monkeypatch.setattr(parts, "AWAY_S", 3600.0)
    parts._relay(serving(house, house.platform), Rounds())
    assert len(tries) == 1
