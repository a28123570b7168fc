"""An assignment (债权转让): one offer of a claim, or of a part of it, and what becomes of it.

    Offer -> AssignmentOffered    the bank puts it on record -> AssignmentListed
    Buy   -> AssignmentBought     the buyer's money is frozen, then goes to the seller
                               -> AssignmentSettled: the claim is the buyer's
    else  -> AssignmentEnded      not listed, withdrawn, expired, rejected, or the loan is over

It has one seller and at most one buyer. What it does to the loan's register is domain.claims'.

The buyer pays the price, and the seller's part of the interest that goes with the claim (应计利息).

Invariant: it ends once, and until it is settled the claim is the seller's.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, assert_never

from msgspec.structs import replace

from domain.model import Event, Fen, Refused, State
from domain.refusals import Code


class Reason(StrEnum):
    """Why it came to nothing."""

    NOT_LISTED = "not_listed"  # The bank would not put it on record.
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REJECTED = "rejected"  # The bank did not freeze or did not transfer the buyer's money.
    LOAN_ENDED = "loan_ended"


# -- events -----------------------------------------------------------------------------


class AssignmentOffered(Event):
    TOPIC: ClassVar[str] = "assignment.offered.v1"
    assignment_id: str
    loan_id: str
    claim_id: str
    seller_id: str
    principal_fen: Fen
    price_fen: Fen
    valid_until: date


class AssignmentListed(Event):
    """It is on record at the bank."""

    TOPIC: ClassVar[str] = "assignment.listed.v1"
    assignment_id: str


class AssignmentBought(Event):
    """`accrued_fen`: the interest that the seller has earned up to `bought_on`, which the buyer
    pays beside the price. `fee_fen` is the seller's."""

    TOPIC: ClassVar[str] = "assignment.bought.v1"
    assignment_id: str
    buyer_id: str
    bought_on: date
    accrued_fen: int
    fee_fen: int


class AssignmentSettled(Event):
    TOPIC: ClassVar[str] = "assignment.settled.v1"
    assignment_id: str
    settled_on: date


class AssignmentEnded(Event):
    TOPIC: ClassVar[str] = "assignment.ended.v1"
    assignment_id: str
    reason: Reason
    bank_code: str


AssignmentEvent = (
    AssignmentOffered | AssignmentListed | AssignmentBought | AssignmentSettled | AssignmentEnded
)
EVENTS = (
    AssignmentOffered,
    AssignmentListed,
    AssignmentBought,
    AssignmentSettled,
    AssignmentEnded,
)


# -- state ------------------------------------------------------------------------------


class Status(StrEnum):
    NONE = "none"
    OFFERED = "offered"  # The bank is asked to put it on record.
    LISTED = "listed"
    BOUGHT = "bought"
    SETTLED = "settled"
    ENDED = "ended"


class Assignment(State):
    status: Status = Status.NONE
    offered: AssignmentOffered | None = None
    bought: AssignmentBought | None = None

    @property
    def offer(self) -> AssignmentOffered:
        if self.offered is None:
            raise Refused(Code.ASSIGNMENT_UNKNOWN, field="assignment_id")
        return self.offered

    @property
    def purchase(self) -> AssignmentBought:
        self.must_be(Status.BOUGHT)
        if self.bought is None:
            raise Refused(Code.ASSIGNMENT_NOT_OPEN, field="assignment_id")
        return self.bought

    def must_be(self, *statuses: Status) -> AssignmentOffered:
        offer = self.offer
        if self.status not in statuses:
            raise Refused(
                Code.ASSIGNMENT_NOT_OPEN, f"the assignment is {self.status}", "assignment_id"
            )
        return offer


INITIAL = Assignment()


# -- decide -----------------------------------------------------------------------------


def offer(assignment: Assignment, wanted: AssignmentOffered, today: date) -> AssignmentOffered:
    if assignment.status is not Status.NONE:
        raise Refused(Code.ID_TAKEN, field="assignment_id")
    if wanted.valid_until < today:
        raise Refused(Code.DEADLINE_IN_PAST, f"today is {today}", "valid_until")
    return wanted


def answer(
    assignment: Assignment, refused_code: str | None
) -> AssignmentListed | AssignmentEnded | None:
    """The bank's word on the offer. None where the offer was over before it came."""
    offer = assignment.must_be(Status.OFFERED, Status.ENDED)
    if assignment.status is Status.ENDED:
        return None
    if refused_code is None:
        return AssignmentListed(assignment_id=offer.assignment_id)
    return end(assignment, Reason.NOT_LISTED, refused_code)


def buy(
    assignment: Assignment,
    buyer_id: str,
    *,
    accrued_fen: int,
    fee_fen: int,
    amount_max_fen: int,
    today: date,
) -> AssignmentBought:
    offer = assignment.must_be(Status.LISTED)
    if offer.valid_until < today:
        raise Refused(
            Code.ASSIGNMENT_NOT_OPEN, f"it was open until {offer.valid_until}", "assignment_id"
        )
    if buyer_id == offer.seller_id:
        raise Refused(Code.ASSIGNMENT_TO_SELF, field="buyer_id")
    amount_fen = offer.price_fen + accrued_fen
    if amount_fen > amount_max_fen:
        raise Refused(Code.ASSIGNMENT_ABOVE_AGREED, f"it takes {amount_fen} fen", "amount_max_fen")
    return AssignmentBought(
        assignment_id=offer.assignment_id,
        buyer_id=buyer_id,
        bought_on=today,
        accrued_fen=accrued_fen,
        fee_fen=fee_fen,
    )


def settle(assignment: Assignment, today: date) -> AssignmentSettled:
    offer = assignment.must_be(Status.BOUGHT)
    return AssignmentSettled(assignment_id=offer.assignment_id, settled_on=today)


def withdraw(assignment: Assignment) -> AssignmentEnded:
    assignment.must_be(Status.OFFERED, Status.LISTED)
    return end(assignment, Reason.WITHDRAWN)


def expire(assignment: Assignment, today: date) -> AssignmentEnded | None:
    """None where it is bought or over by now."""
    offer = assignment.offer
    if assignment.status not in (Status.OFFERED, Status.LISTED):
        return None
    if today <= offer.valid_until:
        raise Refused(Code.DEADLINE_NOT_REACHED, f"it is {offer.valid_until}", "assignment_id")
    return end(assignment, Reason.EXPIRED)


def end(assignment: Assignment, reason: Reason, bank_code: str = "") -> AssignmentEnded:
    offer = assignment.must_be(Status.OFFERED, Status.LISTED, Status.BOUGHT)
    return AssignmentEnded(assignment_id=offer.assignment_id, reason=reason, bank_code=bank_code)


# -- evolve -----------------------------------------------------------------------------


def evolve(assignment: Assignment, event: AssignmentEvent) -> Assignment:
    match event:
        case AssignmentOffered():
            return Assignment(Status.OFFERED, event)
        case AssignmentListed():
            return replace(assignment, status=Status.LISTED)
        case AssignmentBought():
            return replace(assignment, status=Status.BOUGHT, bought=event)
        case AssignmentSettled():
            return replace(assignment, status=Status.SETTLED)
        case AssignmentEnded():
            return replace(assignment, status=Status.ENDED)
        case _:
            assert_never(event)
