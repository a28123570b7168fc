"""Reads a platform's whole log once, from zero, and says of every rule whether it held.

The log, the receipts and custody's journal are read side by side as they were at one instant;
what is kept in memory is what is open (loans, tenders, entries), the members and the accounts.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from adapters.codec import Stored, decode
from domain.model import Event
from services.proof.checks.book import Book
from services.proof.checks.chain import RECEIPTS, Chain, Receipts, Retention
from services.proof.checks.check import FORGED, Check, Look
from services.proof.checks.days import ReconciledDays
from services.proof.checks.lines import Lines, Principal
from services.proof.checks.mirror import FOLLOWER, JOURNAL, BankWord, Mirror
from services.proof.checks.money import Balances, Integers
from services.proof.checks.payments_out import Corrections, Withdrawals
from services.proof.checks.purposes import Freezes, Lending, Purposes
from services.proof.checks.register import Register
from services.proof.checks.reserve import ReserveQueue
from services.proof.checks.streams import Streams
from services.proof.checks.views import CompareViews, Views
from services.proof.report import Report
from services.proof.snapshot import ROWS_AT_ONCE, Snapshot

LOG = (
    "SELECT notification_id, originator_id, originator_version, topic, state"
    " FROM {shard}.stored_events ORDER BY notification_id"
)

Progress = Callable[[int, int], None]
"""Called now and then with the position reached and the head's."""


def verify(
    url: str,
    platform: str,
    *,
    bank_total_fen: int | None = None,
    compare_views: CompareViews | None = None,
    progress: Progress = lambda position, head: None,
    timer: Callable[[], float] = time.perf_counter,
) -> Report:
    """Never raises for what it finds: every violation is in the report."""
    began = timer()
    with Snapshot(url, platform) as snapshot, _no_cycles():
        audit = Audit(snapshot, bank_total_fen)
        (head,) = snapshot.one("SELECT head_position FROM {shard}.shard")
        for row in snapshot.stream(LOG):
            audit.see(Stored(*row))
            if audit.chain.position % ROWS_AT_ONCE == 0:
                progress(audit.chain.position, head)
        audit.finish(snapshot)
        progress(head, head)
    audit.integers.looked_at["events"] = audit.chain.events
    seconds = timer() - began
    if compare_views is not None:
        audit.views.compare(compare_views)
    return Report(
        platform=platform,
        head_position=audit.chain.position,
        head_hash=audit.chain.hash.hex(),
        events=audit.chain.events,
        seconds=seconds,
        findings=tuple(check.finding() for check in audit.checks),
    )


@contextmanager
def _no_cycles() -> Iterator[None]:
    """The collector of cycles would go through all open states over and over: nothing here makes
    cycles, and what is done with is freed at once."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Audit:
    """All checks, and which of them look at which events."""

    def __init__(self, snapshot: Snapshot, bank_total_fen: int | None) -> None:
        custody = snapshot.has("custody")
        self.chain, self.retention = Chain(), Retention()
        self.receipts = Receipts(snapshot.stream(RECEIPTS))
        self.integers, self.views = Integers(), Views()
        self.streams = streams = Streams()
        self.book = book = Book()
        mirror = Mirror(
            snapshot.stream(JOURNAL) if custody else iter(()),
            snapshot.one(FOLLOWER)[0] if custody else 0,
        )
        balances = Balances(book, bank_total_fen)
        watching: list[Check] = [
            mirror,
            BankWord(mirror),
            ReconciledDays(),
            balances,
            Freezes(book),
            Purposes(),
            Lending(streams),
            Withdrawals(streams),
            Corrections(),
            Register(streams),
            Lines(),
            Principal(streams),
            ReserveQueue(streams, balances, book),
        ]
        others = (self.chain, self.retention, self.receipts, self.integers, self.views, streams)
        self.checks = sorted((*others, book, *watching), key=lambda check: check.RULE or 10)
        self._looks: dict[str, list[tuple[Check, Look]]] = {}
        for check in (book, *watching):
            self._add(check, check.looks())
        self._add(book, book.closing())

    def _add(self, check: Check, looks: Mapping[type[Event], Look]) -> None:
        for event, look in looks.items():
            self._looks.setdefault(event.TOPIC, []).append((check, look))

    def finish(self, snapshot: Snapshot) -> None:
        for check in self.checks:
            check.finish(snapshot)

    def see(self, row: Stored) -> None:
        self.chain.see(row)
        self.retention.see(row)
        try:
            recorded = decode(row)
        except FORGED as error:
            if not self.integers.unreadable(row):
                self.streams.violated(f"unreadable: {type(error).__name__}", row.position)
            return
        self.receipts.see(recorded)
        self.streams.see(recorded)
        for check, look in self._looks.get(recorded.topic, ()):
            try:
                look(recorded)
            except FORGED as error:
                check.violated(f"does not follow from the log: {error!r}", recorded.position)
