"""An investment: the life of one tender (一笔投标), or of a claim that was bought from another
investor. What it received is a projection, not its business.

placed -> frozen at the bank -> concluded with the loan -> closed with its claim
       -> refused by the bank
                             -> released (流标)
acquired by assignment (债权转让)          -> closed with its claim
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from domain.model import Event, Fen, InvariantBroken, Refused, State
from domain.refusals import Code


class Status(StrEnum):
    NONE = "none"
    PLACED = "placed"
    FROZEN = "frozen"
    REFUSED = "refused"
    RELEASED = "released"
    CONCLUDED = "concluded"
    CLOSED = "closed"


class TenderPlaced(Event):
    TOPIC: ClassVar[str] = "investment.tender-placed.v1"
    tender_id: str
    loan_id: str
    investor_id: str
    amount_fen: Fen


class TenderFrozen(Event):
    TOPIC: ClassVar[str] = "investment.tender-frozen.v1"
    tender_id: str


class TenderRefused(Event):
    TOPIC: ClassVar[str] = "investment.tender-refused.v1"
    tender_id: str
    bank_code: str


class TenderReleased(Event):
    TOPIC: ClassVar[str] = "investment.tender-released.v1"
    tender_id: str


class InvestmentConcluded(Event):
    TOPIC: ClassVar[str] = "investment.concluded.v1"
    tender_id: str


class ClaimAcquired(Event):
    """An assigned claim (债权转让) begins concluded: nobody tendered for it."""

    TOPIC: ClassVar[str] = "investment.claim-acquired.v1"
    tender_id: str  # The claim.
    loan_id: str
    investor_id: str
    amount_fen: Fen


class InvestmentClosed(Event):
    TOPIC: ClassVar[str] = "investment.closed.v1"
    tender_id: str


InvestmentEvent = (
    TenderPlaced
    | TenderFrozen
    | TenderRefused
    | TenderReleased
    | InvestmentConcluded
    | ClaimAcquired
    | InvestmentClosed
)
EVENTS = (
    TenderPlaced,
    TenderFrozen,
    TenderRefused,
    TenderReleased,
    InvestmentConcluded,
    ClaimAcquired,
    InvestmentClosed,
)

_NEXT: dict[type[InvestmentEvent], tuple[Status, Status]] = {
    TenderPlaced: (Status.NONE, Status.PLACED),
    TenderFrozen: (Status.PLACED, Status.FROZEN),
    TenderRefused: (Status.PLACED, Status.REFUSED),
    TenderReleased: (Status.FROZEN, Status.RELEASED),
    InvestmentConcluded: (Status.FROZEN, Status.CONCLUDED),
    ClaimAcquired: (Status.NONE, Status.CONCLUDED),
    InvestmentClosed: (Status.CONCLUDED, Status.CLOSED),
}


class Investment(State):
    status: Status = Status.NONE
    placed: TenderPlaced | None = None


INITIAL = Investment()


def decide(investment: Investment, step: InvestmentEvent) -> tuple[InvestmentEvent, ...]:
    """A step is its own request: it may only be taken from the state before it."""
    before, _ = _NEXT[type(step)]
    if investment.status is before:
        return (step,)
    if before is Status.NONE:
        raise Refused(Code.ID_TAKEN, field="tender_id")
    raise InvariantBroken(f"{step.TOPIC} on a tender that is {investment.status}")


def evolve(investment: Investment, event: InvestmentEvent) -> Investment:
    placed = event if isinstance(event, TenderPlaced) else investment.placed
    return Investment(_NEXT[type(event)][1], placed)
