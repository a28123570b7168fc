"""The order in which a payment settles what is overdue (还款冲抵顺序), by either published reading.

Invariant: applied + open == due, and applied + left == the payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from domain.money import BadFigure


class Category(StrEnum):
    """In the order of settlement, which is also the order of the amounts in `Due`."""

    OTHER_FEE = "other_fee"
    PENALTY = "penalty"  # 罚息
    OVERDUE_FEE = "overdue_fee"  # 逾期管理费
    INTEREST = "interest"
    PRINCIPAL = "principal"


class AllocationOrder(StrEnum):
    CATEGORY_FIRST = "category-first"
    INSTALMENT_FIRST = "instalment-first"


class Due(NamedTuple):
    """What one overdue instalment still owes."""

    instalment: int
    other_fee_fen: int
    penalty_fen: int
    overdue_fee_fen: int
    interest_fen: int
    principal_fen: int


class Line(NamedTuple):
    instalment: int
    category: Category
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """Both lists in the order of settlement. No line is zero."""

    applied: tuple[Line, ...]
    open: tuple[Line, ...]
    left_fen: int


def allocate(amount_fen: int, order: AllocationOrder, dues: Sequence[Due]) -> Allocation:
    """`dues` oldest first. Raises BadFigure."""
    if amount_fen < 0:
        raise BadFigure("amount_fen", "must not be negative")
    applied = []
    still_open = []
    for instalment, category, due_fen in _lines(order, dues):
        if due_fen < 0:
            raise BadFigure(f"{category}_fen", "must not be negative")
        paid_fen = min(due_fen, amount_fen)
        amount_fen -= paid_fen
        if paid_fen:
            applied.append(Line(instalment, category, paid_fen))
        if due_fen > paid_fen:
            still_open.append(Line(instalment, category, due_fen - paid_fen))
    return Allocation(tuple(applied), tuple(still_open), amount_fen)


def _lines(order: AllocationOrder, dues: Sequence[Due]) -> list[Line]:
    by_instalment = [
        [Line(due.instalment, *pair) for pair in zip(Category, due[1:], strict=True)]
        for due in dues
    ]
    if order is AllocationOrder.INSTALMENT_FIRST:
        return [line for lines in by_instalment for line in lines]
    return [line for lines in zip(*by_instalment, strict=True) for line in lines]
