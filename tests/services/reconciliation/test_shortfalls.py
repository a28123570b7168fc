"""A forced debit beyond what is there: a break of its own, until money has covered the claim."""

from __future__ import annotations

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.bank_statement import BankBalance, LineKind
from domain.purposes import Purpose
from services.reconciliation.breaks import BreakClass
from services.reconciliation.results import Break, BreakStatus, Verdict
from tests.services.reconciliation.scene import (
    BALANCES,
    BOB,
    CARL,
    DAY,
    LINES,
    NEXT,
    OUTSIDE,
    Office,
    line,
    statement,
)

DEBIT = line(LineKind.ADJUSTMENT, "ADJ.3", 7000, CARL, OUTSIDE)  # He has 6,000.
MINUS = {**BALANCES, CARL: BankBalance(-100_000, 0)}
SAID_OF_DAY = statement([*LINES, DEBIT], MINUS)


def shortfalls(desk: Office, status: BreakStatus = BreakStatus.OPEN) -> list[Break]:
    return [
        each for each in desk.reconciler.records.breaks(status) if each.kind is BreakClass.SHORTFALL
    ]


def recharge(desk: Office, recharge_id: str, amount_fen: int) -> None:
    desk.house.do(
        c.RequestRecharge,
        recharge_id=recharge_id,
        member_id="carl",
        role=Role.INVESTOR,
        amount_fen=amount_fen,
    )
    desk.house.settle(f"C-{recharge_id}")


def came(recharge_id: str, yuan: int) -> object:
    return line(LineKind.RECHARGE, f"C-{recharge_id}.1", yuan, OUTSIDE, CARL)


def test_it_is_a_break_of_its_own_and_has_an_owner(own_desk: Office) -> None:
    """The account itself agrees: the bank says minus, and the book says who owes that."""
    result = own_desk.run(SAID_OF_DAY)
    assert (result.verdict, result.breaks, result.matched) == (Verdict.BREAKS, 1, 10)
    [found] = own_desk.reconciler.records.breaks()
    assert (found.kind, found.reference, found.owner) == ("shortfall", "B-ADJ.3", "finance")
    assert (found.book_fen, found.bank_fen, found.detail) == (
        0,
        100_000,
        f"{CARL} lacks 100000 fen",
    )
    assert own_desk.bank.confirmed == []
    assert own_desk.run(SAID_OF_DAY).breaks == 1
    assert len(own_desk.reconciler.records.history(found.break_id)) == 1


def test_a_bank_that_says_it_took_less_than_its_line_differs(own_desk: Office) -> None:
    own_desk.run(statement([*LINES, DEBIT], {**BALANCES, CARL: BankBalance(0, 0)}))
    assert own_desk.found() == {("shortfall", "B-ADJ.3"), ("balance", CARL)}


def test_later_days_count_with_it_and_money_closes_it(own_desk: Office) -> None:
    own_desk.run(SAID_OF_DAY)
    own_desk.house.roll_to(NEXT)
    recharge(own_desk, "r3", 30_000)
    next_day = own_desk.run(
        statement([came("r3", 300)], {**BALANCES, CARL: BankBalance(-70_000, 0)}, NEXT),  # type: ignore[list-item]
        NEXT,
    )
    assert next_day.verdict is Verdict.RECONCILED
    [found] = shortfalls(own_desk)
    assert (found.age_days, found.last_seen) == (1, DAY)

    own_desk.run(SAID_OF_DAY)  # Seen again, with less of it open.
    [found] = shortfalls(own_desk)
    assert (found.book_fen, found.bank_fen) == (30_000, 100_000)

    recharge(own_desk, "r4", 90_000)
    lines = [came("r3", 300), came("r4", 900)]
    own_desk.run(statement(lines, {**BALANCES, CARL: BankBalance(20_000, 0)}, NEXT), NEXT)  # type: ignore[arg-type]
    assert shortfalls(own_desk) == []
    [closed] = shortfalls(own_desk, BreakStatus.RESOLVED)
    assert closed.resolution == "auto"
    *_, last = own_desk.reconciler.records.history(closed.break_id)
    assert (last.what, last.note) == ("resolved", "covered by C-r3, C-r4")
    assert own_desk.house.available(CARL) == 20_000

    day = own_desk.reconciler.records.day(DAY)
    assert day is not None
    assert (day.verdict, day.breaks) == (Verdict.RECONCILED, 0)
    assert day.confirmed_at is not None
    assert {bank_date for _, bank_date in own_desk.bank.confirmed} == {DAY, NEXT}
    assert own_desk.run(SAID_OF_DAY).verdict is Verdict.RECONCILED
    assert own_desk.found(None) == set()


def test_a_day_with_another_break_is_not_clean_when_it_is_covered(own_desk: Office) -> None:
    wrong = {**MINUS, BOB: BankBalance(1, 0)}
    own_desk.run(statement([*LINES, DEBIT], wrong))
    recharge(own_desk, "r3", 100_000)
    own_desk.run(statement([], BALANCES, NEXT), NEXT)
    day = own_desk.reconciler.records.day(DAY)
    assert day is not None
    assert (day.verdict, day.breaks, day.confirmed_at) == (Verdict.BREAKS, 1, None)
    assert own_desk.found() == {("balance", BOB)}


def test_what_is_covered_before_the_day_is_run_is_no_break(own_desk: Office) -> None:
    own_desk.run(SAID_OF_DAY)
    recharge(own_desk, "r3", 100_000)
    said = statement([*LINES, DEBIT, came("r3", 1000)], {**BALANCES, CARL: BankBalance(0, 0)})  # type: ignore[list-item]
    assert own_desk.run(said).verdict is Verdict.RECONCILED
    [closed] = shortfalls(own_desk, BreakStatus.RESOLVED)
    *_, last = own_desk.reconciler.records.history(closed.break_id)
    assert last.note == "covered by C-r3"


@pytest.mark.parametrize("listed", [True, False])
def test_it_counts_on_the_banks_day_though_the_book_has_another(
    own_desk: Office, listed: bool
) -> None:
    """The book dates the debit a day later than the bank, or the bank has not done it yet."""
    own_desk.house.do(
        c.RecordBankMovement,
        bank_record="ADJ.3",
        purpose=Purpose.BANK_ADJUSTMENT,
        account=CARL,
        amount_fen=700_000,
        credit=False,
        bank_date=NEXT,
    )
    said = SAID_OF_DAY if listed else statement()
    result = own_desk.run(said)
    assert own_desk.found() == ({("timing", "B-ADJ.3.1")} if listed else set())
    assert result.verdict.clean
