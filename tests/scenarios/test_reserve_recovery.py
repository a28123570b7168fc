"""Rule 5 for the use of the reserve: what a borrower pays after all, and never twice."""

from __future__ import annotations

from datetime import date

import pytest

from domain import reserve as r
from domain.accounts import Role
from domain.loan import Status
from domain.policy import Scope, Subrogation
from domain.schedule import Method
from tests.exemplars import only
from tests.scenarios.reserve_town import (
    DAILY,
    NEXT_MONTH,
    RESERVE,
    Build,
    bullet,
    one_late_loan,
    received,
)


def test_rule_5_what_the_borrower_pays_later_is_the_reserves(reserve_town: Build) -> None:
    house = one_late_loan(reserve_town, 100_00)
    house.settle_all()
    house.repay("p1", "A", 100_00)
    house.settle_all()
    assert received(house) == {"lucy": 60_00, "max": 40_00, "ann": 0}
    assert house.balances()[RESERVE] == (100_00, 0)
    assert only(r.RecoveryReceived, house.events()).amount_fen == 100_00
    assert house.loan("A").status is Status.SETTLED


@pytest.mark.parametrize(
    ("subrogation", "lucy_fen", "max_fen", "reserve_fen"),
    [
        # 50.00 was paid out (30 : 20). The borrower pays 60.00 of the 100.00.
        (Subrogation.REST_FIRST, 30_00 + 30_00, 20_00 + 20_00, 10_00),
        (Subrogation.PROPORTIONAL, 30_00 + 18_00, 20_00 + 12_00, 30_00),
    ],
)
def test_rule_5_after_a_partial_payout(
    reserve_town: Build,
    subrogation: Subrogation,
    lucy_fen: int,
    max_fen: int,
    reserve_fen: int,
) -> None:
    house = one_late_loan(reserve_town, 50_00, subrogation=subrogation)
    house.settle_all()
    house.repay("p1", "A", 60_00)
    house.settle_all()
    assert received(house) == {"lucy": lucy_fen, "max": max_fen, "ann": 0}
    assert house.balances()[RESERVE] == (reserve_fen, 0)
    rest = house.loan("A").billed[1]
    assert rest.base_fen == 40_00
    # In the end everybody has everything, and the reserve its money back.
    house.repay("p2", "A", 40_00)
    house.settle_all()
    house.roll_to(NEXT_MONTH)
    house.settle_all()
    assert received(house) == {"lucy": 60_00, "max": 40_00, "ann": 0}
    assert house.balances()[RESERVE] == (50_00, 0)
    assert house.reserve.queue == {}


@pytest.mark.parametrize("paid", [True, False])
def test_a_payment_while_a_payout_is_in_flight_never_pays_twice(
    reserve_town: Build, *, paid: bool
) -> None:
    house = one_late_loan(reserve_town, 100_00)
    assert house.at_bank() == ["P-1"]
    house.repay("p1", "A", 100_00)
    assert house.at_bank() == ["P-1"]  # The borrower's money is frozen, and waits.
    assert house.balances()["bob:borrower"] == (0, 100_00)
    (house.settle if paid else house.reject)("P-1")
    [repayment] = house.at_bank()
    assert repayment == "R-p1"
    house.settle(repayment)
    assert received(house) == {"lucy": 60_00, "max": 40_00, "ann": 0}
    assert house.balances()[RESERVE] == (100_00, 0)
    house.roll_to(NEXT_MONTH)
    assert house.at_bank() == []
    assert (house.reserve.queue, house.loan("A").status) == ({}, Status.SETTLED)


def test_no_payout_while_a_repayment_is_held(reserve_town: Build) -> None:
    house = reserve_town(**DAILY)
    bullet(house, "A", {"lucy": 60_00, "max": 40_00})
    house.seed(100_00)
    house.roll_to(date(2018, 3, 30))
    house.repay("p1", "A", 70_00)
    house.roll_to(NEXT_MONTH)
    assert house.at_bank() == ["R-p1"]
    house.settle("R-p1")
    house.roll_to(date(2018, 4, 2))
    house.settle_all()
    assert received(house) == {"lucy": 60_00, "max": 40_00, "ann": 0}
    assert house.balances()[RESERVE] == (70_00, 0)


def test_a_repayment_that_the_bank_refuses_leaves_the_claim_in_the_queue(
    reserve_town: Build,
) -> None:
    house = one_late_loan(reserve_town, 0)
    house.repay("p1", "A", 100_00)
    house.reject("R-p1")
    house.settle_all()
    assert house.balances()["bob:borrower"] == (100_00, 0)
    house.seed(100_00)
    house.roll_to(NEXT_MONTH)
    house.settle_all()
    assert received(house) == {"lucy": 60_00, "max": 40_00, "ann": 0}


def test_a_claim_that_the_borrower_paid_leaves_the_queue(reserve_town: Build) -> None:
    house = one_late_loan(reserve_town, 0)
    assert list(house.reserve.queue) == ["A.1"]
    house.repay("p1", "A", 100_00)
    house.settle_all()
    assert only(r.ClaimDropped, house.events()).claim_id == "A.1"
    assert house.reserve.queue == {}


def test_penalty_on_a_claim_that_was_paid_in_full_goes_to_the_reserve(
    reserve_town: Build,
) -> None:
    house = one_late_loan(reserve_town, 100_00, penalty_bands="1-:1")
    house.settle_all()
    house.roll_to(date(2018, 4, 9))  # 40 days late: 40.00 of penalty.
    house.recharge("bob", Role.BORROWER, 40_00)
    house.repay("p1", "A", 140_00)
    house.settle_all()
    assert received(house) == {"lucy": 60_00, "max": 40_00, "ann": 0}
    assert house.balances()[RESERVE] == (140_00, 0)


@pytest.mark.parametrize(
    ("scope", "lucy_fen"),
    [(Scope.NONE, 0), (Scope.PRINCIPAL, 100_00), (Scope.PRINCIPAL_AND_INTEREST, 101_00)],
)
def test_the_loans_own_policy_says_what_is_protected(
    reserve_town: Build, scope: Scope, lucy_fen: int
) -> None:
    house = reserve_town(**DAILY, scope=scope)
    house.lend("A", "bob", {"lucy": 100_00}, periods=1, method=Method.BULLET)
    house.seed(500_00)
    house.roll_to(NEXT_MONTH)
    house.settle_all()
    assert received(house)["lucy"] == lucy_fen
