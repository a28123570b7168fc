"""A collection case: what the days and promises do with it, and the platform's rules."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain import collection_events as e
from domain import collections as cases
from domain.collection_rules import (
    INITIAL,
    CollectionRulesSet,
    Stage,
    StageFrom,
    decide,
    evolve,
)
from domain.collections import Late
from domain.conduct import Outcome
from domain.model import Refused
from domain.refusals import Code
from tests.domain.collecting import (
    DUE,
    LATE,
    RULES,
    acted,
    after,
    an_action,
    assessed,
    code_of,
    promised,
)

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
