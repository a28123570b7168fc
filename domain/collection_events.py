"""What can happen to a collection case (催收案件), in the order of its life."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, get_args

from domain.collection_rules import Stage
from domain.conduct import Means, Outcome, Party
from domain.model import Event, Fen, Instant


class LawsuitStep(StrEnum):
    """诉讼: only a court's word leads on."""

    FILED = "filed"  # 立案
    JUDGED = "judged"  # 判决
    ENFORCED = "enforced"  # 执行


class CaseOpened(Event):
    """`loan_id`, `due_on`: of the oldest overdue instalment. `number` counts a borrower's cases."""

    TOPIC: ClassVar[str] = "case.opened.v1"
    borrower_id: str
    number: int
    loan_id: str
    due_on: date


class CaseStaged(Event):
    TOPIC: ClassVar[str] = "case.staged.v1"
    borrower_id: str
    stage: Stage
    overdue_days: int


class ActionTaken(Event):
    """`on`: the day in Asia/Shanghai. `agency_id`: who acted for the platform; None: it itself.
    `person_id`: the borrower, a guarantor, or the platform's own id of another contact."""

    TOPIC: ClassVar[str] = "case.action-taken.v1"
    borrower_id: str
    action_id: str
    means: Means
    party: Party
    person_id: str
    agency_id: str | None
    at: Instant
    on: date
    outcome: Outcome
    asks_to_pay: bool
    tells_of_debt: bool
    agreed: bool
    note_ref: str | None  # What was said, in the vault.


class PromiseMade(Event):
    """承诺还款: the borrower will pay so much by the end of a day."""

    TOPIC: ClassVar[str] = "case.promise-made.v1"
    borrower_id: str
    promise_id: str
    amount_fen: Fen
    pay_by: date


class PromisePaid(Event):
    """A payment that came while the promise was open."""

    TOPIC: ClassVar[str] = "case.promise-paid.v1"
    borrower_id: str
    promise_id: str
    payment_id: str
    amount_fen: Fen


class PromiseKept(Event):
    TOPIC: ClassVar[str] = "case.promise-kept.v1"
    borrower_id: str
    promise_id: str


class PromiseBroken(Event):
    TOPIC: ClassVar[str] = "case.promise-broken.v1"
    borrower_id: str
    promise_id: str
    paid_fen: int


class CaseHandedOver(Event):
    """委外: the agency collects for the platform from now on."""

    TOPIC: ClassVar[str] = "case.handed-over.v1"
    borrower_id: str
    agency_id: str


class CaseTakenBack(Event):
    """退案. Closing the case takes it back, too."""

    TOPIC: ClassVar[str] = "case.taken-back.v1"
    borrower_id: str
    agency_id: str


class CaseClosed(Event):
    TOPIC: ClassVar[str] = "case.closed.v1"
    borrower_id: str
    number: int


class LawsuitFiled(Event):
    """`document_hash`: SHA-256 of the paper behind each step."""

    TOPIC: ClassVar[str] = "case.lawsuit-filed.v1"
    borrower_id: str
    lawsuit_id: str
    loan_id: str
    on: date
    document_hash: str


class LawsuitJudged(Event):
    """`court_costs_fen`: what the court has the borrower bear."""

    TOPIC: ClassVar[str] = "case.lawsuit-judged.v1"
    borrower_id: str
    lawsuit_id: str
    on: date
    document_hash: str
    court_costs_fen: int


class LawsuitEnforced(Event):
    TOPIC: ClassVar[str] = "case.lawsuit-enforced.v1"
    borrower_id: str
    lawsuit_id: str
    on: date
    document_hash: str


LawsuitEvent = LawsuitFiled | LawsuitJudged | LawsuitEnforced
CaseEvent = (
    CaseOpened
    | CaseStaged
    | ActionTaken
    | PromiseMade
    | PromisePaid
    | PromiseKept
    | PromiseBroken
    | CaseHandedOver
    | CaseTakenBack
    | CaseClosed
    | LawsuitFiled
    | LawsuitJudged
    | LawsuitEnforced
)
EVENTS: tuple[type[CaseEvent], ...] = get_args(CaseEvent)
