"""What the bank's callbacks do: a step of the request that they name, money that came back, or what
a member has authorised at the bank by himself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from domain.commands import RecordAuthorisation, RecordBankMovement
from domain.ports import BankAnswer, BankOutcome
from services.custody.journal import Notice, Step, Trouble
from services.custody.reports import report_authorised, report_return
from services.custody.requests import Kind, Open, State
from services.custody.wave import heard


@dataclass(slots=True)
class Reading:
    platform: str
    steps: list[Step] = field(default_factory=list)
    commands: list[RecordBankMovement | RecordAuthorisation] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    ask: list[Open] = field(default_factory=list)  # Something has come of them: the bank is asked.

    def take(self, notice: Notice, about: Open | None) -> None:
        """`about` is the request that it names, None where there is no such request of ours."""
        if about is None and notice.authorised is not None:
            self._take_authorised(notice, notice.authorised)
        elif about is None:
            self.troubles.append(Trouble(notice.request_no, "notice_of_unknown_request"))
        elif notice.withdrawal_request_no is not None:
            self._take_return(notice, about)
        else:
            self._take_answer(notice, about)

    def _take_answer(self, notice: Notice, about: Open) -> None:
        answer = BankAnswer(BankOutcome(notice.outcome), notice.code, "", notice.bank_date)
        step = heard(about, answer, notice.received_on)
        if step is None:
            if answer.outcome is BankOutcome.UNKNOWN:
                self.ask.append(about)
            return
        self.steps.append(step)
        if step.state is State.CONTRADICTED:
            self.troubles.append(Trouble(about.no, "contradicted"))

    def _take_authorised(self, notice: Notice, told: Mapping[str, Any]) -> None:
        try:
            self.commands.append(report_authorised(self.platform, notice, told))
        except ValueError:
            self.troubles.append(Trouble(notice.request_no, "authorisation_unreadable"))

    def _take_return(self, notice: Notice, withdrawal: Open) -> None:
        """Ours, from the account that it says, and a number that can be recorded; else a person
        looks at it, and the bank's files will show it too."""
        ours = withdrawal.request.kind is Kind.WITHDRAW
        if not ours or withdrawal.request.payload["account"] != notice.account:
            self.troubles.append(Trouble(notice.request_no, "return_of_no_withdrawal"))
            return
        try:
            self.commands.append(report_return(self.platform, notice))
        except ValidationError:
            self.troubles.append(Trouble(notice.request_no, "return_unreadable"))
