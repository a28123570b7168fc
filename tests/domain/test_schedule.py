"""Schedules: published vectors, the real tape, invariants, and the second implementation."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.money import BadFigure, Rounding, fen_from_yuan
from domain.schedule import MAX_PERIODS, Instalment, Method, annuity_fen, schedule
from tests.oracles import calculators as oracle

TAPE = Path(__file__).parents[3] / "shared" / "data" / "loan_tape_2018q1.csv"

PRINCIPALS = st.integers(1, 10**12)
RATES = st.decimals(0, 60, places=4)
PERIODS = st.integers(1, 120)
METHODS = st.sampled_from(Method)
ROUNDINGS = st.sampled_from(Rounding)


def at_12_percent(principal_fen: int, method: Method) -> tuple[Instalment, ...]:
    return schedule(principal_fen, Decimal(12), 12, method)


def test_equal_instalments_of_ten_thousand() -> None:
    rows = at_12_percent(10_000_00, Method.EQUAL_INSTALMENT)
    assert rows[0] == Instalment(1, 888_49, 788_49, 100_00, 9_211_51)
    assert rows[1][1:4] == (888_49, 796_37, 92_12)
    assert rows[10][1:4] == (888_49, 870_98, 17_51)
    assert rows[11] == Instalment(12, 888_47, 879_67, 8_80, 0)
    assert sum(row.interest_fen for row in rows) == 661_86


def test_equal_instalments_of_a_hundred_and_twenty_thousand() -> None:
    rows = at_12_percent(120_000_00, Method.EQUAL_INSTALMENT)
    assert rows[0] == Instalment(1, 10_661_85, 9_461_85, 1_200_00, 110_538_15)
    assert rows[11] == Instalment(12, 10_661_91, 10_556_35, 105_56, 0)


def test_equal_principal() -> None:
    rows = at_12_percent(10_000_00, Method.EQUAL_PRINCIPAL)
    assert [rows[0].payment_fen, rows[1].payment_fen, rows[11].payment_fen] == [
        933_33,
        925_00,
        841_70,
    ]
    assert sum(row.interest_fen for row in rows) == 650_00


def test_a_figure_in_circulation_is_wrong() -> None:
    assert annuity_fen(50_000_00, Decimal("9.5"), 36, Rounding.HALF_UP) == 1_601_65


def test_interest_first() -> None:
    rows = schedule(10_000_00, Decimal(12), 3, Method.INTEREST_FIRST)
    assert rows == (
        (1, 100_00, 0, 100_00, 10_000_00),
        (2, 100_00, 0, 100_00, 10_000_00),
        (3, 10_100_00, 10_000_00, 100_00, 0),
    )


def test_bullet_interest_is_rounded_once() -> None:
    rows = schedule(3_33, Decimal(10), 3, Method.BULLET)  # 8.325 fen; 3 x 2.775 would give 9.
    assert rows == ((1, 0, 0, 0, 3_33), (2, 0, 0, 0, 3_33), (3, 3_41, 3_33, 8, 0))


def test_flat_interest_is_on_the_original_principal() -> None:
    rows = schedule(10_000_00, Decimal(12), 3, Method.FLAT, Rounding.UP)
    assert rows == (
        (1, 3_433_34, 3_333_34, 100_00, 6_666_66),
        (2, 3_433_34, 3_333_34, 100_00, 3_333_32),
        (3, 3_433_32, 3_333_32, 100_00, 0),
    )


def test_a_schedule_that_clears_early_goes_on_with_zero_rows() -> None:
    rows = schedule(10, Decimal(0), 6, Method.EQUAL_INSTALMENT, Rounding.UP)
    assert [row.payment_fen for row in rows] == [2, 2, 2, 2, 2, 0]


def test_without_interest_the_annuity_is_the_principal_in_equal_parts() -> None:
    assert annuity_fen(100, Decimal(0), 3, Rounding.HALF_UP) == 33


def test_a_payment_rounded_below_the_interest_lets_the_balance_grow() -> None:
    rows = schedule(101, Decimal(600), 12, Method.EQUAL_INSTALMENT, Rounding.DOWN)
    assert rows[0] == Instalment(1, 50, -1, 51, 102)
    assert rows[-1].balance_fen == 0


@pytest.mark.parametrize(
    ("principal_fen", "rate", "periods", "field"),
    [
        (0, "12", 12, "principal_fen"),
        (-1, "12", 12, "principal_fen"),
        (1, "-0.01", 12, "annual_rate"),
        (1, "NaN", 12, "annual_rate"),
        (1, "Infinity", 12, "annual_rate"),
        (1, "1000.1", 12, "annual_rate"),
        (1, "12", 0, "periods"),
        (1, "12", MAX_PERIODS + 1, "periods"),
    ],
)
def test_a_figure_outside_its_rule_is_named(
    principal_fen: int, rate: str, periods: int, field: str
) -> None:
    with pytest.raises(BadFigure) as caught:
        schedule(principal_fen, Decimal(rate), periods, Method.FLAT)
    assert caught.value.field == field


@given(PRINCIPALS, RATES, PERIODS, METHODS, ROUNDINGS)
def test_principals_add_up_and_the_last_balance_is_zero(
    principal_fen: int, rate: Decimal, periods: int, method: Method, rounding: Rounding
) -> None:
    rows = schedule(principal_fen, rate, periods, method, rounding)
    assert [row.period for row in rows] == list(range(1, periods + 1))
    assert sum(row.principal_fen for row in rows) == principal_fen
    assert rows[-1].balance_fen == 0
    assert all(row.balance_fen >= 0 for row in rows)
    assert all(row.payment_fen == row.principal_fen + row.interest_fen for row in rows)


@settings(max_examples=150)
@given(PRINCIPALS, RATES, PERIODS, METHODS, ROUNDINGS)
def test_the_second_implementation_agrees(
    principal_fen: int, rate: Decimal, periods: int, method: Method, rounding: Rounding
) -> None:
    assert list(schedule(principal_fen, rate, periods, method, rounding)) == oracle.schedule(
        principal_fen, rate, periods, method.value, rounding.value
    )


def test_an_exact_half_is_seen_in_the_longest_loan() -> None:
    # One period: the annuity is P(1 + i), here exactly 100.5; a rounded rate would lose the half.
    assert annuity_fen(100, Decimal(6), 1, Rounding.HALF_UP) == 101
    assert annuity_fen(100, Decimal(6), 1, Rounding.DOWN) == 100
    long = schedule(10**15, Decimal("7.3333333333"), MAX_PERIODS, Method.EQUAL_INSTALMENT)
    assert abs(long[-1].payment_fen - long[0].payment_fen) <= MAX_PERIODS * 50


@pytest.mark.skipif(not TAPE.exists(), reason="the loan tape is not here")
def test_the_real_tape_was_rounded_up() -> None:
    with TAPE.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))

    def equal(rounding: Rounding) -> int:
        return sum(
            annuity_fen(
                fen_from_yuan(row["loan_amount"]),
                Decimal(row["interest_rate"]),
                int(row["term"]),
                rounding,
            )
            == fen_from_yuan(row["installment"])
            for row in rows
        )

    assert len(rows) == 8000
    assert equal(Rounding.UP) == 7997
    assert 3500 < equal(Rounding.HALF_UP) < 4500
