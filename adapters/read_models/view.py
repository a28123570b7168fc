"""What a view is: tables, the events it is folded from, and one fold for live and rebuild alike.

An instance is the working copy of one batch: it asks for the rows that the batch touches, folds
event by event, and writes back what that changed. A row that it adds without having asked for its
key is new. What it ends with depends on the events alone, never on how they were cut into batches,
nor on any clock.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, ClassVar, Self, TypeVar

import psycopg
from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.rows import Held, Rows, Touched
from adapters.read_models.table import Key, Table
from domain.model import Event

R = TypeVar("R")


class ProjectionFailed(Exception):
    """A view could not take an event: a bug. Its rows and position stay where they were."""


class View(ABC):
    NAME: ClassVar[str]
    TABLES: ClassVar[tuple[Table[Any], ...]]
    EVENTS: ClassVar[tuple[type[Event], ...]]
    PROMPT: ClassVar[bool] = False
    """Somebody waits for it: it is moved first, with all others that are prompt."""

    BY_KEY: ClassVar[bool] = False
    """All that it knows of earlier events are rows that it opens by their keys: a rebuild may hold
    them in memory."""

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        """Asks for the rows that `batch` touches. `batch` holds events of EVENTS only."""
        self._tables = tables
        self._batch = batch

    @abstractmethod
    def fold(self, recorded: Recorded) -> None: ...

    def open(self, table: Table[R], keys: Collection[Key] = ()) -> Rows[R]:
        return self._tables.open(table, keys)

    @classmethod
    def begin(cls, cursor: Cursor[Any], batch: Sequence[Recorded]) -> Self | None:
        """For the tables of the search path's schema; None where `batch` has nothing for it."""
        topics = cls.topics()
        mine = [recorded for recorded in batch if recorded.topic in topics]
        return cls(Touched(cursor.connection), mine) if mine else None

    def finish(self) -> None:
        """Folds the batch and writes what it changed. The caller commits."""
        for recorded in self._batch:
            try:
                self.fold(recorded)
            except psycopg.OperationalError:  # The database went away while it answered.
                raise
            except Exception as error:
                raise ProjectionFailed(
                    f"view {self.NAME} at position {recorded.position} ({recorded.topic},"
                    f" stream {recorded.stream}): {type(error).__name__}: {error}"
                ) from error
        self._tables.save()

    @classmethod
    @cache
    def topics(cls) -> frozenset[str]:
        return frozenset(event.TOPIC for event in cls.EVENTS)

    @classmethod
    @cache
    def shape(cls) -> str:
        """Changes with any table, so that rows of an older program are not taken for ours."""
        return hashlib.sha256("\n".join(table.ddl for table in cls.TABLES).encode()).hexdigest()


class Building:
    """A view that is folded anew, in tables of the search path's schema that were created bare."""

    def __init__(self, cursor: Cursor[Any], view: type[View]) -> None:
        self.view = view
        self._connection = cursor.connection
        self._held = Held(cursor.connection, view.TABLES)
        if not view.BY_KEY:
            self._held.write()

    def take(self, pages: Iterable[Sequence[Recorded]]) -> None:
        """Pages of events of the view's EVENTS only. What they change is written at the end."""
        for page in filter(None, pages):
            tables = self._held if self.view.BY_KEY else Touched(self._connection)
            self.view(tables, page).finish()
        self._held.write()


def named(batch: Sequence[Recorded], field: str, made_by: type[Event] | tuple[()] = ()) -> set[str]:
    """What the events of `batch` that have `field` say in it, but for what one that is `made_by`
    names: that is new, and nobody need be asked for it."""
    events: list[Any] = [recorded.event for recorded in batch]
    values: set[Any] = {getattr(event, field, None) for event in events}
    values -= {getattr(event, field) for event in events if isinstance(event, made_by)}
    values.discard(None)
    return values
