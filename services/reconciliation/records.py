"""What reconciliation keeps: bank days, and breaks with their history and who works them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg.rows import class_row, dict_row

from adapters.read_models.table import in_schema
from infra.clock import SHANGHAI, Clock
from infra.postgres import connect, migrate
from services.reconciliation.breaks import BreakClass
from services.reconciliation.results import Break, BreakStatus, DayResult, HistoryLine, Verdict
from services.reconciliation.schema import MIGRATIONS, reconciliation_schema

DAY_COLUMNS = tuple(field.name for field in fields(DayResult))
_DAYS = f"SELECT {', '.join(DAY_COLUMNS)} FROM day"  # noqa: S608 - made of field names
_BREAKS = """
SELECT break.break_id, class AS kind, reference, owner, status, resolution, first_seen, last_seen,
    coalesce(resolved_on, %(today)s) - first_seen AS age_days,
    last.book_fen, last.bank_fen, last.detail, last.turns_on
FROM break CROSS JOIN LATERAL (
    SELECT * FROM sighting WHERE sighting.break_id = break.break_id
    ORDER BY gone, bank_date DESC LIMIT 1
) AS last
WHERE (%(status)s::text IS NULL OR status = %(status)s)
    AND (%(day)s::date IS NULL OR break.break_id IN (
        SELECT break_id FROM sighting WHERE bank_date = %(day)s AND NOT gone))
ORDER BY first_seen, class, reference
"""


class BreakUnknown(LookupError):
    """There is no break of that id."""


class Records:
    """One platform's records. One connection: not for several threads at once."""

    def __init__(self, url: str, platform: str, clock: Clock) -> None:
        self._connection = connect(url, autocommit=True, by_key=True)
        self._connection.prepare_threshold = None  # A plan made for empty tables must not stay.
        self._clock = clock
        self._schema = reconciliation_schema(platform)
        migrate(self._connection, self._schema, MIGRATIONS)

    def close(self) -> None:
        self._connection.close()

    @property
    def connection(self) -> psycopg.Connection:
        return self._connection

    @property
    def now(self) -> datetime:
        return self._clock.now()

    @property
    def today(self) -> date:
        return self.now.astimezone(SHANGHAI).date()

    def days(self) -> list[DayResult]:
        """The last result of every bank day, oldest first."""
        with self.transaction() as cursor:
            cursor.execute(f"{_DAYS} ORDER BY bank_date".encode())
            return [day_result(row) for row in cursor]

    def day(self, bank_date: date) -> DayResult | None:
        with self.transaction() as cursor:
            return read_day(cursor, bank_date)

    def breaks(
        self, status: BreakStatus | None = BreakStatus.OPEN, bank_date: date | None = None
    ) -> list[Break]:
        """Oldest first: of one status or of all, seen on one bank day or on any."""
        with (
            self.transaction(),
            self._connection.cursor(row_factory=dict_row) as cursor,
        ):
            cursor.execute(
                _BREAKS,
                {
                    "status": None if status is None else status.value,
                    "day": bank_date,
                    "today": self.today,
                },
            )
            return [_break(row) for row in cursor]

    def history(self, break_id: str) -> list[HistoryLine]:
        """Oldest first. Raises BreakUnknown."""
        with (
            self.transaction(),
            self._connection.cursor(row_factory=class_row(HistoryLine)) as cursor,
        ):
            cursor.execute(
                "SELECT at, bank_date, what, note FROM break_history"
                " WHERE break_id = %s ORDER BY number",
                (break_id,),
            )
            lines = cursor.fetchall()
        if not lines:
            raise BreakUnknown(f"break_id: there is no break {break_id}")
        return lines

    def days_seen(self, keys: Collection[str], but: date) -> dict[str, set[date]]:
        """On which bank days other than `but` lines of these keys were taken in."""
        seen: dict[str, set[date]] = defaultdict(set)
        if keys:
            with self.transaction() as cursor:
                cursor.execute(
                    "SELECT key, bank_date FROM line WHERE key = ANY(%s) AND bank_date <> %s",
                    (list(keys), but),
                )
                for key, bank_date in cursor:
                    seen[key].add(bank_date)
        return seen

    def dated_apart(self, before: date) -> list[str]:
        """Keys that earlier bank days list, and that the book did not have on those days."""
        with self.transaction() as cursor:
            cursor.execute(
                "SELECT DISTINCT reference FROM break JOIN sighting USING (break_id)"
                " WHERE class = %s AND bank_date < %s AND NOT gone",
                (BreakClass.TIMING.value, before),
            )
            return [key for (key,) in cursor]

    def open_ones(self, kind: BreakClass) -> list[str]:
        """The references of the open breaks of a class."""
        with self.transaction() as cursor:
            cursor.execute(
                "SELECT reference FROM break WHERE class = %s AND status = 'open'", (kind.value,)
            )
            return [reference for (reference,) in cursor]

    def resolved(self, break_ids: Collection[str]) -> set[str]:
        """Those of these breaks that are resolved."""
        if not break_ids:
            return set()
        with self.transaction() as cursor:
            cursor.execute(
                "SELECT break_id FROM break WHERE break_id = ANY(%s) AND status = 'resolved'",
                (list(break_ids),),
            )
            return {break_id for (break_id,) in cursor}

    def kind_of(self, break_id: str) -> BreakClass:
        """Raises BreakUnknown."""
        with self.transaction() as cursor:
            cursor.execute("SELECT class FROM break WHERE break_id = %s", (break_id,))
            row = cursor.fetchone()
        if row is None:
            raise BreakUnknown(f"break_id: there is no break {break_id}")
        return BreakClass(row[0])

    def assign(self, break_id: str, owner: str, by: str) -> None:
        """Who works the break from now on. Raises BreakUnknown."""
        with self.transaction() as cursor:
            cursor.execute("UPDATE break SET owner = %s WHERE break_id = %s", (owner, break_id))
            if cursor.rowcount == 0:
                raise BreakUnknown(f"break_id: there is no break {break_id}")
            cursor.execute(
                "INSERT INTO break_history (break_id, at, what, note)"
                " VALUES (%s, %s, 'assigned', %s)",
                (break_id, self.now, f"to {owner} by {by}"),
            )

    @contextmanager
    def transaction(self) -> Iterator[Cursor[Any]]:
        """A cursor on this platform's tables."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(in_schema(self._schema))
            yield cursor


def read_day(cursor: Cursor[Any], bank_date: date) -> DayResult | None:
    cursor.execute(f"{_DAYS} WHERE bank_date = %s".encode(), (bank_date,))
    return next((day_result(row) for row in cursor), None)


def day_result(row: tuple[Any, ...]) -> DayResult:
    values = dict(zip(DAY_COLUMNS, row, strict=True))
    return DayResult(**values | {"verdict": Verdict(values["verdict"])})


def _break(row: dict[str, Any]) -> Break:
    return Break(**row | {"kind": BreakClass(row["kind"]), "status": BreakStatus(row["status"])})
