"""Limits that the law sets, as named tables whose rows are dated.

A platform chooses one by name. `none` is for books outside the law's reach, such as trial runs on
foreign data. Source of `cn-p2p`: the interim measures published on 2016-08-24.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Limits:
    person_on_platform_fen: int | None = None
    company_on_platform_fen: int | None = None
    related_party_loans: bool = True


@dataclass(frozen=True, slots=True)
class LawTable:
    name: str
    rows: tuple[tuple[date, Limits], ...]

    def on(self, day: date) -> Limits:
        valid = [limits for since, limits in self.rows if since <= day]
        return valid[-1] if valid else Limits()


LAW_TABLES = {
    table.name: table
    for table in (
        LawTable("none", ()),
        LawTable(
            "cn-p2p",
            ((date(2016, 8, 24), Limits(200_000_00, 1_000_000_00, related_party_loans=False)),),
        ),
    )
}
