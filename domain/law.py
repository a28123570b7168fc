"""What the law sets, as named tables whose rows are dated.

A platform chooses one by name when its books are opened:

    none        books outside the law's reach, such as trial runs on foreign data
    cn-p2p      the interim measures published on 2016-08-24, and the caps on what a late borrower
                may be charged (see `late_cap_of`)
    cn-p2p-57   the same, and 整治办函〔2017〕57号 of 2017-12-08: nothing new into a reserve
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domain.penalty import PENALTY_DENOMINATOR


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds from a day on. A limit that is None, and a cap that is not there, do not bind."""

    person_on_platform_fen: int | None = None
    company_on_platform_fen: int | None = None
    person_over_all_fen: int | None = None  # Over all platforms.
    company_over_all_fen: int | None = None
    related_party_loans: bool = True
    platform_may_promise: bool = True  # Itself, or by an affiliate, which counts as the platform.
    reserve_may_accrue: bool = True
    late_charges_capped: bool = False


@dataclass(frozen=True, slots=True)
class LawTable:
    name: str
    rows: tuple[tuple[date, Limits], ...]

    def on(self, day: date) -> Limits:
        valid = [limits for since, limits in self.rows if since <= day]
        return valid[-1] if valid else Limits()


_CAPPED = Limits(late_charges_capped=True)  # On whatever day: contracts until 2020 at 24 %.
_MEASURES = Limits(
    person_on_platform_fen=200_000_00,
    company_on_platform_fen=1_000_000_00,
    person_over_all_fen=1_000_000_00,
    company_over_all_fen=5_000_000_00,
    related_party_loans=False,
    platform_may_promise=False,
    late_charges_capped=True,
)
_MEASURES_FROM = date(2016, 8, 24)

LAW_TABLES = {
    table.name: table
    for table in (
        LawTable("none", ()),
        LawTable("cn-p2p", ((date.min, _CAPPED), (_MEASURES_FROM, _MEASURES))),
        LawTable(
            "cn-p2p-57",
            (
                (date.min, _CAPPED),
                (_MEASURES_FROM, _MEASURES),
                (date(2017, 12, 8), replace(_MEASURES, reserve_may_accrue=False)),
            ),
        ),
    )
}

# -- what a late borrower may be charged (综合资金成本上限) ---------------------------------

BEFORE_LPR = Decimal(24)
"""Per cent a year, for contracts concluded before `LPR_RULE_FROM`, up to the day before it."""

LPR_RULE_FROM = date(2020, 8, 20)
LPR_TIMES = 4

ONE_YEAR_LPR: tuple[tuple[date, Decimal], ...] = tuple(
    (date.fromisoformat(since), Decimal(percent))
    for since, percent in (
        ("2019-08-20", "4.25"),
        ("2019-09-20", "4.20"),
        ("2019-11-20", "4.15"),
        ("2020-02-20", "4.05"),
        ("2020-04-20", "3.85"),
        ("2021-12-20", "3.80"),
        ("2022-01-20", "3.70"),
        ("2022-08-22", "3.65"),
        ("2023-06-20", "3.55"),
        ("2023-08-21", "3.45"),
        ("2024-07-22", "3.35"),
        ("2024-10-21", "3.10"),
        ("2025-05-20", "3.00"),
    )
)
"""Per cent a year (贷款市场报价利率), as the National Interbank Funding Center published it on that
day; only the days on which it changed. The last row holds until another is added."""

_DAYS_A_YEAR = 365


def lpr(day: date) -> Decimal:
    """The one-year LPR in force on a day; before there was one, the first."""
    in_force = [percent for since, percent in ONE_YEAR_LPR if since <= day]
    return in_force[-1] if in_force else ONE_YEAR_LPR[0][1]


def late_cap(concluded_on: date, day: date, sued_on: date) -> Decimal:
    """Per cent a year that may be charged for one day of lateness, all in. `sued_on`: the day of
    filing suit; while there is none, the day of the reckoning, as if it were filed then."""
    if concluded_on >= LPR_RULE_FROM:
        return LPR_TIMES * lpr(concluded_on)
    return BEFORE_LPR if day < LPR_RULE_FROM else LPR_TIMES * lpr(sued_on)


class LateCap(NamedTuple):
    """The most that may be charged on an overdue amount for some days, as far as it is known: what
    goes by the day of suit only that day tells."""

    units: int = 0  # In 1/PENALTY_DENOMINATOR fen.
    suit_fen_days: int = 0  # Amount x days whose rate is that of the day of suit.

    def units_by(self, suit_day: date) -> int:
        by_suit = _units(self.suit_fen_days, LPR_TIMES * lpr(suit_day)) if self.suit_fen_days else 0
        return self.units + by_suit


def late_cap_of(
    table: LawTable, concluded_on: date, first: date, last: date, base_fen: int
) -> LateCap | None:
    """For the days from `first` to `last`, both included, rounded down. None where the table sets
    no cap on the first of them."""
    if not table.on(first).late_charges_capped:
        return None
    units = suit_fen_days = 0
    for begin, end in _segments(first, last):
        fen_days = base_fen * ((end - begin).days + 1)
        if concluded_on < LPR_RULE_FROM <= begin:
            suit_fen_days += fen_days
        else:
            units += _units(fen_days, late_cap(concluded_on, begin, begin))
    return LateCap(units, suit_fen_days)


def _units(fen_days: int, rate: Decimal) -> int:
    numerator, denominator = rate.as_integer_ratio()
    return fen_days * numerator * (PENALTY_DENOMINATOR // 100) // (denominator * _DAYS_A_YEAR)


def _segments(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days before the rule of 2020-08-20, and those from it on."""
    before = LPR_RULE_FROM.fromordinal(LPR_RULE_FROM.toordinal() - 1)
    if first <= before:
        yield first, min(before, last)
    if last > before:
        yield max(first, LPR_RULE_FROM), last
