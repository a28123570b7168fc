"""What lateness sets off on one loan, by its policy: due dates that roll, claims, acceleration.

rolled         顺延: due dates that are no working days
why_called_in  提前到期: whether the whole rest falls due today, and why
claims_due     违约偿付: which instalments must be paid by whoever stands in, and what of them
covered        what of an instalment that a person confirms
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise

from domain import loan_events as e
from domain.loan import Loan
from domain.model import InvariantBroken, Refused
from domain.money import BadFigure
from domain.policy import Covers, Roll, Scope, Stage
from domain.refusals import Code
from domain.working_days import WorkingDays


def rolled(loan: Loan, today: date, calendar: WorkingDays | None) -> tuple[e.DueDateRolled, ...]:
    """Refused where the calendar does not know the year: a due date is never guessed."""
    if loan.policy.roll is Roll.NONE:
        return ()
    if calendar is None:
        raise InvariantBroken("a policy that rolls due dates needs a calendar")
    return tuple(
        e.DueDateRolled(
            loan_id=loan.known().loan_id,
            period=period,
            due_on=due_on,
            calendar=calendar.version,
        )
        for period, billed in loan.billed.items()
        if billed.due_on <= today and period not in loan.overdue and period != loan.called_in
        if (due_on := _working_day(calendar, billed.due_on)) != billed.due_on
    )


def _working_day(calendar: WorkingDays, day: date) -> date:
    try:
        return day if calendar.is_working(day) else calendar.next_after(day)
    except BadFigure as unknown:
        raise Refused(Code.CALENDAR_UNKNOWN, unknown.rule) from None


def why_called_in(loan: Loan, today: date) -> e.CalledIn | None:
    if not loan.overdue:
        return None
    if _remaining_stage(loan, today) is not None:
        return e.CalledIn.STAGE
    rule = loan.policy.acceleration
    if rule is None:
        return None
    if rule.over_days is not None and _latest(loan, today) > rule.over_days:
        return e.CalledIn.OVER_DAYS
    if rule.in_a_row is not None and _longest_run(loan.was_overdue) >= rule.in_a_row:
        return e.CalledIn.IN_A_ROW
    if rule.in_all is not None and len(loan.was_overdue) >= rule.in_all:
        return e.CalledIn.IN_ALL
    return None


def claims_due(loan: Loan, today: date) -> Iterator[tuple[int, Covers]]:
    """Instalments that are not claimed yet. Where all that remains is covered, those are claimed
    too that are less late."""
    whole = _remaining_stage(loan, today)
    for period, billed in loan.billed.items():
        if period in loan.filed:
            continue
        if whole is not None:
            yield period, whole.covers
        elif stages := _reached(loan.policy.triggers, billed.late_days(today, loan.policy)):
            yield period, stages[-1].covers


def covered(loan: Loan, period: int, today: date) -> Covers:
    """What of an instalment is protected by the stage that it has reached. Before the first one it
    is what that will cover: who confirms it early brings the day forward, and promises no more."""
    whole = _remaining_stage(loan, today)
    triggers = loan.policy.triggers
    reached = _reached(triggers, loan.billed[period].late_days(today, loan.policy))
    return (whole or (reached or triggers[:1])[-1]).covers


def _remaining_stage(loan: Loan, today: date) -> Stage | None:
    """The last stage that any instalment has reached, where it covers all that remains."""
    if loan.policy.scope is Scope.NONE:
        return None
    stages = _reached(loan.policy.triggers, _latest(loan, today))
    return stages[-1] if stages and stages[-1].covers is not Covers.INSTALMENT else None


def _reached(stages: Iterable[Stage], late_days: int) -> list[Stage]:
    return [stage for stage in stages if stage.from_days <= late_days]


def _latest(loan: Loan, today: date) -> int:
    """How late the latest instalment is."""
    return max((b.late_days(today, loan.policy) for b in loan.billed.values()), default=0)


def _longest_run(periods: frozenset[int]) -> int:
    """Of instalments one after another."""
    longest = run = 1 if periods else 0
    for before, period in pairwise(sorted(periods)):
        run = run + 1 if period == before + 1 else 1
        longest = max(longest, run)
    return longest
