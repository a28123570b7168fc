"""How far the parts of a platform's pipeline have come, as PostgreSQL has it. Never writes.

One transaction a look, so that its figures belong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import Cursor, sql

from adapters.codec import circumstances_of
from adapters.read_models.registry import VIEWS
from adapters.read_models.store import ViewStore
from adapters.shard_schema import RELAY_SESSIONS, relay_role, shard_schema, writer_role
from infra.postgres import connect

AHEAD = 10_000

Values = tuple[int, ...] | Mapping[str, int]


class Following(NamedTuple):
    """Who follows the log, up to `position`. Of the events that it lacks: how many (`lag`), how
    long ago the first of them was recorded (`lag_s`, 0 where it lacks none), and how many of the
    next AHEAD positions are not there to be read (`gap`). `age_s`: how long ago its last event was
    recorded; None before the first."""

    position: int
    lag: int
    lag_s: float
    gap: int
    age_s: float | None


class Standing(NamedTuple):
    """`position`, `recorded_at`: the log's last event. `commands`: all that ever had an outcome.
    `writer`, `relay_holder`: `pid@host` of who holds the platform, None where nobody does. `relay`:
    as the topic has it, None where no position was given. `inbox`: messages that wait there.
    """

    platform: str
    position: int
    recorded_at: datetime | None
    epoch: int
    writer: str | None
    relay_holder: str | None
    commands: int
    commands_offset: int
    commands_topic: UUID | None
    inbox: int
    parked: int
    relay: Following | None
    views: Mapping[str, Following]


class StandingReader:
    """One connection. Not for several threads. `simulated`: now is when the last event was."""

    def __init__(self, url: str, platform: str, *, simulated: bool = False) -> None:
        self._connection = connect(url, by_key=True, role="watching")
        self._connection.execute("SET default_transaction_isolation TO 'repeatable read'")
        self._connection.commit()
        self._platform = platform
        self._schema = sql.Identifier(shard_schema(platform))
        self._views = ViewStore(platform, VIEWS)
        self._simulated = simulated

    def look(self, relayed: int | None = None) -> Standing:
        """`relayed`: the last position in the topic of events, read before. Raises psycopg.Error
        where the connection or the shard is gone."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            epoch, position, commands, offset, topic = self._row(cursor, _SHARD)
            [recorded_at] = self._row(cursor, _RECORDED, (position,)) or [None]
            at = None if recorded_at is None else _recorded_at(recorded_at)
            now = at if self._simulated and at is not None else datetime.now(UTC)
            inbox, parked = self._row(cursor, _WAITING)
            known: dict[int, Following] = {}

            def following(place: int) -> Following:
                if place not in known:
                    known[place] = self._following(cursor, place, position, now)
                return known[place]

            return Standing(
                platform=self._platform,
                position=position,
                recorded_at=at,
                epoch=epoch,
                writer=self._holder(cursor, _WRITER, f"{writer_role(self._platform)} "),
                relay_holder=self._holder(cursor, _RELAY, relay_role(self._platform)),
                commands=commands,
                commands_offset=offset,
                commands_topic=topic,
                inbox=inbox,
                parked=parked,
                relay=None if relayed is None else following(relayed),
                views={name: following(place) for name, place in self._positions(cursor).items()},
            )

    def close(self) -> None:
        self._connection.close()

    def _positions(self, cursor: Cursor[Any]) -> dict[str, int]:
        there = cursor.execute(
            "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'view_position'",
            (self._views.schema,),
        )
        if not there.fetchall():
            return {}
        stamps = self._views.stamps(cursor)
        return {name: stamps[name].position for name in self._views.views if name in stamps}

    def _following(self, cursor: Cursor[Any], place: int, head: int, now: datetime) -> Following:
        """A topic that was read too late, or is another history's, may be ahead of the log."""
        last, first_lacking, found = self._row(
            cursor, _AHEAD, {"place": place, "upto": min(head, place + AHEAD)}
        )
        lag = max(0, head - place)
        return Following(
            position=place,
            lag=lag,
            lag_s=_seconds_since(first_lacking, now) or 0.0,
            gap=min(lag, AHEAD) - found,
            age_s=_seconds_since(last, now),
        )

    def _holder(self, cursor: Cursor[Any], query: LiteralString, role: str) -> str | None:
        row = cursor.execute(query, (role,)).fetchone()
        return row[0].rpartition(" ")[2] if row else None

    def _row(self, cursor: Cursor[Any], query: LiteralString, values: Values = ()) -> Any:
        return cursor.execute(sql.SQL(query).format(self._schema), values).fetchone()


def _recorded_at(state: bytes) -> datetime:
    return datetime.fromisoformat(circumstances_of(bytes(state)).recorded_at)


def _seconds_since(state: bytes | None, now: datetime) -> float | None:
    return None if state is None else max(0.0, (now - _recorded_at(state)).total_seconds())


_SHARD = "SELECT epoch, head_position, receipts, commands_offset, commands_topic FROM {}.shard"
_RECORDED = "SELECT state FROM {}.stored_events WHERE notification_id = %s"
_WAITING = (
    "SELECT (SELECT count(*) FROM {0}.inbox),"
    " (SELECT count(*) FROM {0}.parked WHERE state = 'parked')"
)
_AHEAD = (
    "SELECT"
    " (SELECT state FROM {0}.stored_events WHERE notification_id = %(place)s),"
    " (SELECT state FROM {0}.stored_events"
    "  WHERE notification_id > %(place)s AND notification_id <= %(upto)s"
    "  ORDER BY notification_id LIMIT 1),"
    " (SELECT count(*) FROM {0}.stored_events"
    "  WHERE notification_id > %(place)s AND notification_id <= %(upto)s)"
)
# Whoever opened the shard last is its writer.
_WRITER = (
    "SELECT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND starts_with(application_name, %s)"
    " ORDER BY backend_start DESC LIMIT 1"
)
_RELAY: LiteralString = "SELECT application_name" + RELAY_SESSIONS
