"""Authorisations (授权): what a member has allowed the platform at the bank, until when, how much.

    Request -> AuthorisationRequested   -> AuthorisationGranted   | AuthorisationRefused
    Cancel  -> AuthorisationCancelling  -> AuthorisationCancelled | AuthorisationKept

They stand in the member's stream. Each request to the bank, a cancellation too, has the next number
of that member.

Invariant: at most one of a kind is granted, and it is used by nothing beyond its end or its limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar, assert_never

from msgspec import field
from msgspec.structs import replace

from domain.accounts import Role
from domain.model import Event, Fen, Refused, State, without
from domain.refusals import Code


class Kind(StrEnum):
    """What may be done without the member at the bank's page."""

    TENDER = "tender"  # 自动投标
    REPAYMENT = "repayment"  # 自动还款


ROLE_OF = {Kind.TENDER: Role.INVESTOR, Kind.REPAYMENT: Role.BORROWER}
"""Whose account each is about."""

# -- events -----------------------------------------------------------------------------


class AuthorisationRequested(Event):
    """`limit_fen` is for one use; the day `ends_on` is still in it."""

    TOPIC: ClassVar[str] = "member.authorisation-requested.v1"
    member_id: str
    number: int
    kind: Kind
    ends_on: date
    limit_fen: Fen


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


class AuthorisationCancelling(Event):
    """Not to be used from now on. `cancellation` is the number of this request."""

    TOPIC: ClassVar[str] = "member.authorisation-cancelling.v1"
    member_id: str
    number: int
    kind: Kind
    cancellation: int


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


AuthorisationEvent = (
    AuthorisationRequested
    | AuthorisationGranted
    | AuthorisationRefused
    | AuthorisationCancelling
    | AuthorisationCancelled
    | AuthorisationKept
)
EVENTS = (
    AuthorisationRequested,
    AuthorisationGranted,
    AuthorisationRefused,
    AuthorisationCancelling,
    AuthorisationCancelled,
    AuthorisationKept,
)

# -- state ------------------------------------------------------------------------------


class Status(StrEnum):
    REQUESTED = "requested"
    GRANTED = "granted"
    CANCELLING = "cancelling"
    ENDED = "ended"  # Cancelled, or another one took its place.


class Authorisation(State):
    kind: Kind
    ends_on: date
    limit_fen: int
    status: Status = Status.REQUESTED


class Authorisations(State):
    """A member's, by number, but for those that the bank refused. `asked`: the last number of a
    request to the bank."""

    asked: int = 0
    by_number: Mapping[int, Authorisation] = field(default_factory=dict)

    def of(self, kind: Kind, *statuses: Status) -> list[int]:
        return [
            number
            for number, each in self.by_number.items()
            if each.kind is kind and each.status in statuses
        ]

    def granted(self, kind: Kind) -> int | None:
        return next(iter(self.of(kind, Status.GRANTED)), None)

    def in_status(self, number: int, status: Status) -> Authorisation:
        found = self.by_number.get(number)
        if found is None or found.status is not status:
            raise Refused(Code.AUTHORISATION_NOT_OPEN, field="number")
        return found


INITIAL = Authorisations()

# -- decide -----------------------------------------------------------------------------


def request(
    known: Authorisations, member_id: str, kind: Kind, ends_on: date, limit_fen: int, today: date
) -> AuthorisationRequested:
    """A new one may be asked for while one is granted: to prolong or to raise it."""
    if ends_on < today:
        raise Refused(Code.AUTHORISATION_ENDED, f"today is {today}", "ends_on")
    _nothing_under_way(known, kind)
    return AuthorisationRequested(
        member_id=member_id,
        number=known.asked + 1,
        kind=kind,
        ends_on=ends_on,
        limit_fen=limit_fen,
    )


def cancel(known: Authorisations, member_id: str, kind: Kind) -> AuthorisationCancelling:
    _nothing_under_way(known, kind)
    granted = known.granted(kind)
    if granted is None:
        raise Refused(Code.AUTHORISATION_MISSING, field="kind")
    return AuthorisationCancelling(
        member_id=member_id, number=granted, kind=kind, cancellation=known.asked + 1
    )


def answer(
    known: Authorisations, member_id: str, number: int, refused_code: str | None
) -> AuthorisationGranted | AuthorisationRefused:
    kind = known.in_status(number, Status.REQUESTED).kind
    if refused_code is None:
        replaces = known.granted(kind)
        return AuthorisationGranted(member_id=member_id, number=number, replaces=replaces)
    return AuthorisationRefused(member_id=member_id, number=number, bank_code=refused_code)


def answer_cancellation(
    known: Authorisations, member_id: str, number: int, refused_code: str | None
) -> AuthorisationCancelled | AuthorisationKept:
    known.in_status(number, Status.CANCELLING)
    if refused_code is None:
        return AuthorisationCancelled(member_id=member_id, number=number)
    return AuthorisationKept(member_id=member_id, number=number, bank_code=refused_code)


def check(
    known: Authorisations, kind: Kind, amount_fen: int, today: date, *, required: bool
) -> None:
    """Before each use. Unless it is `required`, a member of whom no authorisation of the kind was
    ever granted is taken to have given one outside of the system."""
    if not (required or known.by_number):
        return
    granted = known.granted(kind)
    if granted is None:
        if required or known.of(kind, Status.CANCELLING, Status.ENDED):
            raise Refused(Code.AUTHORISATION_MISSING, f"for {kind}")
        return
    usable = known.by_number[granted]
    if today > usable.ends_on:
        raise Refused(Code.AUTHORISATION_ENDED, f"it ended on {usable.ends_on}")
    if amount_fen > usable.limit_fen:
        limit = f"the limit is {usable.limit_fen} fen"
        raise Refused(Code.AUTHORISATION_EXCEEDED, limit, "amount_fen")


def _nothing_under_way(known: Authorisations, kind: Kind) -> None:
    if known.of(kind, Status.REQUESTED, Status.CANCELLING):
        raise Refused(Code.AUTHORISATION_UNDER_WAY, field="kind")


# -- evolve -----------------------------------------------------------------------------


def evolve(known: Authorisations, event: AuthorisationEvent) -> Authorisations:
    match event:
        case AuthorisationRequested():
            asked = Authorisation(event.kind, event.ends_on, event.limit_fen)
            by_number = {**known.by_number, event.number: asked}
            return Authorisations(event.number, by_number)
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
        case _:
            assert_never(event)


def _moved(known: Authorisations, number: int, status: Status) -> Authorisations:
    moved = replace(known.by_number[number], status=status)
    return replace(known, by_number={**known.by_number, number: moved})
