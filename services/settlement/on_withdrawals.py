"""Commands about withdrawals: asked for, confirmed, stopped."""

from __future__ import annotations

from domain import binding, card_guard, withdrawal
from domain import commands as c
from domain.accounts import OUTSIDE, owner_of, role_of
from domain.authorisation import Kind as Authorised
from domain.card_guard import WithdrawalCounted
from domain.cashbook import EntryRequested, Movement, movement_id, still_open
from domain.model import Refused
from domain.purposes import Purpose
from domain.refusals import Code
from domain.streams import entry_stream, member_stream
from domain.withdrawal import Outgoing
from services.settlement import on_cards
from services.settlement.desk import Desk
from services.settlement.on_authorisations import check_cash


def request_withdrawal(desk: Desk, command: c.RequestWithdrawal) -> None:
    state = desk.member(command.member_id)
    account = state.account(command.role)
    binding.check_payable(state, command.role, command.binding_id, desk.today)
    if not command.by_member:
        check_cash(desk, command.member_id, Authorised.WITHDRAWAL, command.amount_fen, command.role)
    entry_id = entry_of(command.withdrawal_id)
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.WITHDRAWAL,
        payer=account,
        payee=OUTSIDE,
        amount_fen=command.amount_fen,
    )
    wanted = WithdrawalCounted(
        member_id=command.member_id,
        entry_id=entry_id,
        role=command.role,
        on=desk.today,
        amount_fen=command.amount_fen,
    )
    rules = desk.platform.rules
    limits = rules.withdrawal_single_max_fen, rules.withdrawal_daily_max_fen
    desk.record(member_stream(command.member_id), *card_guard.count(state.guard, wanted, *limits))
    desk.request(
        entry_id,
        command.member_id,
        command.binding_id,
        [movement],
        "withdrawal_id",
        by_member=None if command.by_member else False,
    )


def fail_withdrawal(desk: Desk, requested: EntryRequested, bank_code: str) -> None:
    """The money is back. Unless we had it stopped, the bank could not pay it to that card."""
    member_id, entry_id = requested.subject, requested.entry_id
    guard = desk.member(member_id).guard
    desk.record(member_stream(member_id), *card_guard.uncount(guard, member_id, entry_id))
    if not desk.entry(entry_id).word.stopping:
        on_cards.suspend(desk, member_id, requested.reference, entry_id)


def take_back(desk: Desk, account: str, origin: str | None, bank_record: str) -> None:
    """A withdrawal that was paid has come back (退票), as the bank says: it may name anything."""
    entry_id, _, _ = (origin or "").rpartition(".")
    requested = desk.entry(entry_id).requested
    if requested is None or requested.purpose is not Purpose.WITHDRAWAL:
        return
    if requested.movements[0].payer == account:
        on_cards.suspend(desk, requested.subject, requested.reference, bank_record)


def stop_withdrawal(desk: Desk, command: c.StopWithdrawal) -> None:
    entry = desk.entry(entry_of(command.withdrawal_id))
    requested = still_open(entry, "withdrawal_id")
    reason = command.reason or "asked"
    stopped = withdrawal.stop(entry.word, _outgoing(requested), reason)
    desk.record(entry_stream(requested.entry_id), stopped)


def decide_withdrawal(desk: Desk, command: c.DecideWithdrawal) -> None:
    """The last look at the bank account, when the money is at the door."""
    entry = desk.entry(command.entry_id)
    requested = still_open(entry)
    outgoing = _outgoing(requested)
    decided = withdrawal.decide(entry.word, outgoing, _objection(desk, requested))
    desk.record(entry_stream(requested.entry_id), *decided)


def refuse_stop(desk: Desk, command: c.RefuseStop) -> None:
    entry = desk.entry(command.entry_id)
    refused = withdrawal.refuse_stop(entry.word, command.entry_id, command.bank_code)
    desk.record(entry_stream(command.entry_id), refused)


def entry_of(withdrawal_id: str) -> str:
    return f"W-{withdrawal_id}"


def _objection(desk: Desk, requested: EntryRequested) -> str | None:
    account = requested.movements[0].payer
    state = desk.member(owner_of(account))
    try:
        binding.check_payable(state, role_of(account), requested.reference, desk.today)
    except Refused as why:
        return why.code
    return None


def _outgoing(requested: EntryRequested) -> Outgoing:
    """Raises Refused for an entry that is no withdrawal."""
    movement = requested.movements[0]
    if movement.purpose is not Purpose.WITHDRAWAL:
        raise Refused(Code.ENTRY_UNKNOWN, "it is no withdrawal", "entry_id")
    return Outgoing(requested.entry_id, movement.id, movement.payer)
