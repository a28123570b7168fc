"""The bank takes more than an account has: a claim, and whatever money comes covers it first."""

from __future__ import annotations

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.purposes import Purpose
from domain.shortfall import ShortfallClaimed, ShortfallCovered
from tests.exemplars import only
from tests.house import House

LUCY, BOB = "lucy:investor", "bob:borrower"


@pytest.fixture
def town(house: House) -> House:
    house.open()
    house.member("lucy", Role.INVESTOR)
    house.member("bob", Role.BORROWER)
    house.recharge("lucy", Role.INVESTOR, 6_000_00)
    return house


def takes(town: House, account: str, fen: int, record: str = "78") -> None:
    town.do(
        c.RecordBankMovement,
        bank_record=record,
        purpose=Purpose.BANK_ADJUSTMENT,
        account=account,
        amount_fen=fen,
        credit=False,
        bank_date=town.today,
    )


def covers(town: House) -> list[tuple[str, str, int, int]]:
    return [
        (each.entry_id, each.covered_by, each.amount_fen, each.left_fen)
        for each in town.of(ShortfallCovered)
    ]


def test_what_is_there_is_taken_and_the_rest_is_claimed(town: House) -> None:
    takes(town, LUCY, 6_002_00)
    assert town.balances()[LUCY] == (0, 0)
    claimed = only(ShortfallClaimed, town.events())
    assert (claimed.entry_id, claimed.account, claimed.amount_fen) == ("B-78", LUCY, 2_00)
    assert (claimed.bank_record, claimed.bank_date, claimed.owner) == ("78", town.today, "finance")


def test_a_recharge_covers_it_first(town: House) -> None:
    takes(town, LUCY, 6_100_00)
    town.recharge("lucy", Role.INVESTOR, 30_00)
    assert town.balances()[LUCY] == (0, 0)
    town.recharge("lucy", Role.INVESTOR, 100_00)
    assert town.balances()[LUCY] == (30_00, 0)
    assert [(fen, left) for _, _, fen, left in covers(town)] == [(30_00, 70_00), (70_00, 0)]


def test_nothing_can_be_spent_before_it_is_covered(town: House) -> None:
    takes(town, LUCY, 6_100_00)
    town.published("L1", "bob", 1_000_00)
    fields = {"tender_id": "t1", "loan_id": "L1", "investor_id": "lucy", "amount_fen": 1}
    town.do(
        c.RequestRecharge,
        recharge_id="r9",
        member_id="lucy",
        role=Role.INVESTOR,
        amount_fen=100_00,
    )
    assert town.refused(c.PlaceTender, **fields) == "insufficient_balance"
    town.settle("C-r9")
    assert covers(town) == [("B-78", "C-r9", 100_00, 0)]
    assert town.refused(c.PlaceTender, **fields) == "insufficient_balance"


def test_what_the_bank_refused_to_freeze_covers_it(town: House) -> None:
    """It was there at the bank, and held in the book."""
    town.published("L1", "bob", 6_000_00)
    town.tender("t1", "L1", "lucy", 5_999_00)
    takes(town, LUCY, 3_00)
    assert town.balances()[LUCY] == (0, 5_999_00)
    town.reject("T-t1")
    assert town.balances()[LUCY] == (5_997_00, 0)
    assert covers(town) == [("B-78", "T-t1", 2_00, 0)]


def test_repayments_cover_an_investor_and_proceeds_a_borrower(town: House) -> None:
    takes(town, BOB, 50_00, "79")
    town.lend("L1", "bob", {"lucy": 6_000_00})
    [(claim, by, fen, left)] = covers(town)
    assert (claim, by, fen, left) == ("B-79", "D-L1-1", 50_00, 0)
    takes(town, LUCY, 100_00)
    town.roll_to(town.loan("L1").rows[0].due_on)
    town.repay("p1", "L1", 200_00)
    town.settle_all()
    *_, last = covers(town)
    assert (last[0], last[1]) == ("B-78", "R-p1")
    assert town.available(LUCY) == 100_00


def test_two_debits_are_covered_in_their_order(town: House) -> None:
    takes(town, LUCY, 6_000_01, "1")
    takes(town, LUCY, 5, "2")
    town.recharge("lucy", Role.INVESTOR, 4)
    assert [each[0::2] for each in covers(town)] == [("B-1", 1), ("B-2", 3)]


def test_a_writer_that_starts_anew_knows_the_claims(town: House) -> None:
    takes(town, LUCY, 6_000_07)
    town.writer.close()
    town.writer = town.new_writer()
    town.recharge("lucy", Role.INVESTOR, 10)
    assert town.available(LUCY) == 3
