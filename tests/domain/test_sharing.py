"""Shares add up to the amount, always."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import BadFigure, fen_from_yuan
from domain.sharing import ShareMethod, largest_remainder, last_takes_rest, share
from tests.oracles import calculators as oracle

LENDERS = Path(__file__).parents[3] / "shared" / "data" / "renrendai_lenders_one_loan.csv"

AMOUNTS = st.integers(0, 10**15)
WEIGHTS = st.one_of(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=60),
    st.lists(st.integers(0, 4), min_size=1, max_size=60),  # Small weights make ties.
).filter(any)


@pytest.mark.parametrize(
    ("amount_fen", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (40000, [2, 1], [26667, 13333]),
        (5, [1, 3, 3, 1], [1, 2, 2, 0]),  # Remainders 5, 7, 7, 5 of 8; the earlier 5 is served.
        (1, [0, 0, 7], [0, 0, 1]),
        (0, [1, 2], [0, 0]),
        (2, [1, 3, 1, 3], [0, 1, 0, 1]),
        (4, [1, 3], [1, 3]),
    ],
)
def test_largest_remainder(amount_fen: int, weights: list[int], shares: list[int]) -> None:
    assert largest_remainder(amount_fen, weights) == shares


def test_a_tie_goes_to_the_larger_weight_unless_place_alone_decides() -> None:
    # Both remainders are a half.
    assert largest_remainder(2, [1, 3]) == [0, 2]
    assert largest_remainder(2, [1, 3], larger_weight_first=False) == [1, 1]


@pytest.mark.parametrize(
    ("amount_fen", "weights", "shares"),
    [(100, [1, 1, 1], [33, 33, 34]), (100, [1, 2, 0], [33, 67, 0]), (9, [5], [9])],
)
def test_the_last_positive_weight_takes_the_rest(
    amount_fen: int, weights: list[int], shares: list[int]
) -> None:
    assert last_takes_rest(amount_fen, weights) == shares


@pytest.mark.parametrize("method", ShareMethod)
@pytest.mark.parametrize(
    ("amount_fen", "weights", "field"),
    [(1, [], "weights"), (1, [0, 0], "weights"), (1, [2, -1], "weights"), (-1, [1], "amount_fen")],
)
def test_a_figure_outside_its_rule_is_named(
    amount_fen: int, weights: list[int], field: str, method: ShareMethod
) -> None:
    with pytest.raises(BadFigure) as caught:
        share(amount_fen, weights, method)
    assert caught.value.field == field


@given(AMOUNTS, WEIGHTS)
def test_every_largest_remainder_share_is_within_a_fen_of_exact(
    amount_fen: int, weights: list[int]
) -> None:
    shares = largest_remainder(amount_fen, weights)
    assert sum(shares) == amount_fen
    exact = [Fraction(amount_fen * weight, sum(weights)) for weight in weights]
    assert all(abs(part - each) < 1 for part, each in zip(shares, exact, strict=True))


@given(AMOUNTS, WEIGHTS)
def test_only_the_taker_of_the_rest_is_off_by_a_fen_or_more(
    amount_fen: int, weights: list[int]
) -> None:
    shares = last_takes_rest(amount_fen, weights)
    assert sum(shares) == amount_fen
    off = [
        place
        for place, part in enumerate(shares)
        if part != amount_fen * weights[place] // sum(weights)
    ]
    assert off in ([], [max(place for place, weight in enumerate(weights) if weight)])


@given(st.integers(0, 10**6) | AMOUNTS, WEIGHTS, st.sampled_from(ShareMethod))
def test_the_second_implementation_agrees(
    amount_fen: int, weights: list[int], method: ShareMethod
) -> None:
    assert share(amount_fen, weights, method) == oracle.share(amount_fen, weights, method.value)


@pytest.mark.skipif(not LENDERS.exists(), reason="the lenders of the real loan are not here")
@pytest.mark.parametrize("method", ShareMethod)
def test_the_twenty_lenders_of_a_real_loan(method: ShareMethod) -> None:
    with LENDERS.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    left = [fen_from_yuan(row["left_amount"]) for row in rows]
    assert len(left) == 20
    assert share(sum(left), [int(row["share"]) for row in rows], method) == left
