"""What may be done by an authorisation (授权): before each use of one.

Invariant: none is used beyond its end or its limit.
"""

from __future__ import annotations

from datetime import date

from domain.accounts import Role
from domain.authorisation import Authorisations, Kind, Status, whose
from domain.model import Refused
from domain.refusals import Code


def check(
    known: Authorisations,
    kind: Kind,
    amount_fen: int,
    today: date,
    *,
    required: bool,
    role: Role | None = None,
) -> None:
    """Before each use. Raises Refused."""
    limit_fen = usable_fen(known, kind, today, required=required, role=role)
    if limit_fen is not None and amount_fen > limit_fen:
        limit = f"the limit is {limit_fen} fen"
        raise Refused(Code.AUTHORISATION_EXCEEDED, limit, "amount_fen")


def usable_fen(
    known: Authorisations, kind: Kind, today: date, *, required: bool, role: Role | None = None
) -> int | None:
    """The most for one use, None for no limit. Unless it is `required`, a member of whom no
    authorisation of the kind was ever granted is taken to have given one outside of the system."""
    role = whose(kind, role)
    if not (required or known.by_number or known.acts):
        return None
    granted = known.granted(kind, role)
    if granted is None:
        past = known.of(kind, role, Status.CANCELLING, Status.ENDED)
        if required or past or (kind, role) in known.acts:
            raise Refused(Code.AUTHORISATION_MISSING, f"for {kind}")
        return None
    usable = known.by_number[granted]
    if today > usable.ends_on:
        raise Refused(Code.AUTHORISATION_ENDED, f"it ended on {usable.ends_on}")
    return usable.limit_fen


def covers(known: Authorisations, kind: Kind, amount_fen: int, today: date) -> bool:
    """May so much be moved without the member, by what he has granted at the bank?"""
    granted = known.granted(kind, whose(kind, None))
    if granted is None:
        return False
    usable = known.by_number[granted]
    return today <= usable.ends_on and amount_fen <= usable.limit_fen
