"""The reserve's plan: time order, proportion inside the short bucket, never more than there is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model import Refused
from domain.money import BadFigure
from domain.payout_plan import (
    BucketPeriod,
    Payout,
    PayoutClaim,
    PayoutPlan,
    PlanRefusal,
    Queued,
    bucket_of,
    payout_plan,
)
from tests.oracles import calculators as oracle

MONTH, DAY = BucketPeriod.MONTH, BucketPeriod.DAY


def claim(name: str, on: str, *open_fen: int, **investors: int) -> PayoutClaim:
    """One investor for each bare amount (i0, i1, ...), or named ones."""
    held = {f"i{place}": fen for place, fen in enumerate(open_fen)} | investors
    return PayoutClaim(name, date.fromisoformat(on), sum(held.values()), held)


def paid(plan: PayoutPlan) -> dict[str, int]:
    return {payout.claim_id: payout.amount_fen for payout in plan.payouts}


def queued(plan: PayoutPlan) -> dict[str, int]:
    return {line.claim_id: line.amount_fen for line in plan.queued}


def test_the_worked_example() -> None:
    a = claim("A", "2024-03-02", one=400_00, two=200_00)
    b = claim("B", "2024-03-20", three=900_00)
    plan = payout_plan(1_000_00, [a, b], MONTH)
    assert plan == PayoutPlan(
        payouts=(
            Payout("A", "2024-03", 400_00, {"one": 266_67, "two": 133_33}),
            Payout("B", "2024-03", 600_00, {"three": 600_00}),
        ),
        queued=(Queued("A", "2024-03", 200_00), Queued("B", "2024-03", 300_00)),
        balance_after_fen=0,
    )


def test_by_day_the_older_claim_is_paid_in_full_first() -> None:
    claims = [claim("B", "2024-03-20", 900), claim("A", "2024-03-02", 600)]
    plan = payout_plan(1_000, claims, DAY)
    assert paid(plan) == {"A": 600, "B": 400}
    assert queued(plan) == {"B": 500}


def test_what_comes_after_the_short_bucket_waits_however_small() -> None:
    claims = [claim("old", "2024-01-31", 500), claim("new", "2024-02-01", 1)]
    plan = payout_plan(499, claims, MONTH)
    assert paid(plan) == {"old": 499}
    assert queued(plan) == {"old": 1, "new": 1}


def test_a_balance_that_ends_with_a_bucket_leaves_the_next_unpaid() -> None:
    claims = [claim("old", "2024-01-31", 500), claim("new", "2024-02-01", 7)]
    plan = payout_plan(500, claims, MONTH)
    assert (paid(plan), queued(plan), plan.balance_after_fen) == ({"old": 500}, {"new": 7}, 0)


def test_the_balance_that_is_not_needed_stays() -> None:
    assert payout_plan(501, [claim("A", "2024-01-31", 500)], MONTH).balance_after_fen == 1


def test_the_same_month_of_another_year_is_another_bucket() -> None:
    claims = [claim("later", "2024-03-01", 10), claim("sooner", "2023-03-31", 10)]
    assert paid(payout_plan(10, claims, MONTH)) == {"sooner": 10}


def test_ties_between_claims_go_to_the_older_date_then_the_id_not_the_larger_claim() -> None:
    # One fen over claims 1 : 3 of the same bucket leaves the larger remainder to the larger claim;
    # two fen leave a tie of a half each.
    by_date = [claim("x", "2024-03-02", 3), claim("y", "2024-03-01", 1)]
    assert paid(payout_plan(2, by_date, MONTH)) == {"y": 1, "x": 1}
    by_id = [claim("y", "2024-03-01", 3), claim("x", "2024-03-01", 1)]
    assert paid(payout_plan(2, by_id, MONTH)) == {"x": 1, "y": 1}


def test_ties_between_investors_go_to_the_larger_open_claim_then_the_id() -> None:
    larger = payout_plan(2, [claim("A", "2024-03-01", a=1, b=3)], MONTH)
    assert larger.payouts[0].investors == {"b": 2}
    by_id = payout_plan(1, [claim("A", "2024-03-01", z=5, b=5)], MONTH)
    assert by_id.payouts[0].investors == {"b": 1}


def test_no_line_is_zero() -> None:
    claims = [
        claim("nil", "2024-01-01", 0),
        claim("big", "2024-02-01", 99),
        claim("wee", "2024-02-02", 1),
    ]
    plan = payout_plan(1, claims, MONTH)
    assert paid(plan) == {"big": 1}
    assert queued(plan) == {"big": 98, "wee": 1}
    assert payout_plan(0, claims, MONTH).payouts == ()


def test_a_bucket_is_named_by_its_month_or_day() -> None:
    assert bucket_of(date(2024, 3, 5), MONTH) == "2024-03"
    assert bucket_of(date(2024, 3, 5), DAY) == "2024-03-05"


def test_investors_that_do_not_add_up_are_refused() -> None:
    wrong = PayoutClaim("A", date(2024, 1, 1), 100, {"u": 60, "v": 41})
    with pytest.raises(Refused) as caught:
        payout_plan(100, [wrong], MONTH)
    assert caught.value.code == PlanRefusal.INVESTORS_DO_NOT_ADD_UP
    assert "claim A" in caught.value.message


def test_a_claim_that_stands_twice_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        payout_plan(100, [claim("A", "2024-01-01", 1), claim("A", "2024-02-01", 2)], MONTH)
    assert caught.value.code == PlanRefusal.DUPLICATE_CLAIM


@pytest.mark.parametrize(
    ("balance_fen", "claims"),
    [
        (-1, [claim("A", "2024-01-01", 1)]),
        (1, [PayoutClaim("A", date(2024, 1, 1), -1, {"u": -1})]),
        (1, [PayoutClaim("A", date(2024, 1, 1), 1, {"u": -1, "v": 2})]),
    ],
)
def test_negative_amounts_are_bad_figures(balance_fen: int, claims: list[PayoutClaim]) -> None:
    with pytest.raises(BadFigure, match="must not be negative"):
        payout_plan(balance_fen, claims, MONTH)


DAYS = st.dates(date(2023, 11, 20), date(2024, 3, 10))
INVESTORS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.integers(0, 6) | st.integers(0, 10**9), max_size=6
)


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, Any]:
    claims = []
    for name in draw(st.lists(st.sampled_from("KLMNOPQRST"), unique=True)):
        held = draw(INVESTORS)
        entry: dict[str, Any] = {
            "id": name,
            "arose_on": draw(DAYS).isoformat(),
            "overdue_on": draw(DAYS).isoformat(),
            "amount_fen": sum(held.values()),
            "investors": held,
        }
        if draw(st.booleans()):
            entry["eligible_on"] = draw(DAYS).isoformat()
        claims.append(entry)
    claimed = sum(entry["amount_fen"] for entry in claims)
    return {
        "balance_fen": draw(st.integers(0, claimed + 5)),
        "order": draw(st.sampled_from(["arose", "overdue", "eligible"])),
        "period": draw(st.sampled_from(["month", "day"])),
        "claims": claims,
    }


def planned(given_: dict[str, Any]) -> PayoutPlan:
    claims = [
        PayoutClaim(
            entry["id"],
            date.fromisoformat(entry.get(f"{given_['order']}_on", entry["overdue_on"])),
            entry["amount_fen"],
            entry["investors"],
        )
        for entry in given_["claims"]
    ]
    return payout_plan(given_["balance_fen"], claims, BucketPeriod(given_["period"]))


@given(inputs())
def test_nothing_is_made_and_nothing_is_lost(given_: dict[str, Any]) -> None:
    plan = planned(given_)
    claimed = sum(entry["amount_fen"] for entry in given_["claims"])
    out = sum(paid(plan).values())
    assert out + sum(queued(plan).values()) == claimed
    assert out + plan.balance_after_fen == given_["balance_fen"]
    assert plan.balance_after_fen >= 0
    assert plan.balance_after_fen == 0 or not plan.queued
    held = {entry["id"]: entry["investors"] for entry in given_["claims"]}
    for payout in plan.payouts:
        assert sum(payout.investors.values()) == payout.amount_fen
        assert all(0 < fen <= held[payout.claim_id][who] for who, fen in payout.investors.items())


@given(inputs())
def test_the_second_implementation_agrees(given_: dict[str, Any]) -> None:
    plan = planned(given_)
    assert {
        "payouts": [
            {"claim": one.claim_id, "amount_fen": one.amount_fen, "investors": one.investors}
            for one in plan.payouts
        ],
        "queued": [{"claim": one.claim_id, "amount_fen": one.amount_fen} for one in plan.queued],
        "balance_after_fen": plan.balance_after_fen,
    } == oracle.payout_plan(given_)
