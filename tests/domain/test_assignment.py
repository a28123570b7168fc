"""One offer of a claim, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from domain import assignment as a
from domain.assignment import Assignment, Reason, Status
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import TODAY

LAST_DAY = TODAY + timedelta(days=7)
OFFER = a.AssignmentOffered(
    assignment_id="S1",
    loan_id="L1",
    claim_id="t0",
    seller_id="i0",
    principal_fen=1_000_00,
    price_fen=950_00,
    valid_until=LAST_DAY,
)


def after(*steps: Callable[[Assignment], a.AssignmentEvent]) -> Assignment:
    state = a.evolve(a.INITIAL, OFFER)
    for step in steps:
        state = a.evolve(state, step(state))
    return state


def listed(state: Assignment) -> a.AssignmentEvent:
    answer = a.answer(state, None)
    assert answer is not None
    return answer


def bought(state: Assignment, **changes: Any) -> a.AssignmentEvent:
    usual: dict[str, Any] = {
        "buyer_id": "i9",
        "accrued_fen": 5_00,
        "fee_fen": 9_50,
        "amount_max_fen": 955_00,
        "today": TODAY,
    }
    return a.buy(state, **usual | changes)


def refused(ask: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code


def test_an_offer_is_listed_bought_and_settled() -> None:
    state = after(listed, bought)
    assert (state.status, state.purchase.buyer_id) == (Status.BOUGHT, "i9")
    assert after(listed, bought, lambda s: a.settle(s, TODAY)).status is Status.SETTLED


def test_an_id_is_used_once_and_an_offer_ends_in_the_future() -> None:
    assert refused(lambda: a.offer(after(), OFFER, TODAY)) == Code.ID_TAKEN
    too_late = LAST_DAY + timedelta(days=1)
    assert refused(lambda: a.offer(a.INITIAL, OFFER, too_late)) == Code.DEADLINE_IN_PAST
    assert a.offer(a.INITIAL, OFFER, LAST_DAY) == OFFER


def test_what_the_bank_does_not_know_cannot_be_bought() -> None:
    assert refused(lambda: bought(a.INITIAL)) == Code.ASSIGNMENT_UNKNOWN
    assert refused(lambda: bought(after())) == Code.ASSIGNMENT_NOT_OPEN
    ended = a.answer(after(), "E1")
    assert isinstance(ended, a.AssignmentEnded)
    assert (ended.reason, ended.bank_code) == (Reason.NOT_LISTED, "E1")


def test_it_is_bought_once_in_time_by_another_and_for_what_he_agreed_to() -> None:
    assert refused(lambda: bought(after(listed, bought))) == Code.ASSIGNMENT_NOT_OPEN
    too_late = LAST_DAY + timedelta(days=1)
    assert refused(lambda: bought(after(listed), today=too_late)) == Code.ASSIGNMENT_NOT_OPEN
    assert refused(lambda: bought(after(listed), buyer_id="i0")) == Code.ASSIGNMENT_TO_SELF
    less = {"amount_max_fen": 954_99}
    assert refused(lambda: bought(after(listed), **less)) == Code.ASSIGNMENT_ABOVE_AGREED


def test_an_offer_is_withdrawn_before_it_is_bought() -> None:
    for state in (after(), after(listed)):
        assert a.withdraw(state).reason is Reason.WITHDRAWN
    for state in (after(listed, bought), after(a.withdraw)):
        assert refused(partial(a.withdraw, state)) == Code.ASSIGNMENT_NOT_OPEN


def test_the_banks_yes_to_what_is_over_changes_nothing() -> None:
    assert a.answer(after(a.withdraw), None) is None
    assert refused(lambda: a.answer(after(listed), None)) == Code.ASSIGNMENT_NOT_OPEN


@pytest.mark.parametrize(
    ("state", "on", "ends"),
    [
        (after(listed), LAST_DAY + timedelta(days=1), True),
        (after(), LAST_DAY + timedelta(days=1), True),
        (after(listed, bought), LAST_DAY + timedelta(days=1), False),
        (after(a.withdraw), LAST_DAY + timedelta(days=1), False),
    ],
)
def test_an_offer_that_nobody_bought_expires(state: Assignment, on: date, *, ends: bool) -> None:
    ended = a.expire(state, on)
    assert (ended is not None and ended.reason is Reason.EXPIRED) is ends


def test_an_offer_does_not_expire_on_its_last_day() -> None:
    assert refused(lambda: a.expire(after(listed), LAST_DAY)) == Code.DEADLINE_NOT_REACHED
