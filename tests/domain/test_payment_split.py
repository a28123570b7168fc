"""How a payment goes over the lines and their holders, by the policy."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from domain.allocation import AllocationOrder
from domain.payment_split import split
from domain.policy import Subrogation
from domain.recourse import Advanced, Recourse
from domain.register import Billed
from tests.domain.test_register import DUE, billed, days_late
from tests.exemplars import a_policy

PARTLY_ADVANCED = billed().advanced((30_00, 20_00), (6_00, 4_00))


@pytest.mark.parametrize(
    ("subrogation", "amount_fen", "investors", "reserve_fen"),
    [
        # Interest first (all the reserve's by now), then principal, open 30 + 20 of 50 + 50.
        (Subrogation.REST_FIRST, 10_00, (0, 0), 10_00),
        (Subrogation.REST_FIRST, 40_00, (18_00, 12_00), 10_00),
        (Subrogation.REST_FIRST, 80_00, (30_00, 20_00), 30_00),
        (Subrogation.PROPORTIONAL, 40_00, (9_00, 6_00), 25_00),
        (Subrogation.PROPORTIONAL, 80_00, (21_00, 14_00), 45_00),
        (Subrogation.PROPORTIONAL, 110_00, (30_00, 20_00), 60_00),
    ],
)
def test_both_variants_of_rule_5(
    subrogation: Subrogation, amount_fen: int, investors: tuple[int, int], reserve_fen: int
) -> None:
    terms = a_policy(subrogation=subrogation)
    [only], _, allocation = split(amount_fen, [PARTLY_ADVANCED], DUE, terms)
    assert (only.principal, only.interest, only.reserve_fen) == (investors, (0, 0), reserve_fen)
    assert allocation.left_fen == 0


@pytest.mark.parametrize(
    ("subrogation", "penalty", "reserve_fen"),
    [
        (Subrogation.REST_FIRST, (66, 44), 0),
        (Subrogation.PROPORTIONAL, (30, 20), 60),
    ],
)
def test_penalty_follows_who_holds_the_late_claim(
    subrogation: Subrogation, penalty: tuple[int, int], reserve_fen: int
) -> None:
    [only], _, _ = split(1_10, [PARTLY_ADVANCED], days_late(20), a_policy(subrogation=subrogation))
    assert (only.penalty, only.reserve_penalty_fen) == (penalty, reserve_fen)


def test_penalty_on_a_claim_that_is_all_the_reserves_is_the_reserves() -> None:
    advanced = billed().advanced((60_00, 40_00), (6_00, 4_00))
    [only], _, _ = split(1_10, [advanced], days_late(20), a_policy())
    assert (only.penalty, only.reserve_penalty_fen) == ((0, 0), 1_10)


@pytest.mark.parametrize(
    ("subrogation", "amount_fen", "investors", "reserve_fen", "guarantor_fen"),
    [
        # Of 110.00 the investors hold 30.00, the reserve 40.00 and the guarantor 40.00.
        (Subrogation.REST_FIRST, 30_00, (18_00, 12_00), 0, 0),
        (Subrogation.REST_FIRST, 50_00, (18_00, 12_00), 10_00, 10_00),
        (Subrogation.PROPORTIONAL, 55_00, (9_00, 6_00), 20_00, 20_00),
        (Subrogation.PROPORTIONAL, 110_00, (18_00, 12_00), 40_00, 40_00),
    ],
)
def test_reserve_and_guarantor_share_by_what_each_holds(
    subrogation: Subrogation,
    amount_fen: int,
    investors: tuple[int, int],
    reserve_fen: int,
    guarantor_fen: int,
) -> None:
    held = billed(interest=(0, 0), principal=(66_00, 44_00)).advanced((24_00, 16_00), (0, 0))
    held = held.advanced_by("gus", (24_00, 16_00), (0, 0))
    terms = a_policy(subrogation=subrogation)
    [only], recourse, _ = split(amount_fen, [held], DUE, terms)
    assert (only.principal, only.reserve_fen) == (investors, reserve_fen)
    assert sum(each.total_fen for each in recourse) == guarantor_fen


@pytest.mark.parametrize(
    ("order", "periods"),
    [
        (AllocationOrder.CATEGORY_FIRST, {1: 10_00, 2: 10_00}),
        (AllocationOrder.INSTALMENT_FIRST, {1: 20_00}),
    ],
)
def test_both_orders(order: AllocationOrder, periods: dict[int, int]) -> None:
    instalments = [billed(), billed(period=2)]
    parts, _, _ = split(20_00, instalments, DUE, a_policy(allocation=order))
    assert {each.period: each.total_fen for each in parts} == periods


def test_in_proportion_a_payment_and_its_penalty_go_to_investors_reserve_and_guarantor() -> None:
    """Half is the investors', three tenths the reserve's, a fifth the guarantor's; ten days late at
    one per cent a day."""
    due_on = date(2018, 2, 28)
    advances = (Advanced("gus", 200_00, 0),)
    billed = Billed(1, due_on, (500_00,), (0,), 300_00, 0, advances)
    terms = a_policy(subrogation=Subrogation.PROPORTIONAL, penalty_bands="1-:1")
    paid = split(600_00, [billed], due_on + timedelta(days=10), terms)
    [part], [recourse] = paid.parts, paid.recourse
    assert (part.principal, part.penalty) == ((250_00,), (50_00,))
    assert (part.reserve_principal_fen, part.reserve_penalty_fen) == (150_00, 30_00)
    assert recourse == Recourse(1, 100_00, 0, 20_00, "gus")


@pytest.mark.parametrize("order", AllocationOrder)
def test_what_is_not_late_yet_is_paid_after_all_that_is(order: AllocationOrder) -> None:
    """Overdue interest, overdue principal, then current interest, current principal: who pays more
    than what is late is late no more."""
    late = billed()
    running = replace(late, period=2, due_on=DUE + timedelta(days=28))
    terms = a_policy(allocation=order, penalty_bands="1-:0")
    for on, over_fen in ((days_late(28), 5_00), (days_late(1), 15_00)):
        first, second = split(late.base_fen + over_fen, [late, running], on, terms).parts
        assert sum(first.principal) + sum(first.interest) == late.base_fen
        assert sum(second.interest) == min(over_fen, 10_00)
        assert sum(second.principal) == over_fen - sum(second.interest)
