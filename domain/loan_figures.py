"""What is owed on a loan, figure by figure, and which event changed which figure.

Penalty and fee are derived, never stored, so a figure is always reckoned on one day. Reckoned on
the same day before and after an event, what differs is what the event changed: a payment that was
backdated takes penalty off, a policy that changes later does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from domain import loan as loans
from domain import loan_evolution
from domain.loan import Loan
from domain.loan_events import LoanEvent


class Figure(StrEnum):
    NOT_DUE = "principal_not_due"  # By the schedule, not billed yet.
    PRINCIPAL = "principal"
    INTEREST = "interest"
    PENALTY = "penalty"  # 罚息, with interest that runs on.
    OVERDUE_FEE = "overdue_fee"  # 逾期管理费
    OTHER_FEE = "other_fee"  # Court costs.
    # Of principal and interest, whose it is who paid in the borrower's place:
    TO_RESERVE = "to_reserve"
    TO_GUARANTORS = "to_guarantors"


Figures = dict[tuple[int, Figure], int]
"""(Period, figure) -> fen, without zeros. Period 0 is the loan as a whole."""


class Change(NamedTuple):
    place: int  # Of the event, from 0.
    period: int
    figure: Figure
    before_fen: int
    after_fen: int


def figures(loan: Loan, on: date) -> Figures:
    """All that is owed, as of the end of `on`."""
    found: Figures = {(0, Figure.NOT_DUE): sum(loan.unbilled)}
    for period, billed in loan.billed.items():
        due = billed.due(on, loan.policy)
        found[period, Figure.PRINCIPAL] = due.principal_fen
        found[period, Figure.INTEREST] = due.interest_fen
        found[period, Figure.PENALTY] = due.penalty_fen
        found[period, Figure.OVERDUE_FEE] = due.overdue_fee_fen
        found[period, Figure.OTHER_FEE] = due.other_fee_fen
        found[period, Figure.TO_RESERVE] = billed.reserve_fen
        found[period, Figure.TO_GUARANTORS] = billed.guarantor_fen
    return {key: fen for key, fen in found.items() if fen}


_ORDER = {figure: place for place, figure in enumerate(Figure)}


def _in_order(key: tuple[int, Figure]) -> tuple[int, int]:
    period, figure = key
    return period, _ORDER[figure]


def changes(events: Iterable[LoanEvent], on: date) -> list[Change]:
    """Of a loan's events from the first one on, in their order, reckoned on `on`."""
    told: list[Change] = []
    loan, before = loans.INITIAL, Figures()
    for place, event in enumerate(events):
        loan = loan_evolution.evolve(loan, event)
        after = figures(loan, on)
        told += (
            Change(place, *key, before.get(key, 0), after.get(key, 0))
            for key in sorted(before.keys() | after.keys(), key=_in_order)
            if before.get(key, 0) != after.get(key, 0)
        )
        before = after
    return told
