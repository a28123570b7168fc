"""Ends breaks by what explains them, though no run of their day has looked again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from services.reconciliation.breaks import BreakClass
from services.reconciliation.records import BreakUnknown, Records, read_day
from services.reconciliation.results import DayResult
from services.reconciliation.store import lock_days, put_history

BY_PERSON = frozenset({BreakClass.CONTRADICTION})
"""What a person's word may end. All else is seen anew by the next run as long as it is there."""


class BreakNotForPeople(ValueError):
    """A break of that class ends when book and bank agree, not by anybody's word."""


def close(records: Records, notes: Mapping[str, str], resolution: str = "auto") -> list[DayResult]:
    """Resolves these breaks, each with what explains it. Gives the days that saw them, as they
    stand without. Their sightings stay."""
    if not notes:
        return []
    with records.transaction() as cursor:
        lock_days(cursor)
        asked = {"ids": list(notes), "resolution": resolution, "on": records.today}
        cursor.execute(_CLOSE, asked)
        sightings = cursor.fetchall()
        put_history(
            cursor,
            [(each, records.now, day, "resolved", notes[each]) for each, day in sightings],
        )
        days = sorted(day for _, day in sightings)
        for day in days:
            cursor.execute(_ONE_BREAK_LESS, (day,))
        return [result for day in dict.fromkeys(days) if (result := read_day(cursor, day))]


def resolve(records: Records, break_id: str, by: str, note: str) -> None:
    """A person ends an open break, and says why. Raises BreakUnknown, BreakNotForPeople."""
    kind = records.kind_of(break_id)
    if kind not in BY_PERSON:
        raise BreakNotForPeople(f"break: one of class {kind} ends when book and bank agree")
    if not close(records, {break_id: f"by {by}: {note}"}, "person"):
        raise BreakUnknown(f"break_id: there is no open break {break_id}")


_CLOSE: LiteralString = """
WITH closed AS (
    UPDATE break SET status = 'resolved', resolution = %(resolution)s, resolved_on = %(on)s
    WHERE break_id = ANY(%(ids)s) AND status = 'open' RETURNING break_id)
SELECT break_id, bank_date FROM closed JOIN sighting USING (break_id)
WHERE NOT gone ORDER BY bank_date, break_id
"""
_ONE_BREAK_LESS: LiteralString = """
UPDATE day SET breaks = breaks - 1, verdict = CASE
    WHEN breaks > 1 THEN verdict
    WHEN pending + timing > 0 THEN 'reconciled_with_pending'
    ELSE 'reconciled' END
WHERE bank_date = %s
"""
