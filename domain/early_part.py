"""Early repayment in part (提前部分还款): principal that the borrower pays before it is due.

What he pays first settles all that is billed, then the month that has begun; what is left pays
principal early, and the compensation that the policy asks for it. The rest of the schedule is then
drawn up anew: over the same months with lower instalments, or over as few as instalments that are
no higher leave (EarlyRest).

Invariant: early principal + compensation never exceed what is left of the payment, and the rows of
the new schedule add up to what is not billed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from decimal import Decimal

from domain import billing
from domain.early_part_events import EarlyPartBilled, EarlyPartUndone
from domain.fees import percent_of
from domain.loan import Loan
from domain.model import InvariantBroken
from domain.policy import EarlyRest
from domain.register import Row
from domain.schedule import Instalment, Method, schedule

_AT_THE_END = frozenset({Method.INTEREST_FIRST, Method.BULLET})
"""Principal falls due in one sum: fewer months would only bring that day nearer."""


def least_fen(loan: Loan, on: date, due_fen: int) -> int | None:
    """A payment must be above it for a part to be early. None where nothing is left to be."""
    if billing.next_row(loan) is None or sum(loan.unbilled) < 2:
        return None
    current = billing.current_row(loan, on)
    current_fen = current.principal_fen + current.interest_fen if current else 0
    return due_fen + current_fen + _earned_fen(loan, on)


def billed(loan: Loan, on: date, left_fen: int) -> tuple[EarlyPartBilled, ...]:
    """`left_fen`: of the payment, after all that is billed by now. Nothing where it is too little
    for a fen of principal; one fen of the loan at least is left."""
    row, open_fen, earned_fen = billing.next_row(loan), sum(loan.unbilled), _earned_fen(loan, on)
    left_fen -= earned_fen
    if row is None or open_fen < 2 or left_fen < 1:
        return ()

    def costs_fen(principal_fen: int) -> int:
        return principal_fen + _compensation_fen(loan, on, principal_fen)

    principal_fen = bisect_right(range(1, open_fen), left_fen, key=costs_fen)
    if not principal_fen:
        return ()
    compensation_fen = _compensation_fen(loan, on, principal_fen)
    part = Row(_number(loan), row.due_on, principal_fen, earned_fen + compensation_fen)
    principal, interest = billing.shared(loan, part)
    return (
        EarlyPartBilled(
            loan_id=loan.known().loan_id,
            period=part.period,
            due_on=part.due_on,
            principal=principal,
            interest=interest,
            sharing=billing.sharing(loan),
            rows=_anew(loan, open_fen - principal_fen, _paid_to(loan, on)),
            compensation_fen=compensation_fen,
            months_paid=_paid_to(loan, on),
        ),
    )


def undone(loan: Loan) -> tuple[EarlyPartUndone | EarlyPartBilled, ...]:
    """Its payment failed. Where the whole rest was billed meanwhile it is owed like that, without
    what was asked for paying early."""
    pending = loan.early_part
    if pending is None:
        raise InvariantBroken("no early part is at the bank")
    part = loan.billed[pending.period]
    loan_id = loan.known().loan_id
    rows: tuple[Row, ...] = ()
    if loan.next_period == pending.next_period:
        rows = pending.rows
    elif billing.next_row(loan) is not None:
        open_fen = sum(loan.unbilled) + sum(part.principal)
        rows = _drawn(loan, open_fen, pending.months_paid, EarlyRest.LOWER_INSTALMENT)
    taken_back = EarlyPartUndone(
        loan_id=loan_id,
        period=part.period,
        principal=part.principal,
        interest=part.interest,
        rows=rows,
    )
    if rows:
        return (taken_back,)
    owed = EarlyPartBilled(
        loan_id=loan_id,
        period=part.period,
        due_on=part.due_on,
        principal=part.principal,
        interest=(0,) * len(part.interest),
        sharing=billing.sharing(loan),
        rows=(),
        months_paid=loan.months_paid,
    )
    return taken_back, owed


def _number(loan: Loan) -> int:
    return len(loan.rows) + loan.early_parts + 1


def _earned_fen(loan: Loan, on: date) -> int:
    """What a loan that pays in one sum at the end owes for the months begun; of any other the
    running month is billed first."""
    return billing.bullet_interest_fen(loan, _paid_to(loan, on))


def _paid_to(loan: Loan, on: date) -> int:
    """The months whose interest is paid then; 0 where interest is paid every month."""
    if loan.known().method is not Method.BULLET:
        return 0
    return max(loan.months_paid, billing.months_begun(loan, on))


def _compensation_fen(loan: Loan, on: date, principal_fen: int) -> int:
    """Per cent of what is paid early, at most the interest that it saves."""
    asked_fen = percent_of(principal_fen, loan.policy.early_compensation)
    if not asked_fen:
        return 0
    to_come = loan.rows[loan.next_period - 1 :]
    left = _anew(loan, sum(loan.unbilled) - principal_fen, _paid_to(loan, on))
    saved_fen = sum(row.interest_fen for row in to_come) - sum(row.interest_fen for row in left)
    return max(0, min(asked_fen, saved_fen - _earned_fen(loan, on)))


# -- the schedule that is left --------------------------------------------------------------


def _anew(loan: Loan, open_fen: int, months_paid: int) -> tuple[Row, ...]:
    return _drawn(loan, open_fen, months_paid, loan.policy.early_part)


def _drawn(loan: Loan, open_fen: int, months_paid: int, variant: EarlyRest) -> tuple[Row, ...]:
    """`open_fen` over the instalments to come, on their days; those that are not needed are zero.
    `months_paid`: of a loan that pays in one sum at the end."""
    to_come = loan.rows[loan.next_period - 1 :]
    bearing = len(loan.rows) - max(months_paid, loan.next_period - 1)
    if not bearing:  # The last month's interest is paid.
        *empty, last = to_come
        return (*map(_zero, empty), last._replace(principal_fen=open_fen, interest_fen=0))
    drawn = _instalments(loan, open_fen, bearing, variant)
    before = len(to_come) - bearing
    return tuple(
        row._replace(
            principal_fen=drawn[place - before].principal_fen,
            interest_fen=drawn[place - before].interest_fen,
        )
        if before <= place < before + len(drawn)
        else _zero(row)
        for place, row in enumerate(to_come)
    )


def _instalments(
    loan: Loan, open_fen: int, months: int, variant: EarlyRest
) -> tuple[Instalment, ...]:
    terms, rounding = loan.known(), loan.policy.rounding
    rate = Decimal(terms.annual_rate)
    whole = schedule(open_fen, rate, months, terms.method, rounding)
    if variant is not EarlyRest.SHORTER_TERM or terms.method in _AT_THE_END:
        return whole
    row = loan.rows[loan.next_period - 1]
    highest_fen = row.principal_fen + row.interest_fen

    def low_enough(fewer: int) -> bool:
        shorter = schedule(open_fen, rate, fewer, terms.method, rounding)
        return shorter[0].payment_fen <= highest_fen

    fewest = 1 + bisect_left(range(1, months), True, key=low_enough)
    return whole if fewest == months else schedule(open_fen, rate, fewest, terms.method, rounding)


def _zero(row: Row) -> Row:
    return row._replace(principal_fen=0, interest_fen=0)
