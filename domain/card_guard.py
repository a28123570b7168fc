"""What stands between a member's money and a bank account, besides its binding.

    a payment fails or comes back  -> CardSuspended -> CardReinstated, or another card is bound
    a card is changed              -> SecondFactorPassed
    a withdrawal is asked for      -> WithdrawalCounted -> (it fails) WithdrawalUncounted

They stand in the member's stream. Which of them a platform wants its rules for members say.

Invariant: a second factor is used once, and a day's counted withdrawals keep to the day's limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, assert_never

from msgspec import field
from msgspec.structs import replace

from domain.accounts import Role
from domain.model import Event, Fen, Instant, Refused, State, without
from domain.refusals import Code


class Act(StrEnum):
    """What a second factor is asked for."""

    CHANGE = "change"
    UNBIND = "unbind"
    REINSTATE = "reinstate"
    CHANGE_PHONE = "change_phone"


# -- events -----------------------------------------------------------------------------


class CardSuspended(Event):
    """Nothing is paid to it until the member has confirmed it. `cause`: the bank's record of a
    returned withdrawal, or the entry that failed."""

    TOPIC: ClassVar[str] = "member.card-suspended.v1"
    member_id: str
    binding_id: str
    cause: str


class CardReinstated(Event):
    TOPIC: ClassVar[str] = "member.card-reinstated.v1"
    member_id: str
    binding_id: str


class SecondFactorPassed(Event):
    """The platform has made sure of the member by a second way. `reference`: its own evidence.
    `binding_id`: None where it is about no bank account."""

    TOPIC: ClassVar[str] = "member.second-factor-passed.v1"
    member_id: str
    binding_id: str | None
    act: Act
    method: str
    reference: str
    passed_at: Instant


class WithdrawalCounted(Event):
    """Counts against the day's limit of the role's account."""

    TOPIC: ClassVar[str] = "member.withdrawal-counted.v1"
    member_id: str
    entry_id: str
    role: Role
    on: date
    amount_fen: Fen


class WithdrawalUncounted(Event):
    TOPIC: ClassVar[str] = "member.withdrawal-uncounted.v1"
    member_id: str
    entry_id: str


CardEvent = (
    CardSuspended | CardReinstated | SecondFactorPassed | WithdrawalCounted | WithdrawalUncounted
)
EVENTS = (
    CardSuspended,
    CardReinstated,
    SecondFactorPassed,
    WithdrawalCounted,
    WithdrawalUncounted,
)

# -- state ------------------------------------------------------------------------------


class Counted(State):
    role: Role
    on: date
    amount_fen: int


class Guard(State):
    """`counted`: withdrawals by entry, those of the last day on which there was one."""

    suspended: frozenset[str] = frozenset()
    factors: frozenset[str] = frozenset()
    counted: Mapping[str, Counted] = field(default_factory=dict)


INITIAL = Guard()

# -- decide -----------------------------------------------------------------------------


def check_card(guard: Guard, binding_id: str) -> None:
    if binding_id in guard.suspended:
        raise Refused(Code.BANK_ACCOUNT_SUSPENDED, field="binding_id")


def check_factor(
    guard: Guard, passed: SecondFactorPassed | None, now: datetime, minutes: int | None
) -> tuple[SecondFactorPassed, ...]:
    """`minutes`: how long ago it may have been passed; None: nobody asks for one, and what is given
    all the same goes on record."""
    if passed is None:
        if minutes is None:
            return ()
        raise Refused(Code.SECOND_FACTOR_REQUIRED, field="second_factor")
    if passed.reference in guard.factors:
        raise Refused(Code.SECOND_FACTOR_USED, field="second_factor.reference")
    limit = timedelta(minutes=minutes or 0)
    if minutes is not None and not now - limit <= passed.passed_at <= now:
        raise Refused(
            Code.SECOND_FACTOR_EXPIRED, f"it holds for {minutes} minutes", "second_factor.passed_at"
        )
    return (passed,)


def suspend(guard: Guard, member_id: str, binding_id: str, cause: str) -> tuple[CardSuspended, ...]:
    if binding_id in guard.suspended:
        return ()
    return (CardSuspended(member_id=member_id, binding_id=binding_id, cause=cause),)


def reinstate(guard: Guard, member_id: str, binding_id: str) -> tuple[CardReinstated, ...]:
    """Of a card that is good already nothing is to be said."""
    if binding_id not in guard.suspended:
        return ()
    return (CardReinstated(member_id=member_id, binding_id=binding_id),)


def count(
    guard: Guard, wanted: WithdrawalCounted, single_max_fen: int | None, daily_max_fen: int | None
) -> tuple[WithdrawalCounted, ...]:
    if single_max_fen is not None and wanted.amount_fen > single_max_fen:
        raise Refused(
            Code.WITHDRAWAL_ABOVE_SINGLE, f"the limit is {single_max_fen} fen", "amount_fen"
        )
    if daily_max_fen is None:
        return ()
    left_fen = daily_max_fen - sum(
        each.amount_fen
        for each in guard.counted.values()
        if (each.role, each.on) == (wanted.role, wanted.on)
    )
    if wanted.amount_fen > left_fen:
        told = f"{max(0, left_fen)} fen are left of {daily_max_fen} fen today"
        raise Refused(Code.WITHDRAWAL_ABOVE_DAILY, told, "amount_fen")
    return (wanted,)


def uncount(guard: Guard, member_id: str, entry_id: str) -> tuple[WithdrawalUncounted, ...]:
    if entry_id not in guard.counted:
        return ()
    return (WithdrawalUncounted(member_id=member_id, entry_id=entry_id),)


# -- evolve -----------------------------------------------------------------------------


def evolve(guard: Guard, event: CardEvent) -> Guard:
    match event:
        case CardSuspended():
            return replace(guard, suspended=guard.suspended | {event.binding_id})
        case CardReinstated():
            return replace(guard, suspended=guard.suspended - {event.binding_id})
        case SecondFactorPassed():
            return replace(guard, factors=guard.factors | {event.reference})
        case WithdrawalCounted():
            today = {no: each for no, each in guard.counted.items() if each.on == event.on}
            counted = Counted(event.role, event.on, event.amount_fen)
            return replace(guard, counted={**today, event.entry_id: counted})
        case WithdrawalUncounted():
            return replace(guard, counted=without(guard.counted, event.entry_id))
        case _:
            assert_never(event)
