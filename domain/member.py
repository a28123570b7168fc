"""A member (会员): roles with an account each at the bank, bound bank accounts, and what is owed.

    Register -> MemberRegistered            the bank answers for each role:
    accounts    AccountOpened | AccountRefused
    bound bank accounts, see binding.py: requested, confirmed or refused, and unbound
    Blacklist-> MemberBlacklisted, see blacklist.py
    Related  -> RelatedPartyRegistered
    authorisations, see authorisation.py; suspended cards, second factors and limits, card_guard.py
    what he does at the bank's page about phone and password, visit.py
    a loan   -> DebtTaken, DebtEnded

Personal data are not here: events carry the reference under which the vault keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal

from msgspec import field
from msgspec.structs import replace

from domain import authorisation, blacklist, card_guard, visit
from domain.accounts import Role
from domain.authorisation import AuthorisationEvent, Authorisations
from domain.blacklist import MemberListEvent
from domain.card_guard import CardEvent, Guard
from domain.model import Event, Fen, Refused, State, without
from domain.refusals import Code
from domain.visit import VisitEvent, Visits

# -- events -----------------------------------------------------------------------------


class MemberRegistered(Event):
    TOPIC: ClassVar[str] = "member.registered.v1"
    member_id: str
    kind: Literal["person", "company"]
    roles: tuple[Role, ...]
    identity_ref: str  # Name, id number and phone, in the vault.
    identity_digest: str  # Keyed hash of the id number: equal for the same person.
    related_party: bool
    lawful_business: bool


class AccountOpened(Event):
    TOPIC: ClassVar[str] = "member.account-opened.v1"
    member_id: str
    role: Role


class AccountRefused(Event):
    TOPIC: ClassVar[str] = "member.account-refused.v1"
    member_id: str
    role: Role
    bank_code: str


class BindingRequested(Event):
    TOPIC: ClassVar[str] = "member.binding-requested.v1"
    member_id: str
    role: Role
    binding_id: str
    card_ref: str  # Card number, bank and phone, in the vault.


class BindingConfirmed(Event):
    TOPIC: ClassVar[str] = "member.binding-confirmed.v1"
    member_id: str
    binding_id: str
    usable_from: date


class BindingRefused(Event):
    TOPIC: ClassVar[str] = "member.binding-refused.v1"
    member_id: str
    binding_id: str
    bank_code: str


class UnbindingRequested(Event):
    TOPIC: ClassVar[str] = "member.unbinding-requested.v1"
    member_id: str
    binding_id: str


class UnbindingRefused(Event):
    TOPIC: ClassVar[str] = "member.unbinding-refused.v1"
    member_id: str
    binding_id: str
    bank_code: str


class BankAccountUnbound(Event):
    TOPIC: ClassVar[str] = "member.bank-account-unbound.v1"
    member_id: str
    binding_id: str


class MemberBlacklisted(Event):
    TOPIC: ClassVar[str] = "member.blacklisted.v1"
    member_id: str
    evidence: str
    approved_by: str  # The checker; a name, in what was written before there were keys.


class RelatedPartyRegistered(Event):
    """关联方登记: in place of what the registration said."""

    TOPIC: ClassVar[str] = "member.related-party-registered.v1"
    member_id: str
    related: bool
    evidence: str
    approved_by: str  # The checker.


class DebtTaken(Event):
    """Counts against the legal limit from publishing on."""

    TOPIC: ClassVar[str] = "member.debt-taken.v1"
    member_id: str
    loan_id: str
    amount_fen: Fen


class DebtEnded(Event):
    TOPIC: ClassVar[str] = "member.debt-ended.v1"
    member_id: str
    loan_id: str


MemberEvent = (
    MemberRegistered
    | AccountOpened
    | AccountRefused
    | BindingRequested
    | BindingConfirmed
    | BindingRefused
    | UnbindingRequested
    | UnbindingRefused
    | BankAccountUnbound
    | MemberBlacklisted
    | RelatedPartyRegistered
    | DebtTaken
    | DebtEnded
    | AuthorisationEvent
    | CardEvent
    | VisitEvent
    | MemberListEvent
)
EVENTS = (
    MemberRegistered,
    AccountOpened,
    AccountRefused,
    BindingRequested,
    BindingConfirmed,
    BindingRefused,
    UnbindingRequested,
    UnbindingRefused,
    BankAccountUnbound,
    MemberBlacklisted,
    RelatedPartyRegistered,
    DebtTaken,
    DebtEnded,
    *authorisation.EVENTS,
    *card_guard.EVENTS,
    *visit.EVENTS,
    *blacklist.MEMBER_EVENTS,
)

# -- state ------------------------------------------------------------------------------


class BindingStatus(StrEnum):
    REQUESTED = "requested"
    BOUND = "bound"
    UNBINDING = "unbinding"
    UNBOUND = "unbound"
    REFUSED = "refused"


class Binding(State):
    role: Role
    status: BindingStatus
    usable_from: date = date.max


class Member(State):
    registered: MemberRegistered | None = None
    open_roles: frozenset[Role] = frozenset()
    refused_roles: frozenset[Role] = frozenset()
    bindings: Mapping[str, Binding] = field(default_factory=dict)
    debts_fen: Mapping[str, int] = field(default_factory=dict)
    blacklisted: bool = False
    related_party: bool = False
    appealed: bool = False  # Against that; not decided yet.
    authorisations: Authorisations = authorisation.INITIAL
    guard: Guard = card_guard.INITIAL
    visits: Visits = visit.INITIAL

    def known(self, field_name: str = "member_id") -> MemberRegistered:
        if self.registered is None:
            raise Refused(Code.MEMBER_UNKNOWN, field=field_name)
        return self.registered

    def account(self, role: Role, field_name: str = "role") -> str:
        """The account of a role, open at the bank; else a refusal."""
        registered = self.known()
        if role not in registered.roles:
            raise Refused(Code.ROLE_MISSING, field=field_name)
        if role not in self.open_roles:
            raise Refused(Code.ACCOUNT_NOT_OPEN, field=field_name)
        return f"{registered.member_id}:{role}"

    @property
    def verified(self) -> bool:
        return bool(self.open_roles)

    @property
    def turned_away(self) -> bool:
        """The bank refused every account."""
        return self.registered is not None and self.refused_roles.issuperset(self.registered.roles)


INITIAL = Member()


# -- decide -----------------------------------------------------------------------------


def register(member: Member, registered: MemberRegistered) -> tuple[MemberEvent, ...]:
    if member.registered is not None:
        raise Refused(Code.ID_TAKEN, field="member_id")
    return (registered,)


# -- evolve -----------------------------------------------------------------------------


def evolve(member: Member, event: MemberEvent) -> Member:
    match event:
        case MemberRegistered():
            return replace(member, registered=event, related_party=event.related_party)
        case AccountOpened():
            return replace(member, open_roles=member.open_roles | {event.role})
        case AccountRefused():
            return replace(member, refused_roles=member.refused_roles | {event.role})
        case BindingRequested():
            return _with(member, event.binding_id, Binding(event.role, BindingStatus.REQUESTED))
        case BindingConfirmed():
            binding = member.bindings[event.binding_id]
            bound = replace(binding, status=BindingStatus.BOUND, usable_from=event.usable_from)
            return _with(member, event.binding_id, bound)
        case BindingRefused():
            return _moved(member, event.binding_id, BindingStatus.REFUSED)
        case UnbindingRequested():
            return _moved(member, event.binding_id, BindingStatus.UNBINDING)
        case UnbindingRefused():
            return _moved(member, event.binding_id, BindingStatus.BOUND)
        case BankAccountUnbound():
            return _moved(member, event.binding_id, BindingStatus.UNBOUND)
        case MemberBlacklisted():
            return replace(member, blacklisted=True)
        case RelatedPartyRegistered():
            return replace(member, related_party=event.related)
        case DebtTaken():
            debts = {**member.debts_fen, event.loan_id: event.amount_fen}
            return replace(member, debts_fen=debts)
        case DebtEnded():
            return replace(member, debts_fen=without(member.debts_fen, event.loan_id))
        case (
            card_guard.CardSuspended()
            | card_guard.CardReinstated()
            | card_guard.SecondFactorPassed()
            | card_guard.WithdrawalCounted()
            | card_guard.WithdrawalUncounted()
        ):
            return replace(member, guard=card_guard.evolve(member.guard, event))
        case visit.VisitRequested() | visit.VisitSucceeded() | visit.VisitFailed():
            return replace(member, visits=visit.evolve(member.visits, event))
        case blacklist.BlacklistEntered():
            return member  # MemberBlacklisted stands before it.
        case blacklist.BlacklistAppealed():
            return replace(member, appealed=True)
        case blacklist.AppealRejected():
            return replace(member, appealed=False)
        case blacklist.BlacklistRemoved():
            return replace(member, blacklisted=False, appealed=False)
        case _:
            known = authorisation.evolve(member.authorisations, event)
            return replace(member, authorisations=known)


def _with(member: Member, binding_id: str, binding: Binding) -> Member:
    return replace(member, bindings={**member.bindings, binding_id: binding})


def _moved(member: Member, binding_id: str, status: BindingStatus) -> Member:
    return _with(member, binding_id, replace(member.bindings[binding_id], status=status))
