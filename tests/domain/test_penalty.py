"""Penalty interest by bands, rounded once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import BadFigure
from domain.penalty import (
    MAX_OVERDUE_DAYS,
    parse_bands,
    penalty_fen,
    penalty_from,
    penalty_numerator,
)
from tests.oracles import calculators as oracle

BANDS = parse_bands("1-30:0.03,31-:0.04")


@pytest.mark.parametrize(
    ("base_fen", "days", "fen"),
    [
        (1_000_000, 0, 0),
        (1_000_000, 1, 300),
        (1_000_000, 30, 9_000),
        (1_000_000, 31, 9_400),
        (1_000_000, 45, 15_000),
        (50, 33, 1),  # 0.45 + 0.06 = 0.51: rounded by band it would be nothing.
        (5_000, 1, 2),  # Exactly 1.5.
        (4_999, 1, 1),
        (0, 45, 0),
        (10**18, MAX_OVERDUE_DAYS, (30 * 3 + (MAX_OVERDUE_DAYS - 30) * 4) * 10**14),
    ],
)
def test_penalty(base_fen: int, days: int, fen: int) -> None:
    assert penalty_fen(base_fen, days, BANDS) == fen


def test_segments_with_different_bases_are_summed_before_the_one_rounding() -> None:
    bands = parse_bands("1-:0.05")
    first = penalty_numerator(900, 1, 1, bands)  # 0.45 fen
    second = penalty_numerator(100, 2, 2, bands)  # 0.05 fen
    assert penalty_from(first) + penalty_from(second) == 0
    assert penalty_from(first + second) == 1


def test_a_segment_may_span_bands() -> None:
    assert penalty_numerator(10_000, 30, 31, BANDS) == 7 * 10**12  # 3 fen and 4 fen.


def test_a_day_in_no_band_bears_nothing() -> None:
    bands = parse_bands("4-10:0.05,21-30:0.1")
    assert [penalty_fen(10_000, days, bands) for days in (3, 4, 10, 20, 21, 30, 99)] == [
        0,
        5,
        35,
        35,
        45,
        135,
        135,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1-30",
        "1-30:",
        "1-30:0.03,",
        "0-30:0.03",
        "1-0:0.03",
        "5-4:0.03",
        "31-:0.04,1-30:0.03",
        "1-30:0.03,30-:0.04",
        "1-:0.03,31-:0.04",
        "1-30:-0.03",
        "1-30:NaN",
        "1-30:101",
        "1-30:0.03;31-:0.04",
        "a-30:0.03",
        " 1-30:0.03",
        "1-30:0.00000000001",
    ],
)
def test_malformed_bands_are_refused(text: str) -> None:
    with pytest.raises(BadFigure) as caught:
        parse_bands(text)
    assert caught.value.field == "bands"


@pytest.mark.parametrize(
    ("base_fen", "days", "field"),
    [(-1, 1, "base_fen"), (1, -1, "days"), (1, MAX_OVERDUE_DAYS + 1, "days")],
)
def test_a_figure_outside_its_rule_is_named(base_fen: int, days: int, field: str) -> None:
    with pytest.raises(BadFigure) as caught:
        penalty_fen(base_fen, days, BANDS)
    assert caught.value.field == field


@given(
    st.integers(0, 10**6) | st.integers(0, 10**15),
    st.integers(0, 200),
    st.lists(st.integers(1, 150), unique=True, min_size=2, max_size=8).map(sorted),
    st.lists(st.decimals(0, 1, places=4), min_size=4, max_size=4),
    st.booleans(),
)
def test_the_second_implementation_agrees(
    base_fen: int, days: int, edges: list[int], rates: list[Decimal], endless: bool
) -> None:
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    bands: list[tuple[int, int | None, Decimal]] = [
        (first, last, rate) for (first, last), rate in zip(pairs, rates, strict=False)
    ]
    if endless:
        bands[-1] = (bands[-1][0], None, bands[-1][2])
    text = ",".join(f"{first}-{last or ''}:{rate:f}" for first, last, rate in bands)
    assert penalty_fen(base_fen, days, parse_bands(text)) == oracle.penalty(base_fen, days, bands)
