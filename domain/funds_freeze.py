"""Money that stands still at the order of a court or an authority (司法冻结), by two people.

    Order   -> FundsFreezeOrdered    the cash book freezes it, once the bank has
    Release -> FundsReleaseOrdered   -> (the bank refuses) FundsReleaseRejected

Each freeze has a stream of its own; its money and that of its releases are entries of the cash
book.

Invariant: no more is given back than was frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, assert_never

from msgspec import field
from msgspec.structs import replace

from domain import cashbook
from domain.cashbook import Entry
from domain.model import Event, Fen, Refused, State, without
from domain.refusals import Code

# -- events -----------------------------------------------------------------------------


class FundsFreezeOrdered(Event):
    """`evidence`: the order, as people know it."""

    TOPIC: ClassVar[str] = "freeze.ordered.v1"
    freeze_id: str
    account: str
    amount_fen: Fen
    evidence: str
    approved_by: str


class FundsReleaseOrdered(Event):
    TOPIC: ClassVar[str] = "freeze.release-ordered.v1"
    freeze_id: str
    release_id: str
    amount_fen: Fen
    evidence: str
    approved_by: str


class FundsReleaseRejected(Event):
    """The bank did not: it stands still as before."""

    TOPIC: ClassVar[str] = "freeze.release-rejected.v1"
    freeze_id: str
    release_id: str
    bank_code: str


FreezeEvent = FundsFreezeOrdered | FundsReleaseOrdered | FundsReleaseRejected
EVENTS = (FundsFreezeOrdered, FundsReleaseOrdered, FundsReleaseRejected)

# -- state ------------------------------------------------------------------------------


class FundsFreeze(State):
    """`given_back`: fen by release, those under way too."""

    ordered: FundsFreezeOrdered | None = None
    given_back: Mapping[str, int] = field(default_factory=dict)


INITIAL = FundsFreeze()

# -- decide -----------------------------------------------------------------------------


def frozen(freeze: FundsFreeze, entry: Entry) -> FundsFreezeOrdered:
    """What stands still. `entry`: the freeze's own in the cash book."""
    if freeze.ordered is None or entry.status is not cashbook.Status.SETTLED:
        raise Refused(Code.FREEZE_UNKNOWN, field="freeze_id")
    return freeze.ordered


def release(
    freeze: FundsFreeze, ordered: FundsFreezeOrdered, wanted: FundsReleaseOrdered
) -> tuple[FundsReleaseOrdered, ...]:
    left_fen = ordered.amount_fen - sum(freeze.given_back.values())
    if wanted.amount_fen > left_fen:
        raise Refused(Code.RELEASE_ABOVE_FREEZE, f"{left_fen} fen are left of it", "amount_fen")
    return (wanted,)


# -- evolve -----------------------------------------------------------------------------


def evolve(freeze: FundsFreeze, event: FreezeEvent) -> FundsFreeze:
    match event:
        case FundsFreezeOrdered():
            return replace(freeze, ordered=event)
        case FundsReleaseOrdered():
            given_back = {**freeze.given_back, event.release_id: event.amount_fen}
            return replace(freeze, given_back=given_back)
        case FundsReleaseRejected():
            return replace(freeze, given_back=without(freeze.given_back, event.release_id))
        case _:
            assert_never(event)
