"""The platform's last word on a withdrawal (提现确认、取消、拦截), while its entry is open.

    the bank holds the money -> WithdrawalConfirmed | WithdrawalStopRequested
    somebody wants it stopped -> WithdrawalStopRequested -> (the bank refuses) WithdrawalStopRefused

They stand in the entry's stream and move nothing: the money is back when the bank says that the
withdrawal itself has failed, and gone when it says that it succeeded.
"""

from __future__ import annotations

from typing import ClassVar, assert_never

from msgspec.structs import replace

from domain.model import Event, Refused, State
from domain.refusals import Code


class WithdrawalConfirmed(Event):
    """The bank, which holds the money and waits, may pay it out."""

    TOPIC: ClassVar[str] = "cash.withdrawal-confirmed.v1"
    entry_id: str
    movement_id: str
    account: str


class WithdrawalStopRequested(Event):
    """`attempt`: the how manyth. `reason`: a refusal's code, or why somebody asked."""

    TOPIC: ClassVar[str] = "cash.withdrawal-stop-requested.v1"
    entry_id: str
    movement_id: str
    account: str
    attempt: int
    reason: str


class WithdrawalStopRefused(Event):
    """The bank does not stop it, or not any more: it goes on."""

    TOPIC: ClassVar[str] = "cash.withdrawal-stop-refused.v1"
    entry_id: str
    bank_code: str


WithdrawalEvent = WithdrawalConfirmed | WithdrawalStopRequested | WithdrawalStopRefused
EVENTS = (WithdrawalConfirmed, WithdrawalStopRequested, WithdrawalStopRefused)


class LastWord(State):
    """`stopping`: the bank was asked to, and has not refused."""

    confirmed: bool = False
    stops: int = 0
    stopping: bool = False


SILENT = LastWord()


class Outgoing(State):
    """The withdrawal that it is about."""

    entry_id: str
    movement_id: str
    account: str


def stop(word: LastWord, outgoing: Outgoing, reason: str) -> WithdrawalStopRequested:
    if word.stopping:
        raise Refused(Code.WITHDRAWAL_STOPPING, field="withdrawal_id")
    return WithdrawalStopRequested(
        entry_id=outgoing.entry_id,
        movement_id=outgoing.movement_id,
        account=outgoing.account,
        attempt=word.stops + 1,
        reason=reason,
    )


def decide(
    word: LastWord, outgoing: Outgoing, objection: str | None
) -> tuple[WithdrawalEvent, ...]:
    """The bank holds the money. `objection`: the refusal that it would meet were it asked for now.
    Whoever wanted it stopped before wants so still."""
    if word.stopping or word.confirmed:
        return ()
    if word.stops:
        objection = objection or Code.WITHDRAWAL_STOPPING
    if objection is not None:
        return (stop(word, outgoing, objection),)
    return (
        WithdrawalConfirmed(
            entry_id=outgoing.entry_id,
            movement_id=outgoing.movement_id,
            account=outgoing.account,
        ),
    )


def refuse_stop(word: LastWord, entry_id: str, bank_code: str) -> WithdrawalStopRefused:
    if not word.stopping:
        raise Refused(Code.ENTRY_CLOSED, field="entry_id")
    return WithdrawalStopRefused(entry_id=entry_id, bank_code=bank_code)


def evolve(word: LastWord, event: WithdrawalEvent) -> LastWord:
    match event:
        case WithdrawalConfirmed():
            return replace(word, confirmed=True)
        case WithdrawalStopRequested():
            return replace(word, stops=event.attempt, stopping=True)
        case WithdrawalStopRefused():
            return replace(word, stopping=False)
        case _:
            assert_never(event)
