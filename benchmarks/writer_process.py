"""A writer in a process of its own, so that its start and its memory are those of a writer."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import psutil

from benchmarks.commands import Sender, ordered_ids, random_ids
from benchmarks.writer import WriterBench
from services.cli.stack import tune_memory


class WriterProcess:
    """Over a platform that `prepare_platform` made. Its ids are its own by `seed`."""

    def __init__(self, url: str, accounts: int, seed: int) -> None:
        self._pool = ProcessPoolExecutor(1, get_context("spawn"), _open, (url, accounts, seed))

    def tender_all(self, count: int, ids: str = "random") -> tuple[float, float]:
        """`ids`: ordered (by time) or random. Gives seconds and the process's CPU seconds."""
        return self._pool.submit(_tender_all, count, ids).result()

    def resident_mb(self) -> float:
        return self._pool.submit(_resident_mb).result()

    def close(self) -> None:
        self._pool.submit(_close).result()
        self._pool.shutdown()


# -- in that process --------------------------------------------------------------------

_bench: WriterBench
_senders: dict[str, Sender]


def _open(url: str, accounts: int, seed: int) -> None:
    global _bench, _senders  # noqa: PLW0603 - what a worker of a pool keeps between its tasks.
    tune_memory()
    _senders = {"ordered": Sender(ordered_ids()), "random": Sender(random_ids(seed))}
    _bench = WriterBench(url, accounts, _senders["random"])


def _tender_all(count: int, ids: str) -> tuple[float, float]:
    _bench.sender = _senders[ids]
    messages = _bench.messages(count)
    began, cpu_began = time.perf_counter(), time.process_time()
    _bench.submit(messages)
    return time.perf_counter() - began, time.process_time() - cpu_began


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss / 2**20)


def _close() -> None:
    _bench.close()
