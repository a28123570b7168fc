"""Given what was said of a withdrawal, when the bank or somebody asks, then this."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from domain import withdrawal as w
from domain.model import Refused
from domain.refusals import Code
from domain.withdrawal import LastWord, WithdrawalEvent

OUTGOING = w.Outgoing("W-w1", "W-w1.1", "lucy:investor")
ABOUT = {"entry_id": "W-w1", "movement_id": "W-w1.1", "account": "lucy:investor"}
CONFIRMED = w.WithdrawalConfirmed(**ABOUT)
STOPPED = w.WithdrawalStopRequested(**ABOUT, attempt=1, reason="fraud")
REFUSED = w.WithdrawalStopRefused(entry_id="W-w1", bank_code="E1")

Ask = Callable[[LastWord], tuple[WithdrawalEvent, ...]]


def stop(word: LastWord) -> tuple[WithdrawalEvent, ...]:
    return (w.stop(word, OUTGOING, "fraud"),)


def refuse(word: LastWord) -> tuple[WithdrawalEvent, ...]:
    return (w.refuse_stop(word, "W-w1", "E1"),)


def held(objection: str | None = None) -> Ask:
    return lambda word: w.decide(word, OUTGOING, objection)


THEN: dict[str, tuple[Sequence[WithdrawalEvent], Ask, tuple[WithdrawalEvent, ...] | Code]] = {
    "what the bank holds may go": ([], held(), (CONFIRMED,)),
    "said once": ([CONFIRMED], held(), ()),
    "but not to a card that may not be paid to now": (
        [],
        held("bank_account_not_bound"),
        (replace(STOPPED, reason="bank_account_not_bound"),),
    ),
    "it is stopped": ([], stop, (STOPPED,)),
    "also when it was confirmed": ([CONFIRMED], stop, (STOPPED,)),
    "once at a time": ([STOPPED], stop, Code.WITHDRAWAL_STOPPING),
    "what is being stopped is not confirmed": ([STOPPED], held(), ()),
    "the bank refuses to stop it": ([STOPPED], refuse, (REFUSED,)),
    "only if it was asked": ([], refuse, Code.ENTRY_CLOSED),
    "then it may be asked again": (
        [STOPPED, REFUSED],
        stop,
        (replace(STOPPED, attempt=2),),
    ),
    "and who wanted it stopped wants so still": (
        [STOPPED, REFUSED],
        held(),
        (replace(STOPPED, attempt=2, reason="withdrawal_stopping"),),
    ),
}


@pytest.mark.parametrize(("given", "when", "then"), THEN.values(), ids=THEN.keys())
def test_withdrawal(
    given: Sequence[WithdrawalEvent], when: Ask, then: tuple[WithdrawalEvent, ...] | Code
) -> None:
    word = w.SILENT
    for event in given:
        word = w.evolve(word, event)
    if isinstance(then, Code):
        with pytest.raises(Refused) as caught:
            when(word)
        assert caught.value.code == then
    else:
        assert when(word) == then
