"""Whole fen: rounding, reading, writing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import BadFigure, Rounding, divide, fen_from_yuan, percent, yuan

HALF_UP, UP, DOWN = Rounding.HALF_UP, Rounding.UP, Rounding.DOWN


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounding", "quotient"),
    [
        (5, 2, HALF_UP, 3),
        (5, 2, UP, 3),
        (5, 2, DOWN, 2),
        (7, 5, HALF_UP, 1),
        (6, 5, UP, 2),
        (6, 3, UP, 2),
        (-5, 2, HALF_UP, -3),
        (-7, 5, UP, -2),
        (-7, 5, DOWN, -1),
        (10**40 + 1, 2, HALF_UP, 5 * 10**39 + 1),
    ],
)
def test_division_is_rounded_once(
    numerator: int, denominator: int, rounding: Rounding, quotient: int
) -> None:
    assert divide(numerator, denominator, rounding) == quotient


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**12))
def test_every_rounding_is_within_a_fen_of_exact(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert abs(divide(numerator, denominator, HALF_UP) - exact) <= Fraction(1, 2)
    assert 0 <= abs(divide(numerator, denominator, UP)) - abs(exact) < 1
    assert 0 <= abs(exact) - abs(divide(numerator, denominator, DOWN)) < 1


def test_a_denominator_of_zero_is_named() -> None:
    with pytest.raises(BadFigure, match="denominator"):
        divide(1, 0, HALF_UP)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("1234.5", 123450),
        ("1234.50", 123450),
        ("0.07", 7),
        ("-0.05", -5),
        ("007", 700),
        ("9" * 16, int("9" * 16) * 100),
    ],
)
def test_yuan_is_read_exactly(text: str, fen: int) -> None:
    assert fen_from_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".5",
        "1.",
        "1.234",
        "1,000",
        "1e3",
        "+1",
        " 1",
        "1\n",
        "NaN",
        "--1",
        "１",
        "1_0",
        "1" * 17,
    ],
)
def test_what_is_not_plain_yuan_is_refused(text: str) -> None:
    with pytest.raises(BadFigure, match="price: must be yuan"):
        fen_from_yuan(text, "price")


@given(st.integers(-(10**17), 10**17))
def test_written_yuan_reads_back(fen: int) -> None:
    assert fen_from_yuan(yuan(fen)) == fen


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (-5, "-0.05"), (123456, "1234.56")])
def test_yuan_is_written_with_two_decimals(fen: int, text: str) -> None:
    assert yuan(fen) == text


def test_a_percentage_is_kept_as_written() -> None:
    assert percent("14.07", "rate", 1000) == Decimal("14.07")


@pytest.mark.parametrize("text", ["-1", "NaN", "Infinity", "1e1", "1.", "101", "0.12345678901", ""])
def test_a_percentage_outside_its_rule_names_the_field(text: str) -> None:
    with pytest.raises(BadFigure, match="rate: must be a plain decimal from 0 to 100"):
        percent(text, "rate", 100)
