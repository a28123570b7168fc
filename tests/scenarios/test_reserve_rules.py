"""The six rules for the use of the reserve (风险准备金), played on a whole platform."""

from __future__ import annotations

from datetime import date

import pytest

from domain import commands as c
from domain import reserve as r
from domain.cashbook import EntryRequested
from domain.schedule import Method
from tests.house import House
from tests.scenarios.reserve_town import (
    DAILY,
    ELIGIBLE,
    NEXT_MONTH,
    RESERVE,
    Build,
    bullet,
    one_late_loan,
    received,
)


def worked_example(house: House) -> None:
    bullet(house, "A", {"lucy": 400_00, "max": 200_00})
    bullet(house, "B", {"ann": 900_00})
    house.seed(1_000_00)


def test_the_worked_example_and_the_queue_is_served_first(reserve_town: Build) -> None:
    house = reserve_town()
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


def test_a_monthly_bucket_waits_for_the_months_end(reserve_town: Build) -> None:
    house = reserve_town()
    worked_example(house)
    house.roll_to(ELIGIBLE)
    assert (len(house.reserve.queue), house.of(r.PayoutHeld)) == (2, [])
    house.roll_to(NEXT_MONTH)
    assert len(house.of(r.PayoutHeld)) == 2


def test_what_became_eligible_in_the_new_month_waits_for_its_end(
    reserve_town: Build,
) -> None:
    house = reserve_town(trigger_days=31)
    worked_example(house)
    house.roll_to(date(2018, 4, 30))
    assert (len(house.reserve.queue), house.of(r.PayoutHeld)) == (2, [])
    house.roll_to(date(2018, 5, 1))
    assert len(house.of(r.PayoutHeld)) == 2


def test_a_daily_bucket_pays_at_once_and_the_older_claim_in_full(
    reserve_town: Build,
) -> None:
    house = reserve_town(**DAILY)
    bullet(house, "B", {"ann": 900_00})
    house.roll_to(date(2018, 2, 1))
    bullet(house, "A", {"lucy": 400_00, "max": 200_00})
    house.seed(1_000_00)
    house.roll_to(date(2018, 4, 2))
    house.settle_all()
    assert received(house) == {"lucy": 66_67, "max": 33_33, "ann": 900_00}


@pytest.mark.parametrize("day", [date(2018, 3, 30), ELIGIBLE])
def test_rule_1_not_a_day_earlier(reserve_town: Build, day: date) -> None:
    house = reserve_town(**DAILY)
    worked_example(house)
    house.roll_to(day)
    assert bool(house.of(r.PayoutHeld)) == (day == ELIGIBLE)


def test_rule_4_at_zero_payouts_stop_until_new_money_comes(reserve_town: Build) -> None:
    house = reserve_town(**DAILY)
    bullet(house, "A", {"lucy": 400_00})
    house.roll_to(date(2018, 4, 10))
    assert house.of(r.PayoutRunDecided) == []
    house.seed(1)
    house.roll_to(date(2018, 4, 11))
    house.settle_all()
    assert received(house)["lucy"] == 1
    assert house.balances()[RESERVE] == (0, 0)


def test_a_run_asked_again_pays_nobody_twice(reserve_town: Build) -> None:
    house = reserve_town(**DAILY)
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
    reserve_town: Build,
) -> None:
    """A got a part, and the bank has not answered: B is younger, and waits for A's rest."""
    house = reserve_town(**DAILY)
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


def test_a_rejected_payout_waits_again_and_keeps_its_place(reserve_town: Build) -> None:
    house = reserve_town(**DAILY)
    worked_example(house)
    house.roll_to(ELIGIBLE)
    house.reject("P-1", "P-2")
    assert house.balances()[RESERVE] == (1_000_00, 0)
    assert received(house) == {"lucy": 0, "max": 0, "ann": 0}
    house.roll_to(NEXT_MONTH)
    house.settle_all()
    assert received(house) == {"lucy": 266_67, "max": 133_33, "ann": 600_00}


# -- rule 6 -------------------------------------------------------------------------------


def test_rule_6_the_surplus_above_the_cap(reserve_town: Build) -> None:
    house = reserve_town()
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


def test_rule_6_never_while_a_claim_waits(reserve_town: Build) -> None:
    house = one_late_loan(reserve_town, 100_00)
    house.reject("P-1")
    fields = {"surplus_id": "z1", "amount_fen": 1}
    assert house.refused(c.MoveReserveSurplus, **fields) == "surplus_below_cap"


def test_seed_money_is_the_reserves_when_the_bank_says_so(reserve_town: Build) -> None:
    house = reserve_town()
    house.do(c.SeedReserve, seed_id="s", amount_fen=1_00)
    assert house.available(RESERVE) == 0
    house.reject("S-s")
    assert house.available(RESERVE) == 0


def test_each_payout_movement_names_the_interest_in_it(reserve_town: Build) -> None:
    house = reserve_town(**DAILY)
    house.lend("A", "bob", {"lucy": 100_00, "max": 100_00}, periods=1, method=Method.BULLET)
    house.seed(500_00)
    house.roll_to(NEXT_MONTH)
    entries = [x for x in house.of(EntryRequested) if x.entry_id == "P-1"]
    assert [(m.payee, m.amount_fen, m.interest_fen) for m in entries[0].movements] == [
        ("lucy:investor", 101_00, 1_00),
        ("max:investor", 101_00, 1_00),
    ]
