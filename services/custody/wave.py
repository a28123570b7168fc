"""Calls to the bank, many at a time, and what its words do to a request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import NamedTuple

from domain.bank_requests import BankRequest
from domain.ports import BankAnswer, BankOutcome, Custodian
from services.custody.gate import Gate
from services.custody.journal import Journal, Step, Trouble
from services.custody.requests import FINAL, HELD, Kind, Open, State
from services.custody.watch import Watch

NOT_BOUND = "card_not_bound"
NOT_ESTABLISHED = "project_not_established"
PARTLY_DONE = "partly_done"  # The rest is sent again; a person should see why it failed.
LOST_AT_BANK = "lost_at_bank"  # The bank had it in hand, and now it does not know it.
HELD_BACK = "held_back"  # Written down as sent, and the call never begun.


class Errand(Enum):
    SEND = "send"
    SEND_AGAIN = "send again"  # The bank said that it does not know it.
    ASK = "ask"  # Query, do not send.


class Call(NamedTuple):
    open: Open
    request: BankRequest
    errand: Errand


class Callers:
    """The threads that call the bank, each call through the gate."""

    def __init__(self, bank: Custodian, threads: Executor, gate: Gate, watch: Watch) -> None:
        self._bank, self._threads, self._gate, self._watch = bank, threads, gate, watch

    def carry_out(self, calls: Sequence[Call], today: date) -> Hearing:
        """All of them, until the gate is shut."""
        hearing = Hearing(today)
        answers: Iterable[BankAnswer | None] = self._threads.map(self._call, calls)
        for call, answer in zip(calls, list(answers), strict=True):
            if answer is None:
                hearing.not_begun(call)
            else:
                hearing.take(call, answer)
        return hearing

    def _call(self, call: Call) -> BankAnswer | None:
        if not self._gate.enter(call.open.no):
            return None
        ask = call.errand is Errand.ASK
        answer = (self._bank.query if ask else self._bank.send)(call.request)
        self._gate.heard(call.open.no, answer)
        self._watch.called(answer.outcome)
        return answer


def heard(each: Open, answer: BankAnswer, today: date) -> Step | None:
    """The step that a word of the bank makes a request take, if any. A final state stays."""
    match answer.outcome:
        case BankOutcome.SUCCEEDED:
            said = State.SETTLED
        case BankOutcome.REFUSED:
            said = State.REFUSED
        case BankOutcome.PENDING if each.state in (State.PLANNED, State.SENT, State.UNKNOWN):
            return Step(each, State.PENDING, answer.code)
        case BankOutcome.HELD if each.state not in FINAL and each.code != HELD:
            return Step(each, State.PENDING, HELD)
        case _:
            return None
    if each.state in FINAL:
        taken_back = Step(each, State.CONTRADICTED, answer.code, answer.bank_date)
        return None if each.state is said else taken_back
    bank_date = answer.bank_date
    if said is State.SETTLED and bank_date is None:
        bank_date = today
    return Step(each, said, answer.code, bank_date)


def barred(journal: Journal, requests: Collection[Open]) -> dict[str, str]:
    """Request no -> why it may not go out though it was planned. Looked at right before sending."""
    cards = {
        each.no: (each.request.payload["binding_id"], each.request.payload["member_id"])
        for each in requests
        if each.request.kind is Kind.WITHDRAW
    }
    projects = {
        each.no: each.request.payload["established_by"]
        for each in requests
        if each.request.kind is Kind.CHANGE_PROJECT
    }
    unbound = journal.unbound(set(cards.values()))
    unknown = journal.unsettled(set(projects.values()))
    return {
        **{no: NOT_BOUND for no, card in cards.items() if card in unbound},
        **{no: NOT_ESTABLISHED for no, project in projects.items() if project in unknown},
    }


@dataclass(slots=True)
class Hearing:
    """What a wave's answers come to."""

    today: date
    steps: list[Step] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    again: list[Open] = field(default_factory=list)  # The bank does not know them: send again.
    partly: list[Open] = field(default_factory=list)  # The rest is to be sent again, in time.
    nothing_new: list[Open] = field(default_factory=list)
    asked: list[Open] = field(default_factory=list)
    answered: list[Open] = field(default_factory=list)  # Of those asked, whatever was said.
    not_asked: list[Open] = field(default_factory=list)

    def take(self, call: Call, answer: BankAnswer) -> None:
        ask = call.errand is Errand.ASK
        if ask and answer.outcome is not BankOutcome.CLOSED:
            self.asked.append(call.open)
            if answer.outcome is not BankOutcome.UNKNOWN:
                self.answered.append(call.open)
        step = heard(call.open, answer, self.today)
        not_found = ask and answer.outcome is BankOutcome.NOT_FOUND
        if step is not None:
            self.steps.append(step)
        elif answer.outcome is BankOutcome.CLOSED:
            self.not_begun(call, answer.code)
        elif not ask:
            self.steps.append(Step(call.open, State.UNKNOWN, answer.code))
        elif answer.outcome is BankOutcome.PARTIAL:
            self.partly.append(call.open)
            self.troubles.append(Trouble(call.open.no, PARTLY_DONE))
        elif not_found and call.open.state is State.UNKNOWN:
            self.again.append(call.open)
        else:
            self.nothing_new.append(call.open)
            if not_found and call.open.state is State.PENDING:
                self.troubles.append(Trouble(call.open.no, LOST_AT_BANK))

    def not_begun(self, call: Call, code: str = HELD_BACK) -> None:
        """What was never sent, or turned away at a closed door, is only planned; what was sent
        before may have arrived."""
        match call.errand:
            case Errand.ASK:
                self.not_asked.append(call.open)
            case Errand.SEND:
                self.steps.append(Step(call.open, State.PLANNED, code))
            case Errand.SEND_AGAIN:
                self.steps.append(Step(call.open, State.UNKNOWN, code))
