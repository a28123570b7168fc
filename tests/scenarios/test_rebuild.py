"""Rebuilding a view from the topic or from the log, with the real broker, while all goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import Any

import pytest
from psycopg import sql

from adapters.event_log import LogReader
from adapters.kafka import log as kafka_log
from adapters.kafka.log import KafkaLog, TopicBehind
from adapters.read_models.reading import ReadModels
from adapters.read_models.registry import VIEWS
from adapters.read_models.store import views_schema
from domain.accounts import Role
from infra.postgres import connect
from infra.settings import Settings
from services.projections import projector as projecting
from services.projections.projector import Projector
from tests.services.kafka_house import KafkaHouse

NAMES = [view.NAME for view in VIEWS]
PERIODS = 12


@pytest.fixture
def house(database: str, kafka: Settings, kafka_platform: str) -> Iterator[KafkaHouse]:
    """A loan of two investors, one instalment paid late; all of it is in the topic."""
    house = KafkaHouse(database, kafka_platform, kafka)
    house.open()
    house.seed(1_000)
    for investor in ("ian", "ivy"):
        house.member(investor, Role.INVESTOR, 100_000)
    house.member("bob", Role.BORROWER, 50_000)
    house.lend("L1", "bob", {"ian": 60_000, "ivy": 40_000}, periods=PERIODS)
    house.roll_to(house.today + timedelta(days=40))
    house.repay("p1", "L1", 9_000)
    house.settle_all()
    house.relay_all()
    yield house
    house.close()


@pytest.fixture
def live(house: KafkaHouse) -> Iterator[Projector]:
    """Fed from the log, and as far as it goes."""
    with from_log(house) as live:
        live.catch_up()
        yield live


def from_log(house: KafkaHouse) -> Projector:
    return Projector(house.url, house.platform, log=LogReader(house.url, house.platform))


def from_topic(house: KafkaHouse) -> Projector:
    return Projector(house.url, house.platform, log=KafkaLog(house.options, house.platform))


def digests(projector: Projector) -> dict[str, str]:
    return {name: projector.digest(name) for name in NAMES}


def in_views(house: KafkaHouse, query: str) -> sql.Composed:
    return sql.SQL(query).format(sql.Identifier(views_schema(house.platform)))


def test_damage_is_repaired_from_the_topic_alone(house: KafkaHouse, live: Projector) -> None:
    before = digests(live)
    for view in VIEWS:
        for table in view.TABLES:
            house.connection.execute(in_views(house, f"DELETE FROM {{}}.{table.name}"))
    assert live.digest("balances") != before["balances"]
    with from_topic(house) as rebuilder:
        for name in NAMES:
            assert rebuilder.rebuild(name).position == house.log.head()
    assert digests(live) == before


def test_the_live_view_stays_where_the_topic_is_behind_it(
    house: KafkaHouse, live: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but what was built to the live view's position is switched in."""
    house.recharge("ian", Role.INVESTOR, 1)
    live.catch_up()
    before = digests(live)
    monkeypatch.setattr(kafka_log, "REACH_MS", 100)
    with from_topic(house) as rebuilder:
        for name in NAMES:
            with pytest.raises(TopicBehind, match=f"position {house.log.head()}"):
                rebuilder.rebuild(name)
        assert digests(live) == before
        house.relay_all()
        rebuilder.rebuild("balances")
    assert digests(live) == before


def test_the_remainder_is_short_when_the_live_view_has_to_wait(
    house: KafkaHouse, live: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened during the long part is taken in before anybody waits."""
    monkeypatch.setattr(projecting, "REPLAY_LIMIT", 10)
    waits = in_views(house, "SELECT 1 FROM pg_locks WHERE relation = '{}.view_position'::regclass")
    waits += sql.SQL(" AND mode = 'ExclusiveLock'")
    news = {}  # What happens in each pass, by where it has to come.
    comes = iter([50, 25, 5, 1])
    while_waiting = list[int]()

    class Log(KafkaLog):
        def read(self, *words: Any, **more: Any) -> Any:
            if more["upto"] not in news:
                news[more["upto"]] = next(comes, 0)
                for _ in range(news[more["upto"]]):
                    house.recharge("ian", Role.INVESTOR, 1)
                house.relay_all()
            events = super().read(*words, **more)
            if house.connection.execute(waits).fetchone():
                while_waiting.append(len(events))
            else:
                live.catch_up()
            return events

    log = Log(house.options, house.platform)
    with Projector(house.url, house.platform, log=log) as rebuilder:
        rebuilder.rebuild("balances")
    assert 0 < sum(while_waiting) <= 10
    assert all(live.compare().values())


# -- under load -------------------------------------------------------------------------


def test_rebuilds_under_load_are_what_the_live_views_are(
    house: KafkaHouse, live: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands, relay and two live projections go on, one from the topic and one from the log, and
    readers read, while each view is rebuilt both ways, to the bytes that the live one has then."""
    monkeypatch.setattr(projecting, "REPLAY_LIMIT", 100)
    over = threading.Event()

    def until_over(step: Callable[[], object]) -> int:
        rounds = 0
        while not over.is_set():
            step()
            rounds += 1
        return rounds

    def load() -> None:
        house.recharge("ian", Role.INVESTOR, 1)
        house.relay.step()

    with ExitStack() as opened:
        live_from_topic = opened.enter_context(from_topic(house))
        readers = [opened.enter_context(closing(each(house))) for each in (Reader, Outsider)]
        rebuilders = [opened.enter_context(each(house)) for each in (from_topic, from_log)]
        pool = opened.enter_context(ThreadPoolExecutor())
        opened.callback(over.set)
        steps: list[Callable[[], object]] = [load, live.step, live_from_topic.step]
        steps += [each.read for each in readers]
        parts = [pool.submit(until_over, step) for step in steps]
        for name in NAMES:
            for rebuilder in rebuilders:
                assert rebuilder.rebuild(name).equal
        for rebuilder in rebuilders:
            assert rebuilder.compare() == dict.fromkeys(NAMES, True)
        over.set()
        assert all(part.result() for part in parts)
        house.relay_all()
        live_from_topic.catch_up()
        before = digests(live)
        for rebuilder in rebuilders:
            assert rebuilder.compare() == dict.fromkeys(NAMES, True)
            for name in NAMES:
                assert rebuilder.rebuild(name).position == house.log.head()
        assert digests(live) == before


class Reader:
    """Reads as everybody does: what it sees is whole, and never older than what it saw before."""

    def __init__(self, house: KafkaHouse) -> None:
        self._views = ReadModels(house.url, house.platform)
        self._accounts = self._position = 0

    def read(self) -> None:
        seen = self._views.accounts()
        assert len(seen.value) >= self._accounts
        assert sum(each.available_fen + each.frozen_fen for each in seen.value) == 0
        assert seen.stamp.position >= self._position
        self._accounts, self._position = len(seen.value), seen.stamp.position
        loan = self._views.loan("L1").value
        assert (len(loan.instalments), len(loan.claims)) == (PERIODS, 2)
        assert len(self._views.movements_of_subject("L1").value) >= 2

    def close(self) -> None:
        self._views.close()


class Outsider:
    """Reads by statements of its own and knows nothing of our locks."""

    def __init__(self, house: KafkaHouse) -> None:
        self._connection = connect(house.url, autocommit=True)
        self._count = in_views(house, "SELECT count(*), sum(available_fen) FROM {}.account")
        self._accounts = 0

    def read(self) -> None:
        [(count, _)] = self._connection.execute(self._count).fetchall()
        assert count >= max(self._accounts, 1)
        self._accounts = count

    def close(self) -> None:
        self._connection.close()
