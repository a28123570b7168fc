"""The day end: what each date decides, once, and what a kill in the middle leaves to the next."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from adapters.working_days import working_days
from domain import assessment
from domain import commands as c
from domain import loan_events as e
from domain import reserve as r
from domain.accounts import Role
from domain.loan import Status
from domain.payout_plan import BucketPeriod
from domain.policy import Acceleration, Covers, Roll, Scope, Stage
from domain.refusals import Code
from domain.schedule import Method
from services.day_end.day_end import DayEndFailed, DayEndResult
from tests.exemplars import TODAY, a_policy, folded
from tests.house import House
from tests.services.day_end.conftest import Killed, Nights

DEADLINE = TODAY + timedelta(days=7)
DUE = date(2018, 2, 28)
FILED = DUE + timedelta(days=31)  # More than 30 days late.


def test_a_platform_without_books_has_no_day_to_close(database: str) -> None:
    house = House(database)
    nights = Nights(house)
    with pytest.raises(DayEndFailed, match="no business date"):
        nights.day_end.roll()
    assert nights.commands.sent == []
    nights.close()


def test_tenders_expire_the_day_after_the_deadline(nights: Nights) -> None:
    assert nights.roll_to(DEADLINE) == DayEndResult(DEADLINE, assessed=0, miscarried=0)
    assert nights.house.loan("L2").status is Status.PUBLISHED
    result = nights.roll()
    assert result == DayEndResult(DEADLINE + timedelta(days=1), assessed=0, miscarried=1)
    assert nights.house.loan("L2").status is Status.MISCARRIED
    assert nights.house.balances()["lucy:investor"] == (9_400_00, 0)
    nights.roll_to(DEADLINE + timedelta(days=3))
    assert nights.asked(c.MiscarryLoan) == ["miscarry:2018-02-08:L2"]


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        (e.InstalmentBilled, DUE),
        (e.InstalmentOverdue, DUE + timedelta(days=1)),
        (e.ClaimFiled, FILED),
        (r.ClaimQueued, FILED),
        (r.PayoutHeld, FILED),
        (e.AdvancePaid, FILED),
    ],
)
def test_each_thing_on_its_day(nights: Nights, kind: type[e.LoanEvent], on: date) -> None:
    nights.roll_to(on - timedelta(days=1))
    assert nights.house.of(kind) == []
    nights.roll()
    [recorded] = [each for each in nights.house.recorded() if isinstance(each.event, kind)]
    assert recorded.business_date == on
    nights.roll()
    assert len(nights.house.of(kind)) == 1


def test_the_reserve_pays_what_the_claim_is(nights: Nights) -> None:
    nights.roll_to(FILED)
    assert nights.house.available("lucy:investor") == 10_000_00
    assert nights.house.available("max:investor") == 10_000_00
    assert nights.house.available("platform:reserve") == 10_00  # 1% of the loan came in.


def test_nothing_is_asked_of_a_loan_where_the_day_decides_nothing(nights: Nights) -> None:
    nights.roll_to(FILED + timedelta(days=3))
    assert nights.asked(c.AssessLoan) == [
        f"assess:{day}:L1" for day in (DUE, DUE + timedelta(days=1), FILED)
    ]


def test_what_was_paid_on_its_day_is_never_overdue(nights: Nights) -> None:
    nights.roll_to(DUE)
    nights.house.recharge("bob", Role.BORROWER, 100_00)
    nights.house.repay("p1", "L1", 1_000_00)
    nights.house.settle_all()
    nights.roll_to(FILED)
    assert nights.asked(c.AssessLoan) == [f"assess:{DUE}:L1"]
    assert nights.house.loan("L1").status is Status.SETTLED


@pytest.mark.parametrize(
    ("terms", "filed_on"),
    [
        ({"trigger_days": 5}, 6),
        ({"trigger_days": 5, "trigger_inclusive": True}, 5),
        ({"scope": Scope.PRINCIPAL, "trigger_days": 0}, 1),
        ({"scope": Scope.NONE, "trigger_days": 0}, None),
    ],
)
def test_a_loan_keeps_the_terms_it_was_concluded_under(
    nights: Nights, terms: dict[str, object], filed_on: int | None
) -> None:
    """Policies that come and go later: the old loan is filed after 30 days all the same."""
    house = nights.house
    later = a_policy(version="v2", valid_from=TODAY + timedelta(days=1), **terms)
    house.do(c.PublishPolicy, terms=later)
    nights.roll()
    rated = {"periods": 1, "method": Method.BULLET, "annual_rate": "0"}
    house.lend("L3", "kim", {"max": 100_00}, **rated)
    due = date(2018, 3, 1)
    house.do(c.PublishPolicy, terms=a_policy(version="v3", valid_from=due, scope=Scope.NONE))
    nights.roll_to(due + timedelta(days=40))
    filed = [
        (each.business_date, each.event.loan_id)
        for each in house.recorded()
        if isinstance(each.event, e.ClaimFiled)
    ]
    late = [] if filed_on is None else [due + timedelta(days=filed_on)]
    assert sorted(filed) == sorted([(FILED, "L1"), *((day, "L3") for day in late)])
    days = sorted({due, due + timedelta(days=1), *late})
    assert [x for x in nights.asked(c.AssessLoan) if x.endswith("L3")] == [
        f"assess:{day}:L3" for day in days
    ]


@pytest.mark.parametrize(
    "terms",
    [
        {"stages": (Stage(days=15), Stage(days=50, covers=Covers.REMAINING))},
        {"trigger_days": 40, "covers": Covers.PRINCIPAL, "grace_days": 3},
        {"trigger_days": 5, "grace_days": 10, "roll": Roll.FOLLOWING},
        {"acceleration": Acceleration(over_days=20), "trigger_days": 40},
        {"acceleration": Acceleration(in_a_row=2), "scope": Scope.NONE},
    ],
)
def test_it_looks_at_a_loan_on_the_days_on_which_the_domain_decides(
    nights: Nights, terms: dict[str, object]
) -> None:
    """Nobody pays, not the reserve either: the loan lives by its dates alone, and what SQL finds is
    what the domain decides."""
    house = nights.house
    free: dict[str, object] = {"contribution_by_grade": {}, "cap": "0"}
    later = a_policy(version="v2", valid_from=TODAY + timedelta(days=1), **free, **terms)
    house.do(c.PublishPolicy, terms=later)
    nights.roll()
    house.do(c.MoveReserveSurplus, surplus_id="all", amount_fen=house.available("platform:reserve"))
    house.settle_all()
    house.lend("L3", "kim", {"max": 300_00}, periods=3, method=Method.EQUAL_PRINCIPAL)
    loan, day, decided = house.loan("L3"), house.today, []
    for _ in range(115):
        day += timedelta(days=1)
        if events := assessment.assess(loan, day, working_days()):
            decided.append(f"assess:{day}:L3")
            loan = folded(events, loan)
    nights.roll_to(day)
    assert [x for x in nights.asked(c.AssessLoan) if x.endswith("L3")] == decided
    assert house.loan("L3") == loan


def test_a_loan_of_a_product_lives_by_what_the_policy_says_of_it(nights: Nights) -> None:
    """L3 by the version, after 30 days and with interest; L4 as a car loan, after 5 and without."""
    house = nights.house
    car = {"scope": Scope.PRINCIPAL, "trigger_days": 5, "contribution_by_grade": {"A": "2"}}
    day = TODAY + timedelta(days=1)
    terms = {"bucket": BucketPeriod.DAY, "products": {"car": car}}
    house.do(c.PublishPolicy, terms=a_policy(version="v2", valid_from=day, **terms))
    nights.roll()
    house.seed(1_000_00)
    month = {"periods": 1, "method": Method.BULLET}
    house.rated("L9", "kim", 100_00, product="boat")
    boat = house.refused(c.PublishLoan, loan_id="L9", deadline=day)
    assert boat == Code.PRODUCT_UNKNOWN
    house.lend("L3", "kim", {"max": 100_00}, **month)
    house.lend("L4", "kim", {"max": 100_00}, product="car", **month)
    given = [each.contribution_fen for each in house.of(e.DisbursementRequested)]
    assert given[-2:] == [1_00, 2_00]
    due = house.loan("L4").rows[0].due_on
    nights.roll_to(due + timedelta(days=31))
    filed = [
        (each.business_date, each.event.loan_id)
        for each in house.recorded()
        if isinstance(each.event, e.ClaimFiled) and each.event.loan_id != "L1"
    ]
    assert filed == [(due + timedelta(days=6), "L4"), (due + timedelta(days=31), "L3")]
    paid = {each.loan_id: each.amount_fen for each in house.of(r.PayoutHeld)}
    assert (paid["L3"], paid["L4"]) == (101_00, 100_00)


def test_what_was_paid_early_in_part_rolls_on_its_due_date(nights: Nights) -> None:
    """3 March 2018 is a Saturday. With grace days nobody else would look before they are over, and
    the loan would be shown as late meanwhile."""
    house, due = nights.house, date(2018, 3, 3)
    nights.roll_to(date(2018, 2, 3))
    later = a_policy(version="v2", valid_from=house.today, roll=Roll.FOLLOWING, grace_days=10)
    house.do(c.PublishPolicy, terms=later)
    house.lend("L3", "kim", {"max": 300_00}, periods=3, method=Method.EQUAL_PRINCIPAL)
    nights.roll_to(date(2018, 2, 20))
    house.repay("p1", "L3", 50_00)
    house.settle_all()
    nights.roll_to(due + timedelta(days=12))
    [rolled] = house.of(e.DueDateRolled)
    assert rolled.due_on == due + timedelta(days=2)
    [day] = [r.business_date for r in house.recorded() if r.topic == e.DueDateRolled.TOPIC]
    assert day == due
    assert [x for x in nights.asked(c.AssessLoan) if x.endswith("L3")] == [f"assess:{due}:L3"]


def test_a_day_that_is_run_again_appends_nothing(nights: Nights) -> None:
    for day in (DEADLINE + timedelta(days=1), DUE, DUE + timedelta(days=1), FILED):
        nights.roll_to(day)
        before = nights.written()
        nights.day_end.run(day)
        assert nights.written() == before


def test_a_refusal_stops_it_and_is_told(nights: Nights) -> None:
    """Somebody has taken the id of tomorrow's command."""
    nights.house.ask(c.RunReservePayouts, id="day:2018-02-01")
    with pytest.raises(DayEndFailed, match="day:2018-02-01"):
        nights.day_end.roll()
    assert nights.day_end.business_date() == TODAY


@pytest.mark.parametrize("night", [DEADLINE + timedelta(1), DUE, DUE + timedelta(1), FILED])
def test_a_kill_between_any_two_steps_changes_nothing_in_the_end(
    nights: Nights, copied: Callable[[Nights], Nights], night: date
) -> None:
    """Whoever comes next only closes days: what the killed one left is done under its own date."""
    nights.roll_to(night - timedelta(days=1))
    whole = copied(nights)
    whole.roll_to(night + timedelta(days=2))
    for steps in itertools.count():
        killed = copied(nights)
        killed.commands.left = steps
        try:
            killed.roll()
        except Killed:
            killed.commands.left = None
            killed.house.settle_all()
            killed.roll_to(night + timedelta(days=2))
            assert (killed.digest, killed.written()) == (whole.digest, whole.written()), steps
        else:
            break
    assert steps >= 3
