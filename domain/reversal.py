"""Reversals (冲正): what came to the platform by mistake goes back, by a new movement that names
the old one.

    Reverse -> ReversalRequested    the bank carries it out, or -> ReversalRejected

One stream for each movement that was reversed. Only what has no other way back is reversed: a
repayment, a payout, a tender is a line of a register, and has commands that undo it there.

Invariant: no more goes back than the movement moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, assert_never

from msgspec import field

from domain.cashbook import Entry, Movement, Status
from domain.model import Event, Fen, Refused, State, without
from domain.purposes import Purpose
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


ReversalEvent = ReversalRequested | ReversalRejected
EVENTS = (ReversalRequested, ReversalRejected)


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


# -- evolve -----------------------------------------------------------------------------


def evolve(reversal: Reversal, event: ReversalEvent) -> Reversal:
    match event:
        case ReversalRequested():
            return Reversal({**reversal.back_fen, event.reversal_id: event.amount_fen})
        case ReversalRejected():
            return Reversal(without(reversal.back_fen, event.reversal_id))
        case _:
            assert_never(event)
