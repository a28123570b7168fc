"""The state that a loan's events add up to."""

from __future__ import annotations

import pytest

from domain import loan_events as e
from domain.loan import INITIAL, Loan, Status
from domain.model import InvariantBroken, Refused
from domain.refusals import Code
from tests.exemplars import TODAY, disbursed, filled, folded, published


def test_every_event_has_its_own_permanent_topic() -> None:
    topics = [event.TOPIC for event in e.EVENTS]
    assert len(set(topics)) == len(topics)
    assert all(topic.startswith("loan.") and topic.endswith(".v1") for topic in topics)


def test_status_by_event() -> None:
    seen: list[Status] = []
    loan = INITIAL
    for event in filled({"t0": ("lucy", 1)}):
        loan = folded([event], loan)
        seen.append(loan.status)
    assert list(dict.fromkeys(seen)) == [
        Status.REQUESTED,
        Status.RATED,
        Status.ADMITTED,
        Status.PUBLISHED,
        Status.FILLED,
    ]


def test_tenders_are_counted_when_reserved_and_again_when_secured() -> None:
    reserved = e.TenderReserved(loan_id="L1", tender_id="t", investor_id="lucy", amount_fen=7)
    loan = folded([*published(), reserved])
    assert (loan.reserved_fen, loan.secured_fen) == (7, 0)
    secured = folded([e.TenderSecured(loan_id="L1", tender_id="t")], loan)
    assert (secured.reserved_fen, secured.secured_fen) == (7, 7)
    dropped = folded([e.TenderDropped(loan_id="L1", tender_id="t")], loan)
    assert (dropped.reserved_fen, dropped.tenders) == (0, {})


def test_the_claims_take_the_tenders_place() -> None:
    loan = disbursed((6, 4))
    assert loan.tenders == {}
    assert [claim.principal_fen for claim in loan.claims] == [6, 4]
    assert loan.unbilled == (6, 4)


def test_no_policy_before_the_contract() -> None:
    with pytest.raises(Refused, match=Code.NOT_CONCLUDED):
        _ = folded(published()).policy


def test_an_unknown_loan_has_neither_rows_nor_claims() -> None:
    assert (INITIAL.rows, INITIAL.claims) == ((), ())
    with pytest.raises(Refused, match=Code.LOAN_UNKNOWN):
        INITIAL.known()


def test_states_are_never_changed_in_place() -> None:
    """Every older state can still be looked at: the writer depends on it."""
    states: list[Loan] = [INITIAL]
    texts = [repr(INITIAL)]
    for event in filled({"t0": ("lucy", 1), "t1": ("max", 2)}):
        states.append(folded([event], states[-1]))
        texts.append(repr(states[-1]))
    assert [repr(state) for state in states] == texts


def test_a_settlement_without_its_route_is_a_bug() -> None:
    settled = e.RepaymentSettled(loan_id="L1", payment_id="p", principal_fen=0)
    with pytest.raises(InvariantBroken, match="not routed"):
        folded([settled], disbursed())


def test_settled_is_the_end() -> None:
    end = e.LoanSettled(loan_id="L1", settled_on=TODAY)
    assert folded([end], disbursed()).status is Status.SETTLED
