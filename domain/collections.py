"""A collection case (催收案件) of one borrower: opened by the first overdue instalment, worked in
stages, closed when nothing is overdue any more.

    the day end -> CaseOpened, CaseStaged, PromiseKept | PromiseBroken, CaseClosed
    RecordAction-> ActionTaken
    Promise     -> PromiseMade -> PromisePaid, as money comes
    HandOver    -> CaseHandedOver -> CaseTakenBack
    Lawsuit     -> LawsuitFiled -> LawsuitJudged -> LawsuitEnforced

Invariant: a borrower has at most one open case, with at most one agency and one open promise; what
breaks the rules of conduct never becomes an action. Who is contacted stands here by ids alone; what
was said is in the vault.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, time
from typing import NamedTuple, assert_never

from msgspec import field
from msgspec.structs import replace

from domain import collection_events as e
from domain import conduct
from domain.collection_rules import CollectionRulesSet, Stage
from domain.conduct import IN_PERSON, SPOKEN, Conduct, Contact, Means, Outcome, Party
from domain.model import InvariantBroken, Refused, State
from domain.refusals import Code

# -- state ------------------------------------------------------------------------------


class Promise(State):
    made: e.PromiseMade
    paid_fen: int = 0


class Lawsuit(State):
    """`on`: the day of its last step."""

    loan_id: str
    step: e.LawsuitStep
    on: date


class Case(State):
    """`calls`: effective ones by day, person and who called. `failed`: attempts to reach the debtor
    since he was reached last. `declined`: contacts who do not want to be asked again."""

    borrower_id: str = ""
    number: int = 0
    is_open: bool = False
    stage: Stage | None = None
    agency_id: str | None = None
    used_ids: frozenset[str] = frozenset()  # Of actions, promises and lawsuits.
    calls: Mapping[tuple[date, str, str | None], int] = field(default_factory=dict)
    failed: int = 0
    declined: frozenset[str] = frozenset()
    promise: Promise | None = None
    lawsuits: Mapping[str, Lawsuit] = field(default_factory=dict)

    def must_be_open(self) -> None:
        if not self.is_open:
            raise Refused(Code.CASE_NOT_OPEN, field="borrower_id")

    def must_act(self, name: str) -> None:
        """Visits, agencies and lawsuits belong to the last stage."""
        if self.stage is not Stage.ACTION:
            raise Refused(Code.STAGE_TOO_EARLY, f"the case is in stage {self.stage}", name)

    def free(self, new_id: str, name: str) -> None:
        if new_id in self.used_ids:
            raise Refused(Code.ID_TAKEN, field=name)


INITIAL = Case()


class Late(NamedTuple):
    """The oldest overdue instalment of a borrower."""

    due_on: date
    loan_id: str


# -- decide -----------------------------------------------------------------------------


def assess(
    case: Case, borrower_id: str, late: Late | None, rules: CollectionRulesSet | None, today: date
) -> tuple[e.CaseEvent, ...]:
    """What the date alone decides. Asked again on the same day it says nothing."""
    if rules is None:
        return ()
    overdue_days = (today - late.due_on).days if late else 0
    stage = rules.stage_of(overdue_days)
    events: list[e.CaseEvent] = []
    if late and stage and not case.is_open:
        opened = e.CaseOpened(
            borrower_id=borrower_id,
            number=case.number + 1,
            loan_id=late.loan_id,
            due_on=late.due_on,
        )
        case = _then(case, events, opened)
    if case.promise and (ended := _ended(case.promise, today, nothing_late=late is None)):
        case = _then(case, events, ended)
    if case.is_open and late is None:
        _then(case, events, e.CaseClosed(borrower_id=borrower_id, number=case.number))
    elif case.is_open and stage and stage is not case.stage:
        staged = e.CaseStaged(borrower_id=borrower_id, stage=stage, overdue_days=overdue_days)
        _then(case, events, staged)
    return tuple(events)


def _ended(promise: Promise, today: date, *, nothing_late: bool) -> e.CaseEvent | None:
    """Kept by the money that was promised, or by leaving nothing overdue."""
    made = promise.made
    if promise.paid_fen >= made.amount_fen or nothing_late:
        return e.PromiseKept(borrower_id=made.borrower_id, promise_id=made.promise_id)
    if made.pay_by < today:
        return e.PromiseBroken(
            borrower_id=made.borrower_id, promise_id=made.promise_id, paid_fen=promise.paid_fen
        )
    return None


def act(
    case: Case,
    taken: e.ActionTaken,
    local: time,
    rules: CollectionRulesSet,
    allowed: Conduct | None,
    guarantors: Collection[str],
) -> tuple[e.CaseEvent, ...]:
    """`local`: the time of the action in Asia/Shanghai; `allowed`: what its day's rules are;
    `guarantors`: who guarantees an overdue loan of the borrower."""
    case.must_be_open()
    case.free(taken.action_id, "action_id")
    if taken.agency_id is not None and taken.agency_id != case.agency_id:
        raise Refused(Code.AGENCY_NOT_MANDATED, field="agency_id")
    if taken.party is Party.GUARANTOR and taken.person_id not in guarantors:
        raise Refused(Code.NOT_GUARANTOR, "of no overdue loan of the borrower", "person_id")
    if taken.means is Means.VISIT:
        case.must_act("means")
    calls = sum(
        number
        for (day, person_id, agency_id), number in case.calls.items()
        if (day, person_id) == (taken.on, taken.person_id)
        and (rules.calls_together or agency_id == taken.agency_id)
    )
    contact = Contact(
        means=taken.means,
        party=taken.party,
        local=local,
        outcome=taken.outcome,
        asks_to_pay=taken.asks_to_pay,
        tells_of_debt=taken.tells_of_debt,
        agreed=taken.agreed,
    )
    conduct.check(
        allowed,
        contact,
        calls_that_day=calls,
        debtor_reachable=case.failed < rules.unreachable_after,
        declined=taken.person_id in case.declined,
    )
    return (taken,)


def promise(case: Case, made: e.PromiseMade, today: date) -> tuple[e.CaseEvent, ...]:
    case.must_be_open()
    case.free(made.promise_id, "promise_id")
    if case.promise is not None:
        raise Refused(Code.PROMISE_OPEN, case.promise.made.promise_id, "promise_id")
    if made.pay_by < today:
        raise Refused(Code.DEADLINE_IN_PAST, field="pay_by")
    return (made,)


def count_payment(case: Case, payment_id: str, amount_fen: int) -> tuple[e.CaseEvent, ...]:
    """What the borrower paid, for the promise that is open."""
    if case.promise is None:
        return ()
    made = case.promise.made
    return (
        e.PromisePaid(
            borrower_id=made.borrower_id,
            promise_id=made.promise_id,
            payment_id=payment_id,
            amount_fen=amount_fen,
        ),
    )


def hand_over(case: Case, wanted: e.CaseHandedOver) -> tuple[e.CaseEvent, ...]:
    case.must_be_open()
    if case.agency_id is not None:
        raise Refused(Code.CASE_HANDED_OVER, f"to {case.agency_id}", "borrower_id")
    case.must_act("borrower_id")
    return (wanted,)


def take_back(case: Case) -> tuple[e.CaseEvent, ...]:
    case.must_be_open()
    if case.agency_id is None:
        raise Refused(Code.AGENCY_NOT_MANDATED, field="borrower_id")
    return (e.CaseTakenBack(borrower_id=case.borrower_id, agency_id=case.agency_id),)


def sue(case: Case, step: e.LawsuitEvent) -> tuple[e.CaseEvent, ...]:
    """Filed in the last stage of an open case; judged and enforced also after it was closed, and
    none on a day before the step that it follows."""
    if isinstance(step, e.LawsuitFiled):
        case.must_be_open()
        case.free(step.lawsuit_id, "lawsuit_id")
        case.must_act("step")
        return (step,)
    before = e.LawsuitStep.FILED if isinstance(step, e.LawsuitJudged) else e.LawsuitStep.JUDGED
    now = case.lawsuits.get(step.lawsuit_id)
    if now is None or now.step is not before:
        known = now.step if now else "not on record"
        raise Refused(Code.LAWSUIT_WRONG_STEP, f"the lawsuit is {known}", "lawsuit_id")
    if step.on < now.on:
        raise Refused(Code.LAWSUIT_WRONG_STEP, f"it was {now.step} on {now.on}", "on")
    return (step,)


def _then(case: Case, events: list[e.CaseEvent], event: e.CaseEvent) -> Case:
    events.append(event)
    return evolve(case, event)


# -- evolve -----------------------------------------------------------------------------


def evolve(case: Case, event: e.CaseEvent) -> Case:
    match event:
        case e.CaseOpened():
            return replace(
                case, borrower_id=event.borrower_id, number=event.number, is_open=True, failed=0
            )
        case e.CaseStaged():
            return replace(case, stage=event.stage)
        case e.ActionTaken():
            return _acted(case, event)
        case e.PromiseMade():
            used = case.used_ids | {event.promise_id}
            return replace(case, promise=Promise(event), used_ids=used)
        case e.PromisePaid():
            if case.promise is None:
                raise InvariantBroken("a payment for a promise that nobody made")
            paid_fen = case.promise.paid_fen + event.amount_fen
            return replace(case, promise=replace(case.promise, paid_fen=paid_fen))
        case e.PromiseKept() | e.PromiseBroken():
            return replace(case, promise=None)
        case e.CaseHandedOver():
            return replace(case, agency_id=event.agency_id)
        case e.CaseTakenBack():
            return replace(case, agency_id=None)
        case e.CaseClosed():
            return replace(case, is_open=False, stage=None, agency_id=None, promise=None)
        case e.LawsuitFiled():
            filed = Lawsuit(event.loan_id, e.LawsuitStep.FILED, event.on)
            lawsuits = {**case.lawsuits, event.lawsuit_id: filed}
            return replace(case, lawsuits=lawsuits, used_ids=case.used_ids | {event.lawsuit_id})
        case e.LawsuitJudged():
            return _stepped(case, event, e.LawsuitStep.JUDGED)
        case e.LawsuitEnforced():
            return _stepped(case, event, e.LawsuitStep.ENFORCED)
        case _:
            assert_never(event)


def _acted(case: Case, action: e.ActionTaken) -> Case:
    case = replace(case, used_ids=case.used_ids | {action.action_id})
    if action.party is Party.DEBTOR and action.means in IN_PERSON:
        case = replace(case, failed=0 if action.outcome in SPOKEN else case.failed + 1)
    if action.party is Party.CONTACT and action.outcome is Outcome.DECLINED:
        case = replace(case, declined=case.declined | {action.person_id})
    if action.means is Means.CALL and action.outcome in SPOKEN:
        key = (action.on, action.person_id, action.agency_id)
        case = replace(case, calls={**case.calls, key: case.calls.get(key, 0) + 1})
    return case


def _stepped(case: Case, event: e.LawsuitEvent, step: e.LawsuitStep) -> Case:
    stepped = replace(case.lawsuits[event.lawsuit_id], step=step, on=event.on)
    return replace(case, lawsuits={**case.lawsuits, event.lawsuit_id: stepped})
