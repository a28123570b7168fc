"""One tender's life: each step from the state before it, and from no other."""

from __future__ import annotations

import itertools

import pytest

from domain import investment as i
from domain.model import InvariantBroken, Refused
from domain.refusals import Code

PLACED = i.TenderPlaced(tender_id="t", loan_id="L1", investor_id="lucy", amount_fen=1)
FROZEN = i.TenderFrozen(tender_id="t")
REFUSED = i.TenderRefused(tender_id="t", bank_code="E1")
RELEASED = i.TenderReleased(tender_id="t")
CONCLUDED = i.InvestmentConcluded(tender_id="t")
CLOSED = i.InvestmentClosed(tender_id="t")

LIVES: dict[i.Status, tuple[i.InvestmentEvent, ...]] = {
    i.Status.NONE: (),
    i.Status.PLACED: (PLACED,),
    i.Status.FROZEN: (PLACED, FROZEN),
    i.Status.REFUSED: (PLACED, REFUSED),
    i.Status.RELEASED: (PLACED, FROZEN, RELEASED),
    i.Status.CONCLUDED: (PLACED, FROZEN, CONCLUDED),
    i.Status.CLOSED: (PLACED, FROZEN, CONCLUDED, CLOSED),
}
ALLOWED = {
    (i.Status.NONE, PLACED),
    (i.Status.PLACED, FROZEN),
    (i.Status.PLACED, REFUSED),
    (i.Status.FROZEN, RELEASED),
    (i.Status.FROZEN, CONCLUDED),
    (i.Status.CONCLUDED, CLOSED),
}
STEPS = (PLACED, FROZEN, REFUSED, RELEASED, CONCLUDED, CLOSED)


@pytest.mark.parametrize(("status", "step"), list(itertools.product(i.Status, STEPS)))
def test_steps(status: i.Status, step: i.InvestmentEvent) -> None:
    state = i.INITIAL
    for event in LIVES[status]:
        state = i.evolve(state, event)
    assert state.status is status
    if (status, step) in ALLOWED:
        assert i.decide(state, step) == (step,)
    elif step is PLACED:
        with pytest.raises(Refused) as caught:
            i.decide(state, step)
        assert caught.value.code == Code.ID_TAKEN
    else:
        with pytest.raises(InvariantBroken, match=step.TOPIC):
            i.decide(state, step)


def test_what_was_placed_is_kept() -> None:
    state = i.INITIAL
    for event in LIVES[i.Status.CLOSED]:
        state = i.evolve(state, event)
    assert state.placed == PLACED
