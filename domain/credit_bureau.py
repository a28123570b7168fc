"""What the credit bureau (百行征信) is told of loans: records that follow from events alone.

    loan_open          放款      A when the loan was paid out
    repayment_status   还款      A when an instalment, or a part paid early, is billed, M when its
                                 due date rolls and with each payment of it, D where the billing
                                 is undone
    overdue            逾期      A when an instalment is overdue, M with each payment of it, D where
                                 its billing is undone, or where a backdated payment shows that
                                 it was paid in time

A record is named by the event that it comes of, so that the same days give the same records for
ever. It names the borrower by the platform's own id: names and numbers are in the vault.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from domain import loan_events as e
from domain.early_part_events import EarlyPartBilled, EarlyPartUndone
from domain.loan import Loan, Status
from domain.register import Billed
from domain.repayment import ends


class OpCode(StrEnum):
    """操作代码."""

    ADD = "A"
    MODIFY = "M"
    DELETE = "D"


class Told(NamedTuple):
    """The event that a record comes of: where it stands, and when it was recorded (ISO, UTC)."""

    position: int
    recorded_at: str
    business_date: date


Record = dict[str, str | int | None]


def records(told: Told, event: e.LoanEvent, before: Loan, after: Loan) -> Iterator[Record]:
    """The records of one event of a loan, in order; `before` and `after`: the loan's states."""
    match event:
        case e.LoanDisbursed():
            yield _loan_open(told, event, after)
        case e.InstalmentBilled(period=period) | EarlyPartBilled(period=period):
            billed = Billed(period, event.due_on, event.principal, event.interest)
            yield _repayment(told, OpCode.ADD, after, after.billed.get(period, billed), None)
        case e.DueDateRolled(period=period):
            yield _repayment(told, OpCode.MODIFY, after, after.billed[period], None)
        case e.InstalmentOverdue(period=period):
            yield _overdue(told, OpCode.ADD, after, after.billed[period])
        case (
            e.EarlyBillingUndone(period=period)
            | e.CallInUndone(period=period)
            | EarlyPartUndone(period=period)
        ):
            undone = before.billed[period]
            yield _repayment(told, OpCode.DELETE, after, undone, None)
            if period in before.overdue:
                yield _overdue(told, OpCode.DELETE, after, undone)
        case e.RepaymentSettled() if before.routed is not None:
            yield from _paid(told, before.routed, before, after)
        case _:
            return


def _paid(told: Told, routed: e.RepaymentRouted, before: Loan, after: Loan) -> Iterator[Record]:
    for part in routed.parts:
        was = before.billed[part.period]
        recourse = [each for each in routed.recourse if each.period == part.period]
        now = was.paid(part, routed.effective_on, before.policy, recourse)
        planned_fen = _planned_fen(before, was)
        yield _repayment(told, OpCode.MODIFY, after, now, routed.effective_on, planned_fen)
        if part.period in before.overdue:
            never = now.paid_in_time(before.policy)
            yield _overdue(told, OpCode.DELETE if never else OpCode.MODIFY, after, now)


def _loan_open(told: Told, event: e.LoanDisbursed, loan: Loan) -> Record:
    terms = loan.known()
    return {
        **_head(told, "loan_open", OpCode.ADD, loan, 0),
        "borrower_id": terms.borrower_id,
        "issued_on": event.disbursed_on.isoformat(),
        "loan_amount_fen": terms.amount_fen,
        "annual_rate_percent": terms.annual_rate,
        "total_terms": len(event.schedule),
        "first_due_on": event.schedule[0].due_on.isoformat(),
        "last_due_on": event.schedule[-1].due_on.isoformat(),
    }


def _repayment(
    told: Told,
    op_code: OpCode,
    loan: Loan,
    billed: Billed,
    paid_on: date | None,
    planned_fen: int | None = None,
) -> Record:
    """`planned_fen`: where it is not what is billed now."""
    if planned_fen is None:
        planned_fen = _planned_fen(loan, billed)
    return {
        **_head(told, "repayment_status", op_code, loan, billed.period),
        "target_repayment_on": billed.due_on.isoformat(),
        "real_repayment_on": None if paid_on is None else paid_on.isoformat(),
        "planned_repayment_fen": planned_fen,
        "open_fen": billed.base_fen,
        **_standing(loan, billed),
    }


def _overdue(told: Told, op_code: OpCode, loan: Loan, billed: Billed) -> Record:
    return {
        **_head(told, "overdue", op_code, loan, billed.period),
        "target_repayment_on": billed.due_on.isoformat(),
        "overdue_fen": billed.base_fen,
        "overdue_days": max(0, (told.business_date - billed.due_on).days),
        **_standing(loan, billed),
    }


def _head(told: Told, kind: str, op_code: OpCode, loan: Loan, term: int) -> Record:
    return {
        "record": kind,
        "request_id": f"{told.position}-{term}-{kind}",
        "op_code": op_code.value,
        "upload_at": told.recorded_at,
        "loan_id": loan.known().loan_id,
        "term": term,
    }


def _standing(loan: Loan, billed: Billed) -> Record:
    """`remaining_fen`: principal and interest that are billed or still to come. The payment after
    which nothing is owed says that the loan is settled: no record follows it."""
    still_open_fen = sum(each.base_fen for each in loan.billed.values())
    to_come = loan.rows[loan.next_period - 1 :]
    return {
        "status": "overdue" if billed.period in loan.overdue else "normal",
        "remaining_fen": still_open_fen + sum(r.principal_fen + r.interest_fen for r in to_come),
        "loan_status": (Status.SETTLED if ends(loan) else loan.status).value,
    }


def _planned_fen(loan: Loan, billed: Billed) -> int:
    """By the schedule; a part that is paid early stands in none."""
    if billed.period > len(loan.rows):
        return billed.base_fen
    row = loan.rows[billed.period - 1]
    return row.principal_fen + row.interest_fen
