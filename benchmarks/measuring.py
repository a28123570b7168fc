"""What a piece of work took: seconds, and CPU seconds by process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import mean, quantiles
from typing import NamedTuple

import psutil

from services.settlement import press

Figures = dict[str, float]


class Took(NamedTuple):
    """For so many commands, transfers, events or legs."""

    done: int
    seconds: float
    cpu_s: Mapping[str, float]

    @property
    def per_s(self) -> float:
        return self.done / self.seconds


class Meter:
    def __init__(self, server_pid: int) -> None:
        """`server_pid` is PostgreSQL's."""
        self._server = psutil.Process(server_pid)

    def took(self, done: int, work: Callable[[], object]) -> Took:
        before = self.cpu_s()
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        return Took(done, seconds, self.since(before))

    def cpu_s(self) -> dict[str, float]:
        """By process up to now. Of the programs started here only pgbench ends while measured."""
        here = psutil.Process().cpu_times()
        return {
            "python": here.user + here.system,
            "press": sum(cpu_s(each) for each in psutil.Process().children() if _is_press(each)),
            "pgbench": here.children_user + here.children_system,
            "postgres": cpu_s(self._server) + sum(map(cpu_s, self._server.children())),
        }

    def since(self, before: Mapping[str, float]) -> dict[str, float]:
        return {name: spent - before[name] for name, spent in self.cpu_s().items()}


def _is_press(process: psutil.Process) -> bool:
    return press.__name__ in process.cmdline()


def cpu_s(process: psutil.Process) -> float:
    """Of a process and of its children that have ended; 0 where it has ended itself."""
    try:
        spent = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(spent.user + spent.system + spent.children_user + spent.children_system)


def per_s(runs: Sequence[Took]) -> float:
    """The mean of the turns' rates: the machine's speed moves by half from minute to minute, and
    what went by turns had as many good and bad ones. Not all that was done by all the time: pgbench
    has turns of equal time, the writer of equal work, and its slow ones would count for more."""
    return mean(run.per_s for run in runs)


def percentile(values: Sequence[float], per_cent: int) -> float:
    return quantiles(values, n=100)[per_cent - 1]


def cpu_us(name: str, runs: Sequence[Took]) -> Figures:
    """CPU microseconds of one command (transfer, leg), for each process that took any."""
    figures = {
        process: sum(run.cpu_s[process] for run in runs) / sum(run.done for run in runs) * 1e6
        for process in runs[0].cpu_s
    }
    return {f"cpu_us_{name}_{process}": round(us, 1) for process, us in figures.items() if us >= 5}
