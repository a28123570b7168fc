"""A night over a book of a hundred thousand loans: 1,200,000 instalments are open, of 10,000 loans
one falls due. The loans are decided once and copied (benchmarks.copies); the night is not."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from adapters.event_log import LogReader, prepare_shard
from benchmarks.commands import DAY, PLATFORM, Sender, ordered_ids
from benchmarks.copies import MARK, mark_ids
from benchmarks.measuring import Figures
from benchmarks.writer import append_copies, decide, open_writer
from domain.funding import months_after
from infra.postgres import EmbeddedPostgres
from services.day_end.day_end import DayEnd
from services.projections.projector import Projector

LOANS, DUE = 100_000, 10_000


def night(folder: Path, loans: int = LOANS, due: int = DUE) -> Figures:
    with EmbeddedPostgres(folder) as server:
        url = server.ensure_database("bench_day_end")
        began = time.perf_counter()
        lend(url, loans, due)
        filled_s = time.perf_counter() - began
        with (
            Projector(url, PLATFORM) as projector,
            closing(open_writer(url)) as writer,
            closing(DayEnd(url, PLATFORM, writer, projector.catch_up)) as day_end,
            closing(LogReader(url, PLATFORM)) as log,
        ):
            began = time.perf_counter()
            projector.catch_up()
            caught_up_s = time.perf_counter() - began
            before = log.head()
            began = time.perf_counter()
            done = day_end.roll()
            took_s = time.perf_counter() - began
            if done.assessed != due:
                raise RuntimeError(f"{done.assessed} loans were due, not {due}")
            after = log.head()
            began = time.perf_counter()
            day_end.run(done.business_date)
            again_s = time.perf_counter() - began
            if log.head() != after:
                raise RuntimeError("a re-run appended something")
    return {
        "day_end_loans": loans,
        "day_end_due": done.assessed,
        "day_end_fill_s": round(filled_s, 1),
        "day_end_views_s": round(caught_up_s, 1),
        "day_end_events": after - before,
        "day_end_s": round(took_s, 1),
        "day_end_again_s": round(again_s, 1),
    }


def lend(url: str, loans: int, due: int) -> None:
    """Up to the evening before `due` of them have an instalment to bill; the others' is due a day
    later. Of each kind the story itself is one."""
    prepare_shard(url, PLATFORM)
    ids = ordered_ids()
    sender = Sender(ids)
    decide(url, sender.opening())
    append_copies(url, Sender(mark_ids("due")).lent(MARK, 1), range(due - 1), ids)
    decide(url, [sender.next_day(DAY + timedelta(days=1))])
    later = Sender(mark_ids("later")).lent(f"X{MARK}", 1)
    append_copies(url, later, range(loans - due - 1), ids)
    evening = months_after(DAY, 1) - timedelta(days=1)
    days = (evening - DAY).days
    decide(url, [sender.next_day(DAY + timedelta(days=day)) for day in range(2, days + 1)])
