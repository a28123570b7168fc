"""One who owns the database and covers the tracks: hashes, receipts and positions fit again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg import sql

from adapters.codec import GENESIS, Stored, data_from, decode_event, hash_row
from domain.model import Event
from tests.services.proof.town import PLATFORM

UNGUARDED = "-c session_replication_role=replica"  # The triggers that guard the log do not fire.


@dataclass(slots=True)
class Line:
    """One event: its envelope as JSON, and where it stood (None: newly made)."""

    stream: str
    version: int
    topic: str
    envelope: dict[str, Any]
    was_at: int | None

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.envelope["data"]
        return data

    @property
    def event(self) -> Any:
        return decode_event(self.topic, orjson.dumps(self.envelope))


class Forger:
    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, options=UNGUARDED)
        rows = self.run(
            "SELECT originator_id, originator_version, topic, state, notification_id"
            " FROM {shard}.stored_events ORDER BY notification_id"
        )
        self.lines = [
            Line(stream, version, topic, orjson.loads(state), position)
            for stream, version, topic, state, position in rows
        ]

    def run(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """One statement, in which {shard}, {custody} and {reconciliation} are schemas."""
        names = ("shard", "custody", "reconciliation")
        schemas = {name: sql.Identifier(f"{name}_{PLATFORM}") for name in names}
        cursor = self.connection.execute(sql.SQL(query).format(**schemas), values)
        return cursor.fetchall() if cursor.description else []

    def first(self, kind: type[Event], **wanted: Any) -> Line:
        """The first event of a kind whose data have these values."""
        return next(
            line
            for line in self.lines
            if line.topic == kind.TOPIC and wanted.items() <= line.data.items()
        )

    def insert_after(self, line: Line, stream: str, event: Event, **circumstances: str) -> Line:
        """A new event of the same command, as if the writer had written it."""
        place = self.lines.index(line) + 1
        version = 1 + sum(1 for other in self.lines[:place] if other.stream == stream)
        for later in self.lines[place:]:
            later.version += later.stream == stream
        data = orjson.loads(data_from(event))
        envelope = line.envelope | {"data": data} | circumstances
        forged = Line(stream, version, event.TOPIC, envelope, None)
        self.lines.insert(place, forged)
        return forged

    def drop(self, line: Line) -> None:
        self.lines.remove(line)

    def position_of(self, line: Line) -> int:
        return self.lines.index(line) + 1

    def save(self) -> None:
        """Writes the whole log anew, linked, and moves all that names positions along."""
        before, rows = GENESIS, []
        for position, line in enumerate(self.lines, start=1):
            rest = {key: line.envelope[key] for key in ("at", "on", "cause", "corr", "actor")}
            state = orjson.dumps({**rest, "prev": before.hex(), "data": line.envelope["data"]})
            row = Stored(position, line.stream, line.version, line.topic, state)
            before = hash_row(*row)
            rows.append(row)
        self.run("DELETE FROM {shard}.stored_events")
        for row in rows:
            self.run(
                "INSERT INTO {shard}.stored_events (notification_id, originator_id,"
                " originator_version, topic, state) VALUES (%s, %s, %s, %s, %s)",
                *row,
            )
        self.run("UPDATE {shard}.shard SET head_position = %s, head_hash = %s", len(rows), before)
        self._move_receipts()
        self._move_journal()
        self.commit()

    def _move_receipts(self) -> None:
        spans: dict[str, list[int]] = {}
        for position, line in enumerate(self.lines, start=1):
            spans.setdefault(line.envelope["cause"], []).append(position)
        self.run("UPDATE {shard}.receipt SET first_position = 0, last_position = 0")
        for cause, positions in spans.items():
            self.run(
                "UPDATE {shard}.receipt SET first_position = %s, last_position = %s"
                " WHERE command_id = %s",
                positions[0],
                positions[-1],
                cause,
            )

    def _move_journal(self) -> None:
        # By way of negative numbers, so that none is moved twice.
        for position, line in enumerate(self.lines, start=1):
            if line.was_at is not None and line.was_at != position:
                self.run(
                    "UPDATE {custody}.instruction SET position = %s WHERE position = %s",
                    -position,
                    line.was_at,
                )
        self.run("UPDATE {custody}.instruction SET position = abs(position)")
        self.run("UPDATE {custody}.follower SET position = %s", len(self.lines))

    def commit(self) -> None:
        self.connection.commit()
        self.connection.close()


def change(url: str, query: str, *values: Any) -> None:
    """One statement, in which {shard} is a schema, with no track of it covered up."""
    with psycopg.connect(url, autocommit=True, options=UNGUARDED) as connection:
        connection.execute(query.format(shard=f"shard_{PLATFORM}").encode(), values)
