"""The six rules for the use of the reserve, decided over a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import payout_run
from domain import reserve as r
from domain.model import Refused
from domain.payout_plan import BucketPeriod, PayoutOrder
from domain.refusals import Code
from domain.reserve import Reserve, ReserveEvent
from tests.exemplars import TODAY, a_policy, only

Open = Mapping[str, Mapping[str, int]]


def queued(claim_id: str, arose: str, **changes: Any) -> r.ClaimQueued:
    """Dates are "MM-DD" of 2018."""
    arose_on = date.fromisoformat(f"2018-{arose}")
    usual: dict[str, Any] = {
        "claim_id": claim_id,
        "loan_id": f"L-{claim_id}",
        "period": 1,
        "arose_on": arose_on,
        "overdue_on": arose_on,
        "eligible_on": arose_on,
        "policy_version": "v1",
        "amount_fen": 1,
    }
    return r.ClaimQueued(**usual | changes)


def folded(events: Sequence[ReserveEvent], state: Reserve = r.INITIAL) -> Reserve:
    for event in events:
        state = r.evolve(state, event)
    return state


def run(
    queue: Sequence[ReserveEvent], balance_fen: int, claims: Open, **policy: Any
) -> tuple[ReserveEvent, ...]:
    return payout_run.run(folded(queue), a_policy(**policy), TODAY, balance_fen, claims)


def paid(events: Sequence[ReserveEvent]) -> dict[str, Mapping[str, int]]:
    return {e.claim_id: e.investors for e in events if isinstance(e, r.PayoutHeld)}


AB = [queued("A", "01-05"), queued("B", "01-20")]
WORKED = {"A": {"one": 400_00, "two": 200_00}, "B": {"three": 900_00}}


def test_the_worked_example() -> None:
    """Balance 1 000.00; A 600.00 and B 900.00 in one bucket."""
    decided, a, b = run(AB, 1_000_00, WORKED)
    assert isinstance(decided, r.PayoutRunDecided)
    assert decided == r.PayoutRunDecided(
        run_on=TODAY,
        policy_version="v1",
        order=PayoutOrder.AROSE,
        balance_before_fen=1_000_00,
        balance_after_fen=0,
        considered=(
            r.Considered("A", "2018-01", 600_00, 400_00),
            r.Considered("B", "2018-01", 900_00, 600_00),
        ),
    )
    assert a == r.PayoutHeld(
        payout_id="1",
        claim_id="A",
        loan_id="L-A",
        amount_fen=400_00,
        claim_fen=600_00,
        bucket="2018-01",
        rules=(1, 2, 3, 4, 5),
        policy_version="v1",
        run_on=TODAY,
        investors={"one": 266_67, "two": 133_33},
    )
    assert isinstance(b, r.PayoutHeld)
    assert (b.payout_id, b.investors) == ("2", {"three": 600_00})


def test_by_day_the_older_claim_comes_first() -> None:
    events = run(AB, 1_000_00, WORKED, bucket=BucketPeriod.DAY)
    assert paid(events) == {"A": {"one": 400_00, "two": 200_00}, "B": {"three": 400_00}}


@pytest.mark.parametrize(
    ("order", "first"),
    [(PayoutOrder.AROSE, "A"), (PayoutOrder.OVERDUE, "B"), (PayoutOrder.ELIGIBLE, "C")],
)
def test_rule_2_the_policy_names_the_date_that_orders(order: PayoutOrder, first: str) -> None:
    early, late = date(2017, 12, 1), date(2018, 1, 30)
    dates = ("arose_on", "overdue_on", "eligible_on")
    queue = [
        queued(claim_id, "01-30", **(dict.fromkeys(dates, late) | {name: early}))
        for claim_id, name in zip("ABC", dates, strict=True)
    ]
    claims = {claim_id: {"t": 10} for claim_id in "ABC"}
    assert list(paid(run(queue, 5, claims, order=order))) == [first]


def test_rule_4_an_empty_account_pays_nothing_and_says_nothing() -> None:
    assert run(AB, 0, WORKED) == ()


def test_no_claim_no_run() -> None:
    assert run([], 1_000_00, {}) == ()


def test_a_claim_paid_whole_cites_no_shortage() -> None:
    events = run(AB, 2_000_00, WORKED)
    assert {e.rules for e in events if isinstance(e, r.PayoutHeld)} == {(1, 2, 5)}
    assert only(r.PayoutRunDecided, events).balance_after_fen == 500_00


def test_payouts_are_numbered_for_ever() -> None:
    events = run(AB, 1_000_00, WORKED)
    state = folded([*AB, *events])
    release = r.PayoutReleased(payout_id="1", claim_id="A", amount_fen=400_00, bank_code="E1")
    state = folded([release], state)
    again = payout_run.run(state, a_policy(), TODAY, 400_00, {"A": WORKED["A"]})
    assert only(r.PayoutHeld, again).payout_id == "3"


# -- the queue ----------------------------------------------------------------------------

HELD = [*AB, *run(AB, 1_000_00, WORKED)]
PAID_A = r.PayoutPaid(payout_id="1", claim_id="A", amount_fen=400_00, in_full=False)


@pytest.mark.parametrize(
    ("event", "queue", "busy"),
    [
        (PAID_A, {"A", "B"}, {"B"}),
        (replace(PAID_A, in_full=True), {"B"}, {"B"}),
        (
            r.PayoutReleased(payout_id="1", claim_id="A", amount_fen=400_00, bank_code="E"),
            {"A", "B"},
            {"B"},
        ),
        (r.ClaimDropped(claim_id="A"), {"B"}, {"A", "B"}),
        (r.RecoveryReceived(loan_id="L-A", payment_id="p", amount_fen=1), {"A", "B"}, {"A", "B"}),
    ],
)
def test_who_waits_and_who_is_being_paid(
    event: ReserveEvent, queue: set[str], busy: set[str]
) -> None:
    state = folded([event], folded(HELD))
    assert (set(state.queue), set(state.busy)) == (queue, busy)


# -- rule 6 -------------------------------------------------------------------------------


def surplus(
    balance_fen: int,
    outstanding_fen: int,
    wanted_fen: int,
    *,
    queue_empty: bool = True,
    **policy: Any,
) -> tuple[ReserveEvent, ...]:
    wanted = r.SurplusMoved(surplus_id="z", amount_fen=wanted_fen, cap_fen=0, approved_by="boss")
    terms = a_policy(**policy)
    return r.surplus(terms, balance_fen, outstanding_fen, wanted, queue_empty=queue_empty)


@pytest.mark.parametrize(
    ("balance_fen", "outstanding_fen", "wanted_fen", "cap", "may"),
    [
        (1_500, 10_000, 500, "10", True),
        (1_500, 10_000, 501, "10", False),
        (1_500, 10_000, 900, "6", True),
        (1_500, 0, 1_500, "10", True),
        (1_500, 0, 1_501, "10", False),
        (1_000, 10_000, 1, "10", False),
        (0, 10_000, 1, "10", False),
    ],
)
def test_rule_6_only_what_exceeds_the_cap(
    balance_fen: int, outstanding_fen: int, wanted_fen: int, cap: str, *, may: bool
) -> None:
    if may:
        moved = only(r.SurplusMoved, surplus(balance_fen, outstanding_fen, wanted_fen, cap=cap))
        assert moved.cap_fen == outstanding_fen * int(cap) // 100
    else:
        with pytest.raises(Refused, match=Code.SURPLUS_BELOW_CAP):
            surplus(balance_fen, outstanding_fen, wanted_fen, cap=cap)


def test_rule_6_never_while_a_claim_waits() -> None:
    with pytest.raises(Refused, match=Code.SURPLUS_BELOW_CAP):
        surplus(1_500, 10_000, 1, queue_empty=False)


def test_what_is_run_down_goes_out_when_no_loan_is_left() -> None:
    running = {"run_down": True, "accrual_frozen": True}
    with pytest.raises(Refused, match=Code.SURPLUS_BELOW_CAP):
        surplus(1_500, 1, 1, **running)
    assert only(r.SurplusMoved, surplus(1_500, 0, 1_500, **running)).amount_fen == 1_500


@pytest.mark.parametrize(
    ("balance_fen", "lacking_fen"), [(0, 500), (499, 1), (500, 0), (10_000, 0)]
)
def test_the_floor_is_checked_on_the_first_of_a_month_once(
    balance_fen: int, lacking_fen: int
) -> None:
    terms, first = a_policy(floor="5"), date(2018, 3, 1)

    def check(reserve: r.Reserve, on: date) -> tuple[r.ReserveEvent, ...]:
        return r.check_floor(reserve, terms, on, balance_fen, 10_000)

    assert check(r.INITIAL, date(2018, 2, 28)) == ()
    [checked] = check(r.INITIAL, first)
    assert checked == r.FloorChecked(
        checked_on=first,
        policy_version="v1",
        balance_fen=balance_fen,
        floor_fen=500,
        lacking_fen=lacking_fen,
    )
    assert check(r.evolve(r.INITIAL, checked), first) == ()
    assert r.check_floor(r.INITIAL, a_policy(), first, balance_fen, 10_000) == ()


# -- money in, money out --------------------------------------------------------------------

claims = st.dictionaries(
    st.sampled_from([f"t{n}" for n in range(5)]), st.integers(1, 999_99), min_size=1
)


@settings(derandomize=True)
@given(
    st.dictionaries(st.sampled_from("ABCDEF"), st.tuples(st.integers(0, 90), claims), min_size=1),
    st.lists(st.integers(0, 3_000_00), min_size=1, max_size=8),
    st.sampled_from(BucketPeriod),
    st.sampled_from(PayoutOrder),
)
def test_a_claim_is_paid_once_and_time_order_holds_over_all_runs(
    dues: dict[str, tuple[int, dict[str, int]]],
    inflows: list[int],
    bucket: BucketPeriod,
    order: PayoutOrder,
) -> None:
    terms = a_policy(bucket=bucket, order=order)
    state = folded(
        [
            queued(name, "01-01", **dict.fromkeys(("arose_on", "overdue_on", "eligible_on"), day))
            for name, (days, _) in dues.items()
            for day in [date(2018, 1, 1) + timedelta(days=days)]
        ]
    )
    left = {name: dict(investors) for name, (_, investors) in dues.items()}
    balance_fen = 0
    for inflow_fen in inflows:
        balance_fen += inflow_fen
        open_claims = {name: left[name] for name in state.queue}
        events = payout_run.run(state, terms, TODAY, balance_fen, open_claims)
        state = folded(events, state)
        for held in (e for e in events if isinstance(e, r.PayoutHeld)):
            assert sum(held.investors.values()) == held.amount_fen
            balance_fen -= held.amount_fen
            claim = left[held.claim_id]
            for tender_id, fen in held.investors.items():
                claim[tender_id] -= fen
                assert claim[tender_id] >= 0
            left[held.claim_id] = {k: v for k, v in claim.items() if v}
            whole = held.amount_fen == held.claim_fen
            assert whole == (not left[held.claim_id])
            done = r.PayoutPaid(
                payout_id=held.payout_id,
                claim_id=held.claim_id,
                amount_fen=held.amount_fen,
                in_full=whole,
            )
            state = folded([done], state)
        assert balance_fen >= 0
        assert balance_fen == 0 or not state.queue
        _assert_time_order(dues, left, bucket)


def _assert_time_order(
    dues: Mapping[str, tuple[int, Mapping[str, int]]], left: Open, bucket: BucketPeriod
) -> None:
    """Whoever got something has nobody in an earlier bucket who still waits."""

    def bucket_of(name: str) -> tuple[int, ...]:
        day = date(2018, 1, 1) + timedelta(days=dues[name][0])
        return (day.year, day.month) if bucket is BucketPeriod.MONTH else (day.toordinal(),)

    for name, (_, investors) in dues.items():
        if left[name] != investors:
            assert all(not left[other] for other in dues if bucket_of(other) < bucket_of(name))
