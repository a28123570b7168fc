"""Repayments, overdue, and the reserve's advances, over one loan's register."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import assessment, repayment, reserve_advance
from domain import loan_events as e
from domain.loan import Status
from domain.model import InvariantBroken
from domain.money import Rounding
from domain.policy import Scope
from domain.refusals import Code
from tests.domain.repaying import (
    FIRST_DUE,
    advanced,
    assessed,
    held,
    kinds,
    paid,
    refused,
)
from tests.exemplars import TODAY, a_policy, disbursed, folded, only

# -- the day end --------------------------------------------------------------------------

LATE = [
    (date(2018, 2, 27), []),
    (FIRST_DUE, ["InstalmentBilled"]),
    (date(2018, 3, 1), ["InstalmentBilled", "InstalmentOverdue"]),
    (date(2018, 3, 30), ["InstalmentBilled", "InstalmentOverdue"]),
    (
        date(2018, 3, 31),
        ["InstalmentBilled", "InstalmentBilled", "InstalmentOverdue", "ClaimFiled"],
    ),
]


@pytest.mark.parametrize(("on", "events"), LATE)
def test_assessment_by_day(on: date, events: list[str]) -> None:
    assert kinds(assessment.assess(disbursed(), on)) == events


def test_asked_again_on_the_same_day_it_says_nothing() -> None:
    for on, _ in LATE:
        assert assessment.assess(assessed(disbursed(), on), on) == ()


@pytest.mark.parametrize(
    ("changes", "late_days"),
    [
        ({"trigger_days": 30}, 31),
        ({"trigger_days": 30, "trigger_inclusive": True}, 30),
        ({"trigger_days": 0}, 1),
        ({"trigger_days": 0, "trigger_inclusive": True}, 1),
        ({"trigger_days": 15}, 16),
    ],
)
def test_rule_1_the_day_on_which_the_reserve_must_pay(
    changes: dict[str, Any], late_days: int
) -> None:
    loan = disbursed(policy=a_policy(**changes))
    day = FIRST_DUE + timedelta(days=late_days)
    assert "ClaimFiled" not in kinds(assessment.assess(loan, day - timedelta(days=1)))
    assert only(e.ClaimFiled, assessment.assess(loan, day)).claim_id == "L1.1"


@pytest.mark.parametrize(
    ("scope", "protected"),
    [
        (Scope.NONE, {}),
        (Scope.PRINCIPAL, {"t0": 473_09, "t1": 315_40}),
        (Scope.PRINCIPAL_AND_INTEREST, {"t0": 533_09, "t1": 355_40}),
    ],
)
def test_scope_says_what_a_claim_is(scope: Scope, protected: dict[str, int]) -> None:
    loan = disbursed(policy=a_policy(scope=scope))
    events = assessment.assess(loan, date(2018, 3, 31))
    assert ("ClaimFiled" in kinds(events)) == bool(protected)
    assert reserve_advance.open_claim(folded(events, loan), 1) == protected


def test_what_is_paid_on_the_last_day_is_not_overdue() -> None:
    loan = assessed(disbursed(), FIRST_DUE)
    loan = paid(loan, 888_49, FIRST_DUE)
    assert assessment.assess(loan, date(2018, 3, 1)) == ()
    assert (loan.status, loan.billed) == (Status.REPAYING, {})


def test_a_late_loan_that_is_paid_up_is_repaying_again() -> None:
    loan = assessed(disbursed(), date(2018, 3, 5))
    assert loan.status is Status.OVERDUE
    loan = paid(loan, 888_49 + 2_22, date(2018, 3, 5))  # 888.49 x 0.05 % x 5 days.
    assert (loan.status, loan.billed, loan.overdue) == (Status.REPAYING, {}, frozenset())


# -- payments -----------------------------------------------------------------------------


def test_a_partial_payment_leaves_the_rest_open() -> None:
    loan = paid(assessed(disbursed(), FIRST_DUE), 100_00, FIRST_DUE)
    assert loan.billed[1].interest == (0, 0)
    assert loan.billed[1].base_fen == 788_49


def test_what_is_too_much_goes_back() -> None:
    loan = held(assessed(disbursed(), FIRST_DUE), "p", 900_00, FIRST_DUE)
    routed = only(e.RepaymentRouted, repayment.route(loan))
    assert (routed.left_fen, sum(part.total_fen for part in routed.parts)) == (11_51, 888_49)


def test_money_for_nothing_goes_back_whole() -> None:
    """Two payments of one instalment: the second finds nothing open."""
    loan = assessed(disbursed(), FIRST_DUE)
    for payment_id in ("a", "b"):
        loan = held(loan, payment_id, 888_49, FIRST_DUE)
    loan = folded(repayment.route(loan), loan)
    loan = folded(repayment.settle(loan, FIRST_DUE), loan)
    routed = only(e.RepaymentRouted, repayment.route(loan))
    assert (routed.payment_id, routed.entry_id, routed.left_fen) == ("b", None, 888_49)
    assert folded([routed], loan).payments == {}


def test_the_running_month_may_be_paid_before_its_day() -> None:
    loan = paid(disbursed(), 888_49, date(2018, 2, 1))
    assert (loan.next_period, loan.billed, loan.status) == (2, {}, Status.REPAYING)


def test_a_month_that_has_not_begun_is_not_due() -> None:
    loan = disbursed()
    assert refused(lambda: paid(loan, 1, TODAY)) == Code.NOTHING_DUE
    loan = paid(loan, 888_49, date(2018, 2, 1))
    assert refused(lambda: paid(loan, 1, FIRST_DUE)) == Code.NOTHING_DUE


def test_one_payment_at_a_time_in_the_order_of_acceptance() -> None:
    loan = assessed(disbursed(), FIRST_DUE)
    for payment_id in ("b", "a"):
        loan = held(loan, payment_id, 100_00, FIRST_DUE)
    routed = only(e.RepaymentRouted, repayment.route(loan))
    assert routed.payment_id == "b"
    assert repayment.route(folded([routed], loan)) == ()


def test_a_payment_that_the_bank_refused_frees_the_next() -> None:
    loan = assessed(disbursed(), FIRST_DUE)
    for payment_id in ("a", "b"):
        loan = held(loan, payment_id, 100_00, FIRST_DUE)
    loan = folded(repayment.route(loan), loan)
    loan = folded(repayment.fail(loan, "a", "E1"), loan)
    assert only(e.RepaymentRouted, repayment.route(loan)).payment_id == "b"
    assert loan.billed[1].base_fen == 888_49


def test_a_payment_after_the_last_fen_goes_back_and_bills_nothing() -> None:
    """Two payments of a loan that the first one ends, before its last row."""
    terms = a_policy(rounding=Rounding.UP)
    loan = disbursed((40,), policy=terms, periods=36, annual_rate="0")
    on = loan.rows[19].due_on
    loan = assessed(loan, on)
    for payment_id in ("a", "b"):
        loan = held(loan, payment_id, 1_000, on, in_full=payment_id == "b")
    loan = folded(repayment.route(loan), loan)
    loan = folded(repayment.settle(loan, on + timedelta(days=3)), loan)
    assert loan.status is Status.SETTLED
    events = repayment.route(loan)
    assert kinds(events) == ["RepaymentRouted"]
    assert only(e.RepaymentRouted, events).left_fen == 1_000


def test_a_payment_does_not_take_effect_before_the_loan() -> None:
    early = TODAY - timedelta(days=1)
    code = refused(lambda: held(disbursed(), "p", 99_999_99, early, in_full=True))
    assert code == Code.EFFECTIVE_DATE_BEFORE_LOAN


def test_refusals() -> None:
    loan = assessed(disbursed(), FIRST_DUE)
    taken = folded(repayment.accept(loan, "p", 1, in_full=False, effective_on=FIRST_DUE), loan)
    unknown = folded(())
    assert refused(lambda: held(taken, "p", 1, FIRST_DUE)) == Code.ID_TAKEN
    assert refused(lambda: held(unknown, "p", 1, FIRST_DUE)) == Code.LOAN_UNKNOWN
    assert refused(lambda: assessment.assess(unknown, FIRST_DUE)) == Code.LOAN_UNKNOWN
    settled = paid(loan, 99_999_99, FIRST_DUE, in_full=True)
    assert settled.status is Status.SETTLED
    assert refused(lambda: held(settled, "q", 1, FIRST_DUE)) == Code.LOAN_WRONG_STATE
    with pytest.raises(InvariantBroken):
        repayment.settle(loan, FIRST_DUE)


# -- the reserve's advances ---------------------------------------------------------------

FILED = assessed(disbursed(), date(2018, 3, 31))
WHOLE = {"t0": 533_09, "t1": 355_40}


def test_an_advance_pays_interest_first_and_moves_the_claim() -> None:
    loan = advanced(FILED, 1, {"t0": 100_00})
    billed = loan.billed[1]
    assert (billed.principal, billed.interest) == ((433_09, 315_40), (0, 40_00))
    assert (billed.reserve_principal_fen, billed.reserve_interest_fen) == (40_00, 60_00)
    assert reserve_advance.open_claim(loan, 1) == {"t0": 433_09, "t1": 355_40}


def test_an_advance_that_was_released_changes_nothing() -> None:
    loan = folded([reserve_advance.open_advance(FILED, "1", 1, WHOLE)], FILED)
    assert folded(reserve_advance.finish_advance(loan, "1", paid=False), loan) == FILED


def test_more_than_the_open_claim_is_a_bug() -> None:
    with pytest.raises(InvariantBroken):
        reserve_advance.open_advance(FILED, "1", 1, {"t0": 533_10})


def test_no_payout_is_planned_while_a_payment_is_held() -> None:
    assert reserve_advance.open_claim(FILED, 1) == WHOLE
    assert reserve_advance.open_claim(held(FILED, "p", 1_00, date(2018, 3, 31)), 1) == {}


def test_no_payment_is_routed_while_a_payout_is_on_its_way() -> None:
    """... and then goes to whoever holds the claim: never twice to the investor."""
    day = date(2018, 4, 1)
    loan = folded([reserve_advance.open_advance(FILED, "1", 1, WHOLE)], FILED)
    loan = held(loan, "p", 500_00, day)
    assert repayment.route(loan) == ()
    assert reserve_advance.open_claim(loan, 1) == {}
    to_reserve = folded(reserve_advance.finish_advance(loan, "1", paid=True), loan)
    [first, second] = only(e.RepaymentRouted, repayment.route(to_reserve)).parts
    # Of instalment 1 all is the reserve's; category-first pays the late interest of 2 before.
    assert (first.reserve_fen, sum(first.principal) + sum(first.interest)) == (first.total_fen, 0)
    assert second.reserve_fen == 0
    to_investors = folded(reserve_advance.finish_advance(loan, "1", paid=False), loan)
    [first, second] = only(e.RepaymentRouted, repayment.route(to_investors)).parts
    assert first.reserve_fen == second.reserve_fen == 0
