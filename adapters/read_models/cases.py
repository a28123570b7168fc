"""Collection cases (催收案件), with actions, promises and lawsuits: ids and references only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import collection_events as e
from domain.collection_events import LawsuitStep


@dataclass(slots=True)
class CaseRow:
    """A borrower's latest case. `due_on`, `loan_id`: of the oldest overdue instalment when it was
    opened; `overdue_days`: when it came to its stage."""

    borrower_id: str
    number: int
    loan_id: str
    due_on: date
    opened_on: date
    stage: str | None
    overdue_days: int
    agency_id: str | None
    actions: int
    promise_id: str | None  # The one that is open.
    closed_on: date | None


@dataclass(slots=True)
class ActionRow:
    """`taken_at`: ISO, with its offset. `note_ref`: what was said, in the vault."""

    borrower_id: str
    action_id: str
    number: int  # Of the case.
    means: str
    party: str
    person_id: str
    agency_id: str | None
    taken_at: str
    outcome: str
    asks_to_pay: bool
    note_ref: str | None
    actor: str


@dataclass(slots=True)
class PromiseRow:
    """`status`: open, kept, broken."""

    borrower_id: str
    promise_id: str
    amount_fen: int
    paid_fen: int
    made_on: date
    pay_by: date
    status: str
    ended_on: date | None


@dataclass(slots=True)
class LawsuitRow:
    borrower_id: str
    lawsuit_id: str
    loan_id: str
    step: str
    filed_on: date
    judged_on: date | None
    enforced_on: date | None
    court_costs_fen: int


CASES = Table("collection_case", CaseRow, key=["borrower_id"])
ACTIONS = Table("collection_action", ActionRow, key=["borrower_id", "action_id"])
PROMISES = Table("collection_promise", PromiseRow, key=["borrower_id", "promise_id"])
LAWSUITS = Table("lawsuit", LawsuitRow, key=["borrower_id", "lawsuit_id"])


class Cases(View):
    NAME = "cases"
    TABLES = (CASES, ACTIONS, PROMISES, LAWSUITS)
    BY_KEY = True
    EVENTS = e.EVENTS

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._cases = self.open(CASES, named(batch, "borrower_id"))
        self._actions = self.open(ACTIONS)
        self._promises = self.open(PROMISES, _pairs(batch, "promise_id"))
        self._lawsuits = self.open(LAWSUITS, _pairs(batch, "lawsuit_id"))

    def fold(self, recorded: Recorded) -> None:
        on = recorded.business_date
        match recorded.event:
            case e.CaseOpened() as event:
                self._open(event, on)
            case e.CaseStaged(borrower_id=borrower_id, stage=stage, overdue_days=days):
                case = self._cases[borrower_id]
                case.stage, case.overdue_days = stage.value, days
            case e.ActionTaken() as event:
                self._act(event, recorded.actor)
            case e.CaseHandedOver(borrower_id=borrower_id, agency_id=agency_id):
                self._cases[borrower_id].agency_id = agency_id
            case e.CaseTakenBack(borrower_id=borrower_id):
                self._cases[borrower_id].agency_id = None
            case e.CaseClosed(borrower_id=borrower_id):
                case = self._cases[borrower_id]
                case.closed_on, case.stage, case.agency_id = on, None, None
            case _:
                self._fold_promise(recorded)

    def _fold_promise(self, recorded: Recorded) -> None:
        match recorded.event:
            case e.PromiseMade() as event:
                self._promises.add(
                    PromiseRow(
                        borrower_id=event.borrower_id,
                        promise_id=event.promise_id,
                        amount_fen=event.amount_fen,
                        paid_fen=0,
                        made_on=recorded.business_date,
                        pay_by=event.pay_by,
                        status="open",
                        ended_on=None,
                    )
                )
                self._cases[event.borrower_id].promise_id = event.promise_id
            case e.PromisePaid() as event:
                promise = self._promises[event.borrower_id, event.promise_id]
                promise.paid_fen += event.amount_fen
            case e.PromiseKept() | e.PromiseBroken() as event:
                promise = self._promises[event.borrower_id, event.promise_id]
                promise.status = "kept" if isinstance(event, e.PromiseKept) else "broken"
                promise.ended_on = recorded.business_date
                self._cases[event.borrower_id].promise_id = None
            case _:
                self._fold_lawsuit(recorded)

    def _fold_lawsuit(self, recorded: Recorded) -> None:
        match recorded.event:
            case e.LawsuitFiled() as event:
                self._lawsuits.add(
                    LawsuitRow(
                        borrower_id=event.borrower_id,
                        lawsuit_id=event.lawsuit_id,
                        loan_id=event.loan_id,
                        step=LawsuitStep.FILED.value,
                        filed_on=event.on,
                        judged_on=None,
                        enforced_on=None,
                        court_costs_fen=0,
                    )
                )
            case e.LawsuitJudged() as event:
                row = self._lawsuits[event.borrower_id, event.lawsuit_id]
                row.step, row.judged_on = LawsuitStep.JUDGED.value, event.on
                row.court_costs_fen = event.court_costs_fen
            case e.LawsuitEnforced() as event:
                row = self._lawsuits[event.borrower_id, event.lawsuit_id]
                row.step, row.enforced_on = LawsuitStep.ENFORCED.value, event.on

    def _open(self, event: e.CaseOpened, on: date) -> None:
        self._cases.add(
            CaseRow(
                borrower_id=event.borrower_id,
                number=event.number,
                loan_id=event.loan_id,
                due_on=event.due_on,
                opened_on=on,
                stage=None,
                overdue_days=0,
                agency_id=None,
                actions=0,
                promise_id=None,
                closed_on=None,
            )
        )

    def _act(self, event: e.ActionTaken, actor: str) -> None:
        case = self._cases[event.borrower_id]
        case.actions += 1
        self._actions.add(
            ActionRow(
                borrower_id=event.borrower_id,
                action_id=event.action_id,
                number=case.number,
                means=event.means.value,
                party=event.party.value,
                person_id=event.person_id,
                agency_id=event.agency_id,
                taken_at=event.at.isoformat(),
                outcome=event.outcome.value,
                asks_to_pay=event.asks_to_pay,
                note_ref=event.note_ref,
                actor=actor,
            )
        )


def _pairs(batch: Sequence[Recorded], field: str) -> set[tuple[str, str]]:
    events: list[Any] = [recorded.event for recorded in batch if hasattr(recorded.event, field)]
    return {(event.borrower_id, getattr(event, field)) for event in events}
