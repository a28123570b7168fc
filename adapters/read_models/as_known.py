"""The book as it was known at the close of any day: what is overdue by stage, by grade, by
month of issue, from stage to stage and month by month, and each loan for the disclosure.

Nothing is replayed: rows that hold now, and the stretches of days before them (loan_history), are
picked by their dates. Amounts are open to whomever; `lenders_fen` is what the lenders themselves
have not received yet.
"""

# ruff: noqa: S608  -- the statements are put together of constants, values are bound.

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Cursor

from adapters.read_models.store import ViewStamp
from domain.accounts import RESERVE_ACCOUNT
from domain.ageing import (
    AGEING_TABLES,
    DEFAULT_TABLE,
    AgeingTable,
    month_end_before,
    month_ends,
    per_cent,
)
from domain.disclosure import LoanAt
from domain.policy import Scope


@dataclass(frozen=True, slots=True)
class StageLine:
    """A loan stands in the stage of its oldest open instalment, with all that it owes late.
    `table` is empty where one ageing table was asked for, for all loans."""

    stage: str
    from_days: int
    to_days: int | None
    loans: int
    instalments: int
    principal_fen: int
    interest_fen: int
    lenders_fen: int
    table: str = ""


@dataclass(frozen=True, slots=True)
class GradeLine:
    """`principal_fen` is outstanding, `late_fen` principal and interest that are late."""

    grade: str
    loans: int
    principal_fen: int
    late_loans: int
    late_fen: int
    lenders_fen: int
    over_30_loans: int
    over_90_loans: int
    late_loans_pct: str


@dataclass(frozen=True, slots=True)
class VintageLine:
    """The loans paid out in one month, at a later month end. `over_30_fen` is the outstanding
    principal of those that are more than 30 days late; the share is its part of `lent_fen`."""

    issued: str  # YYYY-MM
    months_on_book: int
    on: date
    loans: int
    lent_fen: int
    over_30_loans: int
    over_30_fen: int
    over_30_pct: str
    over_90_loans: int
    over_90_fen: int
    over_90_pct: str


@dataclass(frozen=True, slots=True)
class RollLine:
    """How many loans went from one stage to another between two month ends, and their part of all
    that stood in the first. `new` were paid out between, `settled` ended. `table` as above."""

    from_on: date
    to_on: date
    from_stage: str
    to_stage: str
    loans: int
    pct: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class MonthLine:
    """The whole book at a month end, and the reserve beside the outstanding principal of the loans
    that it protects."""

    on: date
    loans: int
    principal_fen: int
    late_loans: int
    lenders_fen: int
    reserve_fen: int
    protected_fen: int
    coverage_pct: str  # reserve_fen in protected_fen


_ROOM = b"SET LOCAL work_mem TO '128MB'"
"""So that nothing of a hundred thousand loans goes to disk in between."""

_DAYS = "WITH day AS (SELECT unnest(%(days)s::date[]) AS on_day)"

_OWED = """, owed AS (
    SELECT on_day, loan_id, principal_fen, interest_fen
    FROM day JOIN loan_history ON from_on <= on_day AND on_day < to_on
    UNION ALL
    SELECT on_day, loan_id, outstanding_principal_fen, outstanding_interest_fen
    FROM day JOIN loan ON outstanding_since <= on_day
    WHERE outstanding_principal_fen + outstanding_interest_fen > 0
)"""

# Of each stretch the days that lie in it and behind the due date are cut out of the sorted array.
_LATE = """, line AS (
    SELECT loan_id, due_on, open_principal_fen + open_interest_fen AS lenders_fen,
        open_principal_fen + reserve_open_principal_fen
            + guarantor_open_principal_fen AS principal_fen,
        open_interest_fen + reserve_open_interest_fen
            + guarantor_open_interest_fen AS interest_fen,
        unnest((%(days)s::date[])[
            width_bucket(greatest(from_on - 1, due_on), %(days)s::date[]) + 1 :
            width_bucket(to_on - 1, %(days)s::date[])]) AS on_day
    FROM instalment_history WHERE due_on < to_on - 1
    UNION ALL
    SELECT loan_id, due_on, open_principal_fen + open_interest_fen,
        open_principal_fen + reserve_open_principal_fen + guarantor_open_principal_fen,
        open_interest_fen + reserve_open_interest_fen + guarantor_open_interest_fen,
        unnest((%(days)s::date[])[
            width_bucket(greatest(open_since - 1, due_on), %(days)s::date[]) + 1 :])
    FROM instalment
    WHERE open_since IS NOT NULL AND open_principal_fen + open_interest_fen
        + reserve_open_principal_fen + reserve_open_interest_fen
        + guarantor_open_principal_fen + guarantor_open_interest_fen > 0
), late AS (
    SELECT on_day, loan_id, on_day - min(due_on) AS days,
        on_day - min(due_on) FILTER (WHERE lenders_fen > 0) AS lenders_days,
        count(*) AS instalments,
        sum(principal_fen)::bigint AS principal_fen, sum(interest_fen)::bigint AS interest_fen,
        sum(lenders_fen)::bigint AS lenders_fen
    FROM line GROUP BY on_day, loan_id
)"""

# Of each loan's own table, or of the one without a name, which is for all.
_STAGE = """, stage AS (
    SELECT in_table, name, from_days,
        lead(from_days) OVER (PARTITION BY in_table ORDER BY from_days) - 1 AS to_days
    FROM unnest(%(tables)s::text[], %(names)s::text[], %(from_days)s::bigint[])
        AS given (in_table, name, from_days)
    WHERE in_table = '' OR in_table IN (SELECT coalesce(ageing, %(usual)s) FROM loan)
)"""

_IN_STAGE = """days >= from_days AND (to_days IS NULL OR days <= to_days)
    AND in_table IN ('', coalesce(ageing, %(usual)s))"""

_BY_STAGE = f"""{_DAYS}{_LATE}{_STAGE}
SELECT name, from_days, to_days, count(loan_id), coalesce(sum(instalments), 0)::bigint,
    coalesce(sum(principal_fen), 0)::bigint, coalesce(sum(interest_fen), 0)::bigint,
    coalesce(sum(lenders_fen), 0)::bigint, in_table
FROM stage LEFT JOIN (late JOIN loan USING (loan_id)) ON {_IN_STAGE}
GROUP BY in_table, name, from_days, to_days
ORDER BY in_table, from_days
"""

_BY_GRADE = f"""{_DAYS}{_OWED}{_LATE}
SELECT coalesce(grade, ''), count(*), sum(owed.principal_fen)::bigint, count(late.loan_id),
    coalesce(sum(late.principal_fen + late.interest_fen), 0)::bigint,
    coalesce(sum(lenders_fen), 0)::bigint,
    count(*) FILTER (WHERE days > 30), count(*) FILTER (WHERE days > 90)
FROM owed JOIN loan USING (loan_id) LEFT JOIN late USING (on_day, loan_id)
GROUP BY 1
ORDER BY 1
"""

_BY_VINTAGE = f"""{_DAYS}{_LATE}, bad AS (
    SELECT date_trunc('month', disbursed_on)::date AS issued, on_day, days > 90 AS over_90,
        coalesce(before.principal_fen, outstanding_principal_fen) AS fen
    FROM late JOIN loan USING (loan_id) LEFT JOIN loan_history AS before
        ON before.loan_id = late.loan_id AND before.from_on <= on_day AND on_day < before.to_on
    WHERE days > 30
), counted AS (
    SELECT issued, on_day, count(*) AS loans_30, sum(fen)::bigint AS fen_30,
        count(*) FILTER (WHERE over_90) AS loans_90,
        coalesce(sum(fen) FILTER (WHERE over_90), 0)::bigint AS fen_90
    FROM bad GROUP BY issued, on_day
), vintage AS (
    SELECT date_trunc('month', disbursed_on)::date AS issued, count(*) AS loans,
        sum(amount_fen)::bigint AS lent_fen
    FROM loan WHERE disbursed_on <= %(last)s GROUP BY 1
)
SELECT issued, on_day, loans, lent_fen, coalesce(loans_30, 0), coalesce(fen_30, 0),
    coalesce(loans_90, 0), coalesce(fen_90, 0)
FROM vintage JOIN day ON on_day >= issued LEFT JOIN counted USING (issued, on_day)
ORDER BY issued, on_day
"""

_ROLL = f"""{_DAYS}{_OWED}{_LATE}{_STAGE}, stood AS (
    SELECT on_day, loan_id, coalesce(name, 'current') AS stage, coalesce(from_days, 0) AS place,
        CASE WHEN %(own)s THEN coalesce(ageing, %(usual)s) ELSE '' END AS in_table
    FROM owed JOIN loan USING (loan_id) LEFT JOIN late USING (on_day, loan_id)
        LEFT JOIN stage ON {_IN_STAGE}
)
SELECT coalesce(a.stage, 'new'), coalesce(b.stage, 'settled'), count(*),
    coalesce(a.in_table, b.in_table) AS in_table
FROM (SELECT * FROM stood WHERE on_day = %(first)s) AS a
FULL JOIN (SELECT * FROM stood WHERE on_day = %(last)s) AS b USING (loan_id)
GROUP BY 4, a.stage, a.place, b.stage, b.place
ORDER BY 4, a.place NULLS FIRST, b.place NULLS LAST
"""

# A stretch adds what it holds on its first day and takes it away on the day after its last: so a
# history of any length is read once, whatever the number of month ends.
_BY_MONTH = f"""{_DAYS}{_LATE}, step AS (
    SELECT loan_id, from_on AS step_on, 1 AS loans, principal_fen FROM loan_history
    UNION ALL
    SELECT loan_id, to_on, -1, -principal_fen FROM loan_history
    UNION ALL
    SELECT loan_id, outstanding_since, 1, outstanding_principal_fen FROM loan
    WHERE outstanding_principal_fen + outstanding_interest_fen > 0
), stepped AS (
    SELECT step_on, sum(loans) AS loans, sum(principal_fen) AS principal_fen,
        sum(principal_fen) FILTER (WHERE protection <> %(unprotected)s) AS protected_fen
    FROM step JOIN loan USING (loan_id) GROUP BY step_on
), owed AS (
    SELECT on_day, sum(loans)::bigint AS loans, sum(principal_fen)::bigint AS principal_fen,
        sum(protected_fen)::bigint AS protected_fen
    FROM day JOIN stepped ON step_on <= on_day GROUP BY on_day
), overdue AS (
    SELECT on_day, count(*) AS loans, sum(lenders_fen)::bigint AS lenders_fen
    FROM late GROUP BY on_day
)
SELECT on_day, coalesce(owed.loans, 0), coalesce(owed.principal_fen, 0),
    coalesce(overdue.loans, 0), coalesce(lenders_fen, 0), coalesce((
        SELECT available_after_fen + frozen_after_fen FROM statement_line
        WHERE account = %(reserve)s AND position <= (
            SELECT coalesce(closing_position, 9223372036854775807) FROM business_day
            WHERE business_date <= on_day ORDER BY business_date DESC LIMIT 1)
        ORDER BY position DESC LIMIT 1
    ), 0), coalesce(protected_fen, 0)
FROM day LEFT JOIN owed USING (on_day) LEFT JOIN overdue USING (on_day)
ORDER BY on_day
"""

_LOANS = f"""{_DAYS}{_OWED}{_LATE}, lent AS (
    SELECT loan_id, array_agg(DISTINCT investor_id) AS lenders,
        array_agg(DISTINCT investor_id)
            FILTER (WHERE repaid_on IS NULL OR repaid_on > %(last)s) AS current_lenders
    FROM claim WHERE lent_on <= %(last)s GROUP BY loan_id
), advanced AS (
    SELECT subject AS loan_id, sum(amount_fen)::bigint AS fen, count(DISTINCT entry_id) AS advances
    FROM movement WHERE purpose = ANY(%(third_party)s) AND status = 'settled'
        AND closed_on <= %(last)s GROUP BY subject
)
SELECT loan_id, borrower_id, amount_fen, coalesce(owed.principal_fen, 0),
    coalesce(owed.interest_fen, 0), coalesce((
        SELECT related FROM member_related AS standing
        WHERE standing.member_id = borrower_id AND from_on <= %(last)s
        ORDER BY from_on DESC LIMIT 1), false), coalesce(late.lenders_fen, 0),
    coalesce(lenders_days, 0), coalesce(advanced.fen, 0), coalesce(advances, 0),
    lenders, coalesce(current_lenders, ARRAY[]::text[])
FROM loan JOIN lent USING (loan_id)
    LEFT JOIN owed USING (loan_id) LEFT JOIN late USING (loan_id) LEFT JOIN advanced USING (loan_id)
WHERE disbursed_on <= %(last)s
ORDER BY loan_id
"""

THIRD_PARTY = ("guarantee_advance",)
"""Purposes of what others than borrower and platform pay in a borrower's place."""


@dataclass(frozen=True, slots=True)
class AsKnown:
    """The book at the close of the business day `on`, or so far where that one is running.
    `position`: the last one of a day that is closed. To be asked while its snapshot stands."""

    on: date
    first: date  # The day on which the books were opened.
    position: int | None
    stamp: ViewStamp
    _cursor: Cursor[Any]

    def stages(self, table: AgeingTable | None = None) -> list[StageLine]:
        """One line a stage, the empty ones too. Without a table each loan stands in that of its
        policy."""
        return [StageLine(*row) for row in self._ask(_BY_STAGE, [self.on], **_stages(table))]

    def grades(self) -> list[GradeLine]:
        return [
            GradeLine(*(*row, per_cent(row[3], row[1]))) for row in self._ask(_BY_GRADE, [self.on])
        ]

    def vintages(self) -> list[VintageLine]:
        """A line for each month of issue and each month end since."""
        return [
            VintageLine(
                issued=f"{issued:%Y-%m}",
                months_on_book=12 * (on.year - issued.year) + on.month - issued.month,
                on=on,
                loans=loans,
                lent_fen=lent_fen,
                over_30_loans=loans_30,
                over_30_fen=fen_30,
                over_30_pct=per_cent(fen_30, lent_fen),
                over_90_loans=loans_90,
                over_90_fen=fen_90,
                over_90_pct=per_cent(fen_90, lent_fen),
            )
            for issued, on, loans, lent_fen, loans_30, fen_30, loans_90, fen_90 in self._ask(
                _BY_VINTAGE, self.month_ends()
            )
        ]

    def rolls(self, table: AgeingTable | None = None) -> list[RollLine]:
        """Between the last month end up to `on` and the one before it; `table` as for stages."""
        last = max(self.month_ends(), default=month_end_before(self.on))
        first = month_end_before(last)
        counted = self._ask(_ROLL, [first, last], first=first, **_stages(table))
        whole: Counter[tuple[str, str]] = Counter()
        for stage, _, loans, name in counted:
            whole[name, stage] += loans
        return [
            RollLine(first, last, stage, to_stage, loans, per_cent(loans, whole[name, stage]), name)
            for stage, to_stage, loans, name in counted
        ]

    def months(self) -> list[MonthLine]:
        """A line for each month end."""
        return [
            MonthLine(*(*row, per_cent(row[5], row[6])))
            for row in self._ask(
                _BY_MONTH,
                self.month_ends(),
                reserve=RESERVE_ACCOUNT,
                unprotected=Scope.NONE.value,
            )
        ]

    def loans(self) -> list[LoanAt]:
        """Every loan that was paid out by then, as the disclosure looks at it."""
        rows = self._ask(_LOANS, [self.on], third_party=list(THIRD_PARTY))
        return [LoanAt(*row) for row in rows]

    def month_ends(self) -> list[date]:
        return list(month_ends(self.first, self.on))

    def _ask(self, query: str, days: Sequence[date], **values: object) -> list[Any]:
        self._cursor.execute(_ROOM)
        last = max(days, default=self.on)
        self._cursor.execute(query.encode(), {"days": list(days), "last": last, **values})
        return self._cursor.fetchall()


def _stages(table: AgeingTable | None) -> dict[str, object]:
    tables = AGEING_TABLES if table is None else {"": table}
    stages = [(name, *stage) for name, each in tables.items() for stage in each]
    return {
        "tables": [name for name, _, _ in stages],
        "names": [name for _, name, _ in stages],
        "from_days": [from_days for _, _, from_days in stages],
        "own": table is None,
        "usual": DEFAULT_TABLE,
    }
