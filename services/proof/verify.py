"""Reads a platform's whole log once, from zero, and says of every rule whether it held.

Two processes read it side by side, as it was at one instant: one what was written (see
services.proof.record), one what it says. The log, the receipts and custody's journal are merged by
position; what is kept in memory is what is open (loans, tenders, entries), the members and the
accounts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from adapters.codec import Stored, decode_event
from domain.model import Event
from services.proof.beside import beside
from services.proof.checks.assignments import Assignments
from services.proof.checks.book import Book
from services.proof.checks.check import FORGED, Check, Fact, Look
from services.proof.checks.days import ReconciledDays
from services.proof.checks.guarantees import Guarantees
from services.proof.checks.lines import Lines, Principal
from services.proof.checks.mirror import BankWord, Mirror
from services.proof.checks.money import Balances, Integers
from services.proof.checks.payments_out import Corrections, Withdrawals
from services.proof.checks.purposes import Freezes, Lending, Purposes
from services.proof.checks.register import Register
from services.proof.checks.reserve import ReserveQueue
from services.proof.checks.shortfalls import Shortfalls
from services.proof.checks.streams import Streams
from services.proof.checks.two_people import TwoPeople
from services.proof.checks.views import CompareViews, Views
from services.proof.record import read_record
from services.proof.report import Report
from services.proof.snapshot import LOG, Snapshot, no_cycles

PROGRESS_EVERY = 5_000  # Events.

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
    with (
        Snapshot(url, platform) as snapshot,
        beside(partial(read_record, url, platform, snapshot.instant)) as record_read,
        no_cycles(),
    ):
        audit = Audit(snapshot, platform, bank_total_fen)
        audit.read(snapshot, progress)
        record = record_read()
    seconds = timer() - began
    if compare_views is not None:
        audit.views.compare(compare_views)
    findings = (*record.findings, *(check.finding() for check in audit.checks))
    return Report(
        platform=platform,
        head_position=record.head_position,
        head_hash=record.head_hash,
        events=record.events,
        seconds=seconds,
        findings=tuple(sorted(findings, key=lambda finding: finding.rule or 10)),
    )


class Audit:
    """All checks of what the events say, and which of them look at which events."""

    def __init__(self, snapshot: Snapshot, platform: str, bank_total_fen: int | None) -> None:
        self.integers, self.views = Integers(), Views()
        self.streams = streams = Streams()
        self.book = book = Book()
        mirror = Mirror(snapshot)
        balances = Balances(book, bank_total_fen)
        watching: list[Check] = [
            streams,
            book,
            mirror,
            BankWord(mirror),
            ReconciledDays(),
            Shortfalls(balances),
            balances,
            Freezes(book),
            Purposes(),
            Lending(streams),
            Assignments(streams),
            Withdrawals(streams),
            Corrections(),
            TwoPeople(streams, platform),
            Register(streams),
            Lines(),
            Principal(streams),
            ReserveQueue(streams, balances, book),
            Guarantees(streams, book),
        ]
        self.checks = (self.integers, self.views, *watching)
        self._looks: dict[str, list[tuple[Check, Look]]] = {}
        for check in watching:
            self._add(check, check.looks())
        self._add(book, book.closing())

    def _add(self, check: Check, looks: Mapping[type[Event], Look]) -> None:
        for event, look in looks.items():
            self._looks.setdefault(event.TOPIC, []).append((check, look))

    def read(self, snapshot: Snapshot, progress: Progress) -> None:
        (head,) = snapshot.one("SELECT head_position FROM {shard}.shard")
        events = 0
        for events, row in enumerate(snapshot.stream(LOG), start=1):
            self._see(row)
            if events % PROGRESS_EVERY == 0:
                progress(row[0], head)
        self.integers.looked_at["events"] = events
        for check in self.checks:
            check.finish(snapshot)
        progress(head, head)

    def _see(self, row: Stored) -> None:
        position, stream, _, topic, state = row
        try:
            event = decode_event(topic, state)
        except FORGED as error:
            if not self.integers.unreadable(row):
                self.streams.violated(f"unreadable: {type(error).__name__}", position)
            return
        fact = Fact(position, stream, topic, state, event)
        for check, look in self._looks[topic]:
            try:
                look(fact)
            except FORGED as error:
                check.violated(f"does not follow from the log: {error!r}", position)
