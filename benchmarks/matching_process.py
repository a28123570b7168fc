"""`python -m benchmarks.matching_process URL LINES`: one run of the day, as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

from adapters.commanding import Receipt
from benchmarks.matching import ACCOUNTS, DAY, HELD_FEN, PLATFORM, bank_lines
from domain.bank_statement import BankBalance, BankStatement
from domain.commands import Command
from domain.contradictions import Contradiction
from domain.ports import BankAnswer, BankOutcome
from infra.clock import ManualClock
from services.cli.stack import tune_memory
from services.reconciliation.reconciler import Reconciler

WRONG = {
    ("missing_at_bank", "R-p1.1"),
    ("duplicate", "R-p2.1"),
    ("amount", "R-p3.1"),
    ("missing_in_book", "R-foreign.1"),
}


class Bank:
    def __init__(self, count: int) -> None:
        self._count = count

    def statement(self, bank_date: date) -> BankStatement:
        held = BankBalance(HELD_FEN, 0)
        balances = {
            f"{who}{n}:{role}": held
            for n, (who, role) in product(range(ACCOUNTS), (("b", "borrower"), ("i", "investor")))
        }
        return BankStatement(bank_date, tuple(bank_lines(self._count)), balances, "0" * 64)

    def confirm_statement(self, request_no: str, bank_date: date) -> BankAnswer:
        return BankAnswer(BankOutcome.SUCCEEDED)

    def balances(self, accounts: Sequence[str]) -> dict[str, BankBalance]:
        return {}  # Nobody asks.


class Nobody:
    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        raise RuntimeError("the bank began nothing that day")


class Consistent:
    """The bank took nothing back."""

    def on(self, bank_date: date) -> list[Contradiction]:
        return []

    def of(self, request_nos: Collection[str]) -> list[Contradiction]:
        return []


def main() -> None:
    url, count = sys.argv[1], int(sys.argv[2])
    tune_memory()
    clock = ManualClock(datetime(2024, 2, 1, 2, tzinfo=UTC))
    reconciler = Reconciler(url, PLATFORM, Bank(count), Nobody(), clock, lambda: 0, Consistent())
    with closing(reconciler):
        began, cpu_before = time.perf_counter(), time.process_time()
        result = reconciler.reconcile(DAY)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_before
        found = {(each.kind.value, each.reference) for each in reconciler.records.breaks()}
    if found != WRONG or result.lines != count + 1:
        raise RuntimeError(f"reconciliation found {found} in {result}")
    told = {
        "seconds": round(seconds, 1),
        "cpu_s": round(cpu_s, 1),
        "peak_mb": _peak_mb(),
    }
    print(json.dumps(told))


def _peak_mb() -> int:
    """Of this program. What `getrusage` gives begins with that of whoever started it."""
    status = Path("/proc/self/status").read_text()
    [peak_kb] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak_kb) // 1024


if __name__ == "__main__":
    main()
