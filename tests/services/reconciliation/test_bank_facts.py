"""Money that the bank moved by itself comes in by its files, once, before anything is matched."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain import commands as c
from domain.bank_statement import BankBalance, LineKind
from domain.cashbook import BankMovementRecorded
from domain.purposes import Purpose
from services.reconciliation.results import Verdict
from tests.services.reconciliation.scene import (
    ANN,
    BALANCES,
    BOB,
    CARL,
    DAY,
    LINES,
    NEXT,
    OUTSIDE,
    RESERVE,
    Office,
    line,
    statement,
)

RETURNED = line(LineKind.RETURNED_WITHDRAWAL, "20180131-77", 2000, OUTSIDE, BOB, origin="W-w1.1")
INTEREST = line(LineKind.INTEREST, "ADJ.1", 3, OUTSIDE, RESERVE)
DEBIT = line(LineKind.ADJUSTMENT, "ADJ.2", 1, CARL, OUTSIDE)
AFTER = {
    **BALANCES,
    BOB: BankBalance(970_000, 0),
    RESERVE: BankBalance(510_300, 0),
    CARL: BankBalance(599_900, 0),
}


def test_what_the_bank_began_is_taken_in_and_matched(own_desk: Office) -> None:
    given = statement([*LINES, RETURNED, INTEREST, DEBIT], AFTER)
    result = own_desk.run(given)
    assert (result.verdict, result.taken_in, result.matched) == (Verdict.RECONCILED, 3, 12)
    recorded = {each.bank_record: each for each in own_desk.house.of(BankMovementRecorded)}
    assert {name: each.movement.purpose for name, each in recorded.items()} == {
        "20180131-77": Purpose.RETURNED_WITHDRAWAL,
        "ADJ.1": Purpose.BANK_INTEREST,
        "ADJ.2": Purpose.BANK_ADJUSTMENT,
    }
    assert recorded["20180131-77"].origin == "W-w1.1"
    assert {each.bank_date for each in recorded.values()} == {DAY}
    assert own_desk.house.available(BOB) == 970_000

    again = own_desk.run(given)
    assert (again.verdict, again.taken_in) == (Verdict.RECONCILED, 0)
    assert len(own_desk.house.of(BankMovementRecorded)) == 3


def test_it_counts_on_the_banks_day_though_it_came_after_ours(own_desk: Office) -> None:
    own_desk.house.roll_to(NEXT)
    result = own_desk.run(statement([*LINES, INTEREST], {**BALANCES, RESERVE: AFTER[RESERVE]}))
    assert (result.verdict, own_desk.found()) == (Verdict.RECONCILED, set())


def test_a_returned_withdrawal_that_its_notice_brought_is_the_same_fact(own_desk: Office) -> None:
    own_desk.house.do(
        c.RecordBankMovement,
        id="bank:20180131-77",
        actor="custody",
        correlation_id="w1",
        bank_record="20180131-77",
        purpose=Purpose.RETURNED_WITHDRAWAL,
        account=BOB,
        amount_fen=200_000,
        bank_date=DAY,
        origin="W-w1.1",
    )
    result = own_desk.run(statement([*LINES, RETURNED], {**BALANCES, BOB: AFTER[BOB]}))
    assert (result.verdict, result.taken_in) == (Verdict.RECONCILED, 0)
    assert own_desk.house.available(BOB) == 970_000


@pytest.mark.parametrize(
    "changes",
    [
        {"payee": "SYS_GENERATE_005"},  # An account of the bank's that is none of ours.
        {"payee": "nobody:investor"},
        {"payee": "ann:borrower"},  # A role that she does not have.
        {"amount_fen": 0},
        {"reference": "A 1"},
    ],
)
def test_what_no_command_can_carry_stays_a_break(desk: Office, changes: dict[str, object]) -> None:
    before = desk.house.log.head()
    odd = replace(line(LineKind.INTEREST, "ADJ.9", 3, OUTSIDE, ANN), **changes)
    result = desk.run(statement([*LINES, odd]))
    assert (result.verdict, result.taken_in) == (Verdict.BREAKS, 0)
    assert desk.found() == {("missing_in_book", f"B-{odd.reference}.1")}
    assert desk.house.log.head() == before
