"""A member (会员): roles with an account each at the bank, bound bank accounts, and what is owed.

    Register -> MemberRegistered            the bank answers for each role:
    accounts    AccountOpened | AccountRefused
    Bind     -> BindingRequested            -> BindingConfirmed | BindingRefused
    Unbind   -> UnbindingRequested          -> BankAccountUnbound | UnbindingRefused
    Blacklist-> MemberBlacklisted
    Related  -> RelatedPartyRegistered
    authorisations, see authorisation.py; suspended cards, second factors and limits, card_guard.py
    what he does at the bank's page about phone and password, visit.py
    a loan   -> DebtTaken, DebtEnded

Personal data are not here: events carry the reference under which the vault keeps them.

Invariant: at most one bank account is bound (or about to be) for each role.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar, Literal

from msgspec import field
from msgspec.structs import replace

from domain import authorisation, card_guard, visit
from domain.accounts import Role
from domain.authorisation import AuthorisationEvent, Authorisations
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
)

# -- state ------------------------------------------------------------------------------


class BindingStatus(StrEnum):
    REQUESTED = "requested"
    BOUND = "bound"
    UNBINDING = "unbinding"
    UNBOUND = "unbound"
    REFUSED = "refused"


LIVE = frozenset({BindingStatus.REQUESTED, BindingStatus.BOUND, BindingStatus.UNBINDING})


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
        return f"{registered.member_id}:{role.value}"

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


def bind(member: Member, wanted: BindingRequested) -> tuple[MemberEvent, ...]:
    member.account(wanted.role)
    if wanted.binding_id in member.bindings:
        raise Refused(Code.ID_TAKEN, field="binding_id")
    if any(b.role is wanted.role and b.status in LIVE for b in member.bindings.values()):
        raise Refused(Code.BINDING_EXISTS, field="role")
    return (wanted,)


def changes(member: Member, role: Role) -> bool:
    """Would another bank account be in place of one that was unbound?"""
    return any(
        binding.role is role and binding.status is BindingStatus.UNBOUND
        for binding in member.bindings.values()
    )


def confirm_binding(
    member: Member, member_id: str, binding_id: str, today: date, cool_off_days: int
) -> tuple[MemberEvent, ...]:
    """The first bank account of a role is usable at once, a changed one after the cool-off."""
    binding = _in_status(member, binding_id, BindingStatus.REQUESTED)
    changed = changes(member, binding.role)
    return (
        BindingConfirmed(
            member_id=member_id,
            binding_id=binding_id,
            usable_from=today + timedelta(days=cool_off_days if changed else 0),
        ),
    )


def refuse_binding(
    member: Member, member_id: str, binding_id: str, bank_code: str
) -> tuple[MemberEvent, ...]:
    _in_status(member, binding_id, BindingStatus.REQUESTED)
    return (BindingRefused(member_id=member_id, binding_id=binding_id, bank_code=bank_code),)


def unbind(member: Member, member_id: str, binding_id: str) -> tuple[MemberEvent, ...]:
    """A withdrawal to it that was not sent yet will not be: custody looks again before sending."""
    own_bound(member, binding_id)
    return (UnbindingRequested(member_id=member_id, binding_id=binding_id),)


def own_bound(member: Member, binding_id: str) -> None:
    if binding_id not in member.bindings:
        raise Refused(Code.BANK_ACCOUNT_NOT_OWN, field="binding_id")
    _in_status(member, binding_id, BindingStatus.BOUND)


def finish_unbinding(
    member: Member, member_id: str, binding_id: str, refused_code: str | None
) -> tuple[MemberEvent, ...]:
    _in_status(member, binding_id, BindingStatus.UNBINDING)
    if refused_code is None:
        return (BankAccountUnbound(member_id=member_id, binding_id=binding_id),)
    return (UnbindingRefused(member_id=member_id, binding_id=binding_id, bank_code=refused_code),)


def check_payable(member: Member, role: Role, binding_id: str, today: date) -> None:
    """Money rule 6: only the owner's verified, bound bank account, not suspended, after any
    cool-off."""
    binding = member.bindings.get(binding_id)
    if binding is None or binding.role is not role:
        raise Refused(Code.BANK_ACCOUNT_NOT_OWN, field="binding_id")
    if binding.status is not BindingStatus.BOUND:
        raise Refused(Code.BANK_ACCOUNT_NOT_BOUND, field="binding_id")
    card_guard.check_card(member.guard, binding_id)
    if today < binding.usable_from:
        raise Refused(
            Code.BANK_ACCOUNT_COOLING_OFF, f"usable from {binding.usable_from}", "binding_id"
        )


def _in_status(member: Member, binding_id: str, status: BindingStatus) -> Binding:
    binding = member.bindings.get(binding_id)
    if binding is None or binding.status is not status:
        raise Refused(Code.BANK_ACCOUNT_NOT_BOUND, field="binding_id")
    return binding


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
        case _:
            known = authorisation.evolve(member.authorisations, event)
            return replace(member, authorisations=known)


def _with(member: Member, binding_id: str, binding: Binding) -> Member:
    return replace(member, bindings={**member.bindings, binding_id: binding})


def _moved(member: Member, binding_id: str, status: BindingStatus) -> Member:
    return _with(member, binding_id, replace(member.bindings[binding_id], status=status))
