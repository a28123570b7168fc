"""What lets the whole rest of a loan fall due (提前到期), and what a call-in rests on.

late_enough   how late one instalment is, alone
often_enough  how many became overdue
CallIn        which were so on its day, by what is known now: a payment that is booked later, and
              took effect before, may disprove them one by one
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise

from domain.loan_events import CalledIn
from domain.model import State
from domain.policy import Covers, PolicyTerms, Scope, Stage
from domain.register import Billed


class CallIn(State):
    period: int  # With which the rest was billed.
    called_in_on: date
    why: CalledIn
    late: frozenset[int]  # Each alone late enough on that day.
    was_overdue: frozenset[int]  # By then.

    def stands(self, policy: PolicyTerms) -> bool:
        """Would the rest have been called in, had all been known that is known now?"""
        return bool(self.late) or often_enough(policy, self.was_overdue) is not None

    def after(self, billed: Mapping[int, Billed], policy: PolicyTerms) -> CallIn:
        """With what the payments of `billed` say: those that are paid now among them."""
        paid = {
            period: days
            for period, each in billed.items()
            if (days := each.late_when_paid(policy)) is not None
        }
        disproved = {period for period, days in paid.items() if late_enough(policy, days) is None}
        return CallIn(
            self.period,
            self.called_in_on,
            self.why,
            self.late - disproved,
            self.was_overdue - {period for period, days in paid.items() if not days},
        )


def late_enough(policy: PolicyTerms, late_days: int) -> CalledIn | None:
    if remaining_stage(policy, late_days) is not None:
        return CalledIn.STAGE
    rule = policy.acceleration
    if rule is not None and rule.over_days is not None and late_days > rule.over_days:
        return CalledIn.OVER_DAYS
    return None


def often_enough(policy: PolicyTerms, was_overdue: frozenset[int]) -> CalledIn | None:
    rule = policy.acceleration
    if rule is None:
        return None
    if rule.in_a_row is not None and _longest_run(was_overdue) >= rule.in_a_row:
        return CalledIn.IN_A_ROW
    if rule.in_all is not None and len(was_overdue) >= rule.in_all:
        return CalledIn.IN_ALL
    return None


def remaining_stage(policy: PolicyTerms, late_days: int) -> Stage | None:
    """The last stage that is reached, where it covers all that remains."""
    if policy.scope is Scope.NONE:
        return None
    stages = reached(policy.triggers, late_days)
    return stages[-1] if stages and stages[-1].covers is not Covers.INSTALMENT else None


def reached(stages: Iterable[Stage], late_days: int) -> list[Stage]:
    return [stage for stage in stages if stage.from_days <= late_days]


def _longest_run(periods: frozenset[int]) -> int:
    """Of instalments one after another."""
    longest = run = 1 if periods else 0
    for before, period in pairwise(sorted(periods)):
        run = run + 1 if period == before + 1 else 1
        longest = max(longest, run)
    return longest
