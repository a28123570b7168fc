"""An identity (实名): who a member is, known by a keyed hash of the id number.

    Register -> IdentityClaimed

Invariant: one member has it. It passes on only from a member whom the bank refused every account,
and who is not on the blacklist.
"""

from __future__ import annotations

from typing import ClassVar

from domain.member import Member
from domain.model import Event, Refused, State
from domain.refusals import Code


class IdentityClaimed(Event):
    TOPIC: ClassVar[str] = "identity.claimed.v1"
    identity: str
    member_id: str


IdentityEvent = IdentityClaimed
EVENTS = (IdentityClaimed,)


class Identity(State):
    member_id: str | None = None


INITIAL = Identity()


def identity_of(digest: str) -> str:
    """128 bits of a member's identity_digest, in hexadecimal."""
    return digest[:32]


def claim(holder: Member | None, claimed: IdentityClaimed) -> tuple[IdentityEvent, ...]:
    """`holder` is the member who has it now."""
    if holder is not None and (holder.blacklisted or not holder.turned_away):
        raise Refused(Code.IDENTITY_TAKEN, field="id_no")
    return (claimed,)


def evolve(identity: Identity, event: IdentityEvent) -> Identity:
    return Identity(event.member_id)
