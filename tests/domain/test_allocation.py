"""A payment settles what is overdue in the published order, by either reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.allocation import Allocation, AllocationOrder, Category, Due, Line, allocate
from domain.money import BadFigure
from tests.oracles import calculators as oracle

CATEGORY_FIRST = AllocationOrder.CATEGORY_FIRST
INSTALMENT_FIRST = AllocationOrder.INSTALMENT_FIRST
OLD = Due(3, other_fee_fen=5, penalty_fen=10, overdue_fee_fen=7, interest_fen=20, principal_fen=100)
NEW = Due(4, other_fee_fen=0, penalty_fen=8, overdue_fee_fen=0, interest_fen=15, principal_fen=100)
OTHER_FEE, PENALTY, OVERDUE_FEE, INTEREST, PRINCIPAL = Category


def test_category_first_takes_one_category_over_all_instalments() -> None:
    assert allocate(60, CATEGORY_FIRST, [OLD, NEW]) == Allocation(
        applied=(
            Line(3, OTHER_FEE, 5),
            Line(3, PENALTY, 10),
            Line(4, PENALTY, 8),
            Line(3, OVERDUE_FEE, 7),
            Line(3, INTEREST, 20),
            Line(4, INTEREST, 10),
        ),
        open=(Line(4, INTEREST, 5), Line(3, PRINCIPAL, 100), Line(4, PRINCIPAL, 100)),
        left_fen=0,
    )


def test_instalment_first_takes_everything_of_the_oldest() -> None:
    assert allocate(145, INSTALMENT_FIRST, [OLD, NEW]) == Allocation(
        applied=(
            Line(3, OTHER_FEE, 5),
            Line(3, PENALTY, 10),
            Line(3, OVERDUE_FEE, 7),
            Line(3, INTEREST, 20),
            Line(3, PRINCIPAL, 100),
            Line(4, PENALTY, 3),
        ),
        open=(Line(4, PENALTY, 5), Line(4, INTEREST, 15), Line(4, PRINCIPAL, 100)),
        left_fen=0,
    )


@pytest.mark.parametrize("order", AllocationOrder)
def test_what_is_more_than_due_is_left(order: AllocationOrder) -> None:
    result = allocate(300, order, [OLD, NEW])
    assert (result.open, result.left_fen) == ((), 35)
    assert allocate(9, order, []) == Allocation((), (), 9)


@pytest.mark.parametrize("order", AllocationOrder)
def test_negative_amounts_are_named(order: AllocationOrder) -> None:
    with pytest.raises(BadFigure, match="amount_fen"):
        allocate(-1, order, [])
    with pytest.raises(BadFigure, match="interest_fen"):
        allocate(1, order, [OLD._replace(interest_fen=-1)])


AMOUNTS = st.integers(0, 40)
DUES = st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), max_size=5).map(
    lambda rows: [Due(number, *row) for number, row in enumerate(rows, start=1)]
)


@given(st.integers(0, 600), st.sampled_from(AllocationOrder), DUES)
def test_the_second_implementation_agrees(
    amount_fen: int, order: AllocationOrder, dues: list[Due]
) -> None:
    result = allocate(amount_fen, order, dues)
    assert {
        "applied": [line._asdict() for line in result.applied],
        "open": [line._asdict() for line in result.open],
        "left_fen": result.left_fen,
    } == oracle.allocate(
        {"amount_fen": amount_fen, "order": order, "dues": [due._asdict() for due in dues]}
    )


@given(st.integers(0, 600), st.sampled_from(AllocationOrder), DUES)
def test_nothing_is_made_and_nothing_is_lost(
    amount_fen: int, order: AllocationOrder, dues: list[Due]
) -> None:
    result = allocate(amount_fen, order, dues)
    applied = sum(line.amount_fen for line in result.applied)
    assert applied + result.left_fen == amount_fen
    assert applied + sum(line.amount_fen for line in result.open) == sum(
        sum(due[1:]) for due in dues
    )
    assert all(line.amount_fen > 0 for line in (*result.applied, *result.open))
    assert result.left_fen == 0 or not result.open
