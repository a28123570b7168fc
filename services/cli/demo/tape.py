"""A recorded loan tape as a book: terms as they were, payments as the status says.

Columns needed: loan_id, loan_amount, term, interest_rate, installment, grade, issue_month
(Mon-YYYY), loan_status, loan_purpose, balance. Money is in yuan with at most two decimals. Within
its month a loan is issued on a day that follows from its place on the tape.

How a loan goes on after the tape was recorded is made up: who was up to a month late then pays it
all back some months on, who was later than that pays no more.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from domain.funding import months_after
from domain.money import BadFigure, Rounding, fen_from_yuan
from domain.schedule import MAX_PERIODS, Method
from services.cli.demo.book import Book, Habit, PlannedLoan, policy
from services.cli.errors import CliError

COLUMNS = (
    "loan_id",
    "loan_amount",
    "term",
    "interest_rate",
    "installment",
    "grade",
    "issue_month",
    "loan_status",
    "loan_purpose",
    "balance",
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WITHDRAW_EVERY = 10
ISSUE_DAYS = 20  # Loans are issued on days 1 to 20 of their month.
HABITS = {
    "Current": (Habit.ON_TIME, 0),
    "Fully Paid": (Habit.EARLY, 1),
    "In Grace Period": (Habit.LATE, 10),
    "Late (16-30 days)": (Habit.RETURNS, 2),
    "Late (31-120 days)": (Habit.STOPS, 1),
    "Charged Off": (Habit.STOPS, 0),
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the tape says of a loan beside its terms."""

    loan_id: str
    installment_fen: int
    balance_fen: int
    current: bool


Line = tuple[PlannedLoan, Recorded]


def read_tape(path: Path) -> Iterator[Line]:
    """Raises CliError that names line, field and rule."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise _bad(1, missing[0], "the column is missing")
            seen: set[str] = set()
            for row in rows:
                planned, recorded = _line(rows.line_num, row)
                if planned.loan_id in seen:
                    raise _bad(rows.line_num, "loan_id", "stands on the tape twice")
                seen.add(planned.loan_id)
                yield planned, recorded
    except FileNotFoundError:
        raise CliError("no_file", f"{path} does not exist", "tape") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise CliError("bad_input", f"{path} is not CSV in UTF-8: {error}", "tape") from None


def tape_book(
    path: Path, investors: int, months: int | None, wanted: int | None = None
) -> tuple[Book, tuple[Recorded, ...]]:
    """All its loans, or as many as are `wanted`."""
    lines = list(read_tape(path))
    if not lines:
        raise CliError("bad_input", f"{path} holds no loan", "tape")
    if wanted is not None:
        lines = _spread(lines, wanted)
    loans = sorted((loan for loan, _ in lines), key=lambda loan: (loan.issue_on, loan.loan_id))
    start = loans[0].issue_on.replace(day=1) - timedelta(days=1)
    last_month = loans[-1].issue_on.replace(day=1)
    end = months_after(start, months) if months else months_after(last_month, 4)
    book = Book(
        loans=tuple(loans),
        investors=investors,
        start=start,
        end=end,
        law_table="none",
        policy=policy(Rounding.UP, start),
        seed_fen=100_000_00,
        deposit_fen=12 * sum(loan.amount_fen for loan in loans) // (10 * investors),
    )
    return book, tuple(recorded for _, recorded in lines)


def _spread(lines: list[Line], wanted: int) -> list[Line]:
    """So many of them, with the same part of each way of paying."""
    if wanted > len(lines):
        raise CliError("bad_input", f"the tape has {len(lines)} loans", "loans")
    lines.sort(key=lambda line: (line[0].habit.value, line[0].paid_periods, line[0].number))
    return [lines[place * len(lines) // wanted] for place in range(wanted)]


def _line(number: int, row: dict[str, str]) -> Line:
    def fen(name: str) -> int:
        try:
            return fen_from_yuan(row[name], name)
        except BadFigure as error:
            raise _bad(number, name, error.rule) from None

    if None in row or None in row.values():
        raise _bad(number, "line", "has another number of fields than the header")
    loan_id = _matching(number, row, "loan_id", r"[A-Za-z0-9_-]{1,20}")
    status = row["loan_status"]
    if status not in HABITS:
        raise _bad(number, "loan_status", f"must be one of {', '.join(HABITS)}")
    habit, figure = HABITS[status]
    amount_fen, installment_fen = fen("loan_amount"), fen("installment")
    if amount_fen <= 0:
        raise _bad(number, "loan_amount", "must be above zero")
    periods = int(_matching(number, row, "term", r"[0-9]{1,3}"))
    if not 1 <= periods <= MAX_PERIODS:
        raise _bad(number, "term", f"must be from 1 to {MAX_PERIODS}")
    planned = PlannedLoan(
        number=number,
        loan_id=loan_id,
        borrower_id=f"B-{loan_id}",
        company=False,
        amount_fen=amount_fen,
        annual_rate=_matching(number, row, "interest_rate", r"[0-9]{1,2}(\.[0-9]{1,4})?"),
        periods=periods,
        method=Method.EQUAL_INSTALMENT,
        grade=_matching(number, row, "grade", r"[A-G]"),
        purpose=_matching(number, row, "loan_purpose", r".{1,100}"),
        issue_on=_month(number, row["issue_month"]) + timedelta(days=number % ISSUE_DAYS),
        investors=5 + number % 2,
        habit=habit,
        paid_periods=figure,
        late_days=figure if habit is Habit.LATE else 0,
        takes_out=number % WITHDRAW_EVERY == 0,
    )
    return planned, Recorded(loan_id, installment_fen, fen("balance"), status == "Current")


def _month(number: int, text: str) -> date:
    name, _, year = text.partition("-")
    if name not in MONTHS or not re.fullmatch(r"(19|20)[0-9]{2}", year):
        raise _bad(number, "issue_month", "must be Mon-YYYY, as in Mar-2018")
    return date(int(year), MONTHS.index(name) + 1, 1)


def _matching(number: int, row: dict[str, str], name: str, pattern: str) -> str:
    if not re.fullmatch(pattern, row[name]):
        raise _bad(number, name, f"must match {pattern}")
    return row[name]


def _bad(number: int, name: str, rule: str) -> CliError:
    return CliError("bad_input", f"tape line {number}: {name}: {rule}", name)
