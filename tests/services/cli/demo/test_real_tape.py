"""The real tape of 8,000 loans, against schedules of ours: terms as recorded, payments as seen."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from domain.money import Rounding
from domain.schedule import Method, schedule
from services.cli.demo.book import PlannedLoan
from services.cli.demo.tape import Recorded, read_tape

TAPE = Path(__file__).parents[5] / "shared" / "data" / "loan_tape_2018q1.csv"


@pytest.mark.skipif(not TAPE.exists(), reason="the loan tape is not here")
def test_the_real_tape_has_our_instalments_and_our_balances() -> None:
    lines = list(read_tape(TAPE))
    assert len(lines) == 8000
    fits = [_fits(loan, recorded) for loan, recorded in lines]
    assert sum(installment for installment, _ in fits) >= 7997
    assert sum(balance for _, balance in fits) >= 3900


def _fits(loan: PlannedLoan, recorded: Recorded) -> tuple[bool, bool]:
    """Has it the recorded instalment, and (a current loan) the recorded balance on its way?"""
    terms = Decimal(loan.annual_rate), loan.periods, Method.EQUAL_INSTALMENT
    rows = schedule(loan.amount_fen, *terms, Rounding.UP)
    balances = {loan.amount_fen, *(row.balance_fen for row in rows)}
    return (
        rows[0].payment_fen == recorded.installment_fen,
        recorded.current and recorded.balance_fen in balances,
    )
