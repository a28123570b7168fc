"""提前到期 that a payment booked late disproves, on a whole platform: the guarantor was obliged and
broke its word, the claim waits in the reserve's queue, and then nothing of it was right."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from adapters.read_models.reading import ReadModels
from domain import guarantee, reserve
from domain import loan_events as e
from domain.accounts import Role
from domain.loan import Status
from domain.payout_plan import BucketPeriod
from domain.policy import Covers, Provider
from domain.schedule import Method
from domain.streams import guarantee_stream
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import only
from tests.house import House

FIRST_DUE, SECOND_DUE = date(2018, 2, 28), date(2018, 3, 31)
CALLED_IN_ON = FIRST_DUE + timedelta(days=15)
KNOWN_ON = CALLED_IN_ON + timedelta(days=12)
LATE: dict[str, Any] = {"effective_on": FIRST_DUE, "reason": "the bank told us late"}


@pytest.fixture
def town(house: House) -> House:
    house.open(
        policy={
            "bucket": BucketPeriod.DAY,
            "contribution_by_grade": {},
            "fee_by_grade": {},
            "trigger_days": 15,
            "trigger_inclusive": True,
            "covers": Covers.REMAINING,
            "providers": (Provider.GUARANTOR, Provider.RESERVE),
        }
    )
    house.guarantor("gus", 0)
    house.member("bob", Role.BORROWER, 1_000_00)
    for lender in ("lucy", "max"):
        house.member(lender, Role.INVESTOR, 10_000_00)
    tenders = {"lucy": 6_000_00, "max": 4_000_00}
    terms = {"periods": 4, "method": Method.EQUAL_PRINCIPAL, "guarantor": "gus"}
    house.lend("L1", "bob", tenders, **terms)
    house.roll_to(KNOWN_ON)
    return house


def test_a_loan_that_was_called_in_is_put_right_and_repaid_by_its_schedule(town: House) -> None:
    loan = town.loan("L1")
    assert (loan.called_in, loan.status) == (2, Status.OVERDUE)
    assert loan.filed == {1, 2}
    assert town.reserve.queue.keys() == {"L1.1", "L1.2"}
    gus = town.state(guarantee_stream("gus"))
    assert [gus.in_breach(claim) for claim in ("L1.1", "L1.2")] == [True, True]
    agree(town)
    town.repay("p1", "L1", 2_600_00, **LATE)
    town.settle("R-p1")
    put_right(town)
    for row in loan.rows[1:]:
        town.roll_to(row.due_on)
        agree(town)
        assert town.loan("L1").overdue == set()
        town.repay(f"p{row.period}", "L1", row.principal_fen + row.interest_fen)
        town.settle_all()
    loan = town.loan("L1")
    assert (loan.status, sum(loan.unbilled)) == (Status.SETTLED, 0)
    assert town.available("lucy:investor") == 10_000_00 + 150_00
    assert town.available("max:investor") == 10_000_00 + 100_00
    proved(town)


def test_late_by_its_schedule_it_is_called_in_again_with_a_claim_of_the_same_number(
    town: House,
) -> None:
    town.repay("p1", "L1", 2_600_00, **LATE)
    town.settle("R-p1")
    put_right(town)
    town.roll_to(SECOND_DUE + timedelta(days=25))
    agree(town)
    loan = town.loan("L1")
    assert loan.called_in == 3
    assert loan.overdue == {2, 3}
    assert town.reserve.queue.keys() == {"L1.2", "L1.3"}
    town.recharge("bob", Role.BORROWER, 10_000_00)
    town.repay("p2", "L1", 10_000_00)
    town.settle_all()
    assert town.loan("L1").status is Status.SETTLED
    proved(town)


def test_a_call_in_stays_where_the_reserve_is_paying_the_rest(town: House) -> None:
    town.seed(20_000_00)
    town.roll_to(KNOWN_ON + timedelta(days=1))
    assert town.loan("L1").advances
    town.repay("p1", "L1", 2_600_00, **LATE)
    town.settle_all()
    loan = town.loan("L1")
    assert town.of(e.CallInUndone) == []
    assert loan.call_in is not None
    assert not loan.call_in.stands(loan.policy)
    proved(town)


def put_right(town: House) -> None:
    undone = only(e.CallInUndone, town.events())
    assert (undone.period, undone.due_on) == (2, SECOND_DUE)
    loan = town.loan("L1")
    assert (loan.status, loan.billed, loan.called_in) == (Status.REPAYING, {}, None)
    assert sum(loan.unbilled) == 7_500_00
    assert town.reserve.queue == {}
    assert {each.claim_id for each in town.of(reserve.ClaimDropped)} == {"L1.1", "L1.2"}
    assert town.state(guarantee_stream("gus")).obligations == {}
    assert {each.claim_id for each in town.of(guarantee.ObligationDropped)} == {"L1.1", "L1.2"}
    agree(town)


def agree(town: House) -> None:
    """View and log, of what is owed, by when, and of who must pay it."""
    with Projector(town.url, town.platform) as projector:
        projector.catch_up()
    loan = town.loan("L1")
    views = ReadModels(town.url, town.platform)
    try:
        seen = views.loan("L1").value
    finally:
        views.close()
    assert seen.loan.status == loan.status
    assert seen.loan.overdue_instalments == len(loan.overdue)
    open_ = loan.billed.values()
    to_come = loan.rows[loan.next_period - 1 :]
    interest_fen = sum(each.base_fen - each.principal_fen for each in open_)
    assert seen.loan.outstanding_interest_fen == interest_fen + sum(r.interest_fen for r in to_come)
    for row in seen.instalments:
        billed = loan.billed.get(row.period)
        assert row.open_fen == (billed.base_fen if billed else 0)
        assert (row.filed, row.confirmed) == (
            row.period in loan.filed,
            row.period in loan.guarantee.confirmed,
        )
        if billed or row.period >= loan.next_period:
            assert row.due_on == (billed.due_on if billed else loan.rows[row.period - 1].due_on)
            assert row.billed == bool(billed)


def proved(town: House) -> None:
    report = verify(town.url, town.platform)
    wrong = {each.name: each for each in report.findings if not each.ok}
    assert wrong.keys() <= {"mirror", "bank_word"}, wrong  # No custody kept a journal.
    with Projector(town.url, town.platform) as projector:
        projector.catch_up()
        assert all(projector.compare().values())
