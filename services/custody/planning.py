"""Which events need the bank, and what each asks of it. Pure: an event and the facts, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from adapters.codec import Recorded
from domain.accounts import Role, account_of, owner_of
from domain.assignment import AssignmentEnded, AssignmentOffered, Reason
from domain.authorisation import AuthorisationCancelling, AuthorisationRequested
from domain.bank_requests import ProjectStage
from domain.cashbook import EntryRequested, Movement
from domain.loan_events import (
    LoanAdmitted,
    LoanDisbursed,
    LoanMiscarried,
    LoanRequested,
    LoanSettled,
)
from domain.member import (
    BankAccountUnbound,
    BindingConfirmed,
    BindingRequested,
    MemberRegistered,
    UnbindingRefused,
    UnbindingRequested,
)
from domain.model import InvariantBroken
from domain.purposes import MATRIX, Purpose, Shape
from domain.visit import VisitRequested
from domain.withdrawal import WithdrawalConfirmed, WithdrawalStopRequested
from services.custody import planning_members
from services.custody.facts import OF_AN_OFFER, Facts, OfferFact, ProjectFact
from services.custody.requests import Instruction, Kind, Request, caused_by


def plan(recorded: Recorded, facts: Facts) -> list[Request]:
    """The requests that this event causes. `facts` takes in what the event tells."""
    return PLANNERS[type(recorded.event)](recorded, recorded.event, facts)


# -- loans ------------------------------------------------------------------------------


def loan_key(loan_id: str) -> str:
    return f"loan-{loan_id}"


def _learn_terms(recorded: Recorded, event: LoanRequested, facts: Facts) -> list[Request]:
    facts.projects[event.loan_id] = ProjectFact(
        loan_id=event.loan_id,
        borrower=account_of(event.borrower_id, Role.BORROWER),
        amount_fen=event.amount_fen,
        annual_rate=event.annual_rate,
        method=event.method.value,
        periods=event.periods,
    )
    return []


def _establish(recorded: Recorded, event: LoanAdmitted, facts: Facts) -> list[Request]:
    project = facts.projects[event.loan_id]
    project = project._replace(attempts=project.attempts + 1)
    facts.projects[event.loan_id] = project
    terms = {
        "project_no": project.loan_id,
        "borrower": project.borrower,
        "amount_fen": project.amount_fen,
        "name": project.loan_id,  # Not the purpose: its text is the borrower's own.
        "annual_rate": project.annual_rate,
        "method": project.method,
        "periods": project.periods,
    }
    request = caused_by(
        recorded,
        project.request_no,
        Kind.ESTABLISH_PROJECT,
        loan_key(event.loan_id),
        event.loan_id,
        terms=terms,
        attempt=project.attempts,
    )
    return [request]


_STAGES = {
    LoanDisbursed: ProjectStage.REPAYING,
    LoanSettled: ProjectStage.FINISHED,
    LoanMiscarried: ProjectStage.MISCARRIED,
}


def _change(
    recorded: Recorded, event: LoanDisbursed | LoanSettled | LoanMiscarried, facts: Facts
) -> list[Request]:
    project = facts.projects[event.loan_id]
    stage = _STAGES[type(event)]
    request = caused_by(
        recorded,
        f"L-{event.loan_id}.{stage.value}",
        Kind.CHANGE_PROJECT,
        loan_key(event.loan_id),
        event.loan_id,
        project_no=event.loan_id,
        stage=stage.value,
        established_by=project.request_no,
    )
    return [request]


# -- claims that change hands -----------------------------------------------------------


def _offer(recorded: Recorded, event: AssignmentOffered, facts: Facts) -> list[Request]:
    seller = account_of(event.seller_id, Role.INVESTOR)
    offer = OfferFact(event.assignment_id, event.loan_id, seller, event.principal_fen)
    facts.offers[event.assignment_id] = offer
    request = caused_by(
        recorded,
        offer.request_no,
        Kind.OFFER_SHARE,
        loan_key(event.loan_id),
        event.assignment_id,
        account=seller,
        project_no=event.loan_id,
        share_fen=event.principal_fen,
    )
    return [request]


def _end_offer(recorded: Recorded, event: AssignmentEnded, facts: Facts) -> list[Request]:
    if event.reason is Reason.NOT_LISTED:
        return []
    offer = facts.offers[event.assignment_id]
    no, key = f"{offer.request_no}.end", loan_key(offer.loan_id)
    subject = event.assignment_id
    return [caused_by(recorded, no, Kind.END_OFFER, key, subject, offer=offer.request_no)]


def _offered(event: EntryRequested, facts: Facts) -> dict[str, Any]:
    """What the entry's money is for, where that is an offer."""
    if event.purpose not in OF_AN_OFFER:
        return {}
    offer = facts.offers[event.reference]
    return {"offered": {"request_no": offer.request_no, "share_fen": offer.share_fen}}


# -- entries ----------------------------------------------------------------------------


def _enter(recorded: Recorded, event: EntryRequested, facts: Facts) -> list[Request]:
    if MATRIX[event.purpose].shape is Shape.TRANSFER:
        return [_execute(recorded, event, facts)]
    if len(event.movements) != 1:
        raise InvariantBroken(f"{event.entry_id}: only transfers may go together")
    (movement,) = event.movements
    kind, key, payload = _single(event, movement, facts)
    instruction = Instruction(movement.id, event.entry_id, movement.amount_fen)
    return [
        Request(
            movement.id,
            kind,
            recorded.position,
            1,
            key,
            event.entry_id,
            recorded.correlation,
            {"amount_fen": movement.amount_fen, **payload},
            (instruction,),
        )
    ]


def _single(
    event: EntryRequested, movement: Movement, facts: Facts
) -> tuple[Kind, str, dict[str, Any]]:
    """Kind, ordering key, and what belongs to the kind."""
    by = {} if event.by_member is None else {"by_member": event.by_member}
    account = movement.payer
    if event.purpose is Purpose.ADMINISTRATIVE_FREEZE:
        return Kind.FREEZE_FUNDS, account, {"account": account}
    if event.purpose is Purpose.ADMINISTRATIVE_RELEASE:
        return Kind.UNFREEZE_FUNDS, account, {"account": account, "freeze": movement.freeze}
    match MATRIX[event.purpose].shape:
        case Shape.FREEZE:
            freeze = {
                "account": account,
                "purpose": event.purpose.value,
                "project_no": event.subject,
                **by,
                **_offered(event, facts),
            }
            return Kind.FREEZE, loan_key(event.subject), freeze
        case Shape.RELEASE:
            return Kind.RELEASE, loan_key(event.subject), {"freeze": movement.freeze}
        case Shape.INFLOW:
            return Kind.RECHARGE, movement.payee, {"account": movement.payee, **by}
        case Shape.OUTFLOW:
            member_id = owner_of(account)
            card = facts.cards[event.reference, member_id]
            withdrawal = {
                "account": account,
                "card_ref": card.card_ref,
                "binding_id": card.binding_id,
                "member_id": member_id,
                **by,
            }
            return Kind.WITHDRAW, account, withdrawal
        case shape:
            raise InvariantBroken(f"{event.entry_id}: {shape} is no single movement")


def _execute(recorded: Recorded, event: EntryRequested, facts: Facts) -> Request:
    of_loan = event.purpose not in _BESIDE_LOANS
    key = loan_key(event.subject) if of_loan else event.movements[0].payer
    return Request(
        event.entry_id,
        Kind.EXECUTE,
        recorded.position,
        1,
        key,
        event.entry_id,
        recorded.correlation,
        {
            "purpose": event.purpose.value,
            "project_no": event.subject if of_loan else None,
            "legs": msgspec.to_builtins(event.movements),
            **_offered(event, facts),
        },
        tuple(Instruction(m.id, event.entry_id, m.amount_fen) for m in event.movements),
    )


def _last_word(
    recorded: Recorded, event: WithdrawalConfirmed | WithdrawalStopRequested, facts: Facts
) -> list[Request]:
    if isinstance(event, WithdrawalConfirmed):
        no, kind = f"{event.movement_id}.confirm", Kind.CONFIRM_WITHDRAWAL
    else:
        no, kind = f"{event.movement_id}.stop{event.attempt}", Kind.STOP_WITHDRAWAL
    account, subject = event.account, event.entry_id
    return [caused_by(recorded, no, kind, account, subject, withdrawal=event.movement_id)]


_BESIDE_LOANS = frozenset({Purpose.RESERVE_SURPLUS, Purpose.REVERSAL, Purpose.SHORTFALL_COVER})

PLANNERS: dict[type[Any], Callable[[Recorded, Any, Facts], list[Request]]] = {
    MemberRegistered: planning_members.register,
    BindingRequested: planning_members.bind,
    BindingConfirmed: planning_members.bound,
    UnbindingRequested: planning_members.unbind,
    UnbindingRefused: planning_members.bound,
    BankAccountUnbound: planning_members.bound,
    AuthorisationRequested: planning_members.authorise,
    AuthorisationCancelling: planning_members.end_authorisation,
    VisitRequested: planning_members.visit,
    LoanRequested: _learn_terms,
    LoanAdmitted: _establish,
    LoanDisbursed: _change,
    LoanSettled: _change,
    LoanMiscarried: _change,
    AssignmentOffered: _offer,
    AssignmentEnded: _end_offer,
    EntryRequested: _enter,
    WithdrawalConfirmed: _last_word,
    WithdrawalStopRequested: _last_word,
}
TOPICS = tuple(event.TOPIC for event in PLANNERS)
