"""Commands by which two people put right what went wrong: with the platform's own money, or by
recording what the bank has put right."""

from __future__ import annotations

from domain import cashbook, reversal, shortfall
from domain import commands as c
from domain.accounts import INCOME_ACCOUNT, OUTSIDE, owner_of
from domain.cashbook import EntryRequested, Movement, entry_of, movement_id
from domain.model import Refused
from domain.purposes import Purpose
from domain.refusals import Code
from domain.streams import reversal_stream
from services.settlement.desk import Desk
from services.settlement.on_withdrawals import take_back


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


def record_bank_reversal(desk: Desk, command: c.RecordBankReversal) -> None:
    """A fact of the bank: it is not refused for want of money (see cashbook.record), nor for what a
    register says."""
    if command.bank_date > desk.today:
        raise Refused(Code.BANK_DATE_IN_FUTURE, f"today is {desk.today}", "bank_date")
    before = reversal.moved(desk.entry(entry_of(command.movement_id)), command.movement_id)
    taken = reversal.MovementTakenBack(
        movement_id=before.id,
        bank_date=command.bank_date,
        amount_fen=before.amount_fen,
        approved_by=command.checker.operator_id,
    )
    desk.record(
        reversal_stream(before.id), *reversal.take_back(desk.reversal(before.id), before, taken)
    )
    entry_id = f"B-{before.id}"
    back = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.BANK_REVERSAL,
        payer=before.payee,
        payee=before.payer,
        amount_fen=before.amount_fen,
    )
    from_outside = back.payer == OUTSIDE
    recorded = cashbook.record(
        desk.entry(entry_id),
        entry_id,
        back,
        bank_record=before.id,
        bank_date=command.bank_date,
        origin=before.id,
        payer_available_fen=0 if from_outside else desk.balance(back.payer).available_fen,
    )
    desk.post(recorded)
    if before.purpose is Purpose.WITHDRAWAL:
        take_back(desk, before.payer, before.id, before.id)


def cover_shortfall(desk: Desk, command: c.CoverShortfall) -> None:
    """What arrives covers the claim as any other money does: see Desk.post."""
    claim = shortfall.to_cover(desk.shortfalls, command.entry_id, command.amount_fen)
    entry_id = f"SC-{command.cover_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.SHORTFALL_COVER,
        payer=INCOME_ACCOUNT,
        payee=claim.account,
        amount_fen=command.amount_fen,
    )
    desk.request(entry_id, owner_of(claim.account), command.entry_id, [movement], "cover_id")
