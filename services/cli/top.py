"""`zhuanhu top`: where every part of the pipeline stands, live in the terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.live import Live

from infra.errors import KafkaUnavailable
from infra.kafka import client_options, unlogged
from infra.postgres import PostgresUnavailable
from services.cli.failure import EXIT_REFUSED
from services.cli.kafka import kafka_settings
from services.cli.opening import database, find
from services.cli.options import AsJson, Folders
from services.cli.pipeline import Observer, Picture
from services.cli.pipeline_tables import drawn, lost
from services.cli.showing import show_json
from services.cli.stopping import told_to_stop
from services.cli.translation import explain

REFRESH_S = 1.0
AWAY = (psycopg.Error, PostgresUnavailable)

app = typer.Typer()


@app.command("top")
def top_command(
    data: Folders = None,
    once: Annotated[
        bool, typer.Option("--once", help="One look, and the end; so too where no terminal is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Watch the pipeline until Ctrl-C: log, commands, writer, relay, views, parked, Kafka's groups.

    It reads PostgreSQL and, where one is named or runs, Kafka by itself: no part has to run, and no
    port to be open. Rates are those between two looks, a second apart. With --json one line a look.
    Exit 1 where Kafka is named and cannot be read; the rest is shown all the same.

    Example: zhuanhu top --once --json
    """
    with told_to_stop() as stop, _observer(data) as observer:
        if as_json and not once:
            _stream(observer, stop)
        elif once or not sys.stdout.isatty():
            _once(observer, stop, as_json)
        else:
            _live(observer, stop)


@contextmanager
def _observer(data: list[Path] | None) -> Iterator[Observer]:
    folders: list[Path | None] = [*data] if data else [None]
    places = [find(each, None) for each in folders]
    try:
        options = client_options(kafka_settings(folders[0]))
    except KafkaUnavailable:  # None is named, and none of our own runs.
        options = None
    with ExitStack() as opened:
        opened.enter_context(unlogged())
        urls = [opened.enter_context(database(place)) for place in places]
        yield opened.enter_context(closing(Observer(list(zip(places, urls, strict=True)), options)))


def _once(observer: Observer, stop: threading.Event, as_json: bool) -> None:
    observer.look()
    stop.wait(REFRESH_S)
    picture = observer.look()
    if as_json:
        show_json(picture)
    else:
        Console(markup=False, highlight=False).print(drawn(picture))
    if picture.kafka is not None and picture.kafka.trouble is not None:
        raise typer.Exit(EXIT_REFUSED)


def _stream(observer: Observer, stop: threading.Event) -> None:
    while not stop.is_set():
        show_json(observer.look())
        stop.wait(REFRESH_S)


def _live(observer: Observer, stop: threading.Event) -> None:
    """Where PostgreSQL is away the last picture stays, with what is wrong above it."""
    picture: Picture | None = None
    with Live(auto_refresh=False, screen=True) as live:
        while not stop.is_set():
            try:
                picture = observer.look()
                live.update(drawn(picture), refresh=True)
            except AWAY as error:
                live.update(lost(explain(error), picture), refresh=True)
            stop.wait(REFRESH_S)
