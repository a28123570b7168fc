"""The book as it was known at the close of any day: what is overdue by stage, by grade, by
month of issue, from stage to stage and month by month, and each loan for the disclosure.

Nothing is replayed: rows that hold now, and the stretches of days before them (loan_history), are
picked by their dates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Cursor

from adapters.read_models.as_known_lines import (
    GradeLine,
    MonthLine,
    RollLine,
    StageLine,
    VintageLine,
)
from adapters.read_models.as_known_statements import (
    BY_GRADE,
    BY_MONTH,
    BY_STAGE,
    BY_VINTAGE,
    LOANS,
    ROLL,
)
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
from domain.policy import Provider, Scope

_ROOM = b"SET LOCAL work_mem TO '128MB'"
"""So that nothing of a hundred thousand loans goes to disk in between."""

THIRD_PARTY = ("guarantee_advance",)
"""Purposes of what others than borrower and reserve pay in a borrower's place. Who pays as the
platform, or is a related party of it then, is none of the third parties."""


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
        return [StageLine(*row) for row in self._ask(BY_STAGE, [self.on], **_stages(table))]

    def grades(self) -> list[GradeLine]:
        return [
            GradeLine(*(*row, per_cent(row[3], row[1]))) for row in self._ask(BY_GRADE, [self.on])
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
                BY_VINTAGE, self.month_ends()
            )
        ]

    def rolls(self, table: AgeingTable | None = None) -> list[RollLine]:
        """Between the last month end up to `on` and the one before it; `table` as for stages."""
        last = max(self.month_ends(), default=month_end_before(self.on))
        first = month_end_before(last)
        counted = self._ask(ROLL, [first, last], first=first, **_stages(table))
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
                BY_MONTH,
                self.month_ends(),
                reserve=RESERVE_ACCOUNT,
                unprotected=Scope.NONE.value,
            )
        ]

    def loans(self) -> list[LoanAt]:
        """Every loan that was paid out by then, as the disclosure looks at it."""
        rows = self._ask(
            LOANS, [self.on], third_party=list(THIRD_PARTY), platform=Provider.PLATFORM.value
        )
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
