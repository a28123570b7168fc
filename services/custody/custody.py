"""The live sender of one platform."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from typing import Any, Self

import structlog

from adapters.commanding import Commands, Outcome, Receipt
from adapters.event_log import LogReader
from adapters.vault import VaultUnreadable
from domain.ports import Custodian
from infra.clock import SHANGHAI, Clock
from services.custody.callbacks import Reading
from services.custody.desk import Desk
from services.custody.enquiry import Enquiry
from services.custody.gate import UNLIMITED, Gate, Limits
from services.custody.hold import Hold, Holds, Reason
from services.custody.journal import Journal, Step, Trouble
from services.custody.lease import take_lease
from services.custody.notices import NoticeBox
from services.custody.planning import TOPICS, plan
from services.custody.reports import report, report_held
from services.custody.requests import Kind, Open, State, VaultReader, to_bank
from services.custody.watch import UNWATCHED, Watch
from services.custody.wave import NOT_ESTABLISHED, Call, Callers, Errand, barred

EVENTS_MAX = 5000  # Planned in one transaction.
WAVE_MAX = 256  # Sent and asked in one go, by all workers together.
REPORTS_MAX = 500  # Handed to the writer at once.
NOTICES_MAX = 500  # Looked at in one step.
TICK_MS = 50

NOT_FOUND_LATER = "not_found_on_a_later_day"  # Whether the bank would know it again is unknown.
ERASED = "personal_data_erased"
# What nobody waits for, and the bank refused.
UNHEEDED = {
    Kind.CHANGE_PROJECT: "project_not_changed",
    Kind.CONFIRM_WITHDRAWAL: "withdrawal_not_confirmed",
    Kind.END_OFFER: "offer_not_ended",
}
TOO_MANY_LEGS = "too_many_legs"

log = structlog.get_logger(__name__)


class LogBehind(RuntimeError):
    """The journal has planned events that the log does not have: one of them was restored from a
    backup. Nothing is sent before a person has looked."""


class Custody:
    """Follows the log, tells the bank, reports back. Whoever makes one holds the platform's lease
    until `close`; a second one is CustodyBusy. One thread steps; notices may come from others.

    A step that fails leaves nothing behind but the journal, from which the next one goes on.
    """

    def __init__(
        self,
        url: str,
        platform: str,
        bank: Custodian,
        commands: Commands,
        clock: Clock,
        vault: VaultReader,
        workers: int = 8,
        limits: Limits = UNLIMITED,
        watch: Watch = UNWATCHED,
    ) -> None:
        with ExitStack() as opened:
            lease = take_lease(url, platform)
            self._journal = Journal(lease)
            opened.callback(self._journal.close)
            self._holds = Holds(lease)
            self._box = NoticeBox(url, platform)
            opened.callback(self._box.close)
            self._log = LogReader(url, platform)
            opened.callback(self._log.close)
            self.held = self._holds.standing(clock.now(), self._log.head())
            threads = opened.enter_context(ThreadPoolExecutor(workers, "custody"))
            self._opened = opened.pop_all()
        if self.held is not None:
            log.warning("sending_held", reason=self.held.reason, since=str(self.held.since))
        self._gate = Gate(clock, limits.calls_per_s)
        self._callers = Callers(bank, threads, self._gate, watch)
        self.limits = limits
        self._watch = watch
        self._told_down = False
        self._platform = platform
        self._bank = bank
        self._commands = commands
        self._clock = clock
        self._vault = vault
        self._woken = threading.Event()
        self._desk: Desk | None = None
        self._enquiry = Enquiry()
        self._position = 0
        self._caught_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets calls that are out come back, and gives the lease back."""
        self._opened.close()

    # -- one step ---------------------------------------------------------------------

    def step(self) -> int:
        """Plan, take notices, send and ask, report: each once. How many things changed.

        While sending is `held`, notices wait, and the bank is only asked."""
        try:
            desk = self._desk = self._desk or self._take_up()
            done = self._plan(desk)
            if self.held is None:
                done += self._take_notices(desk)
                done += self._call(desk)
            else:
                done += self._ask(desk)
            self._tell(desk)
            return done + self._ask_for_word(desk) + self._report(desk)
        except BaseException:
            self._begin_anew()  # The journal alone knows now what counts.
            raise

    def idle(self, besides: Collection[Kind] = ()) -> bool:
        """Is there nothing to plan, send, wait for or report, `besides` these kinds? While sending
        is held: nothing that the bank has said nothing of."""
        desk = self._desk
        if desk is None or self._position < self._log.head():
            return False
        if self.held is None:
            return not desk.count(besides)
        return not desk.ended(1) and self._enquiry.is_done(desk.requests())

    def all_taken(self) -> bool:
        """Has the bank taken every request that is not done with, as far as we know?"""
        return self._desk is not None and self._desk.all_taken()

    def drain(self, patience_ms: int = 5_000, besides: Collection[Kind] = ()) -> bool:
        """Steps until idle. False if nothing has changed for about `patience_ms`."""
        quiet_ms = 0
        while quiet_ms <= patience_ms:
            self._woken.clear()
            if self.step():
                quiet_ms = 0
            elif self.idle(besides):
                return True
            else:
                self._woken.wait(TICK_MS / 1000)
                quiet_ms += TICK_MS
        return False

    def run(self, stop: threading.Event) -> None:
        """Steps until told to stop."""
        while not stop.is_set():
            if not self.step():
                self._woken.wait(TICK_MS / 1000)
                self._woken.clear()

    def receive(self, form: Mapping[str, str]) -> None:
        """Takes a callback of the bank: durable when this returns. Raises CustodianUntrusted."""
        self._box.put(self._bank.read_notice(form), self._clock.now())
        self._woken.set()

    # -- after a restore ----------------------------------------------------------------

    def hold(self) -> None:
        """Nothing is sent from now on, also by a later process, until `release`."""
        if self.held is None:
            now, position = self._clock.now(), self._log.head()
            self._holds.begin(Hold(now, Reason.DECLARED, position, None))
            self.held = self._holds.standing(now, position)
            self._begin_anew()

    def release(self, by: str | None, result: dict[str, Any]) -> None:
        """Sends again. `result` is kept with it; `by`: who bears what differs in it."""
        self._holds.end(self._clock.now(), self._log.head(), by, result)
        self.held = None
        self._begin_anew()

    def unsent(self) -> list[str]:
        """What would be sent, oldest first: of which the bank has nothing, or not all."""
        return self._enquiry.unsent(self._desk.requests()) if self._desk else []

    def _begin_anew(self) -> None:
        self._desk, self._enquiry = None, Enquiry()

    def _ask(self, desk: Desk) -> int:
        """A wave of questions about what the bank has said nothing of."""
        now, why = self._clock.now(), dict[str, str]()
        asked = self._enquiry.next(desk.requests(), now, self._gate.room(WAVE_MAX))
        calls = self._calls(asked, why, Errand.ASK)
        held = [each for each in asked if each.no in why]
        self._take((), [Trouble(each.no, why[each.no]) for each in held])
        for each in held:
            self._enquiry.answered(each)
        return self._carry_out(desk, calls)

    # -- its parts --------------------------------------------------------------------

    def _take_up(self) -> Desk:
        """Goes on from the journal. What was on its way to the bank may have arrived."""
        self._position = self._journal.position()
        if self._position > self._log.head():
            raise LogBehind(f"planned up to {self._position}, the log ends at {self._log.head()}")
        requests = self._journal.unreported()
        lost = [
            Step(each, State.UNKNOWN, "interrupted")
            for each in requests
            if each.state is State.SENT
        ]
        self._take(lost)
        desk = Desk(requests, self.limits.legs_per_call)
        for each in requests:
            desk.follow(each, self._clock.now())
        self._look_at_length(desk, requests)
        return desk

    def _plan(self, desk: Desk) -> int:
        head = self._log.head()
        if head == self._position:
            self._caught_up = True
            return 0
        events = self._log.read(self._position, EVENTS_MAX, TOPICS, upto=head)
        position = events[-1].position if len(events) == EVENTS_MAX else head
        if events:
            planned = self._journal.plan(events, plan, position, self._clock.now())
            desk.add(planned)
            self._look_at_length(desk, planned)
        self._position, self._caught_up = position, position == head
        return len(events)

    def _take_notices(self, desk: Desk) -> int:
        rows = self._journal.notices(NOTICES_MAX)
        if not rows:
            return 0
        # Of several for one request the first: the others look at what it has done.
        first = list({each.request_no: each for each in reversed(rows)}.values())
        found = {each.no: each for each in self._journal.find({n.about for n in first})}
        read = Reading(self._platform)
        for notice in first:
            each = desk.get(notice.about) or found.get(notice.about)
            read.take(notice, each)
        receipts = self._commands.submit(read.commands) if read.commands else []
        records = [each.bank_record for each in read.commands]
        troubles = [*read.troubles, *_refusals(receipts, records)]
        self._take(read.steps, troubles, [each.id for each in first])
        now = self._clock.now()
        for step in read.steps:
            if step.state is not State.CONTRADICTED:
                desk.follow(step.open, now)
        for each in read.ask:
            desk.look_now(each, now)
        return len(first)

    def _look_at_length(self, desk: Desk, requests: Sequence[Open]) -> None:
        too_long = [Trouble(each.no, TOO_MANY_LEGS) for each in requests if desk.is_too_long(each)]
        self._take((), too_long)

    def _call(self, desk: Desk) -> int:
        """Chooses a wave, writes it down as sent, and lets it go out."""
        now, today = self._clock.now(), self._today()
        room, probe = self._gate.room(WAVE_MAX), self._gate.probe
        asked, again, ready = desk.wave(room, now, probe, caught_up=self._caught_up)
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
        self._take([*refused, *sent], [Trouble(each.no, why[each.no]) for each in held])
        for step in refused:
            desk.follow(step.open, now)
        for each in held:
            desk.look_later(each, now)
        return len(refused) + self._carry_out(desk, calls)

    def _carry_out(self, desk: Desk, calls: Sequence[Call]) -> int:
        """All workers call the bank; what it said is written down in one go."""
        heard = self._callers.carry_out(calls, self._today())
        self._take(heard.steps, heard.troubles, asked=heard.asked)
        now = self._clock.now()
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
            self._enquiry.answered(each)
        return len(heard.steps) + len(heard.again) + len(heard.partly)

    def _tell(self, desk: Desk) -> None:
        down = self._gate.shut
        if down or self._told_down:
            self._told_down = down
            self._watch.bank(down=down, held_back=desk.planned() if down else 0)

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

    def _ask_for_word(self, desk: Desk) -> int:
        """Withdrawals that the bank holds: the domain says whether they may go. Asked again after a
        crash, which changes nothing."""
        held = desk.take_held()
        if held:
            receipts = self._commands.submit([report_held(self._platform, each) for each in held])
            self._take((), _refusals(receipts, [each.no for each in held]))
        return len(held)

    def _report(self, desk: Desk) -> int:
        done = 0
        while ended := desk.ended(REPORTS_MAX):
            said = [(each, report(self._platform, each)) for each in ended]
            commands = {each.no: command for each, command in said if command}
            receipts = self._commands.submit(list(commands.values())) if commands else []
            troubles = _refusals(receipts, list(commands))
            troubles += [
                Trouble(each.no, UNHEEDED[each.request.kind])
                for each, command in said
                if command is None and each.state is State.REFUSED and each.code != NOT_ESTABLISHED
            ]
            self._alarm(troubles)
            self._journal.mark_reported([each.no for each in ended], troubles, self._clock.now())
            desk.remove(ended)
            done += len(ended)
        return done

    def _take(
        self,
        steps: Sequence[Step],
        troubles: Sequence[Trouble] = (),
        read: Sequence[int] = (),
        asked: Sequence[Open] = (),
    ) -> None:
        if steps or troubles or read or asked:
            self._alarm(troubles)
            now, today = self._clock.now(), self._today()
            self._journal.take(steps, now, today, troubles=troubles, notices=read, asked=asked)

    @staticmethod
    def _alarm(troubles: Sequence[Trouble]) -> None:
        for trouble in troubles:
            log.error("custody_trouble", request_no=trouble.request_no, code=trouble.code)

    def _today(self) -> date:
        """The bank's day: what is sent on one day is never sent again on another."""
        return self._clock.now().astimezone(SHANGHAI).date()


def _refusals(receipts: Sequence[Receipt], request_nos: Sequence[str]) -> list[Trouble]:
    """What the writer did not take. The bank's word stands: a person must look."""
    return [
        Trouble(no, f"writer_refused:{receipt.code}")
        for no, receipt in zip(request_nos, receipts, strict=True)
        if receipt.outcome is Outcome.REFUSED
    ]
