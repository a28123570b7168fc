"""Bad debts cluster: how long the reserve lasts, and who waits for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import assessment, payouts, policies, repayment, reserve, stress
from domain import loan_events as e
from domain.loan import Loan
from domain.loan_guarantee import GuaranteeAdvanceOpened, ReimbursementOpened
from domain.payout_plan import BucketPeriod, PayoutOrder
from domain.policies import PolicyPublished
from domain.policy import Covers, Scope
from domain.schedule import Method
from domain.stress import Book, Outcome
from domain.stress_scenario import BadDebts, Recoveries, Scenario, choose, over_100
from domain.working_days import WorkingDays
from tests.domain.repaying import assessed, held, paid
from tests.exemplars import TODAY, a_policy, disbursed, folded

CALENDAR = WorkingDays("none", {2018}, set(), set())
DUE = date(2018, 2, 28)
DAILY: dict[str, Any] = {"bucket": BucketPeriod.DAY, "order": PayoutOrder.OVERDUE}


def bullet(loan_id: str, *fen: int, **policy: Any) -> Loan:
    """One month, no interest: the claim is the principal; lent by i0, i1, ..."""
    terms = a_policy(**(DAILY | policy))
    return disbursed(
        fen, policy=terms, loan_id=loan_id, periods=1, method=Method.BULLET, annual_rate="0"
    )


def run(
    loans: Mapping[str, Loan],
    balance_fen: int,
    stops_on: Mapping[str, date],
    *,
    days: int = 90,
    today: date = TODAY,
    queue: reserve.Reserve = reserve.INITIAL,
    recoveries: Sequence[Recoveries] = (),
    **terms: Any,
) -> Outcome:
    versions = policies.evolve(policies.INITIAL, PolicyPublished(terms=a_policy(**(DAILY | terms))))
    book = Book(today, loans, queue, versions, balance_fen)
    scenario = Scenario(today + timedelta(days=days), stops_on, recoveries)
    return stress.run(book, scenario, CALENDAR)


A, B = bullet("A", 400_00, 200_00), bullet("B", 900_00)


def test_nobody_defaults_and_nobody_waits() -> None:
    outcome = run({"A": A, "B": B}, 0, {})
    assert (outcome.short_on, outcome.claims, outcome.waiting) == (None, 0, ())


def test_the_worked_example_by_the_day() -> None:
    """31 days after 28 February both are to be paid, 1,500.00 out of 1,000.00."""
    outcome = run({"A": A, "B": B}, 1_000_00, {"A": TODAY, "B": TODAY})
    assert (outcome.short_on, outcome.lasts_days) == (date(2018, 3, 31), 59)
    assert (outcome.balance_after_fen, outcome.paid_fen) == (0, 1_000_00)
    assert [(each.claim_id, each.amount_fen) for each in outcome.waiting] == [
        ("A.1", 200_00),
        ("B.1", 300_00),
    ]
    assert outcome.by_investor == {"i0": 133_33 + 300_00, "i1": 66_67}


def test_a_monthly_run_comes_after_the_month() -> None:
    outcome = run({"A": A}, 1, {"A": TODAY}, bucket=BucketPeriod.MONTH)
    assert outcome.short_on == date(2018, 4, 1)


def test_who_pays_until_a_day_is_late_from_then_on() -> None:
    """Three instalments: the first is paid, the other two are not."""
    terms: dict[str, Any] = {**DAILY, "penalty_bands": "1-:0"}
    loan = disbursed((300_00,), policy=a_policy(**terms), periods=3, method=Method.EQUAL_PRINCIPAL)
    outcome = run({"L1": loan}, 0, {"L1": DUE + timedelta(days=1)}, days=180)
    assert [each.claim_id for each in outcome.waiting] == ["L1.2", "L1.3"]


def test_who_is_late_stays_late_and_what_is_on_its_way_comes_back() -> None:
    """Its payment and the reserve's payout are at the bank: neither is counted on."""
    late = assessed(A, date(2018, 3, 31))
    paying = held(late, "p", 600_00, date(2018, 3, 31))
    paying = folded(repayment.route(paying), paying)
    queued = reserve.ClaimQueued(
        claim_id="A.1",
        loan_id="A",
        period=1,
        arose_on=TODAY,
        overdue_on=DUE,
        eligible_on=date(2018, 3, 31),
        policy_version="v1",
        amount_fen=600_00,
    )
    queue = reserve.evolve(reserve.INITIAL, queued)
    outcome = run({"A": paying}, 100_00, {}, today=date(2018, 3, 31), queue=queue, days=1)
    assert (outcome.claims, outcome.lasts_days, outcome.paid_fen) == (1, 1, 100_00)
    assert outcome.waiting_fen == 500_00


def test_a_claim_that_is_being_bought_keeps_nobody_from_paying() -> None:
    offered = e.ClaimOffered(loan_id="A", assignment_id="S", claim_id="t0", principal_fen=1_00)
    sold = e.ClaimSold(loan_id="A", assignment_id="S", buyer_id="i9")
    outcome = run({"A": folded([offered, sold], A)}, 0, {})
    assert (outcome.claims, outcome.waiting) == (0, ())


def test_what_guarantors_have_on_its_way_keeps_the_reserve_from_nothing() -> None:
    who: dict[str, Any] = {"loan_id": "A", "guarantor_id": "gus", "period": 1}
    advancing = GuaranteeAdvanceOpened(
        advance_id="g", principal=(400_00, 200_00), interest=(0, 0), **who
    )
    reimbursing = ReimbursementOpened(
        reimbursement_id="r", to=None, principal_fen=1, interest_fen=0, **who
    )
    late = assessed(A, DUE)
    for opened in (advancing, reimbursing):
        outcome = run({"A": folded([opened], late)}, 600_00, {"A": TODAY})
        assert (outcome.paid_fen, outcome.waiting) == (600_00, ()), opened


def test_a_claim_of_which_the_borrower_pays_all_waits_no_more() -> None:
    """The whole rest was called in and claimed; then he paid what was late, and is not late yet
    with the rest, as grace days begin."""
    terms: dict[str, Any] = {"trigger_days": 4, "grace_days": 3, "covers": Covers.REMAINING}
    free: dict[str, Any] = {"periods": 2, "method": Method.EQUAL_PRINCIPAL, "annual_rate": "0"}
    no_penalty = {"penalty_bands": "1-:0"}
    loan = disbursed((300_00,), policy=a_policy(**(DAILY | terms | no_penalty)), **free)
    called_on = DUE + timedelta(days=5)
    events = assessment.assess(loan, called_on)
    loan, queue = folded(events, loan), reserve.INITIAL
    for event in events:
        if isinstance(event, e.ClaimFiled) and event.period == 2:
            queue = reserve.evolve(queue, payouts.queued(loan, event, called_on))
    loan = paid(loan, 150_00, called_on)
    assert (list(loan.billed), list(loan.overdue), list(queue.queue)) == ([2], [], ["L1.2"])
    outcome = run({"L1": loan}, 0, {}, today=called_on, queue=queue, days=2)
    assert (outcome.claims, outcome.waiting) == (1, ())


def test_the_book_is_not_touched() -> None:
    loans = {"A": A}
    first = run(loans, 50, {"A": TODAY})
    assert loans == {"A": A}
    assert run(loans, 50, {"A": TODAY}) == first


def test_what_is_not_protected_waits_for_nothing() -> None:
    outcome = run({"A": bullet("A", 1_00, scope=Scope.NONE)}, 0, {"A": TODAY})
    assert (outcome.claims, outcome.short_on) == (0, None)


def test_what_comes_back_is_paid_out_to_those_who_wait() -> None:
    """31 March: 1,000.00 on 1,500.00, of which 40 % come back on 10 April, and 10 % in June."""
    back = [Recoveries(Decimal(40), 10), Recoveries(Decimal(10), 70)]
    stopped = {"A": TODAY, "B": TODAY}
    outcome = run({"A": A, "B": B}, 1_000_00, stopped, days=69, recoveries=back)
    assert (outcome.short_on, outcome.recovered_fen) == (date(2018, 3, 31), 400_00)
    assert (outcome.paid_fen, outcome.balance_after_fen) == (1_400_00, 0)
    assert [(each.claim_id, each.amount_fen) for each in outcome.waiting] == [
        ("A.1", 40_00),
        ("B.1", 60_00),
    ]
    before = run({"A": A, "B": B}, 1_000_00, stopped, days=68, recoveries=back)
    assert (before.recovered_fen, before.waiting_fen) == (0, 500_00)
    # Of the 400.00 of 10 April 160.00 are back on the 20th, more than the 100.00 that waited.
    after = run({"A": A, "B": B}, 1_000_00, stopped, days=80, recoveries=back)
    assert (after.recovered_fen, after.waiting, after.balance_after_fen) == (560_00, (), 60_00)


@pytest.mark.parametrize(
    ("from_days", "to_days", "back_fen"), [(1, 30, 0), (31, 31, 5), (31, None, 5), (32, 60, 0)]
)
def test_by_how_late_it_was_when_it_was_paid_whole_fen(
    from_days: int, to_days: int | None, back_fen: int
) -> None:
    """Half of 11 fen, paid 31 days after the due date."""
    back = [Recoveries(Decimal(50), 1, from_days, to_days)]
    outcome = run({"A": bullet("A", 11)}, 11, {"A": TODAY}, recoveries=back)
    assert (outcome.paid_fen, outcome.recovered_fen) == (11, back_fen)
    assert outcome.balance_after_fen == back_fen


def test_at_no_lateness_more_than_all_comes_back() -> None:
    half = Decimal(50)
    fits = [Recoveries(half, 1, 1, 60), Recoveries(half, 9, 31), Recoveries(half, 9, 61)]
    assert over_100(fits) is None
    assert over_100([*fits, Recoveries(Decimal("0.1"), 5, 45, 45)]) == 45


@given(st.integers(0, 2_000_00), st.lists(st.integers(1, 500_00), min_size=1, max_size=4))
def test_paid_and_waiting_are_what_is_protected(balance_fen: int, amounts: list[int]) -> None:
    loans = {f"L{n}": bullet(f"L{n}", fen) for n, fen in enumerate(amounts)}
    outcome = run(loans, balance_fen, dict.fromkeys(loans, TODAY), days=60)
    assert outcome.paid_fen + outcome.waiting_fen == sum(amounts)
    assert outcome.paid_fen == min(balance_fen, sum(amounts))
    assert outcome.balance_after_fen == balance_fen - outcome.paid_fen
    assert sum(outcome.by_investor.values()) == outcome.waiting_fen
    back = [Recoveries(Decimal("33.3"), 3), Recoveries(Decimal("66.7"), 7)]
    refilled = run(loans, balance_fen, dict.fromkeys(loans, TODAY), days=120, recoveries=back)
    assert refilled.paid_fen + refilled.waiting_fen == sum(amounts)
    assert refilled.balance_after_fen == balance_fen - refilled.paid_fen + refilled.recovered_fen
    assert outcome.paid_fen <= refilled.paid_fen
    assert refilled.recovered_fen <= refilled.paid_fen
    assert refilled.short_on == outcome.short_on


GRADES = {f"L{n}": "AD"[n % 2] for n in range(20)}


def test_so_many_per_cent_of_a_grade_one_after_another() -> None:
    rule = BadDebts(Decimal("30"), after_days=10, within_days=30, grades=frozenset("D"))
    stops_on = choose(GRADES, [rule], TODAY, "1")
    assert {GRADES[loan_id] for loan_id in stops_on} == {"D"}
    days = sorted((day - TODAY).days for day in stops_on.values())
    assert days == [11, 21, 31]
    assert choose(GRADES, [rule], TODAY, "1") == stops_on
    assert choose(GRADES, [rule], TODAY, "2") != stops_on


@pytest.mark.parametrize(("percent", "count"), [("0", 0), ("100", 20), ("12.5", 3)])
def test_a_second_rule_chooses_among_the_others(percent: str, count: int) -> None:
    rules = [BadDebts(Decimal(percent)), BadDebts(Decimal(100), after_days=5)]
    stops_on = choose(GRADES, rules, TODAY, "1")
    first = [day for day in stops_on.values() if day == TODAY + timedelta(days=1)]
    assert (len(first), len(stops_on)) == (count, 20)
