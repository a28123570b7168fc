"""Bound bank accounts (绑卡) of a member: decided over the member's state.

    Bind     -> BindingRequested    -> BindingConfirmed | BindingRefused
    Unbind   -> UnbindingRequested  -> BankAccountUnbound | UnbindingRefused

Invariant: at most one bank account is bound (or about to be) for each role.
"""

from __future__ import annotations

from datetime import date, timedelta

from domain import card_guard
from domain.accounts import Role
from domain.member import (
    BankAccountUnbound,
    Binding,
    BindingConfirmed,
    BindingRefused,
    BindingRequested,
    BindingStatus,
    Member,
    MemberEvent,
    UnbindingRefused,
    UnbindingRequested,
)
from domain.model import Refused
from domain.refusals import Code

LIVE = frozenset({BindingStatus.REQUESTED, BindingStatus.BOUND, BindingStatus.UNBINDING})


def bind(member: Member, wanted: BindingRequested) -> tuple[MemberEvent, ...]:
    member.account(wanted.role)
    if wanted.binding_id in member.bindings:
        raise Refused(Code.ID_TAKEN, field="binding_id")
    if any(b.role is wanted.role and b.status in LIVE for b in member.bindings.values()):
        raise Refused(Code.BINDING_EXISTS, field="role")
    return (wanted,)


def changes(member: Member, role: Role) -> bool:
    """Would another bank account be in place of one that was unbound?"""
    return any(
        binding.role is role and binding.status is BindingStatus.UNBOUND
        for binding in member.bindings.values()
    )


def confirm_binding(
    member: Member, member_id: str, binding_id: str, today: date, cool_off_days: int
) -> tuple[MemberEvent, ...]:
    """The first bank account of a role is usable at once, a changed one after the cool-off."""
    binding = _in_status(member, binding_id, BindingStatus.REQUESTED)
    changed = changes(member, binding.role)
    return (
        BindingConfirmed(
            member_id=member_id,
            binding_id=binding_id,
            usable_from=today + timedelta(days=cool_off_days if changed else 0),
        ),
    )


def refuse_binding(
    member: Member, member_id: str, binding_id: str, bank_code: str
) -> tuple[MemberEvent, ...]:
    _in_status(member, binding_id, BindingStatus.REQUESTED)
    return (BindingRefused(member_id=member_id, binding_id=binding_id, bank_code=bank_code),)


def unbind(member: Member, member_id: str, binding_id: str) -> tuple[MemberEvent, ...]:
    """A withdrawal to it that was not sent yet will not be: custody looks again before sending."""
    own_bound(member, binding_id)
    return (UnbindingRequested(member_id=member_id, binding_id=binding_id),)


def own_bound(member: Member, binding_id: str) -> None:
    if binding_id not in member.bindings:
        raise Refused(Code.BANK_ACCOUNT_NOT_OWN, field="binding_id")
    _in_status(member, binding_id, BindingStatus.BOUND)


def finish_unbinding(
    member: Member, member_id: str, binding_id: str, refused_code: str | None
) -> tuple[MemberEvent, ...]:
    _in_status(member, binding_id, BindingStatus.UNBINDING)
    if refused_code is None:
        return (BankAccountUnbound(member_id=member_id, binding_id=binding_id),)
    return (UnbindingRefused(member_id=member_id, binding_id=binding_id, bank_code=refused_code),)


def check_payable(member: Member, role: Role, binding_id: str, today: date) -> None:
    """Money rule 6: only the owner's verified, bound bank account, not suspended, after any
    cool-off."""
    binding = member.bindings.get(binding_id)
    if binding is None or binding.role is not role:
        raise Refused(Code.BANK_ACCOUNT_NOT_OWN, field="binding_id")
    if binding.status is not BindingStatus.BOUND:
        raise Refused(Code.BANK_ACCOUNT_NOT_BOUND, field="binding_id")
    card_guard.check_card(member.guard, binding_id)
    if today < binding.usable_from:
        raise Refused(
            Code.BANK_ACCOUNT_COOLING_OFF, f"usable from {binding.usable_from}", "binding_id"
        )


def _in_status(member: Member, binding_id: str, status: BindingStatus) -> Binding:
    binding = member.bindings.get(binding_id)
    if binding is None or binding.status is not status:
        raise Refused(Code.BANK_ACCOUNT_NOT_BOUND, field="binding_id")
    return binding
