"""What needs the whole stack, the bank included: done in the one that runs, else in one opened for
the moment.

    reconcile  day-end  bank-total
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from datetime import date, datetime, time, timedelta

from adapters.event_log import LogReader
from infra.clock import SHANGHAI
from services.cli.errands import Answer, Errands
from services.cli.failure import EXIT_REFUSED, CliError, bad_input
from services.cli.installation import Installation
from services.cli.opening import Place, alone, database, is_in_use
from services.cli.showing import plain
from services.cli.stack import Stack, running
from services.cli.translation import explain
from services.custody.requests import Kind
from services.reconciliation.results import Verdict

JUST_AFTER_MIDNIGHT = time(0, 30)  # A bank's day ends first, then ours.
NEXT_DAY = (Kind.WITHDRAW,)  # What the bank ends only with its own day.


def perform(place: Place, kind: str, argument: Answer) -> Answer:
    """Does it here or has it done there. Raises CliError, and what the parts raise."""
    with alone(place) as mine:
        if mine:
            with running(place) as stack:
                return WORK[kind](stack, place.installation, argument)
    with database(place) as url, closing(Errands(url, place.platform)) as errands:
        return errands.ask(kind, argument, lambda: is_in_use(place))


def serve(errands: Errands, stack: Stack, installation: Installation) -> int:
    """One errand, if one waits; gives how many were done."""
    errand = errands.next()
    if errand is None:
        return 0
    try:
        answer = WORK[errand.kind](stack, installation, errand.argument)
    except Exception as error:
        told = explain(error)
        errands.failed(errand, told or _unforeseen(errand.kind))
        if told is None:
            raise
    else:
        errands.done(errand, answer)
    return 1


def _unforeseen(kind: str) -> CliError:
    return CliError(
        "failed",
        f"{kind} failed in the running zhuanhu, which has stopped",
        hint="see what it wrote on its standard error",
        exit_code=EXIT_REFUSED,
    )


def _settle(stack: Stack, besides: Collection[Kind] = NEXT_DAY) -> None:
    """Until the bank has answered and the views have seen it."""
    stack.drain(besides)
    stack.projector.catch_up()


def _reconcile(stack: Stack, _installation: Installation, argument: Answer) -> Answer:
    bank_date = date.fromisoformat(argument["bank_date"])
    if bank_date >= stack.reconciler.records.today:
        raise bad_input("date", f"{bank_date} is not over at the bank")
    _settle(stack)
    opened = stack.day_end.first_date()
    if bank_date < opened:
        raise bad_input("date", f"the books were opened on {opened}, after {bank_date}")
    result = stack.reconciler.reconcile(bank_date)
    stack.projector.catch_up()
    answer: Answer = plain(result)
    return answer


def _day_end(stack: Stack, installation: Installation, _argument: Answer) -> Answer:
    _settle(stack)
    closed = stack.day_end.business_date()
    moves_the_bank = installation.simulated
    if moves_the_bank:
        night = datetime.combine(closed + timedelta(days=1), JUST_AFTER_MIDNIGHT, SHANGHAI)
        stack.set_time(night)
    result = stack.day_end.roll()
    _settle(stack, besides=() if moves_the_bank else NEXT_DAY)
    answer: Answer = {"closed": closed.isoformat()} | plain(result)
    if moves_the_bank:
        answer["reconciled"] = reconcile_up_to(stack, closed)
    return answer


def reconcile_up_to(stack: Stack, last: date, first: date | None = None) -> list[Answer]:
    """The bank's days from `first`, and those that are over and were not, or not completely,
    reconciled: after a kill there may be several. A day that is run again changes nothing."""
    known = stack.reconciler.records.days()
    incomplete = [each.bank_date for each in known if each.verdict is Verdict.INCOMPLETE]
    following = [known[-1].bank_date + timedelta(days=1)] if known else []
    day = min((*incomplete, *following, first or last))
    told: list[Answer] = []
    while day <= last:
        result = stack.reconciler.reconcile(day)
        told.append({"bank_date": day.isoformat(), "verdict": result.verdict.value})
        day += timedelta(days=1)
    stack.projector.catch_up()
    return told


def _bank_total(stack: Stack, _installation: Installation, _argument: Answer) -> Answer:
    """None from a bank that has no controls: it is compared day by day, account by account."""
    _settle(stack)
    total_fen = None if stack.control is None else stack.control.total_fen()
    with closing(LogReader(stack.url, stack.platform)) as log:
        return {"total_fen": total_fen, "position": log.head()}


WORK: dict[str, Callable[[Stack, Installation, Answer], Answer]] = {
    "reconcile": _reconcile,
    "day-end": _day_end,
    "bank-total": _bank_total,
}
