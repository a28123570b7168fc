"""Reversals (冲正): what came to the platform by mistake goes back, by a new movement that names
the old one; and what the bank took back by itself (银行冲正).

    Reverse -> ReversalRequested    the bank carries it out, or -> ReversalRejected
    the bank's fact, by two people -> MovementTakenBack

One stream for each movement that was reversed. Only what has no other way back is reversed: a
repayment, a payout, a tender is a line of a register, and has commands that undo it there. The bank
may take back whatever it carried out, whole; what a register says stays as it is.

Invariant: no more goes back than the movement moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, assert_never

from msgspec import field

from domain.cashbook import Entry, Movement, Status
from domain.model import Event, Fen, Refused, State, without
from domain.purposes import MATRIX, Purpose, Shape
from domain.refusals import Code

REVERSIBLE = frozenset({Purpose.FEE, Purpose.ASSIGNMENT_FEE, Purpose.RESERVE_SURPLUS})


# -- events -----------------------------------------------------------------------------


class ReversalRequested(Event):
    TOPIC: ClassVar[str] = "reversal.requested.v1"
    movement_id: str
    reversal_id: str
    amount_fen: Fen
    approved_by: str  # The checker.


class ReversalRejected(Event):
    TOPIC: ClassVar[str] = "reversal.rejected.v1"
    movement_id: str
    reversal_id: str
    bank_code: str


class MovementTakenBack(Event):
    """The bank undid what it had carried out, on its day `bank_date`, and lists no movement."""

    TOPIC: ClassVar[str] = "reversal.taken-back.v1"
    movement_id: str
    bank_date: date
    amount_fen: Fen
    approved_by: str  # The checker.


ReversalEvent = ReversalRequested | ReversalRejected | MovementTakenBack
EVENTS = (ReversalRequested, ReversalRejected, MovementTakenBack)

BANK = "bank"
"""Stands for the reversal's id where the bank took it back."""


# -- state ------------------------------------------------------------------------------


class Reversal(State):
    back_fen: Mapping[str, int] = field(default_factory=dict)
    """By reversal: what went back, or is on its way."""


INITIAL = Reversal()


# -- decide -----------------------------------------------------------------------------


def moved(entry: Entry, movement_id: str) -> Movement:
    """The movement that is taken back; refused unless the bank has carried it out."""
    movements = entry.requested.movements if entry.requested is not None else ()
    found = next((each for each in movements if each.id == movement_id), None)
    if found is None or entry.status is not Status.SETTLED:
        raise Refused(Code.MOVEMENT_UNKNOWN, field="movement_id")
    return found


def reverse(
    reversal: Reversal, movement: Movement, wanted: ReversalRequested
) -> tuple[ReversalEvent, ...]:
    if movement.purpose not in REVERSIBLE:
        raise Refused(Code.MOVEMENT_NOT_REVERSIBLE, f"a {movement.purpose}", "movement_id")
    left_fen = movement.amount_fen - sum(reversal.back_fen.values())
    if wanted.amount_fen > left_fen:
        raise Refused(Code.REVERSAL_ABOVE_MOVEMENT, f"{left_fen} fen are left", "amount_fen")
    return (wanted,)


def take_back(
    reversal: Reversal, movement: Movement, taken: MovementTakenBack
) -> tuple[ReversalEvent, ...]:
    if MATRIX[movement.purpose].shape in (Shape.FREEZE, Shape.RELEASE):
        raise Refused(Code.MOVEMENT_NOT_REVERSIBLE, f"a {movement.purpose}", "movement_id")
    if reversal.back_fen:
        raise Refused(Code.REVERSAL_ABOVE_MOVEMENT, "some of it went back before", "movement_id")
    return (taken,)


# -- evolve -----------------------------------------------------------------------------


def evolve(reversal: Reversal, event: ReversalEvent) -> Reversal:
    match event:
        case ReversalRequested():
            return Reversal({**reversal.back_fen, event.reversal_id: event.amount_fen})
        case ReversalRejected():
            return Reversal(without(reversal.back_fen, event.reversal_id))
        case MovementTakenBack():
            return Reversal({**reversal.back_fen, BANK: event.amount_fen})
        case _:
            assert_never(event)
