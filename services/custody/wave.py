"""Calls to the bank, many at a time, and what its words do to a request."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from domain.ports import BankAnswer, BankOutcome, BankRequest, Custodian
from services.custody.journal import Journal, Step, Trouble
from services.custody.requests import FINAL, Kind, Open, State

NOT_BOUND = "card_not_bound"
NOT_ESTABLISHED = "project_not_established"
PARTLY_DONE = "partly_done"  # The rest is sent again; a person should see why it failed.
LOST_AT_BANK = "lost_at_bank"  # The bank had it in hand, and now it does not know it.


class Call(NamedTuple):
    open: Open
    request: BankRequest
    ask: bool  # Query, do not send.


def carry_out(bank: Custodian, call: Call) -> BankAnswer:
    return bank.query(call.request) if call.ask else bank.send(call.request)


def heard(each: Open, answer: BankAnswer, today: date) -> Step | None:
    """The step that a word of the bank makes a request take, if any. A final state stays."""
    match answer.outcome:
        case BankOutcome.SUCCEEDED:
            said = State.SETTLED
        case BankOutcome.REFUSED:
            said = State.REFUSED
        case BankOutcome.PENDING if each.state in (State.SENT, State.UNKNOWN):
            return Step(each, State.PENDING, answer.code)
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

    def take(self, call: Call, answer: BankAnswer) -> None:
        step = heard(call.open, answer, self.today)
        not_found = call.ask and answer.outcome is BankOutcome.NOT_FOUND
        if step is not None:
            self.steps.append(step)
        elif not call.ask:
            self.steps.append(Step(call.open, State.UNKNOWN, answer.code))
        elif answer.outcome is BankOutcome.PARTIAL:
            self.partly.append(call.open)
            self.troubles.append(Trouble(call.open.no, PARTLY_DONE))
        elif not_found and call.open.state is State.UNKNOWN:
            self.again.append(call.open)
        else:
            self.nothing_new.append(call.open)
            if not_found:
                self.troubles.append(Trouble(call.open.no, LOST_AT_BANK))
