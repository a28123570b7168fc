"""Borrower bob's collection case as tests build it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from domain import collection_events as e
from domain import collections as cases
from domain.collection_rules import STAGES, CollectionRulesSet
from domain.collections import Case, Late
from domain.conduct import CONDUCT_TABLES, Means, Outcome, Party
from domain.model import Refused

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
