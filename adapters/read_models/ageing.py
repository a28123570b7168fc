"""What is overdue, by stages of lateness (账龄). The stages are a table: another may be passed.

Days late count from the day after the due date. A loan stands in the stage of its oldest open
instalment, with all that it owes late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Cursor


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    from_days: int  # Late; up to the next stage's.


@dataclass(frozen=True, slots=True)
class AgeingLine:
    """Amounts are open to whomever, investors or reserve."""

    stage: str
    from_days: int
    to_days: int | None
    loans: int
    instalments: int
    principal_fen: int
    interest_fen: int


AGEING = (
    Stage("M1", 1),
    Stage("M2", 31),
    Stage("M3", 61),
    Stage("M4", 91),
    Stage("M5", 181),
    Stage("M6", 361),
    Stage("M7", 721),
)

_LATE = """
WITH stage AS (
    SELECT name, from_days, lead(from_days) OVER (ORDER BY from_days) - 1 AS to_days
    FROM unnest(%s::text[], %s::bigint[]) AS given (name, from_days)
), late AS (
    SELECT loan_id, %s::date - min(due_on) AS days, count(*) AS instalments,
        sum(open_principal_fen + reserve_open_principal_fen
            + guarantor_open_principal_fen) AS principal_fen,
        sum(open_interest_fen + reserve_open_interest_fen
            + guarantor_open_interest_fen) AS interest_fen
    FROM instalment
    WHERE due_on < %s AND open_principal_fen + open_interest_fen
        + reserve_open_principal_fen + reserve_open_interest_fen
        + guarantor_open_principal_fen + guarantor_open_interest_fen > 0
    GROUP BY loan_id
)
SELECT name, from_days, to_days, count(loan_id), coalesce(sum(instalments), 0)::bigint,
    coalesce(sum(principal_fen), 0)::bigint, coalesce(sum(interest_fen), 0)::bigint
FROM stage LEFT JOIN late ON days >= from_days AND (to_days IS NULL OR days <= to_days)
GROUP BY name, from_days, to_days
ORDER BY from_days
"""


def ageing(cursor: Cursor[Any], on: date, table: Sequence[Stage]) -> list[AgeingLine]:
    """One line a stage, the empty ones too."""
    names = [stage.name for stage in table]
    days = [stage.from_days for stage in table]
    cursor.execute(_LATE, (names, days, on, on))
    return [AgeingLine(*row) for row in cursor]
