from __future__ import annotations

from datetime import date

import pytest

from domain import cashbook as cb
from domain import funds_freeze as f
from domain.model import Refused
from domain.purposes import Purpose
from domain.refusals import Code
from tests.exemplars import a_movement

LUCY = "lucy:investor"
ORDERED = f.FundsFreezeOrdered(
    freeze_id="k1", account=LUCY, amount_fen=300, evidence="order 17", approved_by="ben"
)
FREEZE = a_movement(Purpose.ADMINISTRATIVE_FREEZE, LUCY, LUCY, id="K-k1.1", amount_fen=300)


def wanted(fen: int, release_id: str = "o1") -> f.FundsReleaseOrdered:
    return f.FundsReleaseOrdered(
        freeze_id="k1",
        release_id=release_id,
        amount_fen=fen,
        evidence="order 18",
        approved_by="ben",
    )


def after(*events: f.FreezeEvent) -> f.FundsFreeze:
    state = f.INITIAL
    for event in events:
        state = f.evolve(state, event)
    return state


def entry(*, settled: bool) -> cb.Entry:
    state = cb.evolve(cb.INITIAL, cb.request(cb.INITIAL, "K-k1", "lucy", "k1", [FREEZE]))
    return cb.evolve(state, cb.settle(state, date(2018, 1, 31))) if settled else state


def test_only_what_the_bank_froze_stands_still() -> None:
    assert f.frozen(after(ORDERED), entry(settled=True)) == ORDERED
    for state, its in (
        (after(ORDERED), entry(settled=False)),
        (after(ORDERED), cb.INITIAL),
        (f.INITIAL, entry(settled=True)),
    ):
        with pytest.raises(Refused, match=Code.FREEZE_UNKNOWN):
            f.frozen(state, its)


@pytest.mark.parametrize("before_fen", [0, 100, 299])
def test_no_more_is_given_back_than_was_frozen(before_fen: int) -> None:
    state = after(ORDERED, wanted(before_fen, "o0")) if before_fen else after(ORDERED)
    left_fen = 300 - before_fen
    assert f.release(state, ORDERED, wanted(left_fen)) == (wanted(left_fen),)
    with pytest.raises(Refused, match=Code.RELEASE_ABOVE_FREEZE):
        f.release(state, ORDERED, wanted(left_fen + 1))


def test_what_the_bank_did_not_give_back_may_be_asked_for_again() -> None:
    rejected = f.FundsReleaseRejected(freeze_id="k1", release_id="o0", bank_code="E1")
    state = after(ORDERED, wanted(300, "o0"), rejected)
    assert f.release(state, ORDERED, wanted(300)) == (wanted(300),)
