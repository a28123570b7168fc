"""The only writer: one job's fault is its own, and a lost connection is got over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from infra.postgres import connect
from services.sandbox_bank import cash
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import BankClock
from services.sandbox_bank.database import connect as connect_bank
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.rows import OUTSIDE
from services.sandbox_bank.teller import Job, Teller
from tests.services.sandbox_bank.bank_process import BankProcess, fresh
from tests.services.sandbox_bank.members import INCOME, RESERVE, balance, recharge


@pytest.fixture
def teller(database: str) -> Iterator[Teller]:
    """Not started: what is submitted before the start is one batch."""
    clock = BankClock(datetime(2018, 1, 5, 4, tzinfo=UTC))
    teller = Teller(database, clock, Faults(), cash.roll, lambda: None)
    yield teller
    teller.stop()


def pay(account_no: str, *, keep: bool = True) -> Job:
    def run(book: Book) -> str:
        book.move("RECHARGE", fresh(), (OUTSIDE, "outside"), (account_no, "available"), 100)
        if keep:
            book.keep()
        return account_no

    return Job(run)


def balances(url: str) -> dict[str, int]:
    with connect_bank(url) as db:
        rows = db.execute("SELECT no, available_fen FROM account WHERE available_fen > 0")
        return dict(rows.fetchall())


def test_one_jobs_fault_is_its_own(teller: Teller, database: str) -> None:
    def fail(book: Book) -> None:
        book.move("RECHARGE", fresh(), (OUTSIDE, "outside"), (RESERVE, "available"), 100)
        book.keep()
        raise ZeroDivisionError

    first, bad, last = (teller.submit(job) for job in (pay(RESERVE), Job(fail), pay(INCOME)))
    teller.start()
    assert (first.result(60), last.result(60)) == (RESERVE, INCOME)
    assert isinstance(bad.exception(60), ZeroDivisionError)
    assert balances(database) == {RESERVE: 100, INCOME: 100}


def test_what_the_tables_refuse_harms_nobody_else(teller: Teller, database: str) -> None:
    """A broken invariant is found at the commit only, when the whole batch is at stake."""

    def overdraw(book: Book) -> None:
        book.db.execute("UPDATE account SET available_fen = -1 WHERE no = %s", (RESERVE,))

    good, bad = teller.submit(pay(INCOME)), teller.submit(Job(overdraw))
    teller.start()
    assert good.result(60) == INCOME
    assert bad.exception(60) is not None
    assert balances(database) == {INCOME: 100}


def test_what_is_not_kept_is_dropped(teller: Teller, database: str) -> None:
    dropped, kept = teller.submit(pay(RESERVE, keep=False)), teller.submit(pay(INCOME))
    teller.start()
    assert (dropped.result(60), kept.result(60)) == (RESERVE, INCOME)
    assert balances(database) == {INCOME: 100}


def test_an_alone_job_sees_what_went_before(teller: Teller) -> None:
    def count(book: Book) -> int:
        row = book.db.execute("SELECT count(*) FROM entry").fetchone()
        assert row is not None
        return int(row[0])

    futures = [teller.submit(job) for job in (pay(INCOME), Job(count, alone=True), pay(INCOME))]
    teller.start()
    assert futures[1].result(60) == 1


def test_a_lost_connection_is_got_over(own_bank: BankProcess) -> None:
    recharge(own_bank, RESERVE, "5.00")
    with connect(own_bank.database, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    request_no = fresh()
    asked = {"requestNo": request_no, "platformUserNo": RESERVE, "amount": "7.00"}
    assert own_bank.gateway("RECHARGE", **asked)["errorCode"] == "100001"
    assert own_bank.gateway("RECHARGE", **asked)["code"] == "0"
    assert balance(own_bank, RESERVE) == ("12.00", "0.00")
