"""The book month by month as sparklines, a bar a month end: for people, below an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from adapters.read_models.as_known_lines import MonthLine
from domain.money import yuan

BARS = "▁▂▃▄▅▆▇█"
MONTHS_SHOWN = 24


class Line(Enum):
    LATE = "late loans"
    OVERDUE = "overdue"
    RESERVE = "reserve"
    COVERAGE = "coverage"

    def height(self, month: MonthLine) -> int:
        match self:
            case Line.LATE:
                return month.late_loans
            case Line.OVERDUE:
                return month.lenders_fen
            case Line.RESERVE:
                return month.reserve_fen
            case Line.COVERAGE:
                return int(month.coverage_pct.replace(".", ""))

    def says(self, month: MonthLine) -> str:
        match self:
            case Line.LATE:
                return str(month.late_loans)
            case Line.OVERDUE | Line.RESERVE:
                return f"{yuan(self.height(month))} yuan"
            case Line.COVERAGE:
                return f"{month.coverage_pct} %"


def sparkline(values: Sequence[int]) -> str:
    """One bar a value, the highest of them full; nothing is the lowest bar."""
    highest = max(values, default=0) or 1
    return "".join(BARS[value * (len(BARS) - 1) // highest] for value in values)


def trend(months: Sequence[MonthLine], *lines: Line) -> Iterator[str]:
    """The last two years, and what the last month end says. Nothing before the first."""
    shown = months[-MONTHS_SHOWN:]
    if shown:
        yield f"month ends {shown[0].on:%Y-%m} to {shown[-1].on:%Y-%m}"
        for line in lines:
            drawn = sparkline([line.height(month) for month in shown])
            yield f"  {line.value:<10} {drawn}  {line.says(shown[-1])}"
