"""What a stress run (压力测试) is played with: who stops paying, and what comes back.

bad debts   so many per cent of the loans, or of some grades, one after another
recoveries  追偿回收: so many per cent of a payout, days after it, by how late it was
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from domain.money import Rounding, divide

ONE_DAY = timedelta(days=1)


class Recoveries(NamedTuple):
    """追偿回收: of a payout on what is `from_days` to `to_days` late (None: for ever) so many per
    cent come back to the reserve after so many days. Several for one lateness add up, to 100 at
    most."""

    percent: Decimal
    after_days: int
    from_days: int = 1
    to_days: int | None = None

    def holds(self, days: int) -> bool:
        return self.from_days <= days and (self.to_days is None or days <= self.to_days)


def over_100(recoveries: Sequence[Recoveries]) -> int | None:
    """The first lateness, in days, at which more than all would come back."""
    for days in sorted({each.from_days for each in recoveries}):
        if sum(each.percent for each in recoveries if each.holds(days)) > 100:
            return days
    return None


class Scenario(NamedTuple):
    """`stops_on`: loan -> the first day on which its borrower pays nothing any more."""

    until: date
    stops_on: Mapping[str, date]
    recoveries: Sequence[Recoveries] = ()


class BadDebts(NamedTuple):
    """So many per cent of the loans of some grades (None: of all) stop paying, one after another
    within so many days."""

    percent: Decimal
    after_days: int = 0
    within_days: int = 1
    grades: frozenset[str] | None = None


def choose(
    grades: Mapping[str, str], bad_debts: Sequence[BadDebts], today: date, seed: str
) -> dict[str, date]:
    """Loan -> the day on which it stops paying, out of loans and their grades. Each rule chooses
    among those that none before it has; the same seed chooses the same loans."""
    stops_on: dict[str, date] = {}
    for rule in bad_debts:
        among = [
            loan_id
            for loan_id, grade in grades.items()
            if loan_id not in stops_on and (rule.grades is None or grade in rule.grades)
        ]
        among.sort(key=lambda loan_id: sha256(f"{seed}:{loan_id}".encode()).digest())
        numerator, denominator = rule.percent.as_integer_ratio()
        chosen = among[: divide(len(among) * numerator, 100 * denominator, Rounding.HALF_UP)]
        for place, loan_id in enumerate(chosen):
            days = rule.after_days + place * rule.within_days // len(chosen)
            stops_on[loan_id] = today + ONE_DAY + timedelta(days=days)
    return stops_on
