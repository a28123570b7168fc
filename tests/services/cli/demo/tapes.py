"""Loan tapes made by hand: ten lines with every status, and a book of forty."""

from __future__ import annotations

from pathlib import Path

FIELDS = {
    "loan_id": "",
    "loan_amount": "1000",
    "term": "6",
    "interest_rate": "12",
    "installment": "172.55",
    "grade": "B",
    "issue_month": "Jan-2018",
    "loan_status": "Current",
    "loan_purpose": "car",
    "balance": "1000",
}
HEADER = ",".join(FIELDS)


def a_line(number: int, **changes: str) -> str:
    """A loan of 1,000 yuan over six months at 12 per cent, nothing paid yet."""
    return ",".join((FIELDS | {"loan_id": f"T{number:02d}"} | changes).values())


LINES = (
    a_line(1),
    a_line(2, balance="837.45"),
    a_line(3, balance="673.27"),
    a_line(4, balance="837.44"),  # Not on its schedule.
    a_line(5, loan_status="Fully Paid", balance="0"),
    a_line(6, loan_status="Fully Paid", balance="0", issue_month="Feb-2018"),
    a_line(7, loan_status="In Grace Period"),
    a_line(8, loan_status="Late (16-30 days)", installment="172.54"),  # Not what follows from it.
    a_line(9, loan_status="Late (31-120 days)"),
    a_line(10, loan_status="Charged Off"),
)

# Issued on the same day are those that are twenty lines apart: both wait in one bucket.
BOOK = (
    *LINES,
    *(a_line(number) for number in range(11, 28)),
    a_line(28, loan_status="Late (16-30 days)", term="5", installment="206.04"),
    a_line(29, loan_status="Late (31-120 days)", loan_amount="2500", installment="431.38"),
    a_line(30, loan_status="Charged Off", loan_amount="2000", installment="345.10"),
    *(a_line(number, issue_month="Feb-2018", grade="C") for number in range(31, 39)),
    a_line(39, issue_month="Feb-2018", grade="C", loan_status="Late (31-120 days)"),
    a_line(40, issue_month="Feb-2018", grade="C", loan_status="Charged Off"),
)


def tape(folder: Path, *lines: str) -> Path:
    path = folder / "tape.csv"
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path
