"""What the looks at a past day cost on a book of a hundred thousand loans: every overdue view, and
all figures of the disclosure.

Two hundred loans live through a year (the domain decides, as in the tests, with all that may
happen to a loan), the views fold their events, and the rows are multiplied under other names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from psycopg import Cursor

from adapters.read_models.as_known import AsKnown
from adapters.read_models.loan_history import INSTALMENT_HISTORY, LOAN_HISTORY
from adapters.read_models.loan_rows import INSTALMENTS, LOANS
from adapters.read_models.members import MEMBERS
from adapters.read_models.movements import MOVEMENTS
from adapters.read_models.positions import CLAIMS
from adapters.read_models.reading import ReadModels
from adapters.read_models.store import views_schema
from adapters.read_models.table import Table, in_schema
from benchmarks.commands import PLATFORM
from benchmarks.measuring import Figures
from domain.ageing import month_end_before
from domain.disclosure import FIGURES, Book
from infra.postgres import EmbeddedPostgres, connect
from services.projections.projector import Projector
from tests.adapters.read_models.seeded import START, Seeded
from tests.adapters.read_models.story import ListLog

LOANS_PLAYED, MONTHS, DAYS = 200, 12, 3
ZEALS = (0.95,) * 17 + (0.0, 0.01, 0.05)  # Of twenty borrowers three have trouble to pay.
VIEWS: dict[str, Callable[[AsKnown], object]] = {
    "stage": AsKnown.stages,
    "grade": AsKnown.grades,
    "vintage": AsKnown.vintages,
    "roll": AsKnown.rolls,
    "month": AsKnown.months,
}
_TABLES = (LOANS, LOAN_HISTORY, INSTALMENTS, INSTALMENT_HISTORY, CLAIMS, MEMBERS, MOVEMENTS)
_NAMES = {"loan_id", "borrower_id", "tender_id", "investor_id", "member_id", "movement_id"} | {
    "entry_id",
    "subject",
}


def looked_back(folder: Path, loans: int = 100_000) -> Figures:
    with EmbeddedPostgres(folder) as server:
        url = server.ensure_database("bench_overdue")
        book = Seeded(1, LOANS_PLAYED, MONTHS, ZEALS)
        with Projector(url, PLATFORM, log=ListLog(book.recorded)) as projector:
            projector.catch_up()
        counted = multiplied(url, loans // LOANS_PLAYED)
        views = ReadModels(url, PLATFORM)
        span = (book.today - START).days
        days = [START + timedelta(days=day) for day in Random(1).sample(range(span), DAYS)]
        worst = dict.fromkeys(VIEWS, 0.0)
        for day in (book.today, *days):
            for name, view in VIEWS.items():
                with views.as_known(day) as known:
                    began = time.perf_counter()
                    view(known)
                    worst[name] = max(worst[name], time.perf_counter() - began)
        began = time.perf_counter()
        with views.as_known(month_end_before(book.today)) as known:
            disclosed = Book(known.loans(), None)
        for figure in FIGURES:
            figure.counted(disclosed)
        disclosure_s = time.perf_counter() - began
        views.close()
    return {
        **counted,
        **{f"overdue_by_{name}_s": round(took, 2) for name, took in worst.items()},
        "overdue_asof_s": round(max(worst.values()), 2),
        "disclosure_s": round(disclosure_s, 2),
    }


def multiplied(url: str, times: int) -> Figures:
    """Rows of the views, `times` as many under names of their own; gives how many there are."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(in_schema(views_schema(PLATFORM)))
        counted: Figures = {
            f"{table.name}_rows": _multiply(cursor, table, times) for table in _TABLES
        }
    with connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return counted


def _multiply(cursor: Cursor[Any], table: Table[Any], times: int) -> int:
    columns = ", ".join(table.columns)
    renamed = ", ".join(
        f"{column} || '-' || copy" if column in _NAMES else column for column in table.columns
    )
    statement = f"INSERT INTO {table.name} ({columns}) SELECT {renamed} FROM {table.name}"  # noqa: S608
    cursor.execute(f"{statement}, generate_series(2, %s) AS copy".encode(), (times,))
    [[rows]] = cursor.execute(f"SELECT count(*) FROM {table.name}".encode()).fetchall()  # noqa: S608
    return int(rows)
