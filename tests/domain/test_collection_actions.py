"""What people may do with a collection case: calls, visits, agencies, lawsuits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import collection_events as e
from domain import collections as cases
from domain.conduct import Means, Outcome, Party
from domain.model import Refused
from domain.refusals import Code
from tests.domain.collecting import (
    APART,
    DUE,
    acted,
    after,
    an_action,
    assessed,
    code_of,
)


def test_platform_and_agency_share_the_days_calls() -> None:
    case = assessed(100)
    case = after(cases.hand_over(case, e.CaseHandedOver(borrower_id="bob", agency_id="x")), case)
    case = acted(case, an_action("a1"), an_action("a2", agency_id="x"), an_action("a3"))
    for agency_id in (None, "x"):
        with pytest.raises(Refused) as caught:
            acted(case, an_action("a4", agency_id=agency_id))
        assert code_of(caught) == Code.CALLS_TOO_MANY
    acted(case, an_action("a4", agency_id="x"), rules=APART)
    acted(case, an_action("a4", on=date(2025, 7, 11)))
    acted(case, an_action("a4", party=Party.GUARANTOR, person_id="gus"))


def test_a_contact_may_be_asked_once_the_debtor_cannot_be_reached() -> None:
    contact = {"party": Party.CONTACT, "person_id": "c1", "asks_to_pay": False}
    friend = an_action("a9", **contact, tells_of_debt=False)
    case = acted(assessed(100), an_action("a1", outcome=Outcome.NOT_REACHED))
    with pytest.raises(Refused) as caught:
        acted(case, friend)
    assert code_of(caught) == Code.DEBTOR_REACHABLE
    case = acted(case, an_action("a2", outcome=Outcome.NOT_REACHED), friend)
    found = acted(case, an_action("a3"))
    with pytest.raises(Refused) as caught:
        acted(found, an_action("b1", **contact, tells_of_debt=False))
    assert code_of(caught) == Code.DEBTOR_REACHABLE


def test_a_contact_who_declined_is_left_alone_for_ever() -> None:
    contact = {"party": Party.CONTACT, "asks_to_pay": False, "tells_of_debt": False}
    failed = [an_action(f"a{n}", outcome=Outcome.NOT_REACHED) for n in range(2)]
    declined = an_action("b1", person_id="c1", outcome=Outcome.DECLINED, **contact)
    case = acted(assessed(100), *failed, declined)
    again = assessed(300, assessed(101, case, None))
    failed = [an_action(f"d{n}", outcome=Outcome.NOT_REACHED) for n in range(2)]
    again = acted(again, *failed)
    with pytest.raises(Refused) as caught:
        acted(again, an_action("b2", person_id="c1", **contact))
    assert code_of(caught) == Code.CONTACT_DECLINED
    acted(again, an_action("b2", person_id="c2", **contact))


def test_a_guarantor_is_asked_only_for_an_overdue_loan_that_he_guarantees() -> None:
    case = assessed(100)
    for asks_to_pay in (True, False):
        ned = an_action(party=Party.GUARANTOR, person_id="ned", asks_to_pay=asks_to_pay)
        with pytest.raises(Refused) as caught:
            acted(case, ned)
        assert (code_of(caught), caught.value.field) == (Code.NOT_GUARANTOR, "person_id")
    acted(case, an_action(party=Party.GUARANTOR, person_id="gus"))


def test_visits_agencies_and_lawsuits_are_of_the_last_stage() -> None:
    early = assessed(90)
    filed = e.LawsuitFiled(
        borrower_id="bob", lawsuit_id="s1", loan_id="L1", on=DUE, document_hash="0" * 64
    )
    handed = e.CaseHandedOver(borrower_id="bob", agency_id="x")
    for attempt in (
        lambda case: acted(case, an_action(means=Means.VISIT)),
        lambda case: cases.hand_over(case, handed),
        lambda case: cases.sue(case, filed),
    ):
        with pytest.raises(Refused) as caught:
            attempt(early)
        assert code_of(caught) == Code.STAGE_TOO_EARLY
        attempt(assessed(91, early))


def test_an_agency_acts_only_while_it_has_the_case() -> None:
    case = assessed(100)
    theirs = an_action(agency_id="x")
    with pytest.raises(Refused) as caught:
        acted(case, theirs)
    assert code_of(caught) == Code.AGENCY_NOT_MANDATED
    handed = e.CaseHandedOver(borrower_id="bob", agency_id="x")
    case = after(cases.hand_over(case, handed), case)
    acted(case, theirs)
    with pytest.raises(Refused) as caught:
        cases.hand_over(case, handed)
    assert code_of(caught) == Code.CASE_HANDED_OVER
    [back] = cases.take_back(case)
    assert back == e.CaseTakenBack(borrower_id="bob", agency_id="x")
    with pytest.raises(Refused) as caught:
        cases.take_back(after([back], case))
    assert code_of(caught) == Code.AGENCY_NOT_MANDATED


def test_an_id_is_used_once() -> None:
    case = acted(assessed(100), an_action("a1"))
    with pytest.raises(Refused) as caught:
        acted(case, an_action("a1", on=date(2025, 7, 11)))
    assert code_of(caught) == Code.ID_TAKEN


def test_a_lawsuit_goes_step_by_step_also_after_the_case() -> None:
    case = assessed(100)
    papers: dict[str, Any] = {"borrower_id": "bob", "on": DUE, "document_hash": "0" * 64}
    filed = e.LawsuitFiled(lawsuit_id="s1", loan_id="L1", **papers)
    judged = e.LawsuitJudged(lawsuit_id="s1", court_costs_fen=50_00, **papers)
    enforced = e.LawsuitEnforced(lawsuit_id="s1", **papers)
    for early in (judged, enforced):
        with pytest.raises(Refused) as caught:
            cases.sue(case, early)
        assert code_of(caught) == Code.LAWSUIT_WRONG_STEP
    case = after(cases.sue(case, filed), case)
    case = assessed(101, case, None)
    case = after(cases.sue(case, judged), case)
    case = after(cases.sue(case, enforced), case)
    assert case.lawsuits == {"s1": cases.Lawsuit("L1", e.LawsuitStep.ENFORCED, DUE)}
    with pytest.raises(Refused) as caught:
        cases.sue(case, judged)
    assert code_of(caught) == Code.LAWSUIT_WRONG_STEP


def test_no_step_of_a_lawsuit_is_dated_before_the_one_that_it_follows() -> None:
    papers: dict[str, Any] = {"borrower_id": "bob", "lawsuit_id": "s1", "document_hash": "0" * 64}
    day = DUE + timedelta(days=100)
    case = assessed(100)
    case = after(cases.sue(case, e.LawsuitFiled(loan_id="L1", on=day, **papers)), case)
    judged = e.LawsuitJudged(on=day + timedelta(days=2), court_costs_fen=0, **papers)
    for following in (
        e.LawsuitJudged(on=day - timedelta(days=1), court_costs_fen=0, **papers),
        e.LawsuitEnforced(on=day + timedelta(days=1), **papers),
    ):
        with pytest.raises(Refused) as caught:
            cases.sue(case, following)
        assert (code_of(caught), caught.value.field) == (Code.LAWSUIT_WRONG_STEP, "on")
        case = after(cases.sue(case, judged), case) if following.on < day else case
