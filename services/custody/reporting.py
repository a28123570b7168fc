"""Hands the bank's words over to the writer; what it does not take is a trouble for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.commanding import Commands, Outcome, Receipt
from domain.commands import Command
from services.custody.desk import Desk
from services.custody.journal import Trouble
from services.custody.reports import report, report_held
from services.custody.requests import Kind, State
from services.custody.scribe import Scribe
from services.custody.wave import NOT_ESTABLISHED

REPORTS_MAX = 500  # Handed to the writer at once.

# What nobody waits for, and the bank refused.
UNHEEDED = {
    Kind.CHANGE_PROJECT: "project_not_changed",
    Kind.CONFIRM_WITHDRAWAL: "withdrawal_not_confirmed",
    Kind.END_OFFER: "offer_not_ended",
}


class Reporting:
    def __init__(self, platform: str, commands: Commands, scribe: Scribe) -> None:
        self._platform = platform
        self._commands = commands
        self._scribe = scribe

    def ended(self, desk: Desk) -> int:
        """Everything that is final, and not reported yet."""
        done = 0
        while ended := desk.ended(REPORTS_MAX):
            said = [(each, report(self._platform, each)) for each in ended]
            troubles = self.hand_over({each.no: command for each, command in said if command})
            troubles += [
                Trouble(each.no, UNHEEDED[each.request.kind])
                for each, command in said
                if command is None and each.state is State.REFUSED and each.code != NOT_ESTABLISHED
            ]
            self._scribe.reported(ended, troubles)
            desk.remove(ended)
            done += len(ended)
        return done

    def held(self, desk: Desk) -> int:
        """Withdrawals that the bank holds: the domain says whether they may go. Asked again after a
        crash, which changes nothing."""
        held = desk.take_held()
        if held:
            words = {each.no: report_held(self._platform, each) for each in held}
            self._scribe.take((), self.hand_over(words))
        return len(held)

    def hand_over(self, commands: Mapping[str, Command]) -> list[Trouble]:
        """By what each is about. Gives what the writer did not take: the bank's word stands, and a
        person must look."""
        receipts = self._commands.submit(list(commands.values())) if commands else []
        return _refusals(receipts, list(commands))


def _refusals(receipts: Sequence[Receipt], about: Sequence[str]) -> list[Trouble]:
    return [
        Trouble(no, f"writer_refused:{receipt.code}")
        for no, receipt in zip(about, receipts, strict=True)
        if receipt.outcome is Outcome.REFUSED
    ]
