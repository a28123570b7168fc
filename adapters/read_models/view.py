"""What a view is: tables, the events it is folded from, and one fold for live and rebuild alike.

An instance is the working copy of one batch: it loads the rows that the batch touches, folds event
by event, and writes them back. What it ends with depends on the events alone, never on how they
were cut into batches, nor on any clock.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, ClassVar, TypeVar

from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.table import Key, Rows, Table
from domain.model import Event

R = TypeVar("R")


class ProjectionFailed(Exception):
    """A view could not take an event: a bug. Its rows and position stay where they were."""


class View(ABC):
    NAME: ClassVar[str]
    TABLES: ClassVar[tuple[Table[Any], ...]]
    EVENTS: ClassVar[tuple[type[Event], ...]]

    def __init__(self, cursor: Cursor[Any], batch: Sequence[Recorded]) -> None:
        """Opens the rows that `batch` touches. `batch` holds events of EVENTS only."""
        self._cursor = cursor
        self._opened: list[Rows[Any]] = []

    @abstractmethod
    def fold(self, recorded: Recorded) -> None: ...

    def open(self, table: Table[R], keys: Collection[Key] = ()) -> Rows[R]:
        rows = Rows(table, table.load(self._cursor, keys))
        self._opened.append(rows)
        return rows

    @classmethod
    def apply(cls, cursor: Cursor[Any], batch: Sequence[Recorded]) -> None:
        """Folds `batch` into the tables of the search path's schema. The caller commits."""
        topics = cls.topics()
        mine = [recorded for recorded in batch if recorded.topic in topics]
        if not mine:
            return
        view = cls(cursor, mine)
        for recorded in mine:
            try:
                view.fold(recorded)
            except Exception as error:
                raise ProjectionFailed(
                    f"view {cls.NAME} at position {recorded.position} ({recorded.topic},"
                    f" stream {recorded.stream}): {type(error).__name__}: {error}"
                ) from error
        for rows in view._opened:
            rows.save(cursor)

    @classmethod
    @cache
    def topics(cls) -> frozenset[str]:
        return frozenset(event.TOPIC for event in cls.EVENTS)

    @classmethod
    @cache
    def shape(cls) -> str:
        """Changes with any table, so that rows of an older program are not taken for ours."""
        return hashlib.sha256("\n".join(table.ddl for table in cls.TABLES).encode()).hexdigest()


def named(batch: Sequence[Recorded], field: str) -> set[str]:
    """What the events of `batch` that have `field` say in it."""
    values = {vars(recorded.event).get(field) for recorded in batch}
    return {value for value in values if value is not None}
