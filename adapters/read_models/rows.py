"""A view's rows in memory: asked for by key, changed there, and written once if they were changed.

    Rows      of one table
    Touched   of all tables of a view, for one batch
    Held      the same for a rebuild, over many batches

Whoever opens a table again finds the rows that are held, as the last batch left them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Generic, TypeVar

from psycopg import Connection, Cursor

from adapters.read_models.table import Key, Table, Values

R = TypeVar("R")

HELD_ROWS = 250_000
"""At most a few hundred megabytes."""


class Rows(Generic[R]):
    """What was asked for is taken from the server when somebody looks."""

    def __init__(self, table: Table[R]) -> None:
        self._table = table
        self._answer: Cursor[Any] | None = None
        self._rows: dict[Key, R] = {}
        self._loaded: dict[Key, Values] = {}
        self._removed: set[Key] = set()

    def ask(self, answer: Cursor[Any], keys: Collection[Key]) -> None:
        """For those that are not here. `answer` is a cursor of its own."""
        self._take()
        missing = [key for key in keys if key not in self._rows and key not in self._removed]
        if missing:
            self._table.ask(answer, missing)
            self._answer = answer

    def __getitem__(self, key: Key) -> R:
        self._take()
        return self._rows[key]

    def __iter__(self) -> Iterator[R]:
        self._take()
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows) + len(self._removed)

    def get(self, key: Key) -> R | None:
        self._take()
        return self._rows.get(key)

    def add(self, row: R) -> R:
        self._take()
        self._rows[self._table.key_of(row)] = row
        return row

    def pop(self, key: Key) -> R:
        self._take()
        row = self._rows.pop(key)
        self._removed.add(key)
        self._loaded.pop(key, None)  # It would be new, even if it were equal.
        return row

    def save(self, cursor: Cursor[Any]) -> None:
        if self._answer is None:  # Else nobody looked.
            new, known = self._changed()
            self._table.remove(cursor, self._removed)
            self._table.add(cursor, new)
            self._table.put(cursor, known)

    def save_many(self, cursor: Cursor[Any]) -> None:
        """As `save`. Not in a pipeline."""
        new, known = self._changed()
        self._table.remove(cursor, self._removed)
        self._table.copy(cursor, new)
        self._table.put(cursor, known)

    def _changed(self) -> tuple[list[Values], list[Values]]:
        """Rows that are new, and rows that are not what they were."""
        new: list[Values] = []
        known: list[Values] = []
        for key, row in self._rows.items():
            values, before = self._table.values(row), self._loaded.get(key)
            if before is None:
                new.append(values)
            elif before != values:
                known.append(values)
        return new, known

    def _take(self) -> None:
        if self._answer is not None:
            for values in self._answer.fetchall():
                row = self._table.row(*values)
                key = self._table.key_of(row)
                self._rows[key], self._loaded[key] = row, values
            self._answer = None


class Touched:
    """The rows that one batch touches."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.cursor = connection.cursor()
        self._opened: list[Rows[Any]] = []

    def open(self, table: Table[R], keys: Collection[Key] = ()) -> Rows[R]:
        rows = Rows(table)
        rows.ask(self.cursor.connection.cursor(), keys)
        self._opened.append(rows)
        return rows

    def save(self) -> None:
        for rows in self._opened:
            rows.save(self.cursor)


class Held(Touched):
    """The rows that many batches touch: asked for when first touched, and written when they are
    HELD_ROWS, and at the end."""

    def __init__(self, connection: Connection[Any], bare: Sequence[Table[Any]]) -> None:
        """`bare` are tables without rows and indexes: first they are filled, and then indexed."""
        super().__init__(connection)
        self._bare = bare
        self._held: dict[str, Rows[Any]] = {}

    def open(self, table: Table[R], keys: Collection[Key] = ()) -> Rows[R]:
        rows = self._held.setdefault(table.name, Rows(table))
        if table not in self._bare:
            rows.ask(self.cursor.connection.cursor(), keys)
        return rows

    def save(self) -> None:
        if sum(map(len, self._held.values())) >= HELD_ROWS:
            self.write()

    def write(self) -> None:
        for rows in self._held.values():
            rows.save_many(self.cursor)
        for table in self._bare:
            table.index(self.cursor)
        self._held, self._bare = {}, ()
