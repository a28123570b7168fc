"""A collection case: what the days do with it, and what people may."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import collection_events as e
from domain import collections as cases
from domain.collection_rules import (
    INITIAL,
    STAGES,
    CollectionRulesSet,
    Stage,
    StageFrom,
    decide,
    evolve,
)
from domain.collections import Case, Late
from domain.conduct import CONDUCT_TABLES, Means, Outcome, Party
from domain.model import Refused
from domain.refusals import Code

DUE = date(2025, 4, 1)
RULES = CollectionRulesSet(
    valid_from=date(2025, 3, 1),
    conduct_table="cn-consumer",
    stages=STAGES,
    calls_together=True,
    unreachable_after=2,
)
APART = CollectionRulesSet(
    valid_from=date(2025, 3, 1),
    conduct_table="cn-consumer",
    stages=STAGES,
    calls_together=False,
    unreachable_after=2,
)
LATE = Late(DUE, "L1")
LAW = CONDUCT_TABLES["cn-consumer"]


def after(events: Iterable[e.CaseEvent], case: Case = cases.INITIAL) -> Case:
    for event in events:
        case = cases.evolve(case, event)
    return case


def assessed(days: int, case: Case = cases.INITIAL, late: Late | None = LATE) -> Case:
    return after(cases.assess(case, "bob", late, RULES, DUE + timedelta(days=days)), case)


def an_action(action_id: str = "a1", **changes: Any) -> e.ActionTaken:
    usual: dict[str, Any] = {
        "borrower_id": "bob",
        "action_id": action_id,
        "means": Means.CALL,
        "party": Party.DEBTOR,
        "person_id": "bob",
        "agency_id": None,
        "at": datetime(2025, 7, 10, 2, tzinfo=UTC),
        "on": date(2025, 7, 10),
        "outcome": Outcome.REACHED,
        "asks_to_pay": True,
        "tells_of_debt": True,
        "agreed": False,
        "note_ref": None,
    }
    return e.ActionTaken(**usual | changes)


def acted(
    case: Case, *actions: e.ActionTaken, rules: CollectionRulesSet = RULES, local: time = time(10)
) -> Case:
    for action in actions:
        taken = cases.act(case, action, local, rules, LAW.on(action.on), {"gus"})
        case = after(taken, case)
    return case


def code_of(error: pytest.ExceptionInfo[Refused]) -> str:
    return error.value.code


def promised(case: Case, pay_by: int = 10, fen: int = 100) -> Case:
    made = e.PromiseMade(
        borrower_id="bob", promise_id="p1", amount_fen=fen, pay_by=DUE + timedelta(days=pay_by)
    )
    return after(cases.promise(case, made, DUE), case)


# -- what the days do -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (1, Stage.REMINDER),
        (30, Stage.REMINDER),
        (31, Stage.WARNING),
        (90, Stage.WARNING),
        (91, Stage.ACTION),
        (900, Stage.ACTION),
    ],
)
def test_a_case_is_opened_in_the_stage_of_its_oldest_instalment(days: int, stage: Stage) -> None:
    opened, staged = cases.assess(cases.INITIAL, "bob", LATE, RULES, DUE + timedelta(days=days))
    assert opened == e.CaseOpened(borrower_id="bob", number=1, loan_id="L1", due_on=DUE)
    assert staged == e.CaseStaged(borrower_id="bob", stage=stage, overdue_days=days)


def test_without_rules_there_are_no_cases() -> None:
    assert cases.assess(cases.INITIAL, "bob", LATE, None, DUE + timedelta(days=99)) == ()


def test_stages_that_begin_later_open_it_later() -> None:
    later = CollectionRulesSet(
        valid_from=DUE,
        conduct_table="none",
        stages=(StageFrom(Stage.WARNING, 10),),
        calls_together=True,
        unreachable_after=1,
    )
    assert cases.assess(cases.INITIAL, "bob", LATE, later, DUE + timedelta(days=9)) == ()
    assert cases.assess(cases.INITIAL, "bob", LATE, later, DUE + timedelta(days=10)) != ()


@pytest.mark.parametrize("days", [1, 31, 91])
def test_a_day_that_is_asked_again_says_nothing(days: int) -> None:
    case = assessed(days)
    assert cases.assess(case, "bob", LATE, RULES, DUE + timedelta(days=days)) == ()


def test_a_payment_of_the_oldest_instalment_brings_it_back_a_stage() -> None:
    case = assessed(40)
    younger = Late(DUE + timedelta(days=30), "L1")
    assert assessed(40, case, younger).stage is Stage.REMINDER


def test_it_ends_when_nothing_is_late_and_the_next_one_is_a_new_one() -> None:
    case = acted(assessed(100), an_action(outcome=Outcome.NOT_REACHED))
    case = after(cases.hand_over(case, e.CaseHandedOver(borrower_id="bob", agency_id="x")), case)
    closed = assessed(101, case, None)
    assert (closed.is_open, closed.agency_id, closed.stage) == (False, None, None)
    with pytest.raises(Refused) as caught:
        acted(closed, an_action("a2"))
    assert code_of(caught) == Code.CASE_NOT_OPEN
    again = assessed(200, closed)
    assert (again.number, again.failed) == (2, 0)


# -- promises -------------------------------------------------------------------------------


def test_a_promise_is_kept_by_the_money_that_was_promised() -> None:
    case = promised(assessed(5))
    for payment_id, fen in (("r1", 60), ("r2", 40)):
        assert e.PromiseKept(borrower_id="bob", promise_id="p1") not in cases.assess(
            case, "bob", LATE, RULES, DUE + timedelta(days=6)
        )
        case = after(cases.count_payment(case, payment_id, fen), case)
    kept = cases.assess(case, "bob", LATE, RULES, DUE + timedelta(days=6))
    assert kept == (e.PromiseKept(borrower_id="bob", promise_id="p1"),)


def test_a_promise_is_broken_the_day_after_its_last() -> None:
    case = promised(assessed(5), pay_by=10)
    case = after(cases.count_payment(case, "r1", 99), case)
    assert cases.assess(case, "bob", LATE, RULES, DUE + timedelta(days=10)) == ()
    [broken] = cases.assess(case, "bob", LATE, RULES, DUE + timedelta(days=11))
    assert broken == e.PromiseBroken(borrower_id="bob", promise_id="p1", paid_fen=99)


def test_whoever_leaves_nothing_overdue_has_kept_his_promise() -> None:
    case = promised(assessed(5), pay_by=6)
    events = cases.assess(case, "bob", None, RULES, DUE + timedelta(days=20))
    assert [type(event) for event in events] == [e.PromiseKept, e.CaseClosed]


def test_one_promise_at_a_time_and_none_for_yesterday() -> None:
    case = assessed(5)
    with pytest.raises(Refused) as caught:
        promised(case, pay_by=-1)
    assert code_of(caught) == Code.DEADLINE_IN_PAST
    case = promised(case)
    second = e.PromiseMade(borrower_id="bob", promise_id="p2", amount_fen=1, pay_by=DUE)
    with pytest.raises(Refused) as caught:
        cases.promise(case, second, DUE)
    assert code_of(caught) == Code.PROMISE_OPEN


def test_money_without_a_promise_is_nothing_to_count() -> None:
    assert cases.count_payment(assessed(5), "r1", 100) == ()


# -- actions --------------------------------------------------------------------------------


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


def test_a_guarantor_is_asked_only_for_an_overdue_loan_that_he_guarantees() -> None:
    case = assessed(100)
    for asks_to_pay in (True, False):
        ned = an_action(party=Party.GUARANTOR, person_id="ned", asks_to_pay=asks_to_pay)
        with pytest.raises(Refused) as caught:
            acted(case, ned)
        assert (code_of(caught), caught.value.field) == (Code.NOT_GUARANTOR, "person_id")
    acted(case, an_action(party=Party.GUARANTOR, person_id="gus"))


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
    assert case.lawsuits == {"s1": cases.Lawsuit("L1", e.LawsuitStep.ENFORCED)}
    with pytest.raises(Refused) as caught:
        cases.sue(case, judged)
    assert code_of(caught) == Code.LAWSUIT_WRONG_STEP


# -- the platform's rules -------------------------------------------------------------------


def test_rules_are_dated_and_a_later_version_takes_over_on_its_day() -> None:
    known = evolve(INITIAL, decide(INITIAL, RULES, RULES.valid_from)[0])
    assert known.on(date(2025, 2, 28)) is None
    assert known.on(RULES.valid_from) == RULES
    with pytest.raises(Refused) as caught:
        decide(known, RULES, RULES.valid_from)
    assert code_of(caught) == Code.COLLECTION_RULES_OVERLAP
    with pytest.raises(Refused) as caught:
        decide(INITIAL, RULES, date(2025, 3, 2))
    assert code_of(caught) == Code.COLLECTION_RULES_IN_PAST


class Collecting(RuleBasedStateMachine):
    """Whatever is tried, no rule of conduct is broken by an action that is on record."""

    def __init__(self) -> None:
        super().__init__()
        self.case = cases.INITIAL
        self.today = DUE
        self.late = True
        self.taken: list[tuple[e.ActionTaken, time, bool]] = []

    def _try(self, events: Any) -> None:
        try:
            self.case = after(events(), self.case)
        except Refused:
            return

    @rule(days=st.integers(1, 45), late=st.booleans())
    def a_night(self, days: int, late: bool) -> None:
        self.today += timedelta(days=days)
        self.late = late
        found = LATE if late else None
        self._try(lambda: cases.assess(self.case, "bob", found, RULES, self.today))
        assert cases.assess(self.case, "bob", found, RULES, self.today) == ()
        assert self.case.is_open is late

    @rule(
        means=st.sampled_from(Means),
        party=st.sampled_from(Party),
        outcome=st.sampled_from(Outcome),
        hour=st.integers(0, 23),
        asks=st.booleans(),
        agency=st.sampled_from([None, "x", "y"]),
    )
    def somebody_acts(
        self, means: Means, party: Party, outcome: Outcome, hour: int, asks: bool, agency: str
    ) -> None:
        action = an_action(
            f"a{len(self.taken)}",
            means=means,
            party=party,
            person_id={Party.DEBTOR: "bob", Party.GUARANTOR: "gus"}.get(party, "c1"),
            outcome=outcome,
            asks_to_pay=asks,
            tells_of_debt=False,
            agency_id=agency,
            on=self.today,
        )
        failed, before = self.case.failed, self.case
        allowed = LAW.on(self.today)
        self._try(lambda: cases.act(self.case, action, time(hour), RULES, allowed, {"gus"}))
        if self.case is not before:
            self.taken.append((action, time(hour), failed >= RULES.unreachable_after))

    @precondition(lambda self: self.case.is_open)
    @rule(agency=st.sampled_from(["x", "y"]))
    def handed_over(self, agency: str) -> None:
        wanted = e.CaseHandedOver(borrower_id="bob", agency_id=agency)
        self._try(lambda: cases.hand_over(self.case, wanted))

    @invariant()
    def the_rules_hold(self) -> None:
        calls: dict[tuple[date, str], int] = {}
        declined: set[str] = set()
        for action, local, lost in self.taken:
            if action.means is not Means.LETTER:
                assert time(8) <= local < time(22)
            if action.means is Means.CALL and action.outcome in (
                Outcome.REACHED,
                Outcome.DECLINED,
            ):
                key = (action.on, action.person_id)
                calls[key] = calls.get(key, 0) + 1
            if action.party is Party.CONTACT:
                assert lost
                assert not action.asks_to_pay
                assert action.person_id not in declined
                if action.outcome is Outcome.DECLINED:
                    declined.add(action.person_id)
        assert max(calls.values(), default=0) <= 3


TestCollecting = Collecting.TestCase
TestCollecting.settings = settings(
    deadline=None, derandomize=True, max_examples=60, stateful_step_count=30
)
