"""Reconciles one bank day (日终对账): the bank's statement against the book, both ways.

    fetch    the bank's files: whole, or the day is incomplete and nothing is taken in
    take in  what the bank moved by itself, as commands to the writer
    match    every line with its movement, every movement with its line, every account's balance
    keep     lines, breaks and verdict, in one transaction
    end      what is explained by now, of any day
    confirm  the files at the bank, only where no break stands

A day may be run as often as one likes: the same facts give the same breaks and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import structlog

from adapters.commanding import Commands, Outcome
from domain.bank_statement import BankBalance, BankStatement, StatementNotReady, StatementUnreadable
from domain.contradictions import Contradictions
from domain.ports import BankOutcome, CustodianUntrusted, StatementSource
from infra.clock import Clock
from services.reconciliation.balances import (
    Cut,
    at_the_bank,
    compare,
    cut_at,
    lacking,
    room_for,
    under_way,
)
from services.reconciliation.bank_facts import to_record
from services.reconciliation.book import Book, ViewsApart
from services.reconciliation.breaks import Difference
from services.reconciliation.closing import close
from services.reconciliation.explaining import Explaining
from services.reconciliation.matching import (
    Group,
    Lines,
    done_keys,
    key_of_movement,
    match,
    suspects,
)
from services.reconciliation.records import Records
from services.reconciliation.result_files import write_result
from services.reconciliation.results import DayResult, Verdict
from services.reconciliation.store import store, store_confirmation, store_incomplete

PAGE = 50  # Accounts that one thread asks for before it tells.
ASKING = 8

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Found:
    differences: list[Difference]
    pending: int
    position: int
    rest: Mapping[str, Group]  # The lines that do not agree just so.


class Reconciler:
    """One platform's days. `catch_up` brings the views to the log's head; `contradictions` are
    those that custody knows of. Result files are written below `folder` where one is given. Not for
    several threads at once."""

    def __init__(
        self,
        url: str,
        platform: str,
        bank: StatementSource,
        commands: Commands,
        clock: Clock,
        catch_up: Callable[[], object],
        contradictions: Contradictions,
        folder: Path | None = None,
    ) -> None:
        self._platform = platform
        self._bank = bank
        self._commands = commands
        self._clock = clock
        self._catch_up = catch_up
        self._folder = folder
        self.records = Records(url, platform, clock)
        self._book = Book(self.records.connection, platform)
        self._explaining = Explaining(self.records, self._book, contradictions)

    def close(self) -> None:
        self.records.close()

    def reconcile(self, bank_date: date) -> DayResult:
        """Runs a day that is over at the bank."""
        try:
            statement = self._fetch(bank_date)
            result = self._run(statement)
        except _UNREADABLE as error:
            result = self._incomplete(bank_date, error)
        log.info(
            "day_reconciled",
            bank_date=bank_date.isoformat(),
            verdict=result.verdict.value,
            lines=result.lines,
            breaks=result.breaks,
            position=result.position,
        )
        return result

    def compare_now(
        self, progress: Callable[[int, int], None] = lambda _done, _of: None
    ) -> tuple[int, list[Difference]]:
        """How many accounts were asked after at the bank, and those on which it and the book are
        apart at this moment. `progress` is told how many of how many. Raises ConnectionError,
        CustodianUntrusted, ViewsApart."""
        self._catch_up()
        today = self.records.today
        book = self._book.snapshot(today, Lines.of(()), ())
        now = Cut(today, (), ())
        held = at_the_bank(book.balances, (), book.straddling, now)
        accounts = sorted(held.keys() | self._book.accounts())
        told = self._ask_for(accounts, progress)
        return len(accounts), list(compare(told, held, room_for(under_way(book.straddling, now))))

    def _ask_for(
        self, accounts: Sequence[str], progress: Callable[[int, int], None]
    ) -> dict[str, BankBalance]:
        told: dict[str, BankBalance] = {}
        pages = [accounts[at : at + PAGE] for at in range(0, len(accounts), PAGE)]
        with ThreadPoolExecutor(ASKING, "balances") as threads:
            for number, page in enumerate(threads.map(self._bank.balances, pages), start=1):
                told |= page
                progress(min(number * PAGE, len(accounts)), len(accounts))
        return told

    def _fetch(self, bank_date: date) -> BankStatement:
        statement = self._bank.statement(bank_date)
        if statement.bank_date != bank_date:
            raise StatementUnreadable(f"the files are those of {statement.bank_date}")
        return statement

    def _incomplete(self, bank_date: date, error: Exception) -> DayResult:
        reason = f"{type(error).__name__}: {error}"
        result = DayResult(bank_date, Verdict.INCOMPLETE, self._clock.now(), reason)
        store_incomplete(self.records, result)
        return result

    def _run(self, statement: BankStatement) -> DayResult:
        self._catch_up()
        taken_in = self._take_in(statement)
        for day in close(self.records, self._explaining.covered()):
            self._conclude(day)  # It may be clean now.
        found = self._compare(statement)
        result = self._result(statement, found, taken_in)
        done = done_keys(statement.lines, found.rest)
        result = store(self.records, result, done, found.differences)
        return self._end_explained(result)

    def _conclude(self, result: DayResult) -> DayResult:
        """What is done with a day once it is stored."""
        if result.verdict.clean and result.confirmed_at is None:
            result = self._confirm(result)
        if self._folder is not None:
            breaks = self.records.breaks(status=None, bank_date=result.bank_date)
            write_result(self._folder, result, breaks)
        return result

    def _end_explained(self, result: DayResult) -> DayResult:
        """What is told once, and explained by now. Gives the day of `result`, concluded."""
        notes = self._explaining.returned() | self._explaining.borne_out()
        days = {each.bank_date: each for each in close(self.records, notes)}
        days.setdefault(result.bank_date, result)
        return {day: self._conclude(each) for day, each in days.items()}[result.bank_date]

    def _take_in(self, statement: BankStatement) -> int:
        """What the bank began and the book does not have; gives how many were accepted now."""
        missing = self._book.not_recorded(statement.lines)
        if not missing:
            return 0
        named = {account for line in missing for account in (line.payer, line.payee)}
        accounts = self._book.accounts_among(named)
        commands = list(to_record(self._platform, statement.bank_date, missing, accounts))
        receipts = self._commands.submit(commands)
        self._catch_up()
        return sum(
            receipt.outcome is Outcome.ACCEPTED and not receipt.replayed for receipt in receipts
        )

    def _compare(self, statement: BankStatement) -> _Found:
        day = statement.bank_date
        apart = self.records.dated_apart(before=day)
        lines = Lines.of(statement.lines)
        book = self._book.snapshot(day, lines, apart)
        rest = lines.rest()
        straddling = {key_of_movement(row): row for row in book.straddling}
        wanted = suspects(day, rest, book.movements) | straddling.keys()
        seen = self.records.days_seen(wanted, but=day)
        rows = (straddling | book.movements).values()
        cut = cut_at(day, rest, rows, seen)
        out = list(under_way(book.straddling, cut))
        expected = at_the_bank(book.balances, book.later, rows, cut)
        differences = match(day, rest, book.movements, seen, book.taken_back)
        differences += compare(statement.balances, expected, room_for(out))
        differences += lacking(day, book.shortfalls)
        differences += self._explaining.told_once(statement)
        return _Found(differences, len(out), book.position, rest)

    def _result(
        self,
        statement: BankStatement,
        found: _Found,
        taken_in: int,
    ) -> DayResult:
        today = self.records.today
        real = {each.break_id for each in found.differences if each.is_real(today)}
        borne = {each.break_id for each in found.differences} - real
        if real:
            verdict = Verdict.BREAKS
        elif borne or found.pending:
            verdict = Verdict.RECONCILED_WITH_PENDING
        else:
            verdict = Verdict.RECONCILED
        differing = {each.reference for each in found.differences}
        return DayResult(
            bank_date=statement.bank_date,
            verdict=verdict,
            digest=statement.digest,
            lines=len(statement.lines),
            matched=len(statement.lines)
            - sum(len(group) for key, group in found.rest.items() if key in differing),
            accounts=len(statement.balances),
            pending=found.pending,
            taken_in=taken_in,
            timing=len(borne),
            breaks=len(real),
            position=found.position,
            reconciled_at=self._clock.now(),
        )

    def _confirm(self, result: DayResult) -> DayResult:
        """对账确认. What fails here is tried again by the next run of the day."""
        day = result.bank_date
        answer = self._bank.confirm_statement(f"K-{day:%Y%m%d}", day)
        if answer.outcome is BankOutcome.SUCCEEDED:
            result = replace(result, confirmed_at=self._clock.now(), confirm_code="")
        else:
            result = replace(result, confirm_code=answer.code or answer.outcome.value)
            log.warning("confirmation_failed", bank_date=day.isoformat(), code=result.confirm_code)
        store_confirmation(self.records, result)
        return result


_UNREADABLE = (
    StatementNotReady,
    StatementUnreadable,
    CustodianUntrusted,
    ConnectionError,
    ViewsApart,
)
