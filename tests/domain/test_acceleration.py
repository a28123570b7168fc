"""What lateness sets off: stages, what a payout covers, the rest falling due, dates that roll."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import assessment, protection, repayment, reserve_advance
from domain import loan_events as e
from domain.loan import Loan
from domain.model import InvariantBroken, Refused
from domain.policy import Acceleration, Covers, Roll, Scope, SharingBasis, Stage
from domain.refusals import Code
from domain.schedule import Method
from domain.working_days import WorkingDays
from tests.domain.repaying import advanced, assessed, held, kinds, paid
from tests.exemplars import a_policy, disbursed, folded, only

FIRST_DUE = date(2018, 2, 28)
PLAIN: dict[str, Any] = {
    "amounts_fen": (6_000_00, 4_000_00),
    "periods": 4,
    "method": Method.EQUAL_PRINCIPAL,
}
"""Of 10,000.00: 2,500.00 of principal each month, and 100.00, 75.00, 50.00, 25.00 of interest."""


def late(days: int, **policy: Any) -> Loan:
    """Nothing is paid, and every day is assessed."""
    loan = disbursed(policy=a_policy(**policy), **PLAIN)
    day = FIRST_DUE
    while day <= FIRST_DUE + timedelta(days=days):
        loan = assessed(loan, day)
        day += timedelta(days=1)
    return loan


def claimed(loan: Loan) -> dict[int, int]:
    """Period -> fen that whoever stands in must pay."""
    return {period: sum(protection.protected_fen(loan, period).values()) for period in loan.filed}


# -- stages, and what a payout covers -------------------------------------------------------

TWO_STAGES = {"stages": (Stage(days=15), Stage(days=90, covers=Covers.REMAINING))}


@pytest.mark.parametrize(
    ("days", "claims"),
    [
        (14, {}),
        (15, {1: 2_600_00}),
        (45, {1: 2_600_00}),
        (46, {1: 2_600_00, 2: 2_575_00}),
        (89, {1: 2_600_00, 2: 2_575_00, 3: 2_550_00}),
        (90, {1: 2_600_00, 2: 2_575_00, 3: 2_550_00, 4: 2_525_00}),
    ],
)
def test_two_stages(days: int, claims: dict[int, int]) -> None:
    assert claimed(late(days, **TWO_STAGES)) == claims


def test_the_second_stage_comes_though_the_first_was_paid_out() -> None:
    """The borrower is late all the same: to the reserve."""
    loan = late(89, **TWO_STAGES)
    for period in (1, 2, 3):
        loan = advanced(loan, period, reserve_advance.open_claim(loan, period), f"{period}")
    loan = assessed(loan, FIRST_DUE + timedelta(days=90))
    assert reserve_advance.open_claim(loan, 4) == {"t0": 1_515_00, "t1": 1_010_00}


@pytest.mark.parametrize(
    ("covers", "scope", "claims"),
    [
        # 31 days late, on 31 March: instalment 2 falls due that day, 3 and 4 are called in.
        (Covers.INSTALMENT, Scope.PRINCIPAL_AND_INTEREST, {1: 2_600_00}),
        (Covers.PRINCIPAL, Scope.PRINCIPAL_AND_INTEREST, {1: 2_500_00, 2: 2_500_00, 3: 5_000_00}),
        (
            Covers.PRINCIPAL_AND_OVERDUE_INTEREST,
            Scope.PRINCIPAL_AND_INTEREST,
            {1: 2_600_00, 2: 2_575_00, 3: 5_000_00},
        ),
        (Covers.REMAINING, Scope.PRINCIPAL, {1: 2_500_00, 2: 2_500_00, 3: 5_000_00}),
        (Covers.REMAINING, Scope.NONE, {}),
    ],
)
def test_what_a_payout_covers(covers: Covers, scope: Scope, claims: dict[int, int]) -> None:
    loan = late(31, covers=covers, scope=scope)
    assert claimed(loan) == claims
    assert (loan.called_in is not None) is (3 in claims)


def test_a_rest_that_fell_due_in_its_month_bears_that_months_interest() -> None:
    """15 March: the second month has begun, so its 75.00 are owed, and no later interest."""
    loan = late(15, trigger_days=15, trigger_inclusive=True, covers=Covers.REMAINING)
    assert claimed(loan) == {1: 2_600_00, 2: 7_575_00}
    assert loan.billed[2].due_on == date(2018, 3, 15)
    assert repayment.payoff_fen(loan, date(2018, 3, 15)) == 10_175_00 + 19_50  # 15 days of 0.05 %.


def test_the_interest_of_a_rest_that_fell_due_is_no_overdue_interest() -> None:
    covers = Covers.PRINCIPAL_AND_OVERDUE_INTEREST
    loan = late(15, trigger_days=15, trigger_inclusive=True, covers=covers)
    assert claimed(loan) == {1: 2_600_00, 2: 7_500_00}


@pytest.mark.parametrize("scope", [Scope.NONE, Scope.PRINCIPAL_AND_INTEREST])
def test_what_was_called_in_stays_due_when_a_payment_of_it_fails(scope: Scope) -> None:
    day = date(2018, 3, 15)
    loan = late(15, acceleration=Acceleration(over_days=14), scope=scope)
    loan = held(loan, "p", 20_000_00, day, in_full=True)
    loan = folded(repayment.route(loan), loan)
    events = repayment.fail(loan, "p", "E1")
    assert kinds(events) == ["RepaymentFailed"]
    loan = folded(events, loan)
    assert assessment.assess(loan, day) == ()
    assert sum(loan.unbilled) == 0


# -- acceleration ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "days", "why"),
    [
        (Acceleration(over_days=30), 31, e.CalledIn.OVER_DAYS),
        (Acceleration(in_a_row=2), 32, e.CalledIn.IN_A_ROW),
        (Acceleration(in_all=3), 62, e.CalledIn.IN_ALL),
    ],
)
def test_the_whole_rest_falls_due(rule: Acceleration, days: int, why: e.CalledIn) -> None:
    before = late(days - 1, acceleration=rule)
    assert before.called_in is None
    day = FIRST_DUE + timedelta(days=days)
    events = assessment.assess(before, day)
    called_in = only(e.LoanCalledIn, events)
    assert (called_in.why, called_in.called_in_on) == (why, day)
    loan = folded(events, before)
    assert sum(loan.unbilled) == 0
    assert assessment.assess(loan, day) == ()


def test_in_all_counts_what_was_paid_since_and_in_a_row_needs_them_together() -> None:
    """Instalments 1 and 3 are late, each paid a day later; 2 is paid on its day."""
    for rule, called_in in ((Acceleration(in_a_row=2), False), (Acceleration(in_all=2), True)):
        loan = disbursed(policy=a_policy(acceleration=rule, penalty_bands="1-:0"), **PLAIN)
        for row in loan.rows[:3]:
            loan = assessed(loan, row.due_on)
            if row.period == 2:
                loan = paid(loan, 2_575_00, row.due_on, payment_id="b")
                continue
            day = row.due_on + timedelta(days=1)
            loan = assessed(loan, day)
            if row.period == 1:
                loan = paid(loan, 2_600_00, day, payment_id="a")
        assert (loan.called_in is not None) is called_in


@pytest.mark.parametrize(("grace_days", "days", "counts"), [(0, 0, 1), (0, 1, 2), (3, 3, 1)])
def test_an_instalment_that_was_paid_in_time_and_booked_late_was_not_overdue(
    grace_days: int, days: int, counts: int
) -> None:
    """The first one; the second is late in any case."""
    rule = Acceleration(in_all=2)
    terms = a_policy(acceleration=rule, penalty_bands="1-:0", grace_days=grace_days)
    loan = disbursed(policy=terms, **PLAIN)
    for row in loan.rows[:2]:
        loan = assessed(loan, row.due_on)
        loan = assessed(loan, row.due_on + timedelta(days=grace_days + 1))
        if row.period == 1:
            assert loan.was_overdue == {1}
            loan = paid(loan, 1_000_00, row.due_on + timedelta(days=days), payment_id="a")
            assert loan.was_overdue == {1}  # The rest is open.
            loan = paid(loan, 1_600_00, row.due_on, payment_id="b")
    assert len(loan.was_overdue - {loan.called_in}) == counts
    assert (loan.called_in is not None) == (counts == 2)


# -- days of grace, days that roll ----------------------------------------------------------


def test_within_the_grace_days_nothing_is_overdue() -> None:
    assert not late(5, grace_days=5, trigger_days=0).overdue
    loan = late(6, grace_days=5, trigger_days=0)
    assert loan.overdue == loan.filed == frozenset({1})


HOLIDAY = WorkingDays("test-1", {2018}, {FIRST_DUE, date(2018, 3, 1)}, set())
"""The due day and the next, a Thursday, are free."""


def test_a_due_date_rolls_to_the_next_working_day() -> None:
    loan = disbursed(policy=a_policy(roll=Roll.FOLLOWING), **PLAIN)
    events = assessment.assess(loan, FIRST_DUE, HOLIDAY)
    rolled = only(e.DueDateRolled, events)
    assert (rolled.due_on, rolled.calendar) == (date(2018, 3, 2), "test-1")
    loan = folded(events, loan)
    for day in (FIRST_DUE, date(2018, 3, 1), date(2018, 3, 2)):
        assert assessment.assess(loan, day, HOLIDAY) == ()
    assert kinds(assessment.assess(loan, date(2018, 3, 3), HOLIDAY)) == ["InstalmentOverdue"]
    assert loan.billed[1].due(date(2018, 3, 2), loan.policy).penalty_fen == 0


def test_the_day_on_which_a_rest_falls_due_does_not_roll() -> None:
    """The day after the due day is free."""
    calendar = WorkingDays("test-2", {2018}, {date(2018, 3, 1)}, set())
    terms = a_policy(roll=Roll.FOLLOWING, acceleration=Acceleration(over_days=0))
    loan = disbursed(policy=terms, **PLAIN)
    loan = folded(assessment.assess(loan, date(2018, 3, 1), calendar), loan)
    assert loan.billed[2].due_on == date(2018, 3, 1)
    assert assessment.assess(loan, date(2018, 3, 1), calendar) == ()


def test_a_due_date_of_a_year_that_nobody_knows_is_not_guessed() -> None:
    loan = disbursed(policy=a_policy(roll=Roll.FOLLOWING), **PLAIN)
    known = WorkingDays("old", {2017}, set(), set())
    with pytest.raises(Refused) as caught:
        assessment.assess(loan, FIRST_DUE, known)
    assert caught.value.code == Code.CALENDAR_UNKNOWN
    with pytest.raises(InvariantBroken):
        assessment.assess(loan, FIRST_DUE)


# -- what a policy says about shares and about paying early -----------------------------------


def test_by_original_share_an_advance_of_claims_changes_no_ratio() -> None:
    """1 : 1 lent, one fen each month: the last month gives each what he has not had."""
    terms = a_policy(sharing_basis=SharingBasis.ORIGINAL_SHARE)
    loan = disbursed((5, 5), policy=terms, periods=5, method=Method.EQUAL_PRINCIPAL)
    billed = only(e.InstalmentBilled, assessment.assess(loan, FIRST_DUE))
    assert billed.sharing == "largest-remainder/original-share"
    loan = assessed(loan, loan.rows[-1].due_on)
    principals = [each.principal for each in loan.billed.values()]
    assert [sum(each) for each in zip(*principals, strict=True)] == [5, 5]


@pytest.mark.parametrize(
    ("rate", "compensation_fen"),
    [("0", 0), ("0.5", 37_50), ("2", 75_00)],  # At most the interest of months 3 and 4.
)
def test_who_pays_early_compensates(rate: str, compensation_fen: int) -> None:
    """On 15 March the second month runs: 2,500.00 + 75.00 of it, 5,000.00 of principal after."""
    day = date(2018, 3, 15)
    loan = disbursed(policy=a_policy(early_compensation=rate), **PLAIN)
    loan = paid(assessed(loan, FIRST_DUE), 2_600_00, FIRST_DUE)
    assert repayment.payoff_fen(loan, day) == 7_575_00 + compensation_fen
    loan = held(loan, "q", 7_575_00 + compensation_fen, day, in_full=True)
    events = repayment.route(loan)
    charged = [x.amount_fen for x in events if isinstance(x, e.EarlyCompensationCharged)]
    assert charged == ([compensation_fen] if compensation_fen else [])
    routed = only(e.RepaymentRouted, events)
    assert routed.left_fen == 0
    assert sum(sum(each.interest) for each in routed.parts) == 75_00 + compensation_fen
    loan = folded(events, loan)
    assert kinds(repayment.settle(loan, day)) == ["RepaymentSettled", "LoanSettled"]
