"""Commands by which two people have money stand still at the bank, and let it go."""

from __future__ import annotations

from domain import commands as c
from domain import funds_freeze
from domain.accounts import owner_of
from domain.cashbook import EntryRequested, Movement, movement_id
from domain.purposes import Purpose
from domain.streams import freeze_stream
from services.settlement.desk import Desk


def freeze_funds(desk: Desk, command: c.FreezeFunds) -> None:
    account = desk.member(command.member_id).account(command.role)
    entry_id = entry_of_freeze(command.freeze_id)
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.ADMINISTRATIVE_FREEZE,
        payer=account,
        payee=account,
        amount_fen=command.amount_fen,
    )
    desk.request(entry_id, command.member_id, command.freeze_id, [movement], "freeze_id")
    ordered = funds_freeze.FundsFreezeOrdered(
        freeze_id=command.freeze_id,
        account=account,
        amount_fen=command.amount_fen,
        evidence=command.evidence,
        approved_by=command.checker.operator_id,
    )
    desk.record(freeze_stream(command.freeze_id), ordered)


def unfreeze_funds(desk: Desk, command: c.UnfreezeFunds) -> None:
    freeze = desk.funds_freeze(command.freeze_id)
    frozen = entry_of_freeze(command.freeze_id)
    ordered = funds_freeze.frozen(freeze, desk.entry(frozen))
    wanted = funds_freeze.FundsReleaseOrdered(
        freeze_id=command.freeze_id,
        release_id=command.release_id,
        amount_fen=command.amount_fen,
        evidence=command.evidence,
        approved_by=command.checker.operator_id,
    )
    released = funds_freeze.release(freeze, ordered, wanted)
    entry_id = entry_of_release(command.release_id)
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.ADMINISTRATIVE_RELEASE,
        payer=ordered.account,
        payee=ordered.account,
        amount_fen=command.amount_fen,
        freeze=movement_id(frozen, 1),
    )
    owner = owner_of(ordered.account)
    desk.request(entry_id, owner, command.freeze_id, [movement], "release_id")
    desk.record(freeze_stream(command.freeze_id), *released)


def release_rejected(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    rejected = funds_freeze.FundsReleaseRejected(
        freeze_id=entry.reference,
        release_id=entry.entry_id.partition("-")[2],
        bank_code=bank_code,
    )
    desk.record(freeze_stream(entry.reference), rejected)


def entry_of_freeze(freeze_id: str) -> str:
    return f"K-{freeze_id}"


def entry_of_release(release_id: str) -> str:
    return f"O-{release_id}"
