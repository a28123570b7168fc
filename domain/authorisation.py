"""Authorisations (授权): what a member has allowed the platform at the bank, until when, how much.

    Request -> AuthorisationRequested   -> AuthorisationGranted   | AuthorisationRefused
    Cancel  -> AuthorisationCancelling  -> AuthorisationCancelled | AuthorisationKept
    the member himself, at the bank     -> AuthorisationChangedAtBank | AuthorisationEndedAtBank

They stand in the member's stream. Each request to the bank, a cancellation too, has the next number
of that member.

Invariant: at most one of a kind is granted for an account. What it may be used for is in
authorised_use.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar, assert_never

from msgspec import field
from msgspec.structs import replace

from domain.accounts import MEMBER_ROLES, Role
from domain.model import Event, Fen, Refused, State, without
from domain.refusals import Code


class Kind(StrEnum):
    """What may be done without the member at the bank's page."""

    TENDER = "tender"  # 自动投标
    REPAYMENT = "repayment"  # 自动还款
    CREDIT_ASSIGNMENT = "credit_assignment"  # 自动债权认购
    COMPENSATORY = "compensatory"  # 自动代偿
    WITHDRAWAL = "withdrawal"  # 自动提现
    RECHARGE = "recharge"  # 自动充值


ROLES_OF = {
    Kind.TENDER: frozenset({Role.INVESTOR}),
    Kind.REPAYMENT: frozenset({Role.BORROWER}),
    Kind.CREDIT_ASSIGNMENT: frozenset({Role.INVESTOR}),
    Kind.COMPENSATORY: frozenset({Role.GUARANTOR}),
    Kind.WITHDRAWAL: MEMBER_ROLES,
    Kind.RECHARGE: MEMBER_ROLES,
}
"""Whose account each may be about."""


def whose(kind: Kind, role: Role | None) -> Role:
    """Which of a member's accounts it is about: `role`'s, which need not be said where there is
    one only."""
    roles = ROLES_OF[kind]
    if role is None and len(roles) == 1:
        return next(iter(roles))
    if role not in roles:
        said = " or ".join(sorted(roles))
        raise Refused(Code.AUTHORISATION_ROLE, f"{kind} is of the role {said}", "role")
    return role


# -- events -----------------------------------------------------------------------------


class AuthorisationRequested(Event, omit_defaults=True):
    """`limit_fen` is for one use; the day `ends_on` is still in it."""

    TOPIC: ClassVar[str] = "member.authorisation-requested.v1"
    member_id: str
    number: int
    kind: Kind
    ends_on: date
    limit_fen: Fen
    role: Role | None = None  # None where the kind is of one role only: see whose.


class AuthorisationGranted(Event):
    """At the bank. `replaces`: the one of its kind whose place it takes."""

    TOPIC: ClassVar[str] = "member.authorisation-granted.v1"
    member_id: str
    number: int
    replaces: int | None


class AuthorisationRefused(Event):
    TOPIC: ClassVar[str] = "member.authorisation-refused.v1"
    member_id: str
    number: int
    bank_code: str


class AuthorisationCancelling(Event, omit_defaults=True):
    """Not to be used from now on. `cancellation` is the number of this request."""

    TOPIC: ClassVar[str] = "member.authorisation-cancelling.v1"
    member_id: str
    number: int
    kind: Kind
    cancellation: int
    role: Role | None = None


class AuthorisationCancelled(Event):
    TOPIC: ClassVar[str] = "member.authorisation-cancelled.v1"
    member_id: str
    number: int


class AuthorisationKept(Event):
    """The bank refused to cancel it: it holds as before."""

    TOPIC: ClassVar[str] = "member.authorisation-kept.v1"
    member_id: str
    number: int
    bank_code: str


class AuthorisationChangedAtBank(Event):
    """By the member himself. `replaces`: the one whose place it takes. `act`: the bank's count."""

    TOPIC: ClassVar[str] = "member.authorisation-changed-at-bank.v1"
    member_id: str
    number: int
    kind: Kind
    role: Role
    ends_on: date
    limit_fen: Fen
    replaces: int | None
    act: int


class AuthorisationEndedAtBank(Event):
    """By the member himself. `number`: None where none was on record."""

    TOPIC: ClassVar[str] = "member.authorisation-ended-at-bank.v1"
    member_id: str
    number: int | None
    kind: Kind
    role: Role
    act: int


AuthorisationEvent = (
    AuthorisationRequested
    | AuthorisationGranted
    | AuthorisationRefused
    | AuthorisationCancelling
    | AuthorisationCancelled
    | AuthorisationKept
    | AuthorisationChangedAtBank
    | AuthorisationEndedAtBank
)
EVENTS = (
    AuthorisationRequested,
    AuthorisationGranted,
    AuthorisationRefused,
    AuthorisationCancelling,
    AuthorisationCancelled,
    AuthorisationKept,
    AuthorisationChangedAtBank,
    AuthorisationEndedAtBank,
)

# -- state ------------------------------------------------------------------------------


class Status(StrEnum):
    REQUESTED = "requested"
    GRANTED = "granted"
    CANCELLING = "cancelling"
    ENDED = "ended"  # Cancelled, or another one took its place.


class Authorisation(State):
    kind: Kind
    role: Role
    ends_on: date
    limit_fen: int
    status: Status = Status.REQUESTED


class Authorisations(State):
    """A member's, by number, but for those that the bank refused. `asked`: the last number given.
    `acts`: the last one of the member himself at the bank, where there was one."""

    asked: int = 0
    by_number: Mapping[int, Authorisation] = field(default_factory=dict)
    acts: Mapping[tuple[Kind, Role], int] = field(default_factory=dict)

    def of(self, kind: Kind, role: Role, *statuses: Status) -> list[int]:
        return [
            number
            for number, each in self.by_number.items()
            if each.kind is kind and each.role is role and each.status in statuses
        ]

    def granted(self, kind: Kind, role: Role) -> int | None:
        return next(iter(self.of(kind, role, Status.GRANTED)), None)

    def in_status(self, number: int, status: Status) -> Authorisation:
        found = self.by_number.get(number)
        if found is None or found.status is not status:
            raise Refused(Code.AUTHORISATION_NOT_OPEN, field="number")
        return found


INITIAL = Authorisations()

# -- decide -----------------------------------------------------------------------------


def request(
    known: Authorisations,
    member_id: str,
    kind: Kind,
    ends_on: date,
    limit_fen: int,
    today: date,
    role: Role | None = None,
) -> AuthorisationRequested:
    """A new one may be asked for while one is granted: to prolong or to raise it."""
    if ends_on < today:
        raise Refused(Code.AUTHORISATION_ENDED, f"today is {today}", "ends_on")
    _nothing_under_way(known, kind, whose(kind, role))
    return AuthorisationRequested(
        member_id=member_id,
        number=known.asked + 1,
        kind=kind,
        ends_on=ends_on,
        limit_fen=limit_fen,
        role=role,
    )


def cancel(
    known: Authorisations, member_id: str, kind: Kind, role: Role | None = None
) -> AuthorisationCancelling:
    _nothing_under_way(known, kind, whose(kind, role))
    granted = known.granted(kind, whose(kind, role))
    if granted is None:
        raise Refused(Code.AUTHORISATION_MISSING, field="kind")
    return AuthorisationCancelling(
        member_id=member_id, number=granted, kind=kind, cancellation=known.asked + 1, role=role
    )


def answer(
    known: Authorisations, member_id: str, number: int, refused_code: str | None
) -> AuthorisationGranted | AuthorisationRefused:
    asked = known.in_status(number, Status.REQUESTED)
    if refused_code is None:
        replaces = known.granted(asked.kind, asked.role)
        return AuthorisationGranted(member_id=member_id, number=number, replaces=replaces)
    return AuthorisationRefused(member_id=member_id, number=number, bank_code=refused_code)


def answer_cancellation(
    known: Authorisations, member_id: str, number: int, refused_code: str | None
) -> tuple[AuthorisationEvent, ...]:
    """Where the member was faster, there is nothing more to be said."""
    ending = known.by_number.get(number)
    if ending and ending.status is Status.ENDED and (ending.kind, ending.role) in known.acts:
        return ()
    known.in_status(number, Status.CANCELLING)
    if refused_code is None:
        return (AuthorisationCancelled(member_id=member_id, number=number),)
    return (AuthorisationKept(member_id=member_id, number=number, bank_code=refused_code),)


def told(
    known: Authorisations,
    member_id: str,
    kind: Kind,
    role: Role,
    act: int,
    terms: tuple[date, int] | None,
) -> tuple[AuthorisationEvent, ...]:
    """The member did it at the bank himself. `terms`: last day and limit, None where he ended it.
    The bank tells it often and in any order: what is no later than what is known says nothing."""
    whose(kind, role)
    if act <= known.acts.get((kind, role), 0):
        return ()
    before = next(iter(known.of(kind, role, Status.GRANTED, Status.CANCELLING)), None)
    if terms is None:
        return (
            AuthorisationEndedAtBank(
                member_id=member_id, number=before, kind=kind, role=role, act=act
            ),
        )
    ends_on, limit_fen = terms
    return (
        AuthorisationChangedAtBank(
            member_id=member_id,
            number=known.asked + 1,
            kind=kind,
            role=role,
            ends_on=ends_on,
            limit_fen=limit_fen,
            replaces=before,
            act=act,
        ),
    )


def _nothing_under_way(known: Authorisations, kind: Kind, role: Role) -> None:
    if known.of(kind, role, Status.REQUESTED, Status.CANCELLING):
        raise Refused(Code.AUTHORISATION_UNDER_WAY, field="kind")


# -- evolve -----------------------------------------------------------------------------


def evolve(known: Authorisations, event: AuthorisationEvent) -> Authorisations:
    match event:
        case AuthorisationRequested():
            role = whose(event.kind, event.role)
            asked = Authorisation(event.kind, role, event.ends_on, event.limit_fen)
            by_number = {**known.by_number, event.number: asked}
            return replace(known, asked=event.number, by_number=by_number)
        case AuthorisationGranted():
            if event.replaces is not None:
                known = _moved(known, event.replaces, Status.ENDED)
            return _moved(known, event.number, Status.GRANTED)
        case AuthorisationCancelling():
            cancelling = _moved(known, event.number, Status.CANCELLING)
            return replace(cancelling, asked=event.cancellation)
        case AuthorisationKept():
            return _moved(known, event.number, Status.GRANTED)
        case AuthorisationRefused():
            return replace(known, by_number=without(known.by_number, event.number))
        case AuthorisationCancelled():
            return _moved(known, event.number, Status.ENDED)
        case AuthorisationChangedAtBank(kind=kind, role=role, number=number):
            known = _acted(known, event.replaces, kind, role, event.act)
            changed = Authorisation(kind, role, event.ends_on, event.limit_fen, Status.GRANTED)
            by_number = {**known.by_number, number: changed}
            return replace(known, asked=number, by_number=by_number)
        case AuthorisationEndedAtBank():
            return _acted(known, event.number, event.kind, event.role, event.act)
        case _:
            assert_never(event)


def _acted(
    known: Authorisations, ended: int | None, kind: Kind, role: Role, act: int
) -> Authorisations:
    if ended is not None:
        known = _moved(known, ended, Status.ENDED)
    return replace(known, acts={**known.acts, (kind, role): act})


def _moved(known: Authorisations, number: int, status: Status) -> Authorisations:
    moved = replace(known.by_number[number], status=status)
    return replace(known, by_number={**known.by_number, number: moved})
