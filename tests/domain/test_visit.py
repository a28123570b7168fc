from __future__ import annotations

import pytest

from domain import visit as v
from domain.accounts import Role
from domain.model import Refused
from domain.refusals import Code
from domain.visit import Errand

ASKED = v.VisitRequested(
    member_id="lucy",
    number=1,
    errand=Errand.CHANGE_PHONE,
    role=Role.INVESTOR,
    phone_ref="phone-lucy.1",
)
DONE = v.VisitSucceeded(member_id="lucy", number=1)
FAILED = v.VisitFailed(member_id="lucy", number=1, bank_code="E1")


def after(*events: v.VisitEvent) -> v.Visits:
    state = v.INITIAL
    for event in events:
        state = v.evolve(state, event)
    return state


def test_the_bank_says_how_a_visit_ended() -> None:
    assert v.end(after(ASKED), "lucy", 1, None) == DONE
    assert v.end(after(ASKED), "lucy", 1, "E1") == FAILED


@pytest.mark.parametrize("events", [(), (ASKED, DONE), (ASKED, FAILED)])
def test_once_and_only_of_what_was_asked(events: tuple[v.VisitEvent, ...]) -> None:
    with pytest.raises(Refused, match=Code.VISIT_NOT_OPEN):
        v.end(after(*events), "lucy", 1, None)
