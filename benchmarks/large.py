"""`make bench-large`: what a log of ten million events costs beside one of a hundred thousand.

Both hold the same live part: investors with money and open loans, on which the writer decides. The
rest is past: loans of ten investors from registration to the last fen repaid, one decided by the
writer, the others copied (benchmarks.copies).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from adapters.event_log import LogReader
from benchmarks.commands import PLATFORM, SHARE_FEN, Sender, Story, random_ids
from benchmarks.copies import MARK, mark_ids
from benchmarks.measuring import Figures, Meter, Took, cpu_us, per_s
from benchmarks.report import report
from benchmarks.writer import append_copies, prepare_platform
from benchmarks.writer_process import WriterProcess
from infra.postgres import EmbeddedPostgres
from services.cli.stack import tune_memory
from services.settlement.writer import BATCH_MAX

ACCOUNTS = 10_000
INVESTORS, EVENTS_A_LOAN = 10, 155
FEW, MANY = 100_000, 10_000_000
TENDERS = 10_000
ROUNDS = 5
OUT = Path("build/bench-large.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=MANY, help="in the large log")
    parser.add_argument("--tenders", type=int, default=TENDERS, help="in each of the turns")
    asked = parser.parse_args()
    tune_memory()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        few, many = server.ensure_database("few"), server.ensure_database("many")
        began = time.perf_counter()
        figures: Figures = {"few_events": fill(few, FEW), "many_events": fill(many, asked.events)}
        figures["fill_s"] = round(time.perf_counter() - began, 1)
        figures |= restart(many)
        figures |= growth(few, many, Meter(server.pid), asked.tenders)
    report("A large log", figures, OUT)


def fill(url: str, events: int) -> int:
    """About so many; gives how many. Command ids are random, and with them what they name."""
    ids = random_ids(1)
    prepare_platform(url, ACCOUNTS, ids)
    with closing(LogReader(url, PLATFORM)) as log:
        loans = (events - log.head()) // EVENTS_A_LOAN
        append_copies(url, _past_loan(Sender(mark_ids("past"))), range(loans), ids)
        return log.head()


def _past_loan(sender: Sender) -> Story:
    yield from sender.lent(MARK, INVESTORS)
    yield from sender.repaid(f"L-{MARK}", INVESTORS * SHARE_FEN, in_full=True)


def restart(url: str) -> Figures:
    """From the start of a process, its imports included, to its first whole delivery on disk."""
    began = time.perf_counter()
    with closing(WriterProcess(url, ACCOUNTS, seed=2)) as writer:
        seconds, _ = writer.tender_all(BATCH_MAX)
        return {
            "restart_s": round(time.perf_counter() - began, 1),
            "restart_deciding_s": round(seconds, 2),
        }


def growth(few_url: str, many_url: str, meter: Meter, tenders: int) -> Figures:
    """Tenders on both logs by turns: what one costs on the large log, as a multiple."""
    few, many = WriterProcess(few_url, ACCOUNTS, 3), WriterProcess(many_url, ACCOUNTS, 3)
    figures: Figures = {}
    with closing(few), closing(many):
        for writer in (few, many):
            writer.tender_all(tenders)  # Until both know the live part.
        figures["many_resident_mb"] = round(many.resident_mb())
        for ids in ("ordered", "random"):
            on_few, on_many = [], []
            for _ in range(ROUNDS):
                on_few.append(_took(few, meter, tenders, ids))
                on_many.append(_took(many, meter, tenders, ids))
            ratios = [a.per_s / b.per_s for a, b in zip(on_few, on_many, strict=True)]
            figures |= {
                f"few_{ids}_per_s": round(per_s(on_few)),
                f"many_{ids}_per_s": round(per_s(on_many)),
                f"growth_cost_{ids}": round(median(ratios), 2),
                **cpu_us(f"few_{ids}", on_few),
                **cpu_us(f"many_{ids}", on_many),
                f"few_{ids}_resident_mb": round(few.resident_mb()),
                f"many_{ids}_resident_mb": round(many.resident_mb()),
            }
        return figures


def _took(writer: WriterProcess, meter: Meter, tenders: int, ids: str) -> Took:
    before = meter.cpu_s()
    seconds, cpu_s = writer.tender_all(tenders, ids)
    return Took(tenders, seconds, meter.since(before) | {"python": cpu_s})


if __name__ == "__main__":
    main()
