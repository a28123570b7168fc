"""Commands by which two people put right what went wrong, with the platform's own money."""

from __future__ import annotations

from domain import commands as c
from domain import reversal, shortfall
from domain.accounts import INCOME_ACCOUNT, owner_of
from domain.cashbook import EntryRequested, Movement, entry_of, movement_id
from domain.purposes import Purpose
from domain.streams import reversal_stream
from services.settlement.desk import Desk


def reverse_movement(desk: Desk, command: c.ReverseMovement) -> None:
    stream = reversal_stream(command.movement_id)
    before = reversal.moved(desk.entry(entry_of(command.movement_id)), command.movement_id)
    wanted = reversal.ReversalRequested(
        movement_id=before.id,
        reversal_id=command.reversal_id,
        amount_fen=command.amount_fen,
        approved_by=command.checker.operator_id,
    )
    requested = reversal.reverse(desk.reversal(before.id), before, wanted)
    entry_id = f"Q-{command.reversal_id}"
    back = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.REVERSAL,
        payer=before.payee,
        payee=before.payer,
        amount_fen=command.amount_fen,
    )
    desk.request(entry_id, owner_of(before.payer), before.id, [back], "reversal_id")
    desk.record(stream, *requested)


def reversal_rejected(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    rejected = reversal.ReversalRejected(
        movement_id=entry.reference,
        reversal_id=entry.entry_id.partition("-")[2],
        bank_code=bank_code,
    )
    desk.record(reversal_stream(entry.reference), rejected)


def cover_shortfall(desk: Desk, command: c.CoverShortfall) -> None:
    """What arrives covers the claim as any other money does: see Desk.post."""
    claim = shortfall.to_cover(desk.shortfalls, command.entry_id, command.amount_fen)
    entry_id = f"G-{command.cover_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.SHORTFALL_COVER,
        payer=INCOME_ACCOUNT,
        payee=claim.account,
        amount_fen=command.amount_fen,
    )
    desk.request(entry_id, owner_of(claim.account), command.entry_id, [movement], "cover_id")
