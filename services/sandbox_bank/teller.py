"""The only writer. It takes what is waiting as one batch, decides call by call, commits once, and
only then lets the answers go: group commit, and no two writers to lock each other out."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg

from services.sandbox_bank import store
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import BankClock, bank_date
from services.sandbox_bank.database import open_database
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.hours import ALWAYS_OPEN, Hours
from services.sandbox_bank.keys import Key
from services.sandbox_bank.plan import Plan

_BATCH = 64
_TICK_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """`run` reads and writes the book and returns its answer; what it neither keeps nor drops is
    dropped. `keys` are the records worth reading ahead. An `alone` job gets its own batch, so
    that it may read the tables themselves. The future is done once the job is committed."""

    run: Callable[[Book], Any]
    keys: frozenset[Key] = frozenset()
    alone: bool = False
    future: Future[Any] = field(default_factory=Future)


class Teller:
    """`roll` takes the steps that are due when the bank's date has moved on; `on_notices` is
    called after a commit that left callbacks to send."""

    def __init__(
        self,
        url: str,
        clock: BankClock,
        faults: Faults,
        roll: Callable[[Book], None],
        on_notices: Callable[[], None],
        hours: Hours = ALWAYS_OPEN,
        *,
        authorised_only: bool = False,
    ) -> None:
        self._url = url
        self._clock = clock
        self._faults = faults
        self._roll = roll
        self._on_notices = on_notices
        self._authorised_only = authorised_only
        self._hours = hours
        self._db: store.Db | None = None
        self._last_no = 0
        self._rolled_to = date.min
        self._queue: deque[Job] = deque()
        self._waiting = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="teller", daemon=True)

    def start(self) -> None:
        """Raises psycopg.Error when the database is away, DatabaseInUse when it is taken."""
        self._open()
        self._thread.start()

    def stop(self) -> None:
        with self._waiting:
            self._stopping = True
            self._waiting.notify()
        self._thread.join()
        if self._db is not None:
            self._db.close()

    def submit(self, job: Job) -> Future[Any]:
        with self._waiting:
            self._queue.append(job)
            self._waiting.notify()
        return job.future

    def _open(self) -> store.Db:
        if self._db is None or self._db.closed:
            self._db = open_database(self._url)
            row = self._db.execute(
                "SELECT stands_at, rolled_to, last_no, plan FROM bank"
            ).fetchone()
            struck = self._db.execute("SELECT id FROM injected").fetchall()
            self._db.commit()
            if row is None:
                raise LookupError("the bank has not been founded")
            self._clock.stands_at, self._rolled_to, self._last_no, plan = row
            self._faults.follow(plan and Plan.of_row(plan), (each for (each,) in struck))
        return self._db

    def _work(self) -> None:
        while not self._stopping:
            batch = self._take()
            if batch or bank_date(self._clock.now()) > self._rolled_to:
                self._serve(batch)

    def _take(self) -> list[Job]:
        with self._waiting:
            if not self._queue and not self._stopping:
                self._waiting.wait(_TICK_S)
            batch: list[Job] = []
            while self._queue and len(batch) < _BATCH:
                if self._queue[0].alone and batch:
                    break
                job = self._queue.popleft()
                if job.future.set_running_or_notify_cancel():
                    batch.append(job)
                if job.alone:
                    break
            return batch

    def _serve(self, batch: Sequence[Job]) -> None:
        try:
            answers = self._commit(batch)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the batch's callers get told.
            if len(batch) > 1 and not isinstance(error, psycopg.OperationalError):
                for job in batch:  # One of them is at fault: the others must not suffer for it.
                    self._serve([job])
                return
            # Only the kind: a database error's text may quote a member's record.
            log.critical("batch failed: %s", type(error).__name__)
            for job in batch:
                job.future.set_exception(error)
            if not batch:
                time.sleep(_TICK_S)  # The database is away, and nobody waits: not at full speed.
            return
        for job, answer in zip(batch, answers, strict=True):
            job.future.set_result(answer)

    def _commit(self, batch: Sequence[Job]) -> list[Any]:
        db = self._open()
        now = self._clock.now()
        with db.transaction():
            stands_at = self._clock.stands_at
            book = Book(
                db,
                now,
                stands_at,
                self._last_no,
                self._faults,
                self._hours,
                authorised_only=self._authorised_only,
            )
            if book.today > self._rolled_to:
                self._roll(book)
                book.keep()
            book.fetch(frozenset().union(*(job.keys for job in batch)))
            answers = []
            for job in batch:
                answers.append(job.run(book))
                book.drop()
            book.flush()
        self._last_no = book.last_no
        self._rolled_to = max(self._rolled_to, book.today)
        self._clock.stands_at = book.stands_at
        self._faults.follow(book.plan, ())
        if len(book.notices):
            self._on_notices()
        return answers
