"""Given what happened to a member's cards and withdrawals, when the next comes, then this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from domain import card_guard as g
from domain.accounts import Role
from domain.card_guard import Act, CardEvent, Guard
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import NOON, TODAY

SUSPENDED = g.CardSuspended(member_id="lucy", binding_id="b1", cause="W-w1")
REINSTATED = g.CardReinstated(member_id="lucy", binding_id="b1")
PASSED = g.SecondFactorPassed(
    member_id="lucy",
    binding_id="b1",
    act=Act.UNBIND,
    method="sms",
    reference="f1",
    passed_at=NOON - timedelta(minutes=5),
)
ONE = g.WithdrawalCounted(
    member_id="lucy", entry_id="W-w1", role=Role.INVESTOR, on=TODAY, amount_fen=60
)
TWO = replace(ONE, entry_id="W-w2", amount_fen=40)
BACK = g.WithdrawalUncounted(member_id="lucy", entry_id="W-w1")

Ask = Callable[[Guard], Any]


def pay(binding_id: str = "b1") -> Ask:
    return lambda guard: g.check_card(guard, binding_id)


def suspend(guard: Guard) -> tuple[CardEvent, ...]:
    return g.suspend(guard, "lucy", "b1", "W-w1")


def reinstate(guard: Guard) -> tuple[CardEvent, ...]:
    return g.reinstate(guard, "lucy", "b1")


def factor(passed: g.SecondFactorPassed | None = PASSED, minutes: int | None = 5) -> Ask:
    return lambda guard: g.check_factor(guard, passed, NOON, minutes)


def withdraw(
    wanted: g.WithdrawalCounted = TWO, single: int | None = None, daily: int | None = 100
) -> Ask:
    return lambda guard: g.count(guard, wanted, single, daily)


def give_back(guard: Guard) -> tuple[CardEvent, ...]:
    return g.uncount(guard, "lucy", "W-w1")


THEN: dict[str, tuple[Sequence[CardEvent], Ask, Any]] = {
    "a card is good": ([], pay(), None),
    "a payment to it fails": ([], suspend, (SUSPENDED,)),
    "then it is not": ([SUSPENDED], pay(), Code.BANK_ACCOUNT_SUSPENDED),
    "another one is": ([SUSPENDED], pay("b2"), None),
    "it is suspended once": ([SUSPENDED], suspend, ()),
    "it is confirmed": ([SUSPENDED], reinstate, (REINSTATED,)),
    "and good again": ([SUSPENDED, REINSTATED], pay(), None),
    "what was good needs no more": ([], reinstate, ()),
    "a second factor in its last minute": ([], factor(), (PASSED,)),
    "not afterwards": ([], factor(minutes=4), Code.SECOND_FACTOR_EXPIRED),
    "nor before it was passed": (
        [],
        factor(replace(PASSED, passed_at=NOON + timedelta(seconds=1))),
        Code.SECOND_FACTOR_EXPIRED,
    ),
    "none is too few": ([], factor(None), Code.SECOND_FACTOR_REQUIRED),
    "unless nobody asks": ([], factor(None, minutes=None), ()),
    "one that nobody asked for is on record": ([], factor(minutes=None), (PASSED,)),
    "each is used once": ([PASSED], factor(), Code.SECOND_FACTOR_USED),
    "each is used once, also where nobody asks": (
        [PASSED],
        factor(minutes=None),
        Code.SECOND_FACTOR_USED,
    ),
    "a withdrawal up to the limit for one": ([], withdraw(single=40), (TWO,)),
    "not above it": ([], withdraw(single=39), Code.WITHDRAWAL_ABOVE_SINGLE),
    "not above it, also where no day has one": (
        [],
        withdraw(single=39, daily=None),
        Code.WITHDRAWAL_ABOVE_SINGLE,
    ),
    "the day's are counted together": ([ONE], withdraw(), (TWO,)),
    "up to the day's limit": ([ONE], withdraw(daily=99), Code.WITHDRAWAL_ABOVE_DAILY),
    "which each account has for itself": (
        [ONE],
        withdraw(replace(TWO, role=Role.BORROWER), daily=40),
        (replace(TWO, role=Role.BORROWER),),
    ),
    "and each day": (
        [ONE],
        withdraw(replace(TWO, on=TODAY + timedelta(days=1)), daily=40),
        (replace(TWO, on=TODAY + timedelta(days=1)),),
    ),
    "without a limit nothing is counted": ([], withdraw(daily=None), ()),
    "what failed gives its part back": ([ONE], give_back, (BACK,)),
    "so that it may be tried again": ([ONE, BACK], withdraw(daily=40), (TWO,)),
    "what was not counted gives nothing back": ([TWO], give_back, ()),
}


@pytest.mark.parametrize(("given", "when", "then"), THEN.values(), ids=THEN.keys())
def test_card_guard(given: Sequence[CardEvent], when: Ask, then: Any) -> None:
    guard = g.INITIAL
    for event in given:
        guard = g.evolve(guard, event)
    if isinstance(then, Code):
        with pytest.raises(Refused) as caught:
            when(guard)
        assert caught.value.code == then
    else:
        assert when(guard) == then


def test_only_the_last_day_is_kept() -> None:
    guard = g.INITIAL
    for day in range(3):
        entry_id, on = f"W-{day}", TODAY + timedelta(days=day)
        guard = g.evolve(guard, replace(ONE, entry_id=entry_id, on=on))
    assert list(guard.counted) == ["W-2"]
