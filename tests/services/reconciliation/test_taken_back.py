"""The bank undoes what it had done, by no line of its own: two people record it, and the day of it
is whole again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from domain import commands as c
from domain.bank_statement import BankBalance, LineKind, StatementLine
from services.reconciliation.results import Verdict
from tests.services.reconciliation.scene import (
    ANN,
    BALANCES,
    BOB,
    DAY,
    INCOME,
    LINES,
    NEXT,
    Office,
    changed,
    line,
    statement,
    without,
)

# Of the withdrawal of 2,000, of the 6,000 that Ann lent, and of the fee.
PAID_OUT = {**BALANCES, BOB: BankBalance(970_000, 0)}
LENT = {**BALANCES, ANN: BankBalance(900_000, 100_000), BOB: BankBalance(170_000, 0)}
FEE = {**BALANCES, BOB: BankBalance(790_000, 0), INCOME: BankBalance(0, 0)}


def record(desk: Office, movement_id: str, on: date) -> None:
    fields = {"movement_id": movement_id, "bank_date": on, "reason": "the bank wrote so"}
    desk.house.do(c.RecordBankReversal, **fields)


@pytest.mark.parametrize(
    ("movement_id", "lines", "balances", "kind"),
    [
        ("W-w1.1", changed("W-w1.1", succeeded=False), PAID_OUT, "reversal"),
        ("W-w1.1", without("W-w1.1"), PAID_OUT, "missing_at_bank"),
        ("D-L1-1.1", changed("D-L1-1.1", payer=BOB, payee=ANN), LENT, "reversal"),
        ("D-L1-1.3", LINES, FEE, None),
    ],
)
def test_on_the_day_on_which_it_was_done(
    own_desk: Office,
    movement_id: str,
    lines: Sequence[StatementLine],
    balances: Mapping[str, BankBalance],
    kind: str | None,
) -> None:
    said = statement(lines, balances)
    assert own_desk.run(said).verdict is Verdict.BREAKS
    found = {each for each in own_desk.found() if each[0] != "balance"}
    assert found == ({(kind, movement_id)} if kind else set())

    record(own_desk, movement_id, DAY)
    assert own_desk.run(said).verdict is Verdict.RECONCILED
    assert own_desk.found(None) == set()


def test_days_later_by_a_line_the_other_way_round(own_desk: Office) -> None:
    own_desk.run(statement())
    own_desk.house.roll_to(NEXT)
    back = line(LineKind.TRANSFER, "D-L1-1.1", 6000, BOB, ANN)
    said = statement([back], LENT, NEXT)
    assert own_desk.run(said, NEXT).verdict is Verdict.BREAKS
    assert ("reversal", "D-L1-1.1") in own_desk.found(NEXT)

    record(own_desk, "D-L1-1.1", NEXT)
    assert own_desk.run(said, NEXT).verdict is Verdict.RECONCILED
    assert own_desk.run(statement()).verdict is Verdict.RECONCILED
    assert own_desk.found(None) == set()


def test_what_it_does_not_explain_stays(own_desk: Office) -> None:
    """Another amount, another day."""
    record(own_desk, "W-w1.1", DAY)
    own_desk.run(statement(changed("W-w1.1", succeeded=False, amount_fen=199_999), PAID_OUT))
    assert own_desk.found() == {("reversal", "W-w1.1"), ("amount", "W-w1.1")}
    own_desk.run(statement([LINES[0]], PAID_OUT, NEXT), NEXT)
    assert ("duplicate", "S-s1.1") in own_desk.found(NEXT)
