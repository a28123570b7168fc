from __future__ import annotations

from datetime import date

import pytest

from domain import cashbook as cb
from domain import reversal as r
from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT
from domain.cashbook import Movement
from domain.model import Refused
from domain.purposes import MATRIX, Purpose, Shape
from domain.refusals import Code
from tests.exemplars import a_movement

BOB = "bob:borrower"
FEE = a_movement(Purpose.FEE, BOB, INCOME_ACCOUNT, id="F-1.1", amount_fen=300)


def wanted(fen: int, reversal_id: str = "v1") -> r.ReversalRequested:
    return r.ReversalRequested(
        movement_id=FEE.id, reversal_id=reversal_id, amount_fen=fen, approved_by="ben"
    )


def after(*events: r.ReversalEvent) -> r.Reversal:
    state = r.INITIAL
    for event in events:
        state = r.evolve(state, event)
    return state


def entry(*, settled: bool) -> cb.Entry:
    state = cb.evolve(cb.INITIAL, cb.request(cb.INITIAL, "F-1", "L1", "p1", [FEE]))
    return cb.evolve(state, cb.settle(state, date(2018, 1, 31))) if settled else state


def test_only_what_the_bank_carried_out_is_taken_back() -> None:
    assert r.moved(entry(settled=True), FEE.id) == FEE
    for state, name in (
        (entry(settled=False), FEE.id),
        (entry(settled=True), "F-1.2"),
        (cb.INITIAL, FEE.id),
    ):
        with pytest.raises(Refused, match=Code.MOVEMENT_UNKNOWN):
            r.moved(state, name)


@pytest.mark.parametrize("before_fen", [0, 100, 299])
def test_no_more_goes_back_than_was_moved(before_fen: int) -> None:
    state = after(wanted(before_fen, "v0")) if before_fen else r.INITIAL
    left_fen = 300 - before_fen
    assert r.reverse(state, FEE, wanted(left_fen)) == (wanted(left_fen),)
    with pytest.raises(Refused, match=Code.REVERSAL_ABOVE_MOVEMENT):
        r.reverse(state, FEE, wanted(left_fen + 1))


def test_what_the_bank_refused_may_be_tried_again() -> None:
    rejected = r.ReversalRejected(movement_id=FEE.id, reversal_id="v0", bank_code="E1")
    state = after(wanted(300, "v0"), rejected)
    assert r.reverse(state, FEE, wanted(300)) == (wanted(300),)


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - r.REVERSIBLE))
def test_what_stands_in_a_register_is_undone_there(purpose: Purpose) -> None:
    payer, payee = "anna:investor", RESERVE_ACCOUNT
    movement = Movement(id="M-1.1", purpose=purpose, payer=payer, payee=payee, amount_fen=300)
    with pytest.raises(Refused, match=Code.MOVEMENT_NOT_REVERSIBLE):
        r.reverse(r.INITIAL, movement, wanted(1))


def test_the_matrix_lets_back_exactly_what_may_be_reversed() -> None:
    back = MATRIX[Purpose.REVERSAL]
    assert back.payers == frozenset.union(*(MATRIX[p].payees for p in r.REVERSIBLE))
    assert back.payees == frozenset.union(*(MATRIX[p].payers for p in r.REVERSIBLE))


TAKEN = r.MovementTakenBack(
    movement_id=FEE.id, bank_date=date(2018, 2, 1), amount_fen=300, approved_by="ben"
)


def test_the_bank_takes_back_once_and_whole() -> None:
    assert r.take_back(r.INITIAL, FEE, TAKEN) == (TAKEN,)
    for before in (TAKEN, wanted(1)):
        with pytest.raises(Refused, match=Code.REVERSAL_ABOVE_MOVEMENT):
            r.take_back(after(before), FEE, TAKEN)
    with pytest.raises(Refused, match=Code.REVERSAL_ABOVE_MOVEMENT):
        r.reverse(after(TAKEN), FEE, wanted(1))


@pytest.mark.parametrize("purpose", Purpose)
def test_the_bank_takes_back_whatever_moved_money(purpose: Purpose) -> None:
    movement = a_movement(purpose, BOB, INCOME_ACCOUNT, id=FEE.id, amount_fen=300)
    if MATRIX[purpose].shape in (Shape.FREEZE, Shape.RELEASE):
        with pytest.raises(Refused, match=Code.MOVEMENT_NOT_REVERSIBLE):
            r.take_back(r.INITIAL, movement, TAKEN)
    else:
        assert r.take_back(r.INITIAL, movement, TAKEN) == (TAKEN,)
