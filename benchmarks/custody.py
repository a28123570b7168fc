"""From a command to the bank's word in the book: the writer with its press, custody, and the
stand-in bank as a process of its own, on one embedded PostgreSQL. Both families of banks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from itertools import islice
from pathlib import Path

import psutil

from benchmarks.commands import (
    DAY,
    PLATFORM,
    SHARE_FEN,
    Sender,
    in_chunks,
    ordered_ids,
)
from benchmarks.measuring import Figures, Meter, cpu_s, cpu_us
from benchmarks.pgbench import SqlLedger
from benchmarks.writer import all_accepted
from domain import commands as c
from domain.accounts import Role
from infra.clock import SHANGHAI
from infra.postgres import EmbeddedPostgres, connect
from infra.settings import BankFamily
from services.cli.installation import BANK_DATABASE, Installation
from services.cli.opening import Place
from services.cli.stack import Stack, running

LOANS, INVESTORS = 20, 200
CHUNK = 500
ACCOUNTS, CLIENTS, SECONDS = 200_000, 8, 8
TEN = time(10)
LETTER = {BankFamily.SERVICE: "a", BankFamily.BATCH: "b"}


def mirrored(folder: Path) -> Figures:
    """Each family, and before it hand-written SQL on the same server. What is called without a
    letter is the slower family's."""
    figures: Figures = {}
    for family, letter in LETTER.items():
        data = folder / letter
        with EmbeddedPostgres(data) as server:
            url = server.ensure_database("bench_sql")
            ledger = SqlLedger(url, ACCOUNTS, folder)
            sql = ledger.transfers(ledger.statements, CLIENTS, SECONDS, Meter(server.pid))
            figures[f"mirror_sql_per_s_{letter}"] = round(sql.per_s)
            figures |= _one_family(data, family, letter, server)
    slowest = {
        name: min(figures[f"{name}_{letter}"] for letter in LETTER.values())
        for name in ("mirror_legs_per_s", "mirror_singles_per_s")
    }
    return slowest | figures


def _one_family(data: Path, family: BankFamily, letter: str, server: EmbeddedPostgres) -> Figures:
    starts_at = datetime.combine(DAY, TEN, SHANGHAI).isoformat()
    Installation(PLATFORM, "P10001", starts_at, family.value).save(data)
    with running(Place(data, Installation.load(data))) as stack:
        platform = MirrorBench(stack)
        platform.open()
        meter = BankMeter(server, stack)
        singles = meter.took(LOANS * INVESTORS, platform.tender)
        legs = [meter.took(LOANS * INVESTORS, work) for work in (platform.lend, platform.repay)]
        platform.check()
    return {
        f"mirror_singles_per_s_{letter}": round(singles.per_s),
        f"mirror_legs_per_s_{letter}": round(
            sum(each.done for each in legs) / sum(each.seconds for each in legs)
        ),
        **cpu_us(f"single_{letter}", [singles]),
        **cpu_us(f"mirror_leg_{letter}", legs),
    }


class BankMeter(Meter):
    """Tells what the bank takes, and what its own database takes, from what is ours."""

    def __init__(self, server: EmbeddedPostgres, stack: Stack) -> None:
        super().__init__(server.pid)
        self._bank = psutil.Process(stack.bank.pid)
        self._url = server.url(BANK_DATABASE)

    def cpu_s(self) -> dict[str, float]:
        spent = super().cpu_s()
        with connect(self._url) as connection:
            rows = connection.execute(_BACKENDS, (BANK_DATABASE,)).fetchall()
        banks = sum(cpu_s(psutil.Process(pid)) for (pid,) in rows)
        return spent | {
            "postgres": spent["postgres"] - banks,
            "bank_postgres": banks,
            "bank": cpu_s(self._bank),
        }


class MirrorBench:
    """LOANS loans, to each of which the same INVESTORS lend."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._sender = Sender(ordered_ids())
        self._loans = [f"L-{number}" for number in range(LOANS)]
        self._investors = [f"I{number}" for number in range(INVESTORS)]
        self._borrowers = [f"B{number}" for number in range(LOANS)]

    def open(self) -> None:
        sender = self._sender
        roles: dict[str, c.MemberRole] = dict.fromkeys(self._investors, Role.INVESTOR)
        roles |= dict.fromkeys(self._borrowers, Role.BORROWER)
        self._do(sender.opening())
        self._do(
            next(sender.member(member_id, role, f"9900{number:014d}"))
            for number, (member_id, role) in enumerate(roles.items())
        )
        self._do(sender.recharge(member_id, role) for member_id, role in roles.items())
        for loan_id, borrower_id in zip(self._loans, self._borrowers, strict=True):
            self._do(islice(sender.loan(loan_id, borrower_id, INVESTORS * SHARE_FEN), 3))

    def tender(self) -> None:
        """One request to the bank each: a freeze."""
        self._do(
            self._sender.tender(loan_id, investor_id, SHARE_FEN)
            for loan_id in self._loans
            for investor_id in self._investors
        )

    def lend(self) -> None:
        for loan_id in self._loans:
            self._send(list(self._sender.paid_out(loan_id)))
        self._stack.drain()

    def repay(self) -> None:
        """In full, on the day of the loan: a freeze, and a line for each investor."""
        self._do(
            self._sender.repaid(loan_id, INVESTORS * SHARE_FEN, in_full=True)[0]
            for loan_id in self._loans
        )

    def check(self) -> None:
        """Raises RuntimeError unless the bank has done all of it."""
        with connect(self._stack.url) as connection:
            [(refused,)] = connection.execute(_REFUSED).fetchall()
        if refused:
            raise RuntimeError(f"the bank refused {refused} requests")

    def _do(self, commands: Iterable[c.Command]) -> None:
        for chunk in in_chunks(commands, CHUNK):
            self._send(chunk)
        self._stack.drain()

    def _send(self, commands: list[c.Command]) -> None:
        if commands:
            all_accepted(self._stack.submit(commands))


_REFUSED = f"SELECT count(*) FROM custody_{PLATFORM}.request_state WHERE state <> 'settled'"  # noqa: S608 - our own constant
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
