"""A loan's register in the hands of its day end, its payments and its payouts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pytest

from domain import assessment, repayment, reserve_advance
from domain import loan_events as e
from domain.loan import Loan
from domain.model import Refused
from tests.exemplars import folded

FIRST_DUE = date(2018, 2, 28)  # A month after 31 January.
SECOND_DUE = date(2018, 3, 31)


def assessed(loan: Loan, on: date) -> Loan:
    return folded(assessment.assess(loan, on), loan)


def held(loan: Loan, payment_id: str, fen: int, on: date, *, in_full: bool = False) -> Loan:
    accepted = repayment.accept(loan, payment_id, fen, in_full=in_full, effective_on=on)
    loan = folded(accepted, loan)
    return folded(repayment.hold(loan, payment_id), loan)


def paid(loan: Loan, fen: int, on: date, *, in_full: bool = False, payment_id: str = "p") -> Loan:
    """Accepted, frozen, routed and settled."""
    loan = held(loan, payment_id, fen, on, in_full=in_full)
    loan = folded(repayment.route(loan), loan)
    return folded(repayment.settle(loan, on), loan) if loan.routed else loan


def advanced(loan: Loan, period: int, investors: dict[str, int], payout_id: str = "1") -> Loan:
    loan = folded([reserve_advance.open_advance(loan, payout_id, period, investors)], loan)
    return folded(reserve_advance.finish_advance(loan, payout_id, paid=True), loan)


def refused(ask: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code


def kinds(events: Iterable[e.LoanEvent]) -> list[str]:
    return [type(event).__name__ for event in events]
