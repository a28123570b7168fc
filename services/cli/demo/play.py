"""Plays a book, day by day: lending, paying, withdrawing, and the night in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time, timedelta

from adapters.signing import Signer, by_two
from domain import commands as c
from services.cli.demo.book import Book, PlannedLoan
from services.cli.demo.borrowers import Borrowers
from services.cli.demo.front import Front
from services.cli.demo.investors import Investors
from services.cli.demo.lending import Lending

OPEN, NIGHT = time(10, 0), time(0, 30)


def play(front: Front, book: Book, seed: int) -> Iterator[date]:
    """Yields each day when it is closed and reconciled. The operators' keys follow from `seed`."""
    investors, borrowers = Investors(front), Borrowers(front)
    lending = Lending(front, investors)
    issued: dict[date, list[PlannedLoan]] = defaultdict(list)
    for loan in book.loans:
        issued[loan.issue_on].append(loan)
    _open(front, book, seed)
    investors.join(book.investors, book.deposit_fen)
    day = book.start
    while day < book.end:
        front.set_time(day, OPEN)
        if loans := issued.get(day):
            borrowers.expect(day, loans, lending.issue(loans))
        borrowers.act(day)
        if day.day == 15:
            investors.take_earnings(day)
        close(front, day)
        yield day
        day += timedelta(days=1)


def _open(front: Front, book: Book, seed: int) -> None:
    front.set_time(book.start, OPEN)
    one, two = (Signer.made_up(name, f"seed {seed}") for name in ("finance-1", "finance-2"))
    first = (one.operator, two.operator)
    front.must(
        [
            c.OpenPlatform(business_date=book.start, law_table=book.law_table, **front.by()),
            c.PublishPolicy(terms=book.policy, **front.by("risk")),
            by_two(c.AppointOperators, one, two, operators=first, **front.by("ops")),
        ]
    )
    if book.seed_fen:
        seeded = {"seed_id": "seed1", "amount_fen": book.seed_fen}
        front.must([by_two(c.SeedReserve, one, two, **seeded, **front.by("finance-1"))])


def close(front: Front, day: date) -> None:
    """The bank's day ends first, then ours: what the new day brings belongs to the new day."""
    front.set_time(day + timedelta(days=1), NIGHT)
    front.stack.day_end.roll()
    front.drain(())
    front.reconcile(day)
