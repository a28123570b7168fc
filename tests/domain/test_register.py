"""The claim register: every claim closes at zero, and paid + open = due, to the fen."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.allocation import AllocationOrder
from domain.model import InvariantBroken
from domain.money import Rounding
from domain.payment_split import split
from domain.penalty import PENALTY_DENOMINATOR
from domain.policy import PenaltyBase, PolicyTerms, Subrogation
from domain.recourse import Recourse
from domain.register import Billed, Lateness, Part, Row, bill
from domain.schedule import Method, schedule
from domain.sharing import ShareMethod
from tests.exemplars import a_policy

DUE = date(2018, 3, 1)
PROFILE = settings(derandomize=True, max_examples=100)


def billed(**changes: Any) -> Billed:
    """60.00 + 40.00 principal and 6.00 + 4.00 interest, due on 1 March."""
    return replace(Billed(1, DUE, (60_00, 40_00), (6_00, 4_00)), **changes)


def part(period: int = 1, **changes: Any) -> Part:
    return Part(period, (0, 0), (0, 0), (0, 0))._replace(**changes)


def days_late(days: int) -> date:
    return DUE + timedelta(days=days)


# -- billing ------------------------------------------------------------------------------

weights = st.lists(st.integers(1, 5_000_00) | st.just(1), min_size=1, max_size=12)


@PROFILE
@given(
    weights,
    st.sampled_from(Method),
    st.sampled_from(ShareMethod),
    st.integers(1, 36),
    st.sampled_from(("0", "0.01", "7.3", "12", "36")),
    st.sampled_from((Rounding.HALF_UP, Rounding.UP)),
)
def test_every_claim_closes_at_exactly_zero(
    claims: list[int],
    method: Method,
    sharing: ShareMethod,
    periods: int,
    rate: str,
    rounding: Rounding,
) -> None:
    left = list(claims)
    for row in schedule(sum(claims), Decimal(rate), periods, method, rounding):
        owed = left if sum(left) else claims  # Interest may come after the last principal (flat).
        due = Row(row.period, DUE, row.principal_fen, row.interest_fen)
        principal, interest = bill(due, owed, owed, sharing)
        assert (sum(principal), sum(interest)) == (row.principal_fen, row.interest_fen)
        left = [open_fen - fen for open_fen, fen in zip(left, principal, strict=True)]
        assert min(left) >= 0
        assert min(interest) >= 0
    assert left == [0] * len(claims)


def test_principal_and_interest_are_shared_each_by_itself() -> None:
    """Sharing the total gives other fen: 1 + 1 over two equal claims is (1, 0) + (1, 0)."""
    assert bill(Row(1, DUE, 1, 1), (5, 5), (5, 5), ShareMethod.LARGEST_REMAINDER) == (
        (1, 0),
        (1, 0),
    )


def test_a_share_never_exceeds_what_is_open() -> None:
    """The last would take 2 of 1: the excess goes to the first with room."""
    row = Row(1, DUE, 3, 0)
    assert bill(row, (2, 1, 1), (2, 1, 1), ShareMethod.LAST_TAKES_REST)[0] == (2, 0, 1)


# -- payments -----------------------------------------------------------------------------

vectors = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 50)), min_size=1, max_size=5)
policies = st.builds(
    a_policy,
    allocation=st.sampled_from(AllocationOrder),
    subrogation=st.sampled_from(Subrogation),
    sharing=st.sampled_from(ShareMethod),
    penalty_bands=st.sampled_from(("1-:0.05", "1-30:0.5,31-:1", "5-:0")),
    overdue_fee_bands=st.sampled_from(("1-:0", "1-:0.2")),
)


@PROFILE
@given(
    st.lists(vectors, min_size=1, max_size=3),
    policies,
    st.lists(
        st.tuples(
            st.integers(0, 900),
            st.integers(0, 40),
            st.sampled_from(("", "", "reserve", "gus", "ned")),
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_paid_and_open_add_up_to_due_whatever_comes(
    rows: list[list[tuple[int, int]]], terms: PolicyTerms, steps: list[tuple[int, int, str]]
) -> None:
    """Payments, with days between, and half of what is open paid by the reserve or one of two
    guarantors."""
    claims = len(rows[0])
    instalments = [
        Billed(
            period,
            days_late(30 * (period - 1)),
            tuple(p for p, _ in (row * claims)[:claims]),
            tuple(i for _, i in (row * claims)[:claims]),
        )
        for period, row in enumerate(rows, start=1)
    ]
    on = DUE
    for amount_fen, days, payer in steps:
        on += timedelta(days=days)
        parts, recourse, allocation = split(amount_fen, instalments, on, terms)
        due_fen = sum(sum(each.due(on, terms)[1:]) for each in instalments)
        applied_fen = sum(each.total_fen for each in parts)
        applied_fen += sum(each.total_fen for each in recourse)
        assert applied_fen + allocation.left_fen == amount_fen
        assert applied_fen == min(amount_fen, due_fen)
        by_period = {each.period: each for each in parts}
        instalments = [
            each.paid(
                by_period[each.period],
                on,
                terms,
                [back for back in recourse if back.period == each.period],
            )
            if each.period in by_period
            else each
            for each in instalments
        ]
        still_due_fen = sum(sum(each.due(on, terms)[1:]) for each in instalments)
        assert applied_fen + still_due_fen == due_fen
        assert all(fen >= 0 for p in parts for fen in (*p.principal, *p.interest, *p.penalty))
        assert all(fen >= 0 for each in recourse for fen in each[:4])
        if payer:
            before_fen = [each.base_fen for each in instalments]
            instalments = [_half_paid_by(payer, each) for each in instalments]
            assert [each.base_fen for each in instalments] == before_fen


def _half_paid_by(payer: str, instalment: Billed) -> Billed:
    halves = (
        tuple(fen // 2 for fen in instalment.principal),
        tuple(fen // 2 for fen in instalment.interest),
    )
    if payer == "reserve":
        return instalment.advanced(*halves)
    return instalment.advanced_by(payer, *halves)


def test_penalty_is_exact_until_its_one_rounding() -> None:
    """0.05 % a day of 110.00: 5.5 fen a day; three days are 16.5, rounded once to 17."""
    terms = a_policy()
    assert [billed().due(days_late(days), terms).penalty_fen for days in (0, 1, 2, 3)] == [
        0,
        6,
        11,
        17,
    ]


def test_penalty_runs_on_what_is_left_after_a_payment() -> None:
    terms = a_policy()
    half = part(principal=(60_00, 0), interest=(0, 0))
    after = billed().paid(half, days_late(10), terms)
    assert after.due(days_late(10), terms).penalty_fen == 55
    assert after.due(days_late(20), terms).penalty_fen == 55 + 25


def test_a_backdated_payment_earns_no_penalty_of_later_days() -> None:
    assert billed().due(days_late(-3), a_policy()).penalty_fen == 0


@pytest.mark.parametrize("first", [5, 20])
def test_payments_that_are_booked_in_another_order_bear_the_same(first: int) -> None:
    """50.00 paid on the 5th late day and 50.00 on the 20th, whichever was told of first: 0.05 % a
    day of 50.00 for 5 days and of 50.00 for 20 days; and of the 10.00 of interest for 30."""
    terms = a_policy()
    half = part(principal=(30_00, 20_00), interest=(0, 0))
    second = 25 - first
    both = billed().paid(half, days_late(first), terms).paid(half, days_late(second), terms)
    assert both.due(days_late(30), terms).penalty_fen == 13 + 50 + 15
    assert both.due(days_late(30), terms).principal_fen == 0


def test_a_payment_is_told_of_after_a_later_one_and_bears_no_penalty_of_the_days_between() -> None:
    """On the 20th day 1.10, all the penalty of then, was paid; all the rest on the 10th, as we hear
    now: 55 fen too much, which nobody takes back, and no more is asked."""
    terms = a_policy()
    paid = billed().paid(part(penalty=(66, 44)), days_late(20), terms)
    assert paid.due(days_late(20), terms).penalty_fen == 0
    assert paid.due(days_late(10), terms).penalty_fen == 0
    paid = billed().paid(part(penalty=(30, 0)), days_late(20), terms)
    assert paid.due(days_late(20), terms).penalty_fen == 110 - 30
    assert paid.due(days_late(10), terms).penalty_fen == 55 - 30


def test_penalty_on_overdue_principal_only() -> None:
    """Of 110.00 the principal is 100.00: 0.05 % a day of that."""
    terms = a_policy(penalty_base=PenaltyBase.PRINCIPAL)
    assert billed().due(days_late(10), terms).penalty_fen == 50


def test_within_the_grace_days_nothing_is_charged_and_after_them_every_day() -> None:
    terms = a_policy(grace_days=3)
    assert billed().due(days_late(3), terms).penalty_fen == 0
    assert billed().due(days_late(4), terms).penalty_fen == 22
    # What was open of the grace days counts, though half of it was paid in them.
    after = billed().paid(part(principal=(60_00, 0), interest=(0, 0)), days_late(2), terms)
    assert after.due(days_late(3), terms).penalty_fen == 0
    assert after.due(days_late(4), terms).penalty_fen == 11 + 5


def test_normal_interest_runs_on_beside_the_penalty() -> None:
    """36 % a year of 360 days: 0.1 % a day of 100.00, and 0.05 % of 110.00."""
    daily = PENALTY_DENOMINATOR // 1000
    late = billed(lateness=Lateness(daily_interest_units=daily))
    assert late.due(days_late(10), a_policy()).penalty_fen == 100 + 55


CAPPED = Lateness("cn-p2p", date(2018, 1, 1))


@pytest.mark.parametrize(
    ("penalty", "fee", "charged"),
    [
        ("1-:0.05", "1-:0", (1_98, 0)),  # 18.25 % a year.
        ("1-:0.1", "1-:0", (2_60, 0)),  # 3.96 by the policy.
        ("1-:0.05", "1-:0.1", (1_98, 62)),  # The fee gives way.
        ("1-:0.1", "1-:0.1", (2_60, 0)),
    ],
)
def test_the_law_caps_penalty_and_fee_together(
    penalty: str, fee: str, charged: tuple[int, int]
) -> None:
    """36 days late: 24 % a year of 110.00 are 2.60."""
    terms = a_policy(penalty_bands=penalty, overdue_fee_bands=fee)
    due = billed(lateness=CAPPED).due(days_late(36), terms)
    assert (due.penalty_fen, due.overdue_fee_fen) == charged


def test_the_day_of_the_suit_counts_as_soon_as_it_is_known() -> None:
    """1 % a day of 110.00 for 500 days from 2020-08-20 on, at 15.4 % a year, and at 15.2 %."""
    due_on, on = date(2020, 8, 19), date(2022, 1, 1)
    terms = a_policy(penalty_bands="1-:1")
    late = replace(billed(lateness=CAPPED), due_on=due_on)
    sued = replace(late, lateness=CAPPED._replace(sued_on=date(2021, 12, 1)))
    penalties = [each.due(on, terms).penalty_fen for each in (late, sued)]
    assert penalties == [110_00 * 152 * 500 // 365_000, 110_00 * 154 * 500 // 365_000]


def test_a_suit_tells_the_rate_of_the_days_before_a_payment_too() -> None:
    """1 % a day of 110.00; 10.00 of penalty were paid on 2021-06-16, after 300 days at 15.4 %. The
    suit of 2022-03-01 has 14.8 % count for all days from 2020-08-20 on."""
    paid_on, on = date(2021, 6, 16), date(2022, 3, 1)
    terms = a_policy(penalty_bands="1-:1")
    late = replace(billed(lateness=CAPPED), due_on=date(2020, 8, 19))
    some = part(penalty=(6_00, 4_00), principal=(0, 0), interest=(0, 0))
    sued = late.paid(some, paid_on, terms)
    sued = replace(sued, lateness=CAPPED._replace(sued_on=on))
    days = (on - late.due_on).days
    assert sued.due(on, terms).penalty_fen == 110_00 * 148 * days // 365_000 - 10_00
    after = sued.due(date(2023, 1, 1), terms).penalty_fen  # The rate of that day for ever.
    days = (date(2023, 1, 1) - late.due_on).days
    assert after == 110_00 * 148 * days // 365_000 - 10_00


def test_what_was_paid_before_a_cap_is_never_asked_back() -> None:
    terms = a_policy(penalty_bands="1-1:1", overdue_fee_bands="2-:0.05")
    late = billed(lateness=CAPPED)
    paid = late.paid(part(penalty=(4, 3), principal=(0, 0), interest=(0, 0)), days_late(1), terms)
    for days in (1, 2, 30):
        due = paid.due(days_late(days), terms)
        assert min(due.penalty_fen, due.overdue_fee_fen) >= 0
        assert 7 + due.penalty_fen + due.overdue_fee_fen <= 110_00 * 24 * days // 36_500


@pytest.mark.parametrize(
    "impossible",
    [
        lambda: billed().advanced((60_01, 0), (0, 0)),
        lambda: billed().advanced((0, 0), (0, 4_01)),
        lambda: billed().advanced_by("gus", (60_01, 0), (0, 0)),
        lambda: billed().paid(part(reserve_principal_fen=1), DUE, a_policy()),
        lambda: billed().paid(part(interest=(6_01, 0)), DUE, a_policy()),
    ],
)
def test_more_than_is_open_is_a_bug(impossible: Any) -> None:
    with pytest.raises(InvariantBroken, match="more than it owes"):
        impossible()


def test_a_guarantor_gets_no_more_back_than_he_advanced() -> None:
    advanced = billed().advanced_by("gus", (5, 0), (0, 0)).advanced_by("ned", (7, 0), (0, 0))
    with pytest.raises(InvariantBroken, match="gus would get back more than he advanced"):
        advanced.paid(part(), DUE, a_policy(), [Recourse(1, 6, 0, 0, "gus")])
    left = advanced.paid(part(), DUE, a_policy(), [Recourse(1, 5, 0, 0, "gus")])
    assert left.advances == (("ned", 7, 0),)


def test_recourse_that_names_nobody_is_the_only_guarantors() -> None:
    """As it was written while a loan had one only."""
    advanced = billed().advanced_by("gus", (5, 0), (0, 0))
    assert advanced.paid(part(), DUE, a_policy(), [Recourse(1, 5, 0, 0)]).advances == ()
