"""Both sides have it, only not on the same day: borne for some days, and no balance is in doubt."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.bank_statement import BankBalance, LineKind, StatementLine
from domain.cashbook import EntryRequested, Movement
from domain.purposes import Purpose
from services.reconciliation.results import BreakStatus, Verdict
from tests.services.reconciliation.scene import (
    ANN,
    BALANCES,
    BOB,
    DAY,
    LINES,
    NEXT,
    OUTSIDE,
    Office,
    line,
    statement,
    withdraw,
)

LATE = line(LineKind.RECHARGE, "C-late.1", 100, OUTSIDE, ANN)
WITH_LATE = {**BALANCES, ANN: BankBalance(310_000, 100_000)}


def ask_late(desk: Office) -> None:
    desk.house.do(
        c.RequestRecharge,
        recharge_id="late",
        member_id="ann",
        role=Role.INVESTOR,
        amount_fen=10_000,
    )


def settle_late(desk: Office, bank_date: date) -> None:
    desk.house.do(c.SettleEntry, entry_id="C-late", bank_date=bank_date)


def test_a_line_that_the_book_waits_for_is_borne_then_a_break_then_gone(own_desk: Office) -> None:
    ask_late(own_desk)
    given = statement([*LINES, LATE], WITH_LATE)
    result = own_desk.run(given)
    assert (result.verdict, result.timing, result.breaks) == (Verdict.RECONCILED_WITH_PENDING, 1, 0)
    assert own_desk.found() == {("timing", "C-late.1")}
    assert own_desk.bank.confirmed == [("K-20180131", DAY)]
    [found] = own_desk.reconciler.records.breaks()
    assert found.turns_on == DAY + timedelta(days=3)

    own_desk.house.clock.advance(timedelta(days=3))
    result = own_desk.run(given)
    assert (result.verdict, result.timing, result.breaks) == (Verdict.BREAKS, 0, 1)
    assert [each.break_id for each in own_desk.reconciler.records.breaks()] == [found.break_id]

    settle_late(own_desk, DAY)
    result = own_desk.run(given)
    assert (result.verdict, own_desk.found()) == (Verdict.RECONCILED, set())
    [found] = own_desk.reconciler.records.breaks(BreakStatus.RESOLVED)
    assert found.resolution == "auto"


def test_a_refusal_that_the_book_waits_for_is_timing(own_desk: Office) -> None:
    withdraw(own_desk.house, "w3", 10_000)
    failed = line(LineKind.WITHDRAWAL, "W-w3.1", 100, BOB, OUTSIDE, succeeded=False)
    result = own_desk.run(statement([*LINES, failed]))
    assert own_desk.found() == {("timing", "W-w3.1")}
    assert result.verdict is Verdict.RECONCILED_WITH_PENDING
    own_desk.run(statement([], day=NEXT), NEXT)
    assert own_desk.found(NEXT) == set()


def test_a_wrong_amount_is_not_borne_because_of_its_date(own_desk: Office) -> None:
    ask_late(own_desk)
    wrong = line(LineKind.RECHARGE, "C-late.1", 101, OUTSIDE, ANN)
    result = own_desk.run(statement([*LINES, wrong], WITH_LATE))
    assert own_desk.found() == {("timing", "C-late.1"), ("amount", "C-late.1")}
    assert result.verdict is Verdict.BREAKS


@pytest.mark.parametrize("listed", [DAY, NEXT])
def test_the_book_and_the_bank_may_date_it_apart(own_desk: Office, listed: date) -> None:
    """Whichever of the two days is the book's, each day's balances are as the bank lists them."""
    ask_late(own_desk)
    settle_late(own_desk, NEXT if listed == DAY else DAY)
    first: list[StatementLine] = [LATE] if listed == DAY else []
    given = statement([*LINES, *first], WITH_LATE if first else BALANCES)
    own_desk.bank.statements[DAY] = given
    own_desk.run(statement([] if first else [LATE], WITH_LATE, NEXT), NEXT)
    result = own_desk.run(given)
    assert result.verdict is Verdict.RECONCILED_WITH_PENDING
    assert own_desk.found(DAY) == {("timing", "C-late.1")}
    own_desk.run(own_desk.bank.statement(NEXT), NEXT)
    assert own_desk.found(NEXT) == {("timing", "C-late.1")}


@pytest.mark.parametrize(("number", "key"), [(1, "C-r1.1"), (5, "D-L1-1>platform:income")])
def test_a_line_that_is_listed_again_on_another_day_is_a_duplicate(
    desk: Office, number: int, key: str
) -> None:
    desk.run(statement())
    result = desk.run(statement([LINES[number]], day=NEXT), NEXT)
    assert (result.verdict, desk.found(NEXT)) == (Verdict.BREAKS, {("duplicate", key)})


def test_an_open_line_of_yesterday_still_counts_in_todays_balance(own_desk: Office) -> None:
    ask_late(own_desk)
    own_desk.run(statement([*LINES, LATE], WITH_LATE))
    own_desk.run(statement([], WITH_LATE, NEXT), NEXT)
    assert own_desk.found(NEXT) == set()
    own_desk.run(statement([], BALANCES, NEXT), NEXT)
    assert own_desk.found(NEXT) == {("balance", ANN)}


def test_what_was_listed_before_and_is_dated_later_counts_in_between(own_desk: Office) -> None:
    ask_late(own_desk)
    settle_late(own_desk, NEXT + timedelta(days=1))
    own_desk.run(statement([*LINES, LATE], WITH_LATE))
    result = own_desk.run(statement([], WITH_LATE, NEXT), NEXT)
    assert (result.verdict, own_desk.found(NEXT)) == (Verdict.RECONCILED, set())


# -- under way --------------------------------------------------------------------------


@pytest.mark.parametrize("settled", [False, True])
def test_a_withdrawal_under_way_may_be_frozen_at_the_bank(own_desk: Office, settled: bool) -> None:
    """While it is open, and also when we know by now that it went out on the day after."""
    withdraw(own_desk.house, "w3", 30_000)
    if settled:
        own_desk.house.do(c.SettleEntry, entry_id="W-w3", bank_date=NEXT)
    for frozen_fen, breaks in ((0, 0), (30_000, 0), (30_001, 1), (-1, 1)):
        balances = {**BALANCES, BOB: BankBalance(770_000 - frozen_fen, frozen_fen)}
        result = own_desk.run(statement(balances=balances))
        assert (result.breaks, result.pending) == (breaks, 1), frozen_fen
        assert own_desk.found() == ({("balance", BOB)} if breaks else set())
    if settled:
        gone = line(LineKind.WITHDRAWAL, "W-w3.1", 300, BOB, OUTSIDE)
        after = {**BALANCES, BOB: BankBalance(740_000, 0)}
        result = own_desk.run(statement([gone], after, NEXT), NEXT)
        assert (result.verdict, result.pending) == (Verdict.RECONCILED, 0)


def test_a_withdrawal_that_is_listed_is_no_longer_under_way(own_desk: Office) -> None:
    withdraw(own_desk.house, "w3", 30_000)
    gone = line(LineKind.WITHDRAWAL, "W-w3.1", 300, BOB, OUTSIDE)
    result = own_desk.run(statement([*LINES, gone], {**BALANCES, BOB: BankBalance(740_000, 0)}))
    assert (result.pending, own_desk.found()) == (0, {("timing", "W-w3.1")})
    own_desk.run(statement([*LINES, gone], {**BALANCES, BOB: BankBalance(710_000, 30_000)}))
    assert own_desk.found() == {("timing", "W-w3.1"), ("balance", BOB)}


def test_a_refused_withdrawal_may_have_been_frozen_on_the_day(own_desk: Office) -> None:
    withdraw(own_desk.house, "w3", 30_000)
    own_desk.house.roll_to(NEXT)
    own_desk.house.reject("W-w3")
    for day, verdict in ((DAY, Verdict.RECONCILED_WITH_PENDING), (NEXT, Verdict.BREAKS)):
        balances = {**BALANCES, BOB: BankBalance(740_000, 30_000)}
        lines = LINES if day == DAY else ()
        assert own_desk.run(statement(lines, balances, day), day).verdict is verdict


def test_a_freeze_without_an_answer_may_be_done_or_not(own_desk: Office) -> None:
    own_desk.house.tender("t10", "L2", "ann", 50_000)
    for frozen_fen, breaks in ((100_000, 0), (150_000, 0), (150_001, 1), (99_999, 1)):
        balances = {**BALANCES, ANN: BankBalance(400_000 - frozen_fen, frozen_fen)}
        result = own_desk.run(statement(balances=balances))
        assert (result.breaks, result.pending) == (breaks, 1), frozen_fen


def test_a_freeze_that_the_bank_dates_on_the_day_is_proved_by_the_balance(own_desk: Office) -> None:
    own_desk.house.tender("t10", "L2", "ann", 50_000)
    own_desk.house.settle("T-t10")
    own_desk.run(statement())
    assert own_desk.found() == {("balance", ANN)}
    own_desk.run(statement(balances={**BALANCES, ANN: BankBalance(250_000, 150_000)}))
    assert own_desk.found() == set()


def test_a_day_gives_the_same_however_much_happened_since(own_desk: Office) -> None:
    """And a repayment through a hold, with its overdue fee, is matched on its own day."""
    house = own_desk.house
    first = own_desk.run(statement())
    paid_on = date(2018, 3, 5)
    house.roll_to(paid_on)
    house.recharge("bob", Role.BORROWER, 1_000_000)
    house.repay("p1", "L1", 200_000)
    house.settle_all()
    withdraw(house, "w3", 30_000)
    again = own_desk.run(statement())
    assert (again.verdict, again.matched, again.pending) == (first.verdict, first.matched, 0)
    house.reject("W-w3")

    lines = [
        listed(movement, event.entry_id)
        for event in house.of(EntryRequested)
        for movement in event.movements
        if event.entry_id == "R-p1" or event.entry_id.startswith("C-bob")
    ]
    assert {each.kind for each in lines} == set(LineKind) - NOT_ON_THAT_DAY
    balances = {account: BankBalance(*each) for account, each in house.balances().items()}
    result = own_desk.run(statement(lines, balances, paid_on), paid_on)
    assert (result.verdict, result.matched) == (Verdict.RECONCILED, len(lines))
    own_desk.run(statement(lines[:-1], balances, paid_on), paid_on)
    assert own_desk.found(paid_on) == {("missing_at_bank", "R-p1>platform:income")}


NOT_ON_THAT_DAY = {
    LineKind.WITHDRAWAL,
    LineKind.RETURNED_WITHDRAWAL,
    LineKind.INTEREST,
    LineKind.ADJUSTMENT,
}


def listed(movement: Movement, entry_id: str) -> StatementLine:
    kinds = {Purpose.RECHARGE: LineKind.RECHARGE, Purpose.FEE: LineKind.COMMISSION}
    kind = kinds.get(movement.purpose, LineKind.TRANSFER)
    reference = entry_id if kind is LineKind.COMMISSION else movement.id
    return StatementLine(kind, reference, movement.amount_fen, movement.payer, movement.payee)
