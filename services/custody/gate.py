"""When calls may go out: within what the bank bears, and one at a time while it is down.

The gate shuts once several requests in a row had no trustworthy answer, or as soon as the bank says
that it is closed, and opens with the next answer. While it is shut only a probe passes, ever more
seldom. In memory: a new process finds out.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

import structlog

from domain.ports import BankAnswer, BankOutcome
from infra.clock import Clock

SILENT_MAX = 10  # Different requests, so that one that no question clears shuts nobody out.
FIRST_PROBE = timedelta(seconds=1)
LONGEST = timedelta(seconds=30)
SECOND = timedelta(seconds=1)

log = structlog.get_logger(__name__)


class Limits(NamedTuple):
    """What the bank bears; None is no limit. A call is a request sent or asked after."""

    calls_per_s: int | None = None
    legs_per_call: int | None = None


UNLIMITED = Limits()


class Probe(Enum):
    QUESTION = "question"
    NEW_REQUEST = "new request"


class Gate:
    """One thread asks for `room`, several `enter` and tell what they `heard`. Nobody waits here."""

    def __init__(self, clock: Clock, calls_per_s: int | None = None) -> None:
        self._clock = clock
        self._calls_per_s = calls_per_s
        self._lock = threading.Lock()
        self._begun: deque[datetime] = deque()  # Calls of the last second, where they are limited.
        self._silent: set[str] = set()  # Requests that had no answer since there was one.
        self._probe_at: datetime | None = None  # None: the gate is open.
        self.shut_since: datetime | None = None
        self._probing: str | None = None  # The request that is out as a probe.
        self._may_probe = False
        self._failed = 0  # Probes, since the gate was shut.

    @property
    def shut(self) -> bool:
        return self._probe_at is not None

    @property
    def probe(self) -> Probe | None:
        """What the next call is to be while the gate is shut: a question, which tells as much, and
        every other time a new request, for where no question ever has an answer."""
        if not self.shut:
            return None
        return Probe.NEW_REQUEST if self._failed % 2 else Probe.QUESTION

    def room(self, most: int) -> int:
        """How many calls may be chosen now."""
        now = self._clock.now()
        with self._lock:
            if self._probe_at is not None:
                self._may_probe = now >= self._probe_at
                most = min(most, int(self._may_probe))
            return most if self._calls_per_s is None else min(most, self._left(now))

    def enter(self, request_no: str) -> bool:
        """Right before a call. False where the gate was shut since it was chosen: it must not
        begin."""
        with self._lock:
            if self.shut:
                if not self._may_probe:
                    return False
                self._may_probe, self._probing = False, request_no
            if self._calls_per_s is not None:
                self._begun.append(self._clock.now())
            return True

    def heard(self, request_no: str, answer: BankAnswer) -> None:
        with self._lock:
            closed = answer.outcome is BankOutcome.CLOSED
            if answer.outcome is not BankOutcome.UNKNOWN and not closed:
                self._open()
            elif not self.shut:
                self._silent.add(request_no)
                if closed or len(self._silent) >= SILENT_MAX:
                    self._shut()
            elif request_no == self._probing:
                self._failed += 1
                self._wait()

    def _left(self, now: datetime) -> int:
        while self._begun and self._begun[0] <= now - SECOND:
            self._begun.popleft()
        return (self._calls_per_s or 0) - len(self._begun)

    def _open(self) -> None:
        if self.shut:
            log.warning("bank_back", probes_failed=self._failed)
        self._probe_at = self._probing = self.shut_since = None
        self._failed = 0
        self._silent.clear()

    def _shut(self) -> None:
        log.error("bank_down", requests_unanswered=len(self._silent))
        self._may_probe = False
        self.shut_since = self._clock.now()
        self._silent.clear()
        self._wait()

    def _wait(self) -> None:
        self._probing = None
        wait = min(FIRST_PROBE * 2 ** min(self._failed, 10), LONGEST)
        self._probe_at = self._clock.now() + wait
