"""Parts of the product as processes of their own, with Kafka between them.

    zhuanhu writer        commands from Kafka, and from the inbox
    zhuanhu relay         log and answers to Kafka
    zhuanhu projections   views from Kafka

Each goes on until Ctrl-C or SIGTERM. Where PostgreSQL or Kafka is away it says so, and comes back
by itself; a bug, or a message that Kafka refuses, ends it with a code that is not zero.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import structlog
import typer

from adapters.event_log import AppendUnknown, LogReader, WriterFenced
from adapters.kafka.group import PROJECTIONS, WRITERS, Group
from adapters.kafka.log import KafkaLog
from adapters.kafka.topics import Topic, TopicMissing, topic_id
from adapters.vault import Seal
from infra import logs
from infra.errors import KafkaUnavailable
from infra.kafka import administration, client_options
from infra.postgres import PostgresUnavailable
from services.cli.calendar_in_use import calendar_in_use
from services.cli.kafka import kafka_settings
from services.cli.opening import Place, book_clock, database, find, require_released, seal_of
from services.cli.options import AsJson, Folders
from services.cli.showing import show_json
from services.cli.stack import tune_memory
from services.cli.stopping import told_to_stop
from services.cli.watching import Watching, watched
from services.projections.projector import Projector
from services.relay.relay import AT_ONCE, Relay, RelayRunning
from services.settlement.intake import Intake
from services.settlement.kafka_intake import KafkaIntake
from services.settlement.press import PressProcess
from services.settlement.writer import Writer

IDLE_MS = 20
AWAY_S = 1.0

AWAY = (
    KafkaUnavailable,
    TopicMissing,
    PostgresUnavailable,
    psycopg.OperationalError,
    AppendUnknown,
)

app = typer.Typer()
log = structlog.get_logger()


@app.command("writer")
def writer_command(data: Folders = None, as_json: AsJson = False) -> None:
    """Decide the commands that come by Kafka: one writer a platform, however many are started.

    Start it again elsewhere and the platforms are divided; end one and the others take its share.

    Example: KAFKA_BOOTSTRAP_SERVERS=localhost:9092 zhuanhu writer --data .data
    """
    _serve(data, _write, as_json=as_json)


@app.command("relay")
def relay_command(data: Folders = None, as_json: AsJson = False) -> None:
    """Publish events and answers to Kafka, in order. One a platform; a second one waits.

    Example: KAFKA_BOOTSTRAP_SERVERS=localhost:9092 zhuanhu relay --data .data
    """
    _serve(data, _relay, as_json=as_json)


@app.command("projections")
def projections_command(data: Folders = None, as_json: AsJson = False) -> None:
    """Keep the views up with the events in Kafka, divided among however many are started.

    Example: KAFKA_BOOTSTRAP_SERVERS=localhost:9092 zhuanhu projections --data .data
    """
    _serve(data, _project, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Here:
    """What a part works with: the platforms of the folders, their databases, and Kafka."""

    places: Mapping[str, Place]
    urls: Mapping[str, str]
    options: Mapping[str, Any]
    watching: Watching


def _serve(
    data: list[Path] | None, work: Callable[[_Here, threading.Event], None], *, as_json: bool
) -> None:
    folders: list[Path | None] = [*data] if data else [None]
    settings = kafka_settings(folders[0])
    logs.configure(settings.log_level, settings.log_format)
    tune_memory()
    places = {place.platform: place for place in (find(each, None) for each in folders)}
    options = client_options(settings)
    with told_to_stop() as stop, watched(settings, places) as watching:
        _say_ready(places, watching, as_json)
        while not stop.is_set():
            try:
                with _here(places, options, watching) as here:
                    work(here, stop)
            except AWAY as error:
                watching.away(error)
                log.warning("away", error=type(error).__name__, what=str(error))
                stop.wait(AWAY_S)


def _say_ready(places: Mapping[str, Place], watching: Watching, as_json: bool) -> None:
    if as_json:
        told = {"ready": True, "platforms": sorted(places), "metrics_url": watching.address}
        show_json(told)
    else:
        figures = f"; figures at {watching.address}/metrics" if watching.address else ""
        print(f"ready: {', '.join(sorted(places))}{figures}; Ctrl-C stops it", flush=True)


@contextmanager
def _here(
    places: Mapping[str, Place], options: Mapping[str, Any], watching: Watching
) -> Iterator[_Here]:
    with ExitStack() as opened:
        urls = {name: opened.enter_context(database(place)) for name, place in places.items()}
        with administration(options), watching.looking(urls, options):
            yield _Here(places, urls, options, watching)


def _say_what_is_missing(here: _Here, kind: Topic) -> None:
    """A group waits in silence until there is such a topic, and serves it then."""
    with administration(here.options) as client:
        for platform in here.places:
            try:
                topic_id(client, platform, kind)
            except TopicMissing as error:
                _say_away(platform, error)


def _say_away(platform: str, error: Exception) -> None:
    log.warning("away", platform=platform, error=type(error).__name__, what=str(error))


# -- the writer -------------------------------------------------------------------------


class _Writing:
    """The writer of one platform, with the two ways in which commands come."""

    def __init__(self, here: _Here, platform: str, seal: Seal) -> None:
        place, url = here.places[platform], here.urls[platform]
        require_released(place, url)
        clock = book_clock(place, url)
        watch = here.watching.metrics.writer(platform)
        with ExitStack() as opened:
            self.writer = opened.enter_context(
                closing(Writer(url, platform, seal, clock, watch, PressProcess, calendar_in_use()))
            )
            self._inbox = opened.enter_context(closing(Intake(url, platform, self.writer)))
            topic = KafkaIntake(here.options, platform, self.writer)
            self._topic = opened.enter_context(closing(topic))
            self._opened = opened.pop_all()
        self._inbox_at = 0.0  # It is asked now and then, not with each command of the topic.

    def step(self, wait_ms: int) -> int:
        taken = self._topic.step(wait_ms)
        if time.monotonic() >= self._inbox_at:
            self._inbox_at = time.monotonic() + IDLE_MS / 1000
            taken += self._inbox.step()
        return taken

    def close(self) -> None:
        self._opened.close()


def _write(here: _Here, stop: threading.Event) -> None:
    # At once: one that waits behind another writer must be able to take over.
    seals = {name: seal_of(place, here.urls[name]) for name, place in here.places.items()}

    def open_share(platform: str) -> _Writing:
        return _Writing(here, platform, seals[platform])

    _say_what_is_missing(here, Topic.COMMANDS)
    group = Group(here.options, WRITERS, Topic.COMMANDS, list(here.places), open_share)
    with closing(group):
        while not stop.is_set():
            group.poll()
            if not group.held:
                stop.wait(IDLE_MS / 1000)
            for platform, share in list(group.held.items()):
                try:
                    share.step(IDLE_MS // len(group.held))
                except WriterFenced:
                    group.drop(platform)
            group.say({name: each.writer.commands_offset for name, each in group.held.items()})
            here.watching.round(group.held.keys())


# -- the relay --------------------------------------------------------------------------


def _relay(here: _Here, stop: threading.Event) -> None:
    with ExitStack() as opened:
        relays: dict[str, Relay] = {}
        opened_at = -AWAY_S
        while not stop.is_set():
            if len(relays) < len(here.places) and time.monotonic() >= opened_at + AWAY_S:
                for platform in here.places.keys() - relays.keys():
                    if (relay := _open_relay(here, platform)) is not None:
                        relays[platform] = opened.enter_context(closing(relay))
                opened_at = time.monotonic()  # Each try is a new session of the database.
            sent = {platform: relay.step() for platform, relay in relays.items()}
            for platform, messages in sent.items():
                here.watching.metrics.relayed(platform, messages)
            here.watching.round(relays.keys())
            _rest(list(relays.values()), max(sent.values(), default=0), stop)


def _open_relay(here: _Here, platform: str) -> Relay | None:
    """None where there is none to be had now, which holds up no other platform."""
    try:
        return Relay(here.urls[platform], platform, here.options)
    except RelayRunning:
        return None
    except TopicMissing as error:
        _say_away(platform, error)
        return None


def _rest(relays: list[Relay], most_sent: int, stop: threading.Event) -> None:
    if len(relays) == 1 and most_sent < AT_ONCE:  # It is told of more, and need not ask.
        relays[0].wait(AWAY_S / 4)
        return
    for each in relays:
        each.wait(0)  # Else what it is told piles up.
    if most_sent == 0:
        stop.wait(IDLE_MS / 1000)


# -- the views --------------------------------------------------------------------------


def _project(here: _Here, stop: threading.Event) -> None:
    def open_share(platform: str) -> Projector:
        log_of_topic = KafkaLog(here.options, platform, wait_ms=IDLE_MS)
        try:
            with closing(LogReader(here.urls[platform], platform)) as log_itself:
                log_of_topic.require_part_of(log_itself)
            return Projector(here.urls[platform], platform, log=log_of_topic)
        except BaseException:
            log_of_topic.close()
            raise

    _say_what_is_missing(here, Topic.EVENTS)
    group = Group(here.options, PROJECTIONS, Topic.EVENTS, list(here.places), open_share)
    with closing(group):
        while not stop.is_set():
            group.poll()
            if not group.held:
                stop.wait(IDLE_MS / 1000)
            for platform, share in group.held.items():
                here.watching.metrics.projected(platform, share.follow())
            here.watching.round(group.held.keys())
