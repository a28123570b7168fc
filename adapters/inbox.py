"""Commands to the writer of another process on the same database: a table that it empties.

What lies in the inbox is durable, and encrypted, as commands name people. The writer takes a
message, and answers it, in the transaction that decides it; whoever put it there picks the answer
up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog
from psycopg import sql

from adapters.commanding import CommandParked, Outcome, Receipt
from adapters.shard_schema import shard_schema
from adapters.vault import Seal
from domain.commands import Command
from infra.postgres import connect

log = structlog.get_logger()

KEPT_DAYS = 7
"""An answer. Its sender looks several times a second, and is hardly frozen for that long; what it
says stands in the receipt for ever."""
POLL_S = 0.02  # The writer is another process, and answers by a row.


class NoReceipt(Exception):
    """No writer answered in time. The commands stay in the inbox: ask later by their ids."""


class Inbox:
    """Implements adapters.commanding.Commands by way of the table. Where somebody is `patient`, it
    is waited for a writer as long as he says so, and without end; else for `timeout_s`."""

    def __init__(
        self,
        url: str,
        platform: str,
        seal: Seal,
        timeout_s: float = 30.0,
        patient: Callable[[], bool] | None = None,
    ) -> None:
        self._connection = connect(url, autocommit=True, by_key=True)
        self._platform = platform
        self._schema = sql.Identifier(shard_schema(platform))
        self._seal = seal
        self._timeout_s = timeout_s
        self._patient = patient
        self._clear_away()

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        """Raises NoReceipt, CommandParked."""
        messages = [command.model_dump_json().encode() for command in commands]
        positions = self._put([self._seal.close_message(message) for message in messages])
        deadline = time.monotonic() + self._timeout_s
        parked = self._parked(positions)
        while self._answered(positions) + len(parked) < len(positions):
            deadline = self._waited(deadline)
            time.sleep(POLL_S)
            parked = self._parked(positions)
        receipts = self._pick_up([each for each in positions if each not in parked])
        for position, reason in parked.items():
            parked_id = commands[positions.index(position)].id
            raise CommandParked(f"{parked_id} was parked: {reason}", receipts)
        return receipts

    def close(self) -> None:
        self._connection.close()

    def _clear_away(self) -> None:
        """Answers to those who died before they picked them up."""
        self._connection.execute(
            sql.SQL(
                "DELETE FROM {}.inbox_answer WHERE answered_at < now() - make_interval(days => %s)"
            ).format(self._schema),
            (KEPT_DAYS,),
        )

    def _waited(self, deadline: float) -> float:
        """Until when it is waited in silence. Raises NoReceipt."""
        late = time.monotonic() > deadline
        if self._patient is None and late:
            raise NoReceipt(f"no writer answered within {self._timeout_s:.0f} s")
        if self._patient is not None and not self._patient():
            raise NoReceipt("no writer had answered when it was told to stop")
        if late:
            log.warning("writer_silent", platform=self._platform)
            return time.monotonic() + self._timeout_s
        return deadline

    def _put(self, messages: Sequence[bytes]) -> list[int]:
        rows = self._connection.execute(
            sql.SQL(
                "INSERT INTO {}.inbox (message) SELECT message FROM unnest(%s::bytea[])"
                " WITH ORDINALITY AS m (message, place) ORDER BY place RETURNING position"
            ).format(self._schema),
            (list(messages),),
        )
        return [row[0] for row in rows]

    def _answered(self, positions: Sequence[int]) -> int:
        [[count]] = self._connection.execute(
            sql.SQL("SELECT count(*) FROM {}.inbox_answer WHERE position = ANY(%s)").format(
                self._schema
            ),
            (list(positions),),
        ).fetchall()
        return int(count)

    def _parked(self, positions: Sequence[int]) -> dict[int, str]:
        """Those that the writer could not read, and why."""
        return dict(
            self._connection.execute(
                sql.SQL(
                    "SELECT place, reason FROM {}.parked WHERE source = 'inbox' AND place = ANY(%s)"
                ).format(self._schema),
                (list(positions),),
            ).fetchall()
        )

    def _pick_up(self, positions: Sequence[int]) -> list[Receipt]:
        rows = self._connection.execute(
            sql.SQL(
                "DELETE FROM {}.inbox_answer WHERE position = ANY(%s) RETURNING position,"
                " command_id, outcome, code, message, field, first_position, last_position,"
                " replayed"
            ).format(self._schema),
            (list(positions),),
        )
        found = {row[0]: Receipt(row[1], Outcome(row[2]), *row[3:]) for row in rows}
        return [found[position] for position in positions]
