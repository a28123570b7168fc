"""A rest that was called in, and then a payment that was booked late shows that it should not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import assessment, loan_guarantee, protection, repayment, reserve_advance
from domain import loan_events as e
from domain.allocation import AllocationOrder
from domain.loan import Loan, Status
from domain.policy import Acceleration, Covers, Provider
from tests.domain.repaying import FIRST_DUE, SECOND_DUE, advanced, assessed, held, kinds, paid
from tests.domain.test_acceleration import PLAIN, late
from tests.exemplars import a_policy, disbursed, folded, only

FIRST_FEN, SECOND_FEN = 2_600_00, 2_575_00
STAGE = {"trigger_days": 15, "trigger_inclusive": True, "covers": Covers.REMAINING}
OVER_14 = {"acceleration": Acceleration(over_days=14)}
CALLED_IN_ON = FIRST_DUE + timedelta(days=15)
EARLIER = FIRST_DUE + timedelta(days=14)


def routed(loan: Loan, fen: int, on: date, *, in_full: bool = False) -> Loan:
    loan = held(loan, "late", fen, on, in_full=in_full)
    return folded(repayment.route(loan), loan)


def settled(loan: Loan, fen: int, on: date, today: date) -> tuple[Loan, list[str]]:
    loan = routed(loan, fen, on)
    events = repayment.settle(loan, today)
    return folded(events, loan), kinds(events)


@pytest.mark.parametrize("order", AllocationOrder)
@pytest.mark.parametrize("policy", [STAGE, OVER_14])
@pytest.mark.parametrize("effective_on", [FIRST_DUE, EARLIER])
def test_a_call_in_is_undone_when_the_instalment_was_paid_before_its_day(
    effective_on: date, policy: dict[str, Any], order: AllocationOrder
) -> None:
    """Three days later: nothing of the rest is due, claimed or bears penalty any more."""
    never = late(0, **policy, penalty_bands="1-:0", allocation=order)
    expected = paid(never, FIRST_FEN, effective_on)
    loan = late(18, **policy, penalty_bands="1-:0", allocation=order)
    assert loan.called_in == 2
    assert loan.overdue == {1, 2}
    loan = routed(loan, FIRST_FEN, effective_on)
    events = repayment.settle(loan, CALLED_IN_ON + timedelta(days=3))
    undone = only(e.CallInUndone, events)
    assert (undone.period, undone.due_on) == (2, SECOND_DUE)
    loan = folded(events, loan)
    assert loan.status is Status.REPAYING
    assert not (loan.filed | loan.covers.keys()) - {1}
    for field in ("billed", "unbilled", "next_period", "rest_billed_with", "overdue", "call_in"):
        assert getattr(loan, field) == getattr(expected, field), field
    assert loan.was_overdue == (set() if effective_on == FIRST_DUE else {1})
    assert repayment.due_fen(loan, SECOND_DUE) == 0
    later = assessed(loan, SECOND_DUE + timedelta(days=1))
    assert later.overdue == {2}
    assert later.called_in is None
    assert later.billed[2].base_fen == SECOND_FEN


@pytest.mark.parametrize("policy", [STAGE, OVER_14])
def test_a_payment_that_took_effect_on_the_day_came_too_late(policy: dict[str, Any]) -> None:
    loan = late(18, **policy, penalty_bands="1-:0")
    loan, events = settled(loan, FIRST_FEN, CALLED_IN_ON, CALLED_IN_ON + timedelta(days=3))
    assert events == ["RepaymentSettled"]
    assert loan.called_in == 2


def test_several_payments_that_together_show_it() -> None:
    """The rest is paid last by what took effect before it was called in."""
    loan = late(18, **OVER_14)
    loan = paid(loan, 1_000_00, FIRST_DUE, payment_id="a")
    assert loan.called_in == 2
    loan, _ = settled(loan, 1_600_00, FIRST_DUE, CALLED_IN_ON)
    assert (loan.called_in, loan.billed) == (None, {})


@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize("rule", [Acceleration(in_a_row=2), Acceleration(in_all=2)])
def test_one_of_two_that_were_late_is_not_enough_for_what_takes_two(
    first: int, rule: Acceleration
) -> None:
    """32 days after the first due date the second instalment is overdue, too."""
    terms = {"acceleration": rule, "penalty_bands": "1-:0", "trigger_days": 60}
    loan = late(33, **terms, allocation=AllocationOrder.INSTALMENT_FIRST)
    assert loan.called_in == 3
    today = FIRST_DUE + timedelta(days=33)
    if first == 1:
        loan, events = settled(loan, FIRST_FEN, FIRST_DUE, today)
        assert loan.called_in is None
        assert loan.overdue == loan.was_overdue == {2}
        return
    loan = paid(loan, FIRST_FEN, SECOND_DUE, payment_id="a")  # It was late.
    assert loan.called_in == 3
    loan, events = settled(loan, SECOND_FEN, SECOND_DUE, today)
    assert "CallInUndone" in events
    assert loan.called_in is None
    assert loan.was_overdue == {1}


def test_each_instalment_that_was_late_enough_is_a_reason_of_its_own() -> None:
    rule = Acceleration(in_all=2, over_days=20)
    loan = disbursed(policy=a_policy(acceleration=rule, penalty_bands="1-:0"), **PLAIN)
    loan = assessed(loan, SECOND_DUE + timedelta(days=25))  # Nobody assessed it until now.
    assert loan.call_in is not None
    assert loan.called_in == 3
    assert loan.call_in.late == {1, 2}
    today = SECOND_DUE + timedelta(days=26)
    loan = paid(loan, FIRST_FEN + 75_00, FIRST_DUE, payment_id="a")  # And interest of the second.
    assert loan.call_in is not None
    assert loan.call_in.late == {2}
    loan, events = settled(loan, 2_500_00, SECOND_DUE, today)
    assert events == ["RepaymentSettled", "CallInUndone"]
    assert loan.next_period == 3


def test_what_fell_due_meanwhile_is_billed_on_its_own_day() -> None:
    """Known on 5 May: instalments 2 and 3 were due on 31 March and 30 April."""
    loan = late(18, **OVER_14)
    today = date(2018, 5, 5)
    loan, events = settled(loan, FIRST_FEN, FIRST_DUE, today)
    billed = ["InstalmentBilled", "InstalmentBilled"]
    assert events == ["RepaymentSettled", "CallInUndone", *billed]
    assert {n: each.due_on for n, each in loan.billed.items()} == {
        2: SECOND_DUE,
        3: date(2018, 4, 30),
    }
    after = assessment.assess(loan, today)
    assert kinds(after) == ["InstalmentOverdue"] * 2 + ["InstalmentBilled", "LoanCalledIn"] + [
        "ClaimFiled"
    ], "instalment 2 is 35 days late"


# -- where anything of the rest was paid, it stays -----------------------------------------------


def _paid_some(loan: Loan) -> Loan:
    return paid(loan, FIRST_FEN - 100_00, CALLED_IN_ON, payment_id="some")


def _costs(loan: Loan) -> Loan:
    paid_first = loan.billed[2]
    costs = e.CourtCostsAwarded(loan_id="L1", period=2, lawsuit_id="W", amount_fen=1)
    assert paid_first.untouched
    return folded([costs], loan)


def _advanced(loan: Loan) -> Loan:
    return advanced(loan, 2, reserve_advance.open_claim(loan, 2))


def _on_its_way_when_it_came(loan: Loan) -> Loan:
    """The payment waits until the bank has paid it."""
    investors = reserve_advance.open_claim(loan, 2)
    loan = folded([reserve_advance.open_advance(loan, "1", 2, investors)], loan)
    loan = held(loan, "w", FIRST_FEN, FIRST_DUE)
    assert repayment.route(loan) == ()
    return folded(reserve_advance.finish_advance(loan, "1", paid=True), loan)


@pytest.mark.parametrize("touched", [_paid_some, _costs, _advanced, _on_its_way_when_it_came])
def test_it_stays_where_anything_of_the_rest_was_paid_or_awarded(touched: Any) -> None:
    terms = {**STAGE, "penalty_bands": "1-:0", "allocation": AllocationOrder.CATEGORY_FIRST}
    loan = touched(late(18, **terms))
    owed_fen = loan.billed[1].base_fen
    if loan.payments:
        loan = folded(repayment.route(loan), loan)
        loan = folded(repayment.settle(loan, CALLED_IN_ON), loan)
    else:
        loan, events = settled(loan, owed_fen, FIRST_DUE, CALLED_IN_ON)
        assert events == ["RepaymentSettled"]
    assert loan.called_in == 2
    if touched is not _paid_some:
        assert loan.call_in is not None
        assert not loan.call_in.stands(loan.policy)


def test_a_payout_that_the_bank_refused_is_no_hindrance() -> None:
    loan = late(18, **STAGE)
    investors = reserve_advance.open_claim(loan, 2)
    loan = folded([reserve_advance.open_advance(loan, "1", 2, investors)], loan)
    loan = held(loan, "w", FIRST_FEN, FIRST_DUE)
    loan = folded(reserve_advance.finish_advance(loan, "1", paid=False), loan)
    loan = folded(repayment.route(loan), loan)
    loan = folded(repayment.settle(loan, CALLED_IN_ON), loan)
    assert loan.called_in is None
    assert protection.protected_fen(loan, 2) == {}


def test_what_is_more_than_the_instalment_goes_back_and_who_pays_all_pays_all() -> None:
    loan = late(18, **OVER_14)
    more = routed(loan, FIRST_FEN + 500_00, FIRST_DUE)
    assert more.routed is not None
    assert (more.routed.left_fen, [part.period for part in more.routed.parts]) == (500_00, [1])
    whole = routed(loan, repayment.payoff_fen(loan, FIRST_DUE), FIRST_DUE, in_full=True)
    assert kinds(repayment.settle(whole, CALLED_IN_ON)) == ["RepaymentSettled", "LoanSettled"]


def test_the_guarantors_are_obliged_anew_when_it_is_late_by_the_schedule() -> None:
    providers = (Provider.GUARANTOR, Provider.RESERVE)
    terms = {**STAGE, "penalty_bands": "1-:0", "providers": providers}
    loan = disbursed(policy=a_policy(**terms), **PLAIN)
    named = loan_guarantee.LoanGuaranteed(loan_id="L1", guarantor_id="gus")
    loan = folded([named], loan)
    for days in range(17):
        loan = assessed(loan, FIRST_DUE + timedelta(days=days))
    assert loan.guarantee.confirmed == {1, 2}
    loan, _ = settled(loan, FIRST_FEN, FIRST_DUE, CALLED_IN_ON)
    assert loan.guarantee.confirmed == {1}
    loan = assessed(loan, SECOND_DUE + timedelta(days=15))
    assert {2} < loan.guarantee.confirmed
    assert loan.called_in == 3


def test_a_payment_that_fails_undoes_nothing() -> None:
    loan = routed(late(18, **OVER_14), FIRST_FEN, FIRST_DUE)
    assert kinds(repayment.fail(loan, "late", "E1")) == ["RepaymentFailed"]
