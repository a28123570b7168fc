"""What of a loan is billed next, and what all of it that is not billed yet comes to (出账).

next_row          by the schedule, the next instalment
begun_row         that one, where its month has begun
current_row       and where a part of it is owed
rest              all that is not billed yet as one instalment, with interest for months begun alone
compensation_fen  what is asked for paying that early
billed            an instalment shared over the claims, as an event
bill_due          all that is due by a day
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from domain import loan_events as e
from domain.fees import percent_of
from domain.loan import Loan
from domain.loan_evolution import then
from domain.policy import SharingBasis
from domain.register import Row, Vector, bill
from domain.schedule import Method, schedule


def next_row(loan: Loan) -> Row | None:
    rows = loan.rows
    return rows[loan.next_period - 1] if loan.next_period <= len(rows) else None


def current_row(loan: Loan, on: date) -> Row | None:
    row = begun_row(loan, on)
    return row if row is not None and (row.principal_fen or row.interest_fen) else None


def begun_row(loan: Loan, on: date) -> Row | None:
    row = next_row(loan)
    if row is None or loan.disbursed is None:
        return None
    began = loan.rows[row.period - 2].due_on if row.period > 1 else loan.disbursed.disbursed_on
    return row if began < on else None


def rest(loan: Loan, on: date) -> Row | None:
    row = next_row(loan)
    if row is None:
        return None
    interest_fen = row.interest_fen if begun_row(loan, on) is not None else 0
    if loan.known().method is Method.BULLET:  # Its last row holds the interest of every month.
        interest_fen = bullet_interest_fen(loan, months_begun(loan, on))
    return row._replace(principal_fen=sum(loan.unbilled), interest_fen=interest_fen)


def months_begun(loan: Loan, on: date) -> int:
    return loan.next_period if begun_row(loan, on) is not None else loan.next_period - 1


def bullet_interest_fen(loan: Loan, months: int) -> int:
    """Of a loan that pays in one sum at the end: for so many months, less those that are paid."""
    terms = loan.known()
    unpaid, rate = months - loan.months_paid, Decimal(terms.annual_rate)
    rows = schedule(sum(loan.unbilled), rate, unpaid, terms.method) if unpaid > 0 else ()
    return sum(row.interest_fen for row in rows)


def compensation_fen(loan: Loan, whole: Row) -> int:
    """Per cent of the balance, at most the interest that is not billed and will not be earned."""
    to_come = loan.rows[whole.period - 1 :]
    unbilled_fen = sum(row.interest_fen for row in to_come) - whole.interest_fen
    asked_fen = percent_of(whole.principal_fen, loan.policy.early_compensation)
    return max(0, min(asked_fen, unbilled_fen))


def billed(loan: Loan, row: Row, *, whole_rest: bool) -> e.InstalmentBilled:
    principal, interest = shared(loan, row)
    return e.InstalmentBilled(
        loan_id=loan.known().loan_id,
        period=row.period,
        due_on=row.due_on,
        principal=principal,
        interest=interest,
        sharing=sharing(loan),
        whole_rest=whole_rest,
    )


def bill_due(loan: Loan, events: list[e.LoanEvent], today: date) -> Loan:
    """Each instalment of the schedule that is due by `today`, on its own day."""
    while (row := next_row(loan)) is not None and row.due_on <= today:
        loan = then(loan, events, billed(loan, row, whole_rest=False))
    return loan


def shared(loan: Loan, row: Row) -> tuple[Vector, Vector]:
    """(Principal, interest) over the claims."""
    weights: Sequence[int] = loan.unbilled
    # Flat interest runs on where a principal that was rounded up cleared early.
    by_lent = loan.policy.sharing_basis is SharingBasis.ORIGINAL_SHARE
    if by_lent or not sum(loan.unbilled):
        weights = loan.lent
    return bill(row, weights, loan.unbilled, loan.policy.sharing)


def sharing(loan: Loan) -> str:
    method, basis = loan.policy.sharing, loan.policy.sharing_basis
    return method.value if basis is SharingBasis.OPEN_CLAIM else f"{method}/{basis}"
