"""Court costs join what is overdue: settled first, the platform's, and the loan ends after them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import assessment, repayment
from domain import loan_events as e
from domain.allocation import AllocationOrder
from domain.loan import Loan, Status
from domain.policy import Acceleration
from domain.schedule import Method
from tests.exemplars import a_policy, disbursed, folded, only

DUE = date(2018, 2, 28)
LATE = DUE + timedelta(days=1)
COSTS_FEN = 50_00


def a_late_loan(**policy: Any) -> Loan:
    """1,000 yuan in one sum, late since yesterday, with a fee of a fen on each yuan a day."""
    terms = a_policy(**{"penalty_bands": "1-:0.1", "overdue_fee_bands": "1-:1"} | policy)
    loan = disbursed(
        (600_00, 400_00), policy=terms, periods=1, method=Method.BULLET, annual_rate="0"
    )
    return folded(assessment.assess(loan, LATE), loan)


def judged(loan: Loan, fen: int = COSTS_FEN) -> Loan:
    return folded(repayment.award_costs(loan, "s1", fen), loan)


def accepted(loan: Loan, fen: int, payment_id: str = "p1", *, in_full: bool = False) -> Loan:
    wanted = repayment.accept(loan, payment_id, fen, in_full=in_full, effective_on=LATE)
    return folded(repayment.hold(loan, payment_id), folded(wanted, loan))


def settled(loan: Loan, events: Iterable[e.LoanEvent]) -> Loan:
    loan = folded(events, loan)
    return folded(repayment.settle(loan, LATE), loan)


def test_the_first_suit_on_a_loan_that_is_repaid_fixes_the_day_of_its_cap() -> None:
    loan = a_late_loan()
    [filed] = repayment.sue(loan, "s1", LATE)
    assert filed == e.SuitFiled(loan_id="L1", lawsuit_id="s1", filed_on=LATE)
    sued = folded([filed], loan)
    assert [each.lateness.sued_on for each in sued.billed.values()] == [LATE]
    assert repayment.sue(sued, "s2", LATE + timedelta(days=1)) == ()
    paid = settled(sued, repayment.route(accepted(sued, repayment.payoff_fen(sued, LATE))))
    assert paid.status is Status.SETTLED
    assert repayment.sue(paid, "s3", LATE) == ()


def test_an_instalment_that_is_billed_after_the_suit_has_its_day_too() -> None:
    terms = a_policy(penalty_bands="1-:0.1", overdue_fee_bands="1-:1")
    loan = disbursed((600_00,), policy=terms, periods=2, method=Method.EQUAL_PRINCIPAL)
    loan = folded(assessment.assess(loan, LATE), loan)
    loan = folded(repayment.sue(loan, "s1", LATE), loan)
    loan = folded(assessment.assess(loan, DUE + timedelta(days=60)), loan)
    assert [each.lateness.sued_on for each in loan.billed.values()] == [LATE, LATE]


def test_they_are_owed_with_the_oldest_overdue_instalment() -> None:
    [awarded] = repayment.award_costs(a_late_loan(), "s1", COSTS_FEN)
    assert awarded == e.CourtCostsAwarded(
        loan_id="L1", period=1, lawsuit_id="s1", amount_fen=COSTS_FEN
    )
    loan = a_late_loan()
    owed_fen = repayment.payoff_fen(loan, LATE)
    assert repayment.payoff_fen(judged(judged(loan)), LATE) == owed_fen + 2 * COSTS_FEN


@pytest.mark.parametrize("order", AllocationOrder)
def test_they_are_settled_before_anything_else_and_are_the_platforms(
    order: AllocationOrder,
) -> None:
    loan = accepted(judged(a_late_loan(allocation=order)), COSTS_FEN + 1)
    [routed] = repayment.route(loan)
    assert isinstance(routed, e.RepaymentRouted)
    [part] = routed.parts
    assert (part.overdue_fee_fen, sum(part.penalty), sum(part.principal)) == (COSTS_FEN, 1, 0)
    after = settled(loan, [routed])
    assert after.billed[1].other_fee_fen == 0
    assert after.billed[1].fee_paid_fen == 0
    assert after.billed[1].due(LATE, after.policy).overdue_fee_fen == 10_00


def test_nobody_penalises_them() -> None:
    plain, dearer = a_late_loan(), judged(a_late_loan())
    later = LATE + timedelta(days=90)
    for loan in (plain, dearer):
        assert loan.billed[1].due(later, loan.policy).penalty_fen == 91_00
    assert dearer.billed[1].base_fen == plain.billed[1].base_fen


def test_the_loan_ends_when_they_are_paid() -> None:
    loan = accepted(a_late_loan(), repayment.payoff_fen(a_late_loan(), LATE), in_full=True)
    events = repayment.route(loan)
    under_way = judged(folded(events, loan))  # Judged while all the rest is at the bank.
    after = folded(repayment.settle(under_way, LATE), under_way)
    assert (after.status, after.overdue) == (Status.REPAYING, frozenset())  # Nobody is late.
    assert repayment.payoff_fen(after, LATE + timedelta(days=30)) == COSTS_FEN
    assert assessment.assess(after, LATE + timedelta(days=90)) == ()
    last = accepted(after, COSTS_FEN + 7, "p2")
    routed = only(e.RepaymentRouted, repayment.route(last))
    assert (routed.parts[0].total_fen, routed.left_fen) == (COSTS_FEN, 7)
    assert settled(last, [routed]).status is Status.SETTLED


def test_where_nothing_is_overdue_they_stand_with_the_lawsuit_alone() -> None:
    loan = disbursed()
    assert repayment.award_costs(loan, "s1", COSTS_FEN) == ()
    assert repayment.award_costs(a_late_loan(), "s1", 0) == ()


def three_instalments(days: int, **policy: Any) -> Loan:
    terms = a_policy(allocation=AllocationOrder.INSTALMENT_FIRST, **policy)
    loan = disbursed(periods=3, policy=terms)
    return folded(assessment.assess(loan, DUE + timedelta(days=days)), loan)


def test_they_are_open_when_a_payoff_was_at_the_bank_and_the_bank_may_refuse_their_payment() -> (
    None
):
    loan = three_instalments(1)
    loan = accepted(loan, repayment.payoff_fen(loan, LATE), in_full=True)
    loan = settled(judged(folded(repayment.route(loan), loan)), [])
    assert (loan.status, [*loan.billed]) == (Status.REPAYING, [1])
    loan = accepted(loan, COSTS_FEN, "p2")
    loan = folded(repayment.route(loan), loan)
    assert repayment.fail(loan, "p2", "E1") == (
        e.RepaymentFailed(loan_id="L1", payment_id="p2", bank_code="E1"),
    )


def test_they_join_a_rest_that_fell_due_though_a_payment_is_at_the_bank() -> None:
    called_in = three_instalments(8, acceleration=Acceleration(over_days=0))
    called_in = folded(assessment.assess(called_in, DUE + timedelta(days=9)), called_in)
    owed_fen = sum(called_in.billed[1].due(LATE, called_in.policy)[1:])
    loan = accepted(called_in, owed_fen, "p1")
    loan = settled(loan, repayment.route(loan))
    assert loan.overdue == {2} == {loan.called_in}
    loan = accepted(loan, 1, "p2")
    loan = folded(repayment.route(loan), loan)
    assert judged(loan).billed[2].other_fee_fen == COSTS_FEN


def test_with_costs_alone_nobody_is_late_and_more_of_them_join() -> None:
    loan = accepted(a_late_loan(), repayment.payoff_fen(a_late_loan(), LATE), in_full=True)
    loan = settled(judged(folded(repayment.route(loan), loan)), [])
    later = LATE + timedelta(days=400)
    assert loan.billed[1].late_days(later, loan.policy) == 0
    assert assessment.assess(loan, later) == ()
    assert judged(loan, 7_00).billed[1].other_fee_fen == COSTS_FEN + 7_00


@settings(derandomize=True, max_examples=60)
@given(
    st.sampled_from(AllocationOrder),
    st.lists(st.tuples(st.integers(0, 300_00), st.integers(1, 700_00)), max_size=8),
)
def test_whatever_is_awarded_and_paid_adds_up(
    order: AllocationOrder, steps: list[tuple[int, int]]
) -> None:
    """Each step: costs that are awarded while a payment is at the bank, and that payment."""
    loan = a_late_loan(allocation=order)
    owed_fen = repayment.payoff_fen(loan, LATE)
    for number, (costs_fen, payment_fen) in enumerate(steps):
        if loan.status is Status.SETTLED:
            break
        loan = accepted(loan, payment_fen, f"p{number}")
        routed = only(e.RepaymentRouted, repayment.route(loan))
        loan = folded([routed], loan)
        awarded = repayment.award_costs(loan, f"s{number}", costs_fen)
        owed_fen += costs_fen if awarded else 0
        loan = settled(folded(awarded, loan), [])
        owed_fen -= sum(part.total_fen for part in routed.parts)
        assert sum(sum(b.due(LATE, loan.policy)[1:]) for b in loan.billed.values()) == owed_fen
    assert (loan.status is Status.SETTLED) == (owed_fen == 0)
