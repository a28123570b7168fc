"""The book that a demo plays: who borrows what, when, and how he will pay."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum

from domain.funding import months_after
from domain.money import Rounding
from domain.payout_plan import BucketPeriod, PayoutOrder
from domain.policy import PolicyTerms
from domain.schedule import Method

START = date(2018, 1, 2)
PURPOSES = ("car", "shop", "wedding", "renovation", "medical", "education", "working capital")
GRADES = "ABCDE"
ISSUE_WEEKDAYS = (1, 4)
FEES = {"A": "1.5", "B": "2", "C": "2.5", "D": "3", "E": "3.5", "F": "4", "G": "5"}
CONTRIBUTIONS = {"A": "0.1", "B": "0.2", "C": "0.3", "D": "0.4", "E": "0.5", "F": "0.6", "G": "1"}


class Habit(Enum):
    """How a borrower pays."""

    ON_TIME = "on time"
    LATE = "late"  # Every instalment some days late.
    EARLY = "early"  # Pays off after some instalments.
    STOPS = "stops"  # Pays some instalments, then no more.
    RETURNS = "returns"  # Stops, and pays all that is owed months later.


@dataclass(frozen=True, slots=True)
class PlannedLoan:
    number: int  # Distinct in a book.
    loan_id: str
    borrower_id: str
    company: bool
    amount_fen: int
    annual_rate: str
    periods: int
    method: Method
    grade: str
    purpose: str
    issue_on: date
    investors: int
    habit: Habit
    paid_periods: int = 0  # For EARLY, STOPS and RETURNS: how many instalments come on time.
    late_days: int = 0
    fills: bool = True  # False: too few investors are found, it miscarries.
    takes_out: bool = True  # Has a card bound, and withdraws the proceeds on the next day.


@dataclass(frozen=True, slots=True)
class Book:
    loans: tuple[PlannedLoan, ...]
    investors: int
    start: date
    end: date
    law_table: str
    policy: PolicyTerms
    seed_fen: int
    deposit_fen: int


def policy(rounding: Rounding, start: date) -> PolicyTerms:
    return PolicyTerms(
        version="2018-1",
        valid_from=start,
        order=PayoutOrder.OVERDUE,
        bucket=BucketPeriod.DAY,
        fee_by_grade=FEES,
        contribution_by_grade=CONTRIBUTIONS,
        rounding=Rounding.UP if rounding is Rounding.UP else Rounding.HALF_UP,
    )


def seeded_book(loans: int, investors: int, months: int, seed: int) -> Book:
    """A varied book: all methods and grades, one loan in twenty-five miscarries, one in four
    borrowers has trouble paying. Loans are issued on Tuesdays and Fridays of the first third of
    the months."""
    rng = random.Random(seed)
    issue_days = max(1, months * 10)
    planned = [_planned(rng, number, issue_days) for number in range(1, loans + 1)]
    planned.sort(key=lambda loan: (loan.issue_on, loan.loan_id))
    return Book(
        loans=tuple(planned),
        investors=investors,
        start=START,
        end=months_after(START, months),
        law_table="cn-p2p",
        policy=policy(Rounding.HALF_UP, START),
        seed_fen=20_000_00,
        deposit_fen=2 * sum(loan.amount_fen for loan in planned) // investors,
    )


def with_short_reserve(book: Book) -> Book:
    """Without seed money, and a thousandth of each loan's principal is contributed."""
    terms = book.policy.model_copy(update={"contribution_by_grade": dict.fromkeys(FEES, "0.1")})
    return replace(book, policy=terms, seed_fen=0)


def _planned(rng: random.Random, number: int, issue_days: int) -> PlannedLoan:
    company = number % 10 == 0
    habit = rng.choices(list(Habit), weights=(66, 12, 8, 7, 7))[0]
    periods = rng.choice((3, 6, 9, 12, 12, 18, 24))
    return PlannedLoan(
        number=number,
        loan_id=f"L{number:05d}",
        borrower_id=f"B{number:05d}",
        company=company,
        amount_fen=rng.randrange(50, 1000 if company else 200) * 1000_00 // 10,
        annual_rate=f"{rng.randrange(60, 180) / 10:.1f}",
        periods=periods,
        method=list(Method)[number % len(Method)],
        grade=rng.choice(GRADES),
        purpose=rng.choice(PURPOSES),
        issue_on=_issue_day(START + timedelta(days=1 + rng.randrange(issue_days))),
        investors=rng.randrange(5, 9),
        habit=habit,
        paid_periods=rng.randrange(1, max(2, periods // 2)),
        late_days=rng.choice((2, 5, 12, 20, 40)),
        fills=number % 25 != 7,
    )


def _issue_day(earliest: date) -> date:
    days = (earliest + timedelta(days=later) for later in range(7))
    return next(day for day in days if day.weekday() in ISSUE_WEEKDAYS)
