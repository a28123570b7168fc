"""Paying off: what is owed on a day, and that nothing is left."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from domain import loan_events as e
from domain import repayment
from domain.loan import Status
from domain.money import Rounding
from domain.refusals import Code
from domain.schedule import Method
from tests.domain.repaying import (
    FIRST_DUE,
    SECOND_DUE,
    assessed,
    held,
    kinds,
    paid,
    refused,
)
from tests.exemplars import TODAY, a_policy, disbursed, folded, only


def payoff_interest(method: Method, on: date, *, assess: bool) -> int:
    loan = disbursed((10_000_00,), method=method, annual_rate="12", periods=12)
    loan = assessed(loan, on) if assess else loan
    return repayment.payoff_fen(loan, on) - 10_000_00


@pytest.mark.parametrize(
    ("method", "on", "interest_fen"),
    [
        (Method.EQUAL_INSTALMENT, TODAY, 0),
        (Method.EQUAL_INSTALMENT, date(2018, 2, 1), 100_00),
        (Method.EQUAL_INSTALMENT, FIRST_DUE, 100_00),
        (Method.EQUAL_INSTALMENT, date(2018, 3, 1), 192_12 + 44),  # 888.49 x 0.05 %.
        (Method.INTEREST_FIRST, FIRST_DUE, 100_00),
        (Method.FLAT, FIRST_DUE, 100_00),
        # The interest of a bullet loan stands whole in its last row; what ran up is still owed.
        (Method.BULLET, TODAY, 0),
        (Method.BULLET, FIRST_DUE, 100_00),
        (Method.BULLET, date(2018, 3, 1), 200_00),
        (Method.BULLET, date(2018, 12, 31), 1_100_00),
        (Method.BULLET, date(2019, 1, 1), 1_200_00),
    ],
)
def test_who_pays_off_pays_for_the_months_begun(
    method: Method, on: date, interest_fen: int
) -> None:
    """The same before the day's assessment and after it."""
    assert payoff_interest(method, on, assess=True) == interest_fen
    if interest_fen <= 100_00:
        assert payoff_interest(method, on, assess=False) == interest_fen


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("on", [TODAY, date(2018, 2, 1), FIRST_DUE, date(2018, 4, 1)])
@pytest.mark.parametrize("amounts", [(6_000_00, 4_000_00), (1, 1, 7_00)])
def test_the_payoff_settles_the_loan_and_leaves_nothing(
    method: Method, on: date, amounts: tuple[int, ...]
) -> None:
    loan = assessed(disbursed(amounts, method=method), on)
    owed_fen = repayment.payoff_fen(loan, on)
    short = refused(lambda: held(loan, "p", owed_fen - 1, on, in_full=True))
    assert short == Code.AMOUNT_BELOW_PAYOFF
    loan = held(loan, "p", owed_fen, on, in_full=True)
    events = repayment.route(loan)
    assert only(e.RepaymentRouted, events).left_fen == 0
    loan = folded(events, loan)
    loan = folded(repayment.settle(loan, on), loan)
    assert (loan.status, sum(loan.unbilled), loan.billed) == (Status.SETTLED, 0, {})


def test_a_payoff_that_came_too_late_pays_what_is_due_and_bills_no_month_ahead() -> None:
    """Promised on 28 February, routed after the next instalment fell due."""
    loan = disbursed()
    owed_fen = repayment.payoff_fen(loan, FIRST_DUE)
    loan = held(loan, "p", owed_fen, FIRST_DUE, in_full=True)
    loan = assessed(loan, SECOND_DUE)
    routed = only(e.RepaymentRouted, events := repayment.route(loan))
    assert kinds(events) == ["RepaymentRouted"]
    assert routed.left_fen == owed_fen - 2 * 888_49


@pytest.mark.parametrize("meanwhile", [date(2018, 2, 10), date(2018, 3, 5)])
def test_a_payoff_that_the_bank_refused_leaves_the_schedule_as_it_was(meanwhile: date) -> None:
    on = date(2018, 2, 10)
    before = disbursed()
    owed_fen = repayment.payoff_fen(before, on)
    loan = held(before, "p", owed_fen, on, in_full=True)
    loan = folded(repayment.route(loan), loan)
    assert loan.billed[1].base_fen == owed_fen
    loan = assessed(loan, meanwhile)
    loan = folded(repayment.fail(loan, "p", "E1"), loan)
    assert loan == replace(before, payments={})
    loan = assessed(loan, date(2018, 3, 5))
    assert (loan.status, loan.billed[1].base_fen) == (Status.OVERDUE, 888_49)
    paid_off = paid(loan, 99_999_99, date(2018, 3, 5), in_full=True, payment_id="q")
    assert paid_off.status is Status.SETTLED


def test_a_loan_ends_with_its_last_fen_and_not_with_its_last_row() -> None:
    """An annuity rounded up may clear early: the rows of zero that follow are not waited for."""
    terms = a_policy(rounding=Rounding.UP)
    loan = disbursed((40,), policy=terms, periods=36, annual_rate="0")
    rows = [row.principal_fen for row in loan.rows]
    assert rows == [2] * 20 + [0] * 16
    loan = assessed(loan, loan.rows[19].due_on)
    loan = paid(loan, 1_000, loan.rows[19].due_on)
    assert loan.status is Status.SETTLED


def test_flat_interest_runs_on_after_the_principal_cleared_early() -> None:
    terms = a_policy(rounding=Rounding.UP)
    loan = disbursed((30, 10), policy=terms, method=Method.FLAT, periods=36, annual_rate="36")
    assert [row.principal_fen for row in loan.rows] == [2] * 20 + [0] * 16
    loan = assessed(loan, loan.rows[-1].due_on)
    assert sum(sum(billed.interest) for billed in loan.billed.values()) == 36
