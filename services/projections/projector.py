"""Keeps a platform's views up with its log, rebuilds them, and proves that a rebuild is equal.

    step      the next events into every view: rows and positions in one transaction
    follow    the same for a process that does nothing else: those views first that somebody waits
              for, the others after them, with more events at a time
    rebuild   one view anew from the first event, beside the live one; switched in at the end
    compare   the same without the switch: is the live view what its events say?

An event that a view cannot take stops the loop: ProjectionFailed names view and position.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from psycopg import Cursor, Rollback
from psycopg.errors import UndefinedColumn, UndefinedTable

from adapters.codec import Recorded
from adapters.event_log import LogReader
from adapters.read_models.registry import VIEWS
from adapters.read_models.store import ViewStore
from adapters.read_models.table import in_schema
from adapters.read_models.view import Building, View
from infra.postgres import connect

REPLAY_LIMIT = 1_000
STEP_MAX = 5_000
LATER_S = 0.1
"""How long `follow` lets the views stand that nobody waits for."""
PASSES = 8
STANDS_STILL = b"SET LOCAL transaction_timeout = '10min'"
"""Whoever is frozen while he has the views locked would keep all others out: the server ends his
session. From the lock on, for which one may wait long; and long enough for STEP_MAX repayments to
hundreds of investors each, which would else be begun again and again."""


class LogGap(Exception):
    """The next position did not come: events are missing, or were given twice."""


class Log(Protocol):
    """What is asked of the event log, or of its topic."""

    def head(self) -> int: ...

    def read(self, after: int, limit: int = ..., *, upto: int | None = ...) -> list[Recorded]:
        """With `upto`, fewer than `limit` means that it is reached: else an error is raised."""
        ...

    def pages(
        self, after: int, upto: int, topics: Sequence[str], size: int
    ) -> Iterator[list[Recorded]]:
        """All of these topics up to a position; else an error is raised."""
        ...

    def close(self) -> None: ...


class Rebuilt(NamedTuple):
    """The digests of the old tables and of the new ones, both at `position`."""

    position: int
    digest_before: str | None  # None where another version had shaped the tables.
    digest_after: str

    @property
    def equal(self) -> bool | None:
        return None if self.digest_before is None else self.digest_before == self.digest_after


class Projector:
    """The views of one platform. Several may run at once; each event is applied once."""

    def __init__(
        self,
        url: str,
        platform: str,
        views: Sequence[type[View]] = VIEWS,
        log: Log | None = None,
    ) -> None:
        self._store = ViewStore(platform, views)
        self._prompt = [view.NAME for view in views if view.PROMPT]
        self._log = log or LogReader(url, platform)
        self._connection = connect(url, autocommit=True, by_key=True)
        # Rows and position are lost together in a power cut, and come again from the log.
        self._connection.execute("SET synchronous_commit TO off")
        # Whoever is killed while he waits for a lock holds up nobody.
        self._connection.execute("SET client_connection_check_interval TO '1s'")
        self._reached = 0  # Every view has come at least so far.
        self._followed: int | None = None  # How far `follow` has read.
        self._later: list[Recorded] = []  # What of that not all views have.
        self._later_since = 0.0
        with self._transaction() as cursor:
            self._store.prepare(cursor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()
        self._log.close()

    def step(self, limit: int = STEP_MAX, upto: int | None = None) -> int:
        """Applies at most `limit` events to every view; gives how many there were to apply."""
        batch = self._read(self._look(), limit, upto)
        self._apply(self._store.views, batch)
        return len(batch)

    def follow(self) -> int:
        """Applies what is new to the views that are PROMPT; and to all others what they lack, when
        that has waited for LATER_S, or is much. Gives how many events were new. After an error the
        projector is to be opened anew."""
        if self._followed is None:
            self._followed = self._look()
        batch = self._read(self._followed, STEP_MAX)
        self._apply(self._prompt, batch)
        if not self._later:
            self._later_since = time.monotonic()
        self._later += batch
        self._followed += len(batch)
        if time.monotonic() >= self._later_since + LATER_S or len(self._later) >= STEP_MAX:
            self._apply(self._store.views, self._later)
            self._later = []
        return len(batch)

    def catch_up(self, to: int | None = None, limit: int = STEP_MAX) -> int:
        """Steps until every view holds the events up to `to` (default: the log's head now); gives
        the number of events applied."""
        target = self._log.head() if to is None else to
        applied = 0
        if target <= self._reached:
            return 0
        stepped = limit
        while stepped == limit:
            stepped = self.step(limit, upto=target)
            applied += stepped
        self._reached = target
        return applied

    def rebuild(self, name: str) -> Rebuilt:
        """Builds the view anew and puts it in the place of the live one.

        All in one transaction: whoever reads finds the old tables or the new ones, and of a rebuild
        that is killed nothing is left. Raises ViewUnknown, RebuildRunning, ProjectionFailed, and
        what the log raises; then the live view stays as it is.
        """
        view = self._store.named(name)
        with self._transaction() as cursor:
            building, built_to = self._build_beside(cursor, view)
            self._store.lock_to_write(cursor)
            position = self._replay_to_live(cursor, building, built_to)
            before = self._digest_of_live(cursor, view)
            after = self._store.digest(cursor, view, self._store.shadow)
            self._store.lock_to_switch(cursor)
            self._store.switch(cursor, view)
        return Rebuilt(position, before, after)

    def compare(self) -> Mapping[str, bool]:
        """Name -> is every row of the live view what a rebuild gives? Changes nothing."""
        return {name: self._equals_rebuilt(view) for name, view in self._store.views.items()}

    def digest(self, name: str) -> str:
        """SHA-256 over all rows of the live view in key order."""
        view = self._store.named(name)
        with self._transaction() as cursor:
            self._store.lock_to_write(cursor)
            return self._store.digest(cursor, view, self._store.schema)

    def _look(self) -> int:
        """How far every view has come, at least: somebody else may move them on."""
        with self._connection.cursor() as cursor:
            return min(self._store.positions(cursor).values())

    def _read(self, after: int, limit: int, upto: int | None = None) -> list[Recorded]:
        batch = self._log.read(after, limit, upto=upto)
        _check_gapless(after, batch)
        return batch

    def _apply(self, names: Collection[str], batch: Sequence[Recorded]) -> None:
        """To those views of `names` that have not come so far; all have come to its first."""
        if not batch:
            return
        first, last = batch[0], batch[-1]
        with self._connection.pipeline(), self._transaction() as cursor:
            self._store.lock_to_write(cursor)
            cursor.execute(STANDS_STILL)
            positions = self._store.positions(cursor)
            cursor.execute(in_schema(self._store.schema))
            behind = [name for name in names if positions[name] < last.position]
            if any(positions[name] < first.position - 1 for name in behind):
                raise LogGap(f"a view has not come to position {first.position - 1}")
            # All ask before one is answered: that is one way to the server and back, not one each.
            begun = [
                self._store.named(name).begin(
                    cursor, batch[max(0, positions[name] + 1 - first.position) :]
                )
                for name in behind
            ]
            for view in begun:
                if view is not None:
                    view.finish()
            self._store.move(cursor, behind, last.position, last.recorded_at)

    def _equals_rebuilt(self, view: type[View]) -> bool:
        equal = False
        with self._transaction() as cursor:
            self._store.positions(cursor)  # Rows of another shape cannot be compared.
            building, built_to = self._build_beside(cursor, view)
            self._store.lock_to_write(cursor)
            self._replay_to_live(cursor, building, built_to)
            live = self._store.digest(cursor, view, self._store.schema)
            equal = live == self._store.digest(cursor, view, self._store.shadow)
            raise Rollback
        return equal

    def _build_beside(self, cursor: Cursor[Any], view: type[View]) -> tuple[Building, int]:
        """The long part, while the live view moves on, until that is at most a page ahead; gives
        how far it came."""
        building = self._store.begin_beside(cursor, view)
        built_to = 0
        for _ in range(PASSES):
            before, built_to = built_to, self._replay_to_live(cursor, building, built_to)
            if built_to - before <= REPLAY_LIMIT:
                break
        return building, built_to

    def _replay_to_live(self, cursor: Cursor[Any], building: Building, after: int) -> int:
        """The view's events up to where the live view is now; gives that position."""
        target = self._store.position(cursor, building.view.NAME)
        topics = sorted(building.view.topics())
        building.take(self._log.pages(after, target, topics, REPLAY_LIMIT))
        return target

    def _digest_of_live(self, cursor: Cursor[Any], view: type[View]) -> str | None:
        try:
            with self._connection.transaction():
                return self._store.digest(cursor, view, self._store.schema)
        except (UndefinedTable, UndefinedColumn):
            return None

    @contextmanager
    def _transaction(self) -> Iterator[Cursor[Any]]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            yield cursor


def _check_gapless(after: int, batch: Sequence[Recorded]) -> None:
    expected = after
    for recorded in batch:
        expected += 1
        if recorded.position != expected:
            raise LogGap(f"position {expected} is missing: {recorded.position} came instead")
