"""The live sender of one platform."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self

import structlog

from adapters.commanding import Commands
from adapters.event_log import LogReader
from domain.ports import Custodian
from infra.clock import Clock
from services.custody.callbacks import Reading
from services.custody.calling import Calling
from services.custody.desk import Desk
from services.custody.enquiry import Enquiry
from services.custody.gate import UNLIMITED, Gate, Limits
from services.custody.hold import Hold, Holds, Reason
from services.custody.journal import Journal, Step, Trouble
from services.custody.lease import take_lease
from services.custody.notices import NoticeBox
from services.custody.planning import TOPICS, plan
from services.custody.reporting import Reporting
from services.custody.requests import Kind, Open, State, VaultReader
from services.custody.scribe import Scribe
from services.custody.watch import UNWATCHED, Watch

EVENTS_MAX = 5000  # Planned in one transaction.
NOTICES_MAX = 500  # Looked at in one step.
TICK_MS = 50

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
        self._scribe = Scribe(self._journal, clock)
        self._reporting = Reporting(platform, commands, self._scribe)
        gate = Gate(clock, limits.calls_per_s)
        self._calling = Calling(bank, threads, gate, self._journal, self._scribe, vault, watch)
        self.limits = limits
        self._watch = watch
        self._watch.held(self.held.since if self.held else None)
        self._platform = platform
        self._bank = bank
        self._woken = threading.Event()
        self._desk: Desk | None = None
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
                done += self._calling.wave(desk, caught_up=self._caught_up)
            else:
                done += self._calling.questions(desk)
            self._calling.tell(desk)
            return done + self._reporting.held(desk) + self._reporting.ended(desk)
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
        return not desk.ended(1) and self._calling.enquiry.is_done(desk.requests())

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
        self._box.put(self._bank.read_notice(form), self._scribe.now)
        self._woken.set()

    # -- after a restore ----------------------------------------------------------------

    def hold(self) -> None:
        """Nothing is sent from now on, also by a later process, until `release`."""
        if self.held is None:
            now, position = self._scribe.now, self._log.head()
            self._holds.begin(Hold(now, Reason.DECLARED, position, None))
            self.held = self._holds.standing(now, position)
            self._watch.held(now)
            self._begin_anew()

    def release(self, by: str | None, result: dict[str, Any]) -> None:
        """Sends again. `result` is kept with it; `by`: who bears what differs in it."""
        self._holds.end(self._scribe.now, self._log.head(), by, result)
        self.held = None
        self._watch.held(None)
        self._begin_anew()

    def unsent(self) -> list[str]:
        """What would be sent, oldest first: of which the bank has nothing, or not all."""
        return Enquiry.unsent(self._desk.requests()) if self._desk else []

    def _begin_anew(self) -> None:
        self._desk, self._calling.enquiry = None, Enquiry()

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
        self._scribe.take(lost)
        desk = Desk(requests, self.limits.legs_per_call)
        for each in requests:
            desk.follow(each, self._scribe.now)
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
            planned = self._journal.plan(events, plan, position, self._scribe.now)
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
        refused = self._reporting.hand_over({each.bank_record: each for each in read.commands})
        troubles = [*read.troubles, *refused]
        self._scribe.take(read.steps, troubles, [each.id for each in first])
        now = self._scribe.now
        for step in read.steps:
            if step.state is not State.CONTRADICTED:
                desk.follow(step.open, now)
        for each in read.ask:
            desk.look_now(each, now)
        return len(first)

    def _look_at_length(self, desk: Desk, requests: Sequence[Open]) -> None:
        too_long = [Trouble(each.no, TOO_MANY_LEGS) for each in requests if desk.is_too_long(each)]
        self._scribe.take((), too_long)
