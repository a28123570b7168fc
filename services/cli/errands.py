"""What only a running stack can do (it has the bank), asked for by another process: a small table.

Whoever runs the stack looks here between its steps. An errand that nobody has done when a stack
starts is thrown away: whoever asked has gone, or is told that the stack stopped.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from infra.postgres import Migration, connect, migrate
from services.cli.failure import EXIT_REFUSED, CliError

POLL_S = 0.05  # The stack is another process, and answers by a row.
LOOKS_BEFORE_ASKING = 20  # Whether the stack still runs.

Answer = dict[str, Any]

MIGRATIONS = (
    Migration(
        1,
        "errands",
        """
        -- Done when it has an answer or a failure; deleted by whoever asked.
        CREATE TABLE errand (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL,
            argument jsonb NOT NULL,
            answer jsonb,
            failure jsonb
        );
        """,
    ),
)


class Errand(NamedTuple):
    id: int
    kind: str
    argument: Answer


class Errands:
    """The table, from either side."""

    def __init__(self, url: str, platform: str) -> None:
        schema = f"cli_{platform}"
        self._connection = connect(url, autocommit=True)
        migrate(self._connection, schema, MIGRATIONS)
        self._schema = sql.Identifier(schema)

    def close(self) -> None:
        self._connection.close()

    # -- whoever asks -------------------------------------------------------------------

    def ask(self, kind: str, argument: Answer, runs: Callable[[], bool]) -> Answer:
        """The answer of the running stack, which may take its time as long as it `runs`. Raises
        CliError, the stack's own if it failed there."""
        (row,) = self._run(
            "INSERT INTO {}.errand (kind, argument) VALUES (%s, %s) RETURNING id",
            kind,
            Jsonb(argument),
        )
        with self._taken_away(row[0]):
            answer, failure = self._outcome(row[0], runs)
        if failure is not None:
            raise CliError(**failure)
        return dict(answer)

    def _outcome(self, number: int, runs: Callable[[], bool]) -> tuple[Any, ...]:
        for look in itertools.count(1):
            rows = self._run("SELECT answer, failure FROM {}.errand WHERE id = %s", number)
            if rows and rows[0] != (None, None):
                return rows[0]
            if not rows or (look % LOOKS_BEFORE_ASKING == 0 and not runs()):
                break
            time.sleep(POLL_S)
        raise CliError(
            "stack_stopped",
            "the running zhuanhu stopped before it had answered",
            hint="run the command again: it changes nothing twice",
            exit_code=EXIT_REFUSED,
        )

    @contextmanager
    def _taken_away(self, number: int) -> Iterator[None]:
        try:
            yield
        finally:
            self._run("DELETE FROM {}.errand WHERE id = %s RETURNING id", number)

    # -- the running stack --------------------------------------------------------------

    def forget(self) -> None:
        self._run("DELETE FROM {}.errand RETURNING id")

    def next(self) -> Errand | None:
        rows = self._run(
            "SELECT id, kind, argument FROM {}.errand"
            " WHERE answer IS NULL AND failure IS NULL ORDER BY id LIMIT 1"
        )
        return Errand(*rows[0]) if rows else None

    def done(self, errand: Errand, answer: Answer) -> None:
        self._run(
            "UPDATE {}.errand SET answer = %s WHERE id = %s RETURNING id", Jsonb(answer), errand.id
        )

    def failed(self, errand: Errand, error: CliError) -> None:
        failure = error.as_json() | {"exit_code": error.exit_code}
        self._run(
            "UPDATE {}.errand SET failure = %s WHERE id = %s RETURNING id",
            Jsonb(failure),
            errand.id,
        )

    def _run(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        cursor: psycopg.Cursor[tuple[Any, ...]] = self._connection.execute(
            sql.SQL(query).format(self._schema), values
        )
        return cursor.fetchall()
