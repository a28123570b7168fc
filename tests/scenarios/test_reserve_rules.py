"""The six rules for the use of the reserve (风险准备金), played on a whole platform."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from domain import commands as c
from domain import loan_events as e
from domain import reserve as r
from domain.accounts import Role
from domain.cashbook import EntryRequested
from domain.loan import Status
from domain.payout_plan import BucketPeriod
from domain.policy import Scope, Subrogation
from domain.schedule import Method
from tests.exemplars import only
from tests.house import House

RESERVE = "platform:reserve"
DAILY = {"bucket": BucketPeriod.DAY}
ELIGIBLE = date(2018, 3, 31)  # More than 30 days after 28 February.
NEXT_MONTH = date(2018, 4, 1)


@pytest.fixture
def town(house: House) -> Callable[..., House]:
    """`town(**policy)`: bob lends nothing and owes; lucy, max and ann lend."""

    def build(**policy: Any) -> House:
        free = {"contribution_by_grade": {}, "fee_by_grade": {}, "penalty_bands": "1-:0"}
        house.open(policy=free | policy)
        house.member("bob", Role.BORROWER)
        for name in ("lucy", "max", "ann"):
            house.member(name, Role.INVESTOR, 10_000_00)
        return house

    return build


def bullet(house: House, loan_id: str, tenders: dict[str, int]) -> None:
    """One month, no interest: the claim is the principal."""
    house.lend(loan_id, "bob", tenders, periods=1, method=Method.BULLET, annual_rate="0")


def received(house: House) -> dict[str, int]:
    return {
        name: house.available(f"{name}:investor") + lent - 10_000_00
        for name, lent in _lent(house).items()
    }


def _lent(house: House) -> dict[str, int]:
    lent = dict.fromkeys(("lucy", "max", "ann"), 0)
    for event in house.of(e.LoanDisbursed):
        for claim in event.claims:
            lent[claim.investor_id] += claim.principal_fen
    return lent


def worked_example(house: House) -> None:
    bullet(house, "A", {"lucy": 400_00, "max": 200_00})
    bullet(house, "B", {"ann": 900_00})
    house.seed(1_000_00)


def test_the_worked_example_and_the_queue_is_served_first(town: Callable[..., House]) -> None:
    house = town()
    worked_example(house)
    house.roll_to(NEXT_MONTH)
    house.settle_all()
    assert received(house) == {"lucy": 266_67, "max": 133_33, "ann": 600_00}
    assert house.balances()[RESERVE] == (0, 0)
    assert list(house.reserve.queue) == ["A.1", "B.1"]
    # Money comes in: what is left of A and B goes first, exactly.
    house.seed(600_00)
    house.roll_to(date(2018, 5, 1))
    house.settle_all()
    assert received(house) == {"lucy": 400_00, "max": 200_00, "ann": 900_00}
    assert house.balances()[RESERVE] == (100_00, 0)
    assert house.reserve.queue == {}
    held = house.of(r.PayoutHeld)
    assert [(p.claim_id, p.amount_fen, p.rules) for p in held] == [
        ("A.1", 400_00, (1, 2, 3, 4, 5)),
        ("B.1", 600_00, (1, 2, 3, 4, 5)),
        ("A.1", 200_00, (1, 2, 5)),
        ("B.1", 300_00, (1, 2, 5)),
    ]


def test_a_monthly_bucket_waits_for_the_months_end(town: Callable[..., House]) -> None:
    house = town()
    worked_example(house)
    house.roll_to(ELIGIBLE)
    assert (len(house.reserve.queue), house.of(r.PayoutHeld)) == (2, [])
    house.roll_to(NEXT_MONTH)
    assert len(house.of(r.PayoutHeld)) == 2


def test_what_became_eligible_in_the_new_month_waits_for_its_end(
    town: Callable[..., House],
) -> None:
    house = town(trigger_days=31)
    worked_example(house)
    house.roll_to(date(2018, 4, 30))
    assert (len(house.reserve.queue), house.of(r.PayoutHeld)) == (2, [])
    house.roll_to(date(2018, 5, 1))
    assert len(house.of(r.PayoutHeld)) == 2


def test_a_daily_bucket_pays_at_once_and_the_older_claim_in_full(
    town: Callable[..., House],
) -> None:
    house = town(**DAILY)
    bullet(house, "B", {"ann": 900_00})
    house.roll_to(date(2018, 2, 1))
    bullet(house, "A", {"lucy": 400_00, "max": 200_00})
    house.seed(1_000_00)
    house.roll_to(date(2018, 4, 2))
    house.settle_all()
    assert received(house) == {"lucy": 66_67, "max": 33_33, "ann": 900_00}


@pytest.mark.parametrize("day", [date(2018, 3, 30), ELIGIBLE])
def test_rule_1_not_a_day_earlier(town: Callable[..., House], day: date) -> None:
    house = town(**DAILY)
    worked_example(house)
    house.roll_to(day)
    assert bool(house.of(r.PayoutHeld)) == (day == ELIGIBLE)


def test_rule_4_at_zero_payouts_stop_until_new_money_comes(town: Callable[..., House]) -> None:
    house = town(**DAILY)
    bullet(house, "A", {"lucy": 400_00})
    house.roll_to(date(2018, 4, 10))
    assert house.of(r.PayoutRunDecided) == []
    house.seed(1)
    house.roll_to(date(2018, 4, 11))
    house.settle_all()
    assert received(house)["lucy"] == 1
    assert house.balances()[RESERVE] == (0, 0)


def test_a_run_asked_again_pays_nobody_twice(town: Callable[..., House]) -> None:
    house = town(**DAILY)
    worked_example(house)
    house.roll_to(ELIGIBLE)
    head = house.log.head()
    house.do(c.RunReservePayouts)
    assert house.log.head() == head
    house.seed(5_000_00)
    house.do(c.RunReservePayouts)
    assert len(house.of(r.PayoutHeld)) == 2
    house.settle_all()
    house.do(c.RunReservePayouts)
    house.settle_all()
    house.do(c.RunReservePayouts)
    assert received(house) == {"lucy": 400_00, "max": 200_00, "ann": 900_00}


def test_rule_2_new_money_never_overtakes_a_claim_whose_part_is_at_the_bank(
    town: Callable[..., House],
) -> None:
    """A got a part, and the bank has not answered: B is younger, and waits for A's rest."""
    house = town(**DAILY)
    bullet(house, "A", {"lucy": 600_00})
    house.roll_to(date(2018, 2, 1))
    bullet(house, "B", {"ann": 900_00})
    house.seed(100_00)
    house.roll_to(date(2018, 4, 1))
    assert [p.claim_id for p in house.of(r.PayoutHeld)] == ["A.1"]
    house.seed(500_00)
    house.roll_to(date(2018, 4, 5))
    assert [p.claim_id for p in house.of(r.PayoutHeld)] == ["A.1"]
    house.settle("P-1")
    house.roll_to(date(2018, 4, 6))
    house.settle_all()
    assert received(house) == {"lucy": 600_00, "max": 0, "ann": 0}


def test_a_rejected_payout_waits_again_and_keeps_its_place(town: Callable[..., House]) -> None:
    house = town(**DAILY)
    worked_example(house)
    house.roll_to(ELIGIBLE)
    house.reject("P-1", "P-2")
    assert house.balances()[RESERVE] == (1_000_00, 0)
    assert received(house) == {"lucy": 0, "max": 0, "ann": 0}
    house.roll_to(NEXT_MONTH)
    house.settle_all()
    assert received(house) == {"lucy": 266_67, "max": 133_33, "ann": 600_00}


# -- rule 5, and the borrower who pays after all --------------------------------------------


def one_late_loan(town: Callable[..., House], fen: int, **policy: Any) -> House:
    """Lucy and max lent 60 : 40; the reserve has `fen`; the claim is 100.00."""
    house = town(**DAILY, **policy)
    bullet(house, "A", {"lucy": 60_00, "max": 40_00})
    if fen:
        house.seed(fen)
    house.roll_to(ELIGIBLE)
    return house


def test_rule_5_what_the_borrower_pays_later_is_the_reserves(town: Callable[..., House]) -> None:
    house = one_late_loan(town, 100_00)
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
    town: Callable[..., House],
    subrogation: Subrogation,
    lucy_fen: int,
    max_fen: int,
    reserve_fen: int,
) -> None:
    house = one_late_loan(town, 50_00, subrogation=subrogation)
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
    town: Callable[..., House], *, paid: bool
) -> None:
    house = one_late_loan(town, 100_00)
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


def test_no_payout_while_a_repayment_is_held(town: Callable[..., House]) -> None:
    house = town(**DAILY)
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
    town: Callable[..., House],
) -> None:
    house = one_late_loan(town, 0)
    house.repay("p1", "A", 100_00)
    house.reject("R-p1")
    house.settle_all()
    assert house.balances()["bob:borrower"] == (100_00, 0)
    house.seed(100_00)
    house.roll_to(NEXT_MONTH)
    house.settle_all()
    assert received(house) == {"lucy": 60_00, "max": 40_00, "ann": 0}


def test_a_claim_that_the_borrower_paid_leaves_the_queue(town: Callable[..., House]) -> None:
    house = one_late_loan(town, 0)
    assert list(house.reserve.queue) == ["A.1"]
    house.repay("p1", "A", 100_00)
    house.settle_all()
    assert only(r.ClaimDropped, house.events()).claim_id == "A.1"
    assert house.reserve.queue == {}


def test_penalty_on_a_claim_that_was_paid_in_full_goes_to_the_reserve(
    town: Callable[..., House],
) -> None:
    house = one_late_loan(town, 100_00, penalty_bands="1-:1")
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
    town: Callable[..., House], scope: Scope, lucy_fen: int
) -> None:
    house = town(**DAILY, scope=scope)
    house.lend("A", "bob", {"lucy": 100_00}, periods=1, method=Method.BULLET)
    house.seed(500_00)
    house.roll_to(NEXT_MONTH)
    house.settle_all()
    assert received(house)["lucy"] == lucy_fen


# -- rule 6 -------------------------------------------------------------------------------


def test_rule_6_the_surplus_above_the_cap(town: Callable[..., House]) -> None:
    house = town()
    bullet(house, "A", {"lucy": 1_000_00})
    house.seed(150_00)
    refused = house.refused(c.MoveReserveSurplus, surplus_id="z1", amount_fen=50_01)
    assert refused == "surplus_below_cap"
    house.do(c.MoveReserveSurplus, surplus_id="z1", amount_fen=50_00)
    assert house.balances()[RESERVE] == (100_00, 50_00)
    house.settle("Z-z1")
    assert (house.available(RESERVE), house.available("platform:income")) == (100_00, 50_00)
    # What the borrower pays back lowers the cap.
    house.roll_to(date(2018, 2, 28))
    house.repay("p1", "A", 1_000_00)
    house.settle_all()
    house.do(c.MoveReserveSurplus, surplus_id="z2", amount_fen=100_00)
    house.reject("Z-z2")
    assert house.balances()[RESERVE] == (100_00, 0)


def test_rule_6_never_while_a_claim_waits(town: Callable[..., House]) -> None:
    house = one_late_loan(town, 100_00)
    house.reject("P-1")
    fields = {"surplus_id": "z1", "amount_fen": 1}
    assert house.refused(c.MoveReserveSurplus, **fields) == "surplus_below_cap"


def test_seed_money_is_the_reserves_when_the_bank_says_so(town: Callable[..., House]) -> None:
    house = town()
    house.do(c.SeedReserve, seed_id="s", amount_fen=1_00)
    assert house.available(RESERVE) == 0
    house.reject("S-s")
    assert house.available(RESERVE) == 0


def test_each_payout_movement_names_the_interest_in_it(town: Callable[..., House]) -> None:
    house = town(**DAILY)
    house.lend("A", "bob", {"lucy": 100_00, "max": 100_00}, periods=1, method=Method.BULLET)
    house.seed(500_00)
    house.roll_to(NEXT_MONTH)
    entries = [x for x in house.of(EntryRequested) if x.entry_id == "P-1"]
    assert [(m.payee, m.amount_fen, m.interest_fen) for m in entries[0].movements] == [
        ("lucy:investor", 101_00, 1_00),
        ("max:investor", 101_00, 1_00),
    ]
