"""What two people put right by hand, always by a new movement: nothing is edited."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.cashbook import BankMovementRecorded, EntryRequested
from domain.purposes import Purpose
from domain.shortfall import ShortfallClaimed, ShortfallCovered
from tests.exemplars import only
from tests.house import House

BOB, INCOME, RESERVE = "bob:borrower", "platform:income", "platform:reserve"
FEE = "D-L1-1.2"  # 200 yuan.


@pytest.fixture
def town(house: House) -> House:
    house.open(policy={"cap": "0"})
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 10_000_00)
    house.lend("L1", "bob", {"lucy": 10_000_00})
    return house


def reversing(fen: int, reversal_id: str = "v1", movement_id: str = FEE) -> dict[str, Any]:
    return {
        "reversal_id": reversal_id,
        "movement_id": movement_id,
        "amount_fen": fen,
        "reason": "by the old rate",
    }


def test_a_fee_goes_back_to_who_paid_it_in_parts(town: House) -> None:
    before = town.available(BOB)
    town.do(c.ReverseMovement, **reversing(100_00))
    assert town.balances()[INCOME] == (100_00, 100_00)
    town.settle("Q-v1")
    assert town.balances()[INCOME] == (100_00, 0)
    assert town.available(BOB) == before + 100_00
    assert town.refused(c.ReverseMovement, **reversing(100_01, "v2")) == "reversal_above_movement"
    town.do(c.ReverseMovement, **reversing(100_00, "v2"))
    assert town.refused(c.ReverseMovement, **reversing(1, "v3")) == "reversal_above_movement"
    [first, _] = [each for each in town.of(EntryRequested) if each.purpose is Purpose.REVERSAL]
    assert (first.reference, first.subject) == (FEE, "bob")


def test_what_the_bank_refuses_may_be_asked_for_again(town: House) -> None:
    town.do(c.ReverseMovement, **reversing(200_00))
    town.reject("Q-v1")
    assert town.balances()[INCOME] == (200_00, 0)
    town.do(c.ReverseMovement, **reversing(200_00, "v2"))
    town.settle("Q-v2")
    assert town.available(INCOME) == 0


def test_a_surplus_goes_back_to_the_reserve(town: House) -> None:
    town.seed(500_00)
    town.do(c.MoveReserveSurplus, surplus_id="z1", amount_fen=200_00)
    assert town.refused(c.ReverseMovement, **reversing(1, movement_id="Z-z1.1")) == (
        "movement_unknown"
    )
    town.settle("Z-z1")
    before = town.available(RESERVE)
    town.do(c.ReverseMovement, **reversing(200_00, movement_id="Z-z1.1"))
    town.settle("Q-v1")
    assert town.available(RESERVE) == before + 200_00


def test_a_fee_that_is_spent_cannot_go_back(town: House) -> None:
    town.do(
        c.RecordBankMovement,
        bank_record="1",
        purpose=Purpose.BANK_ADJUSTMENT,
        account=INCOME,
        amount_fen=1,
        credit=False,
        bank_date=town.today,
    )
    assert town.refused(c.ReverseMovement, **reversing(200_00)) == "insufficient_balance"


def test_a_reversal_says_why(town: House) -> None:
    fields = reversing(1) | {"reason": None}
    with pytest.raises(ValueError, match="reason"):
        town.ask(c.ReverseMovement, **fields)


@pytest.mark.parametrize("fen", [70_00, 100_00])
def test_the_platform_pays_what_an_account_lacks(town: House, fen: int) -> None:
    lacking = town.available(BOB) + 100_00
    town.do(
        c.RecordBankMovement,
        bank_record="9",
        purpose=Purpose.BANK_ADJUSTMENT,
        account=BOB,
        amount_fen=lacking,
        credit=False,
        bank_date=town.today,
    )
    covering = {"cover_id": "g1", "entry_id": "B-9"}
    assert town.refused(c.CoverShortfall, amount_fen=100_01, **covering) == "shortfall_below"
    town.do(c.CoverShortfall, amount_fen=fen, **covering)
    assert town.of(ShortfallCovered) == []
    town.settle("SC-g1")
    cover = only(ShortfallCovered, town.events())
    assert (cover.amount_fen, cover.left_fen, cover.covered_by) == (fen, 100_00 - fen, "SC-g1")
    assert (town.available(BOB), town.available(INCOME)) == (0, 200_00 - fen)


def test_income_does_not_pay_what_it_lacks_itself(town: House) -> None:
    town.do(
        c.RecordBankMovement,
        bank_record="9",
        purpose=Purpose.BANK_ADJUSTMENT,
        account=INCOME,
        amount_fen=201_00,
        credit=False,
        bank_date=town.today,
    )
    fields = {"cover_id": "g1", "entry_id": "B-9", "amount_fen": 1}
    assert town.refused(c.CoverShortfall, **fields) == "movement_not_allowed"


def taken_back(movement_id: str, on: date) -> dict[str, Any]:
    return {"movement_id": movement_id, "bank_date": on, "reason": "the bank wrote so"}


def test_what_the_bank_took_back_goes_between_the_same_accounts(town: House) -> None:
    """Of a loan's disbursement: the lender has it back, and what the borrower has spent of it is a
    shortfall on him. The loan stays as it was."""
    town.bind("bob", Role.BORROWER, "b1")
    there, lucy = town.available(BOB), town.available("lucy:investor")
    town.do(
        c.RequestWithdrawal,
        withdrawal_id="w1",
        member_id="bob",
        role=Role.BORROWER,
        binding_id="b1",
        amount_fen=there,
    )
    town.settle("W-w1")
    loan = town.loan("L1")
    town.do(c.RecordBankReversal, **taken_back("D-L1-1.1", town.today))
    assert (town.available(BOB), town.available("lucy:investor")) == (0, lucy + 10_000_00)
    recorded = only(BankMovementRecorded, town.events())
    assert (recorded.entry_id, recorded.origin) == ("B-D-L1-1.1", "D-L1-1.1")
    assert only(ShortfallClaimed, town.events()).amount_fen == 10_000_00
    assert town.loan("L1") == loan
    again = taken_back("D-L1-1.1", town.today)
    assert town.refused(c.RecordBankReversal, **again) == "reversal_above_movement"


def test_a_fee_that_went_back_in_part_is_not_taken_back_too(town: House) -> None:
    town.do(c.ReverseMovement, **reversing(1))
    fields = taken_back(FEE, town.today)
    assert town.refused(c.RecordBankReversal, **fields) == "reversal_above_movement"
    town.reject("Q-v1")
    town.do(c.RecordBankReversal, **fields)
    assert town.available(INCOME) == 0
    assert town.refused(c.ReverseMovement, **reversing(1, "v2")) == "reversal_above_movement"


@pytest.mark.parametrize("movement_id", ["T-ghost.1", "B-9.1", "W-w1.1"])
def test_only_what_the_bank_carried_out_for_us_is_taken_back(town: House, movement_id: str) -> None:
    """Not what it began itself, nor what is under way."""
    town.do(
        c.RecordBankMovement,
        bank_record="9",
        purpose=Purpose.BANK_INTEREST,
        account=BOB,
        amount_fen=1,
        bank_date=town.today,
    )
    town.bind("bob", Role.BORROWER, "b1")
    town.do(
        c.RequestWithdrawal,
        withdrawal_id="w1",
        member_id="bob",
        role=Role.BORROWER,
        binding_id="b1",
        amount_fen=1,
    )
    fields = taken_back(movement_id, town.today)
    assert town.refused(c.RecordBankReversal, **fields) == "movement_unknown"


def test_a_withdrawal_that_the_bank_took_back_suspends_its_card(town: House) -> None:
    town.do(c.SetMemberRules, failed_cards_suspended=True)
    town.bind("bob", Role.BORROWER, "b1")
    before = town.available(BOB)
    fields = {"member_id": "bob", "role": Role.BORROWER, "binding_id": "b1", "amount_fen": 1}
    town.do(c.RequestWithdrawal, withdrawal_id="w1", **fields)
    town.settle("W-w1")
    town.do(c.RecordBankReversal, **taken_back("W-w1.1", town.today))
    assert town.available(BOB) == before
    wanted = town.refused(c.RequestWithdrawal, withdrawal_id="w2", **fields)
    assert wanted == "bank_account_suspended"
