"""The lines of which the book of a past day is told. Amounts are open to whomever; `lenders_fen` is
what the lenders themselves have not received yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


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
