"""The whole way: publisher -> Kafka -> writer -> log -> relay -> Kafka -> balances readable, with
writer, relay and projections as the processes that they are in production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import psutil

from adapters.kafka.messages import Message
from adapters.kafka.outlet import Outlet
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, ensure_topics, topic_name
from adapters.read_models.balances import Balances
from adapters.read_models.store import views_schema
from adapters.watching.pipeline import PipelineReader
from benchmarks.commands import PLATFORM
from benchmarks.measuring import cpu_s
from benchmarks.writer import new_bench
from infra.kafka import administration, client_options
from infra.kafka_broker import KafkaBroker
from infra.postgres import connect
from infra.settings import load_settings
from services.cli.installation import Installation

ACCOUNTS = 20_000
WARM_S, FEED_S, WINDOW = 15, 120, 3_000
SQL_S = 8  # Before, and after.
LATENCY_S, RATE = 20, 200
PARTS = ("writer", "relay", "projections")
PATIENCE_S = 300

# When balances were moved, told by who moves them, as the last thing before he commits: whoever
# asked again and again would take a part of the two cores that he measures.
SEEN = (
    "CREATE TABLE seen (position bigint, at double precision)",
    """CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen
    VALUES (NEW.position, extract(epoch FROM clock_timestamp())); RETURN NULL; END $$""",
    f"""CREATE TRIGGER see AFTER UPDATE ON {views_schema(PLATFORM)}.view_position FOR EACH ROW
    WHEN (NEW.name = '{Balances.NAME}') EXECUTE FUNCTION see()""",
)


READABLE = f"SELECT min(position) FROM {views_schema(PLATFORM)}.view_position"  # noqa: S608


class Lag(NamedTuple):
    """What waits: commands for the writer, events for the relay and for the view furthest back."""

    commands: int
    relay: int
    views: int


class Fed(NamedTuple):
    """`cpu_s`: of each process, a command. `lags`: after each third of the time."""

    per_s: float
    cpu_s: dict[str, float]
    lags: list[Lag]


class PipelineBench:
    """A running pipeline over a platform whose investors all have money."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder

    @contextmanager
    def running(self) -> Iterator[None]:
        settings = load_settings()
        with KafkaBroker(self._folder, settings.cache_dir) as broker:
            self._options = client_options(settings.with_own_kafka(broker.address))
            with administration(self._options) as client:
                ensure_topics(client, PLATFORM, settings)
            self._bench = new_bench(self._url, ACCOUNTS)
            self._bench.close()
            Installation(PLATFORM, "P1").save(self._folder)
            environment = os.environ | {
                "DATABASE_URL": self._url,
                "KAFKA_BOOTSTRAP_SERVERS": broker.address,
                "ZHUANHU_LOG_LEVEL": "warning",
            }
            self._parts = {
                part: subprocess.Popen(
                    (sys.executable, "-m", "services.cli", part, "--data", str(self._folder)),
                    env=environment,
                    stdout=subprocess.DEVNULL,
                )
                for part in PARTS
            }
            self._commands = topic_name(PLATFORM, Topic.COMMANDS)
            outlet = Outlet(self._options, [self._commands], PATIENCE_S)
            replies = Tail(self._options, topic_name(PLATFORM, Topic.REPLIES))
            replies.seek(0)
            reader = PipelineReader(self._url, PLATFORM, self._options)
            with closing(outlet), closing(replies), closing(reader):
                self._outlet, self._replies, self._reader = outlet, replies, reader
                try:
                    self._settle(self._send(1))
                    yield
                finally:
                    for process in self._parts.values():
                        process.send_signal(signal.SIGTERM)
                        process.wait()

    def fed(self, for_s: int) -> Fed:
        """For `for_s` as fast as they go: WINDOW commands are on their way at any time, up to where
        every view has them."""
        before, began = self._cpu_s(), time.monotonic()
        unanswered: set[str] = set()
        unread: deque[int] = deque()  # Where those answered end in the log, in order.
        lags: list[Lag] = []
        sent = 0
        with connect(self._url, autocommit=True) as connection:
            while len(lags) < 3:
                new = self._send(WINDOW - len(unanswered) - len(unread))
                sent += len(new)
                unanswered |= new
                answered = self._answered(100)
                unanswered.difference_update(answered)
                unread.extend(answered.values())
                [[readable]] = connection.execute(READABLE).fetchall()
                while unread and unread[0] <= readable:
                    unread.popleft()
                if time.monotonic() > began + for_s * (len(lags) + 1) / 3:
                    lags.append(self._lag())
        self._settle(unanswered)
        seconds = time.monotonic() - began
        cpu_s = {name: (self._cpu_s()[name] - spent) / sent for name, spent in before.items()}
        return Fed(sent / seconds, cpu_s, lags)

    def latencies_ms(self) -> list[float]:
        """At RATE a second: from sending to where the balance can be read, in order of size. What a
        load before has left to be written to disk is written first: nobody's 200 a second leaves
        as much."""
        with connect(self._url, autocommit=True) as connection:
            for statement in (*SEEN, "CHECKPOINT"):
                connection.execute(statement.encode())
            sent: dict[str, float] = {}
            began = time.time()
            while len(sent) < LATENCY_S * RATE:
                # Until the next one is due.
                due = began + len(sent) / RATE
                time.sleep(max(0.0, due - time.time()))
                [command_id] = self._send(1)
                sent[command_id] = due
            positions = self._settle(set(sent))
            seen = connection.execute("SELECT position, at FROM seen ORDER BY position").fetchall()
        places = [place for place, _ in seen]
        return sorted(
            (seen[bisect_left(places, position)][1] - sent[command_id]) * 1000
            for command_id, position in positions.items()
        )

    def _send(self, count: int) -> set[str]:
        """Puts that many commands into the topic; gives their ids."""
        commands = [self._bench.tender() for _ in range(count)]
        messages = [
            Message(command.id.encode(), command.model_dump_json().encode(), [])
            for command in commands
        ]
        self._outlet.put({self._commands: messages})
        return {command.id for command in commands}

    def _settle(self, ids: set[str]) -> dict[str, int]:
        """Waits until all are answered and can be read in every view; gives their positions."""
        positions: dict[str, int] = {}
        deadline = time.monotonic() + PATIENCE_S
        while ids - positions.keys() or any(self._lag()):
            if time.monotonic() > deadline:
                raise RuntimeError("the pipeline does not keep up")
            positions |= self._answered(100)
        return positions

    def _lag(self) -> Lag:
        look = self._reader.look()
        standing, commands = look.standing, look.commands_in_topic
        if look.trouble is not None or standing.relay is None:
            raise RuntimeError(f"the pipeline cannot be looked at: {look.trouble}")
        views = max(view.lag for view in standing.views.values())
        return Lag(commands or 0, standing.relay.lag, views)

    def _answered(self, wait_ms: int) -> dict[str, int]:
        found = {}
        for record in self._replies.poll(wait_ms):
            said = orjson.loads(record.value)
            if said["outcome"] != "accepted":
                raise RuntimeError(f"{said['command_id']}: {said['code']}")
            found[said["command_id"]] = said["last_position"]
        return found

    def _cpu_s(self) -> dict[str, float]:
        """Of each part with the processes that are its own."""
        parts = {name: psutil.Process(each.pid) for name, each in self._parts.items()}
        spent = {
            name: cpu_s(part) + sum(map(cpu_s, part.children())) for name, part in parts.items()
        }
        return spent | {"publisher": cpu_s(psutil.Process())}
