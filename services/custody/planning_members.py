"""What members ask of the bank: accounts, cards, authorisations, visits. Pure, as planning is."""

from __future__ import annotations

from typing import Any

from adapters.codec import Recorded
from domain.accounts import account_of
from domain.authorisation import AuthorisationCancelling, AuthorisationRequested, whose
from domain.member import (
    BankAccountUnbound,
    BindingConfirmed,
    BindingRequested,
    MemberRegistered,
    UnbindingRefused,
    UnbindingRequested,
)
from domain.visit import Errand, VisitRequested
from services.custody.facts import CardFact, Facts, MemberFact
from services.custody.requests import Kind, Request, caused_by


def register(recorded: Recorded, event: MemberRegistered, facts: Facts) -> list[Request]:
    company = event.kind == "company"
    facts.members[event.member_id] = MemberFact(event.member_id, company, event.identity_ref)
    return [
        Request(
            f"A-{event.member_id}-{role.value}",
            Kind.OPEN_ACCOUNT,
            recorded.position,
            number,
            ordering_key=account_of(event.member_id, role),
            subject=event.member_id,
            correlation=recorded.correlation,
            payload={
                "account": account_of(event.member_id, role),
                "company": company,
                "identity_ref": event.identity_ref,
            },
        )
        for number, role in enumerate(event.roles, start=1)
    ]


def bind(recorded: Recorded, event: BindingRequested, facts: Facts) -> list[Request]:
    others = sum(1 for binding_id, _ in facts.cards if binding_id == event.binding_id)
    name = event.binding_id if others == 0 else f"{event.binding_id}:{others + 1}"
    account = account_of(event.member_id, event.role)
    facts.put_card(CardFact(event.binding_id, event.member_id, account, event.card_ref, name))
    request = caused_by(
        recorded,
        f"B-{name}",
        Kind.BIND_CARD,
        account,
        event.member_id,
        account=account,
        company=facts.members[event.member_id].company,
        card_ref=event.card_ref,
        binding_id=event.binding_id,
    )
    return [request]


def unbind(recorded: Recorded, event: UnbindingRequested, facts: Facts) -> list[Request]:
    card = facts.cards[event.binding_id, event.member_id]
    card = card._replace(bound=False, unbindings=card.unbindings + 1)
    facts.put_card(card)
    suffix = "" if card.unbindings == 1 else f".{card.unbindings}"
    request = caused_by(
        recorded,
        f"U-{card.name}{suffix}",
        Kind.UNBIND_CARD,
        card.account,
        event.member_id,
        account=card.account,
        card_ref=card.card_ref,
        binding_id=event.binding_id,
    )
    return [request]


def bound(
    recorded: Recorded,
    event: BindingConfirmed | UnbindingRefused | BankAccountUnbound,
    facts: Facts,
) -> list[Request]:
    card = facts.cards[event.binding_id, event.member_id]
    facts.put_card(card._replace(bound=not isinstance(event, BankAccountUnbound)))
    return []


def authorise(recorded: Recorded, event: AuthorisationRequested, facts: Facts) -> list[Request]:
    terms = {"ends_on": event.ends_on.isoformat(), "limit_fen": event.limit_fen}
    return [_on_authorisation(recorded, event, Kind.AUTHORISE, event.number, **terms)]


def end_authorisation(
    recorded: Recorded, event: AuthorisationCancelling, facts: Facts
) -> list[Request]:
    return [_on_authorisation(recorded, event, Kind.END_AUTHORISATION, event.cancellation)]


def _on_authorisation(
    recorded: Recorded,
    event: AuthorisationRequested | AuthorisationCancelling,
    kind: Kind,
    request_number: int,
    **terms: Any,
) -> Request:
    account = account_of(event.member_id, whose(event.kind, event.role))
    about = {"account": account, "authorised": event.kind.value, "number": event.number}
    no = f"G-{event.member_id}-{request_number}"
    return caused_by(recorded, no, kind, account, event.member_id, **about, **terms)


_ERRANDS = {
    Errand.CHANGE_PHONE: Kind.CHANGE_PHONE,
    Errand.RESET_PASSWORD: Kind.RESET_PASSWORD,
    Errand.CHECK_PASSWORD: Kind.CHECK_PASSWORD,
}


def visit(recorded: Recorded, event: VisitRequested, facts: Facts) -> list[Request]:
    account = account_of(event.member_id, event.role)
    about: dict[str, Any] = {"account": account, "number": event.number}
    if event.phone_ref is not None:
        about["phone_ref"] = event.phone_ref
    no = f"M-{event.member_id}-{event.number}"
    return [caused_by(recorded, no, _ERRANDS[event.errand], account, event.member_id, **about)]
