"""Commands about members' bank accounts: bound, changed, unbound, suspended, reinstated."""

from __future__ import annotations

from domain import binding, card_guard, member
from domain import commands as c
from domain.card_guard import Act, SecondFactorPassed
from domain.member import BindingStatus
from domain.streams import member_stream
from services.settlement.desk import Desk


def bind_bank_account(desk: Desk, command: c.BindBankAccount) -> None:
    ref = f"card-{command.member_id}.{command.binding_id}"  # Ids may hold dashes, never dots.
    wanted = member.BindingRequested(
        member_id=command.member_id,
        role=command.role,
        binding_id=command.binding_id,
        card_ref=ref,
    )
    state = desk.member(command.member_id)
    bound = binding.bind(state, wanted)
    if binding.changes(state, command.role):
        make_sure(desk, command, Act.CHANGE, command.binding_id)
    desk.record(member_stream(command.member_id), *bound)
    desk.put_away(
        ref,
        {"card_no": command.card_no, "bank_code": command.bank_code, "phone": command.phone},
    )


def confirm_binding(desk: Desk, command: c.ConfirmBinding) -> None:
    opened = desk.platform.opened
    cool_off_days = opened.cool_off_days if opened else 0
    desk.record(
        member_stream(command.member_id),
        *binding.confirm_binding(
            desk.member(command.member_id),
            command.member_id,
            command.binding_id,
            desk.today,
            cool_off_days,
        ),
    )


def refuse_binding(desk: Desk, command: c.RefuseBinding) -> None:
    state = desk.member(command.member_id)
    desk.record(
        member_stream(command.member_id),
        *binding.refuse_binding(state, command.member_id, command.binding_id, command.bank_code),
    )


def unbind_bank_account(desk: Desk, command: c.UnbindBankAccount) -> None:
    state = desk.member(command.member_id)
    state.known()
    unbinding = binding.unbind(state, command.member_id, command.binding_id)
    make_sure(desk, command, Act.UNBIND, command.binding_id)
    desk.record(member_stream(command.member_id), *unbinding)


def finish_unbinding(desk: Desk, command: c.ConfirmUnbinding | c.RefuseUnbinding) -> None:
    refused_code = command.bank_code if isinstance(command, c.RefuseUnbinding) else None
    state = desk.member(command.member_id)
    desk.record(
        member_stream(command.member_id),
        *binding.finish_unbinding(state, command.member_id, command.binding_id, refused_code),
    )


def reinstate_bank_account(desk: Desk, command: c.ReinstateBankAccount) -> None:
    state = desk.member(command.member_id)
    state.known()
    binding.own_bound(state, command.binding_id)
    reinstated = card_guard.reinstate(state.guard, command.member_id, command.binding_id)
    make_sure(desk, command, Act.REINSTATE, command.binding_id)
    desk.record(member_stream(command.member_id), *reinstated)


def suspend(desk: Desk, member_id: str, binding_id: str, cause: str) -> None:
    """A payment to it failed, or came back. What is unbound by now needs no more."""
    state = desk.member(member_id)
    bound = state.bindings[binding_id].status is BindingStatus.BOUND
    if bound and desk.platform.rules.failed_cards_suspended:
        suspended = card_guard.suspend(state.guard, member_id, binding_id, cause)
        desk.record(member_stream(member_id), *suspended)


def make_sure(
    desk: Desk,
    command: c.BindBankAccount | c.UnbindBankAccount | c.ReinstateBankAccount | c.ChangePhone,
    act: Act,
    binding_id: str | None,
) -> None:
    """Refused without the second factor that the platform's rules want; it goes on record before
    what follows."""
    passed = None
    if factor := command.second_factor:
        passed = SecondFactorPassed(
            member_id=command.member_id,
            binding_id=binding_id,
            act=act,
            method=factor.method,
            reference=factor.reference,
            passed_at=factor.passed_at,
        )
    guard = desk.member(command.member_id).guard
    minutes = desk.platform.rules.second_factor_minutes
    known = card_guard.check_factor(guard, passed, desk.now, minutes)
    desk.record(member_stream(command.member_id), *known)
