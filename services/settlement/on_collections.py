"""Commands about collection cases (催收), and what the day end asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain import collection_events as e
from domain import collection_rules, collection_steps, collections, repayment
from domain import commands as c
from domain.collection_events import LawsuitStep
from domain.collection_rules import CollectionRulesSet
from domain.collection_steps import Action, Steps
from domain.collections import Late
from domain.conduct import CONDUCT_TABLES, Party
from domain.loan import Loan
from domain.model import Refused
from domain.policy import Provider
from domain.refusals import Code
from domain.streams import COLLECTIONS, case_stream, loan_stream
from infra.clock import SHANGHAI
from services.settlement.desk import Desk


def set_collection_rules(desk: Desk, command: c.SetCollectionRules) -> None:
    wanted = CollectionRulesSet(
        valid_from=command.valid_from,
        conduct_table=command.conduct_table,
        stages=command.stages,
        calls_together=command.calls_together,
        unreachable_after=command.unreachable_after,
    )
    desk.record(COLLECTIONS, *collection_rules.decide(desk.collection_rules, wanted, desk.today))


def assess_case(desk: Desk, command: c.AssessCase) -> None:
    borrower_id = command.borrower_id
    events = collections.assess(
        desk.case(borrower_id),
        borrower_id,
        _late(desk, borrower_id),
        desk.collection_rules.on(desk.today),
        desk.today,
    )
    desk.record(case_stream(borrower_id), *events)


def _late(desk: Desk, borrower_id: str) -> Late | None:
    overdue = (
        Late(loan.billed[period].due_on, loan.known().loan_id)
        for loan in _loans(desk, borrower_id)
        for period in loan.overdue
    )
    return min(overdue, default=None)


def _must_have_begun(desk: Desk, action: Action, loans: Iterable[Loan], field: str) -> None:
    """By the policy of one overdue loan at least."""
    collection_steps.check(action, _late_by_policy(desk, loans), field)


def _late_by_policy(desk: Desk, loans: Iterable[Loan]) -> Iterator[tuple[Steps, int]]:
    for loan in loans:
        if loan.overdue:
            oldest = min(loan.billed[period].due_on for period in loan.overdue)
            yield loan.policy.collections, (desk.today - oldest).days


def _guarantors(desk: Desk, borrower_id: str) -> set[str]:
    """Of his overdue loans."""
    overdue = (loan for loan in _loans(desk, borrower_id) if loan.overdue)
    return {name for loan in overdue for name in loan.guarantee.standing_as(Provider.GUARANTOR)}


def _loans(desk: Desk, borrower_id: str) -> Iterator[Loan]:
    return map(desk.loan, desk.member(borrower_id).debts_fen)


def record_action(desk: Desk, command: c.RecordCollectionAction) -> None:
    local = command.at.astimezone(SHANGHAI)
    rules = desk.collection_rules.on(desk.today)
    case = desk.case(command.borrower_id)
    case.must_be_open()
    if rules is None:
        raise Refused(Code.CASE_NOT_OPEN, "no collection rules are in force", "borrower_id")
    if command.at > desk.now:
        raise Refused(Code.ACTION_IN_FUTURE, field="at")
    note_ref = f"action-{command.borrower_id}.{command.action_id}"
    taken = e.ActionTaken(
        borrower_id=command.borrower_id,
        action_id=command.action_id,
        means=command.means,
        party=command.party,
        person_id=_person(command),
        agency_id=command.agency_id,
        at=command.at,
        on=local.date(),
        outcome=command.outcome,
        asks_to_pay=command.asks_to_pay,
        tells_of_debt=command.tells_of_debt,
        agreed=command.agreed,
        note_ref=None if command.note is None else note_ref,
    )
    allowed = CONDUCT_TABLES[rules.conduct_table].on(taken.on)
    try:
        _must_have_begun(desk, Action(taken.means), _loans(desk, command.borrower_id), "means")
        guarantors = _guarantors(desk, command.borrower_id)
        events = collections.act(case, taken, local.time(), rules, allowed, guarantors)
    except Refused as why:  # The receipt is all that is on record of it.
        attempt = f"{taken.means} to {taken.person_id}, case {case.borrower_id}, {local:%F %R}"
        raise Refused(why.code, f"{attempt}: {why.message}".rstrip(": "), why.field) from None
    desk.record(case_stream(command.borrower_id), *events)
    if command.note is not None:
        desk.put_away(note_ref, {"note": command.note})


def _person(command: c.RecordCollectionAction) -> str:
    """A debtor is the borrower."""
    if command.party is Party.DEBTOR:
        if command.person_id not in (None, command.borrower_id):
            raise Refused(Code.ASKED_WHO_OWES_NOTHING, "the debtor is the borrower", "person_id")
        return command.borrower_id
    if command.person_id is None:
        raise Refused(Code.MEMBER_UNKNOWN, "say who it was", "person_id")
    return command.person_id


def record_promise(desk: Desk, command: c.RecordPromise) -> None:
    made = e.PromiseMade(
        borrower_id=command.borrower_id,
        promise_id=command.promise_id,
        amount_fen=command.amount_fen,
        pay_by=command.pay_by,
    )
    case = desk.case(command.borrower_id)
    desk.record(case_stream(command.borrower_id), *collections.promise(case, made, desk.today))


def count_payment(desk: Desk, borrower_id: str, payment_id: str, amount_fen: int) -> None:
    """A repayment reached those to whom it is owed. Without collection rules there are no cases."""
    if desk.collection_rules.versions:
        case = desk.case(borrower_id)
        counted = collections.count_payment(case, payment_id, amount_fen)
        desk.record(case_stream(borrower_id), *counted)


def hand_over_case(desk: Desk, command: c.HandOverCase) -> None:
    wanted = e.CaseHandedOver(borrower_id=command.borrower_id, agency_id=command.agency_id)
    case = desk.case(command.borrower_id)
    case.must_be_open()
    _must_have_begun(desk, Action.AGENCY, _loans(desk, command.borrower_id), "borrower_id")
    desk.record(case_stream(command.borrower_id), *collections.hand_over(case, wanted))


def take_back_case(desk: Desk, command: c.TakeBackCase) -> None:
    case = desk.case(command.borrower_id)
    desk.record(case_stream(command.borrower_id), *collections.take_back(case))


def record_lawsuit(desk: Desk, command: c.RecordLawsuit) -> None:
    """The day of the suit decides what the loan may cost, and the costs that a judgment awards
    join what it owes."""
    case, step = desk.case(command.borrower_id), _step(desk, command)
    desk.record(case_stream(command.borrower_id), *collections.sue(case, step))
    if isinstance(step, e.LawsuitFiled):
        loan = desk.loan(step.loan_id)
        if not loan.overdue:
            raise Refused(Code.INSTALMENT_NOT_OVERDUE, "nothing of the loan is", "loan_id")
        _must_have_begun(desk, Action.LAWSUIT, [loan], "step")
        sued = repayment.sue(loan, step.lawsuit_id, step.on)
        desk.record(loan_stream(step.loan_id), *sued)
    if command.step is LawsuitStep.JUDGED:
        loan_id = case.lawsuits[command.lawsuit_id].loan_id
        loan = desk.loan(loan_id)
        awarded = repayment.award_costs(loan, command.lawsuit_id, command.court_costs_fen)
        desk.record(loan_stream(loan_id), *awarded)


def _step(desk: Desk, command: c.RecordLawsuit) -> e.LawsuitEvent:
    if command.on > desk.today:
        raise Refused(Code.ACTION_IN_FUTURE, f"today is {desk.today}", "on")
    match command.step:
        case LawsuitStep.FILED:
            loan_id = command.loan_id or ""
            if desk.loan(loan_id).known().borrower_id != command.borrower_id:
                raise Refused(Code.LOAN_UNKNOWN, "it is another borrower's", "loan_id")
            return e.LawsuitFiled(
                borrower_id=command.borrower_id,
                lawsuit_id=command.lawsuit_id,
                loan_id=loan_id,
                on=command.on,
                document_hash=command.document_hash,
            )
        case LawsuitStep.JUDGED:
            return e.LawsuitJudged(
                borrower_id=command.borrower_id,
                lawsuit_id=command.lawsuit_id,
                on=command.on,
                document_hash=command.document_hash,
                court_costs_fen=command.court_costs_fen,
            )
        case LawsuitStep.ENFORCED:
            return e.LawsuitEnforced(
                borrower_id=command.borrower_id,
                lawsuit_id=command.lawsuit_id,
                on=command.on,
                document_hash=command.document_hash,
            )
