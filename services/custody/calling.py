"""A wave of calls to the bank: chosen at the desk, written down as sent, carried out, heard."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

from adapters.vault import VaultUnreadable
from domain.ports import Custodian
from services.custody.desk import Desk
from services.custody.enquiry import Enquiry
from services.custody.gate import Gate
from services.custody.journal import Journal, Step, Trouble
from services.custody.requests import Open, State, VaultReader, to_bank
from services.custody.scribe import Scribe
from services.custody.watch import Watch
from services.custody.wave import Call, Callers, Errand, barred

WAVE_MAX = 256  # Sent and asked in one go, by all workers together.

NOT_FOUND_LATER = "not_found_on_a_later_day"  # Whether the bank would know it again is unknown.
ERASED = "personal_data_erased"


class Calling:
    """`enquiry`: what the bank has said of while nothing is sent."""

    def __init__(
        self,
        bank: Custodian,
        threads: Executor,
        gate: Gate,
        journal: Journal,
        scribe: Scribe,
        vault: VaultReader,
        watch: Watch,
    ) -> None:
        self._callers = Callers(bank, threads, gate, watch)
        self._gate = gate
        self._journal = journal
        self._scribe = scribe
        self._vault = vault
        self._watch = watch
        self._told_down = False
        self.enquiry = Enquiry()

    def wave(self, desk: Desk, *, caught_up: bool) -> int:
        """Sends and asks what has its turn."""
        now, today = self._scribe.now, self._scribe.today
        room, probe = self._gate.room(WAVE_MAX), self._gate.probe
        asked, again, ready = desk.wave(room, now, probe, caught_up=caught_up)
        if not (asked or again or ready):
            return 0
        why = barred(self._journal, [*again, *ready])
        lost = [each for each in again if each.state is State.UNKNOWN and each.sent_on != today]
        why |= {each.no: NOT_FOUND_LATER for each in lost}
        calls = self._calls(ready, why, Errand.SEND) + self._calls(again, why, Errand.SEND_AGAIN)
        sent = [Step(call.open, State.SENT) for call in calls]
        calls += self._calls(asked, why, Errand.ASK)
        refused = [Step(each, State.REFUSED, why[each.no]) for each in ready if each.no in why]
        held = [each for each in (*asked, *again) if each.no in why]
        self._scribe.take([*refused, *sent], [Trouble(each.no, why[each.no]) for each in held])
        for step in refused:
            desk.follow(step.open, now)
        for each in held:
            desk.look_later(each, now)
        return len(refused) + self._carry_out(desk, calls)

    def questions(self, desk: Desk) -> int:
        """Asks about what the bank has said nothing of, and sends nothing."""
        why = dict[str, str]()
        asked = self.enquiry.next(desk.requests(), self._scribe.now, self._gate.room(WAVE_MAX))
        calls = self._calls(asked, why, Errand.ASK)
        held = [each for each in asked if each.no in why]
        self._scribe.take((), [Trouble(each.no, why[each.no]) for each in held])
        for each in held:
            self.enquiry.answered(each)
        return self._carry_out(desk, calls)

    def tell(self, desk: Desk) -> None:
        """Whether the bank is down, while it is and once it is back."""
        since = self._gate.shut_since
        if since or self._told_down:
            self._told_down = since is not None
            self._watch.bank(down_since=since, held_back=desk.planned() if since else 0)

    def _carry_out(self, desk: Desk, calls: Sequence[Call]) -> int:
        """All workers call the bank; what it said is written down in one go."""
        heard = self._callers.carry_out(calls, self._scribe.today)
        self._scribe.take(heard.steps, heard.troubles, asked=heard.asked)
        now = self._scribe.now
        for step in heard.steps:
            desk.follow(step.open, now)
        for each in heard.again:
            desk.send_again(each, now)
        for each in heard.partly:
            desk.send_again(each, now, in_time=True)
        for each in heard.nothing_new:
            desk.look_later(each, now)
        for each in heard.not_asked:
            desk.not_asked(each, now)
        for each in heard.answered:
            self.enquiry.answered(each)
        return len(heard.steps) + len(heard.again) + len(heard.partly)

    def _calls(self, requests: Sequence[Open], why: dict[str, str], errand: Errand) -> list[Call]:
        """Those that are not held back; erased personal data hold a request back too."""
        calls = []
        for each in requests:
            if each.no in why:
                continue
            try:
                calls.append(Call(each, to_bank(each.request, self._vault), errand))
            except VaultUnreadable:
                why[each.no] = ERASED
        return calls
