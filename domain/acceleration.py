"""What lateness sets off on one loan, by its policy: due dates that roll, claims, acceleration.

rolled         顺延: due dates that are no working days
why_called_in  提前到期: whether the whole rest falls due today, and why
undone         a call-in that rests on nothing any more
claims_due     违约偿付: which instalments must be paid by whoever stands in, and what of them
covered        what of an instalment that a person confirms
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain import loan_events as e
from domain.call_in import late_enough, often_enough, reached, remaining_stage
from domain.loan import Loan
from domain.model import InvariantBroken, Refused
from domain.money import BadFigure
from domain.policy import Covers, Roll, Stage
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
    policy = loan.policy
    return late_enough(policy, _latest(loan, today)) or often_enough(policy, loan.was_overdue)


def undone(loan: Loan) -> tuple[e.CallInUndone, ...]:
    """By what is known now there was no reason for it on its day. It stays where anything of the
    rest was paid by anybody, or was awarded as costs. For when a payment has settled: then no line
    of the loan is on its way."""
    call_in = loan.call_in
    if call_in is None or call_in.stands(loan.policy):
        return ()
    rest = loan.billed.get(call_in.period)
    if rest is None or not rest.untouched:
        return ()
    return (
        e.CallInUndone(
            loan_id=loan.known().loan_id,
            period=rest.period,
            due_on=loan.rows[rest.period - 1].due_on,
            principal=rest.principal,
            interest=rest.interest,
        ),
    )


def claims_due(loan: Loan, today: date) -> Iterator[tuple[int, Covers]]:
    """Instalments that are not claimed yet. Where all that remains is covered, those are claimed
    too that are less late."""
    whole = _remaining_stage(loan, today)
    for period, billed in loan.billed.items():
        if period in loan.filed:
            continue
        if whole is not None:
            yield period, whole.covers
        elif stages := reached(loan.policy.triggers, billed.late_days(today, loan.policy)):
            yield period, stages[-1].covers


def covered(loan: Loan, period: int, today: date) -> Covers:
    """What of an instalment is protected by the stage that it has reached. Before the first one it
    is what that will cover: who confirms it early brings the day forward, and promises no more."""
    whole = _remaining_stage(loan, today)
    triggers = loan.policy.triggers
    stages = reached(triggers, loan.billed[period].late_days(today, loan.policy))
    return (whole or (stages or triggers[:1])[-1]).covers


def _remaining_stage(loan: Loan, today: date) -> Stage | None:
    """The last stage that any instalment has reached, where it covers all that remains."""
    return remaining_stage(loan.policy, _latest(loan, today))


def _latest(loan: Loan, today: date) -> int:
    """How late the latest instalment is."""
    return max((b.late_days(today, loan.policy) for b in loan.billed.values()), default=0)
