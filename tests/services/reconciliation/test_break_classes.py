"""Each class of break is found, under a stable id, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from domain.bank_statement import BankBalance, LineKind, StatementLine
from services.reconciliation.breaks import BreakClass
from services.reconciliation.results import Verdict
from tests.services.reconciliation.scene import (
    ANN,
    BALANCES,
    BOB,
    CARL,
    DAY,
    INCOME,
    LINES,
    OUTSIDE,
    RESERVE,
    Office,
    changed,
    line,
    statement,
    without,
)


def test_every_class_has_a_meaning() -> None:
    assert all(each.meaning.endswith(".") for each in BreakClass)
    assert BreakClass("amount") is BreakClass.AMOUNT


def test_a_day_on_which_both_say_the_same_is_reconciled(desk: Office) -> None:
    result = desk.run(statement())
    assert (result.verdict, result.breaks, result.pending, result.timing) == (
        Verdict.RECONCILED,
        0,
        0,
        0,
    )
    assert (result.lines, result.matched, result.accounts) == (9, 9, 6)
    assert desk.found() == set()
    assert desk.bank.confirmed == [("K-20180131", DAY)]


@pytest.mark.parametrize(
    ("lines", "kind", "reference"),
    [
        (without("C-r1.1"), "missing_at_bank", "C-r1.1"),
        (without("D-L1-1.2"), "missing_at_bank", "D-L1-1.2"),
        (without("W-w1.1"), "missing_at_bank", "W-w1.1"),
        (
            [each for each in LINES if each.payee != INCOME],
            "missing_at_bank",
            "D-L1-1>platform:income",
        ),
        (
            [*LINES, line(LineKind.RECHARGE, "X-9", 7, OUTSIDE, ANN)],
            "missing_in_book",
            "X-9",
        ),
        (
            [*LINES, line(LineKind.COMMISSION, "R-p9", 7, BOB, INCOME)],
            "missing_in_book",
            "R-p9>platform:income",
        ),
        (changed("C-r1.1", amount_fen=1_000_001), "amount", "C-r1.1"),
        (changed("D-L1-1.1", amount_fen=599_999), "amount", "D-L1-1.1"),
        (changed("C-r1.1", payee=CARL), "wrong_account", "C-r1.1"),
        (changed("D-L1-1.1", payer=CARL), "wrong_account", "D-L1-1.1"),
        (changed("D-L1-1.1", payer=BOB, payee=ANN), "reversal", "D-L1-1.1"),
        (changed("W-w1.1", succeeded=False), "reversal", "W-w1.1"),
        (changed("W-w2.1", succeeded=True), "status", "W-w2.1"),
        ([*LINES, LINES[3]], "duplicate", "D-L1-1.1"),
        ([*LINES, LINES[5]], "duplicate", "D-L1-1>platform:income"),
        (
            [*LINES, line(LineKind.TRANSFER, "T-t9.1", 1000, ANN, BOB)],
            "wrong_account",
            "T-t9.1",
        ),
    ],
)
def test_a_line_that_differs_is_one_break(
    desk: Office, lines: Sequence[StatementLine], kind: str, reference: str
) -> None:
    result = desk.run(statement(lines))
    assert desk.found() == {(kind, reference)}
    assert (result.verdict, result.breaks) == (Verdict.BREAKS, 1)
    assert desk.bank.confirmed == []


def test_a_commission_that_went_to_another_payee_is_one_break_not_two(desk: Office) -> None:
    lines = [
        each if each.payee != INCOME else line(LineKind.COMMISSION, "D-L1-1", 200, BOB, CARL)
        for each in LINES
    ]
    desk.run(statement(lines))
    assert desk.found() == {("wrong_account", "D-L1-1>platform:income")}


def test_amount_and_account_are_two_breaks_of_one_line(desk: Office) -> None:
    desk.run(statement(changed("C-r1.1", payee=CARL, amount_fen=1)))
    assert desk.found() == {("wrong_account", "C-r1.1"), ("amount", "C-r1.1")}


@pytest.mark.parametrize(
    ("account", "balance", "figures"),
    [
        (ANN, BankBalance(300_001, 100_000), (400_000, 400_001)),
        (ANN, BankBalance(400_000, 0), (100_000, 0)),  # In all the same, but nothing is frozen.
        (ANN, BankBalance(299_999, 100_001), (100_000, 100_001)),
        (RESERVE, BankBalance(0, 510_000), (0, 510_000)),
        ("SYS_GENERATE_005", BankBalance(1, 0), (0, 1)),
    ],
)
def test_a_balance_that_differs_is_a_break(
    desk: Office, account: str, balance: BankBalance, figures: tuple[int, int]
) -> None:
    result = desk.run(statement(balances={**BALANCES, account: balance}))
    [found] = desk.reconciler.records.breaks()
    assert (found.kind, found.reference) == (BreakClass.BALANCE, account)
    assert (found.book_fen, found.bank_fen) == figures
    assert result.verdict is Verdict.BREAKS and desk.bank.confirmed == []


def test_an_account_that_the_bank_leaves_out_is_a_break(desk: Office) -> None:
    balances = {name: each for name, each in BALANCES.items() if name != BOB}
    desk.run(statement(balances=balances))
    assert desk.found() == {("balance", BOB)}


def test_two_errors_that_cancel_out_are_two_breaks(desk: Office) -> None:
    balances = {**BALANCES, ANN: BankBalance(299_999, 100_000), CARL: BankBalance(600_001, 0)}
    desk.run(statement(balances=balances))
    assert desk.found() == {("balance", ANN), ("balance", CARL)}


def test_a_break_keeps_its_id_whatever_its_figures_are(desk: Office) -> None:
    desk.run(statement(changed("C-r1.1", amount_fen=1)))
    [first] = desk.reconciler.records.breaks()
    desk.run(statement(changed("C-r1.1", amount_fen=2)))
    [second] = desk.reconciler.records.breaks()
    assert (first.break_id, first.bank_fen, second.bank_fen) == (second.break_id, 1, 2)
    assert first.break_id == "bf7bb62554e689a0"
    history = desk.reconciler.records.history(first.break_id)
    assert [each.what for each in history] == ["found", "changed"]
