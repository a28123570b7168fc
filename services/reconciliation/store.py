"""Writes a day's outcome: its lines, its breaks and its result, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from datetime import date, datetime
from typing import Any, LiteralString

from psycopg import Cursor

from infra.clock import SHANGHAI
from services.reconciliation.breaks import Difference
from services.reconciliation.records import DAY_COLUMNS, Records, read_day
from services.reconciliation.results import DayResult, Verdict

_PUT_DAY = (
    f"INSERT INTO day ({', '.join(DAY_COLUMNS)})"  # noqa: S608 - made of field names
    f" VALUES ({', '.join(['%s'] * len(DAY_COLUMNS))})"
    " ON CONFLICT (bank_date) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in DAY_COLUMNS[1:])
).encode()


def store(
    records: Records, result: DayResult, keys: Iterable[str], differences: Iterable[Difference]
) -> DayResult:
    """`keys` of the lines that the bank lists as done. Gives the result as stored: a confirmation
    of the same files stands."""
    with records.transaction() as cursor:
        before = _lock_day(cursor, result.bank_date)
        if before is None or before.digest != result.digest:
            _put_lines(cursor, result.bank_date, keys)
        elif before.confirmed_at is not None:
            result = replace(result, confirmed_at=before.confirmed_at)
        _put_breaks(cursor, result.bank_date, result.reconciled_at, differences)
        _put_day(cursor, result)
    return result


def store_incomplete(records: Records, result: DayResult) -> None:
    """What an earlier run found out stays."""
    with records.transaction() as cursor:
        before = _lock_day(cursor, result.bank_date)
        if before is None or before.verdict is Verdict.INCOMPLETE:
            _put_day(cursor, result)


def store_confirmation(records: Records, result: DayResult) -> None:
    with records.transaction() as cursor:
        cursor.execute(
            "UPDATE day SET confirmed_at = %s, confirm_code = %s WHERE bank_date = %s",
            (result.confirmed_at, result.confirm_code, result.bank_date),
        )


def _lock_day(cursor: Cursor[Any], bank_date: date) -> DayResult | None:
    lock_days(cursor)
    return read_day(cursor, bank_date)


def lock_days(cursor: Cursor[Any]) -> None:
    """One run at a time: breaks reach over days."""
    cursor.execute("LOCK TABLE day IN EXCLUSIVE MODE")


def _put_day(cursor: Cursor[Any], result: DayResult) -> None:
    cursor.execute(_PUT_DAY, astuple(result))


def _put_lines(cursor: Cursor[Any], bank_date: date, keys: Iterable[str]) -> None:
    cursor.execute("DELETE FROM line WHERE bank_date = %s", (bank_date,))
    with cursor.copy("COPY line (key, bank_date) FROM STDIN") as copy:
        for key in keys:
            copy.write_row((key, bank_date))


# -- breaks -----------------------------------------------------------------------------


def _put_breaks(
    cursor: Cursor[Any], bank_date: date, at: datetime, differences: Iterable[Difference]
) -> None:
    """What is seen on the day is what was found now. A break that no day sees any more is resolved;
    one that is seen again is open again."""
    found = {difference.break_id: difference for difference in differences}
    cursor.execute(
        "SELECT break_id, book_fen, bank_fen, detail FROM sighting JOIN break USING (break_id)"
        " WHERE bank_date = %s AND NOT gone AND status = 'open'",
        (bank_date,),
    )
    before = {break_id: tuple(figures) for break_id, *figures in cursor}
    cursor.execute("SELECT break_id, status FROM break WHERE break_id = ANY(%s)", (list(found),))
    known = dict(cursor.fetchall())
    history = [
        (break_id, at, bank_date, what, _figures(difference))
        for break_id, difference in found.items()
        if (what := _what(difference, known.get(break_id), before.get(break_id))) is not None
    ]
    if found:
        _put_found(cursor, bank_date, found)
    resolved = _resolve(cursor, bank_date, at, sorted(before.keys() - found.keys()))
    history += [(break_id, at, bank_date, "resolved", "auto") for break_id in resolved]
    put_history(cursor, history)


def put_history(cursor: Cursor[Any], lines: Sequence[tuple[Any, ...]]) -> None:
    cursor.executemany(
        "INSERT INTO break_history (break_id, at, bank_date, what, note)"
        " VALUES (%s, %s, %s, %s, %s)",
        lines,
    )


def _what(difference: Difference, status: str | None, before: tuple[Any, ...] | None) -> str | None:
    """What the history says of it; None for a break that is as it was."""
    if status is None or status == "resolved":
        return "found" if status is None else "reopened"
    same = (difference.book_fen, difference.bank_fen, difference.detail)
    return None if before == same else "changed"


def _figures(difference: Difference) -> str:
    return f"book {difference.book_fen} fen, bank {difference.bank_fen} fen; {difference.detail}"


def _put_found(cursor: Cursor[Any], bank_date: date, found: dict[str, Difference]) -> None:
    cursor.executemany(
        _PUT_BREAK,
        [
            (break_id, each.kind.value, each.reference, each.owner, bank_date, bank_date)
            for break_id, each in found.items()
        ],
    )
    cursor.executemany(
        _PUT_SIGHTING,
        [
            (break_id, bank_date, each.book_fen, each.bank_fen, each.detail, each.turns_on)
            for break_id, each in found.items()
        ],
    )


def _resolve(cursor: Cursor[Any], bank_date: date, at: datetime, gone: Sequence[str]) -> list[str]:
    if not gone:
        return []
    cursor.execute(
        "UPDATE sighting SET gone = true WHERE bank_date = %s AND break_id = ANY(%s)",
        (bank_date, list(gone)),
    )
    cursor.execute(_RESOLVE, {"gone": list(gone), "on": at.astimezone(SHANGHAI).date()})
    return [break_id for (break_id,) in cursor]


_PUT_BREAK: LiteralString = """
INSERT INTO break (break_id, class, reference, owner, status, first_seen, last_seen)
VALUES (%s, %s, %s, %s, 'open', %s, %s)
ON CONFLICT (break_id) DO UPDATE SET status = 'open', resolution = NULL, resolved_on = NULL,
    first_seen = least(break.first_seen, excluded.first_seen),
    last_seen = greatest(break.last_seen, excluded.last_seen)
"""
_PUT_SIGHTING: LiteralString = """
INSERT INTO sighting (break_id, bank_date, book_fen, bank_fen, detail, turns_on)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (break_id, bank_date) DO UPDATE SET book_fen = excluded.book_fen,
    bank_fen = excluded.bank_fen, detail = excluded.detail, turns_on = excluded.turns_on,
    gone = false
"""
_RESOLVE: LiteralString = """
UPDATE break SET status = 'resolved', resolution = 'auto', resolved_on = %(on)s
WHERE break_id = ANY(%(gone)s) AND NOT EXISTS (
    SELECT FROM sighting WHERE sighting.break_id = break.break_id AND NOT gone)
RETURNING break_id
"""
