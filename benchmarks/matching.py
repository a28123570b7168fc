"""A bank day of many lines held against as many movements: reconciliation, as a process of its own
with its peak of memory, beside COPY and one full join in the same PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from adapters.event_log import prepare_shard
from adapters.read_models.store import views_schema
from benchmarks.measuring import Figures
from domain.bank_statement import LineKind, StatementLine
from infra.postgres import EmbeddedPostgres
from services.projections.projector import Projector

PLATFORM = "bench"
DAY = date(2024, 1, 31)
LINES, ACCOUNTS = 1_000_000, 100_000
HELD_FEN = 1_000_000

_FILL = """
INSERT INTO {views}.movement
SELECT 'R-p' || n || '.1', 'R-p' || n, 'repayment', 'b' || n %% %(accounts)s || ':borrower',
    'i' || n %% %(accounts)s || ':investor', 100 + n %% 900, n %% 100, 'H-p' || n || '.1', 'L1',
    'p' || n, 'settled', %(day)s, %(day)s, %(day)s, NULL, NULL, 0, n, n
FROM generate_series(0, %(lines)s - 1) AS n;
INSERT INTO {views}.account
SELECT who || n || role, %(held)s, 0
FROM generate_series(0, %(accounts)s - 1) AS n,
    (VALUES ('b', ':borrower'), ('i', ':investor')) AS accounts (who, role);
ANALYZE {views}.movement;
"""
_LISTED = """
CREATE TEMP TABLE listed (
    reference text COLLATE "C", amount_fen bigint, payer text, payee text, succeeded bool)
"""
_JOIN = """
SELECT count(*) FROM listed FULL JOIN (
    SELECT * FROM {views}.movement WHERE bank_date = %s) AS m ON m.movement_id = listed.reference
WHERE movement_id IS NULL OR listed.reference IS NULL OR NOT succeeded OR m.status <> 'settled'
    OR (listed.amount_fen, listed.payer, listed.payee) <> (m.amount_fen, m.payer, m.payee)
"""


def bank_lines(count: int) -> Iterator[StatementLine]:
    """What the bank lists: as the book has it, but one line is missing, one stands there twice, one
    has another amount, and one is foreign."""
    names = [(f"b{n}:borrower", f"i{n}:investor") for n in range(ACCOUNTS)]
    for n in range(count):
        if n == 1:
            continue
        payer, payee = names[n % ACCOUNTS]
        wrong_fen = 1 if n == 3 else 0
        line = StatementLine(
            LineKind.TRANSFER,
            f"R-p{n}.1",
            100 + n % 900 + wrong_fen,
            payer,
            payee,
            bank_ref=f"{n:08d}",
        )
        yield line
        if n == 2:
            yield line
    yield StatementLine(LineKind.TRANSFER, "R-foreign.1", 1, *names[0])


def against_join(folder: Path, count: int = LINES) -> Figures:
    """Raises RuntimeError where one of the two does not find what is wrong."""
    with EmbeddedPostgres(folder) as server:
        url = server.ensure_database("bench_matching")
        _fill(url, count)
        done = subprocess.run(
            (sys.executable, "-m", "benchmarks.matching_process", url, str(count)),
            capture_output=True,
            text=True,
            check=True,
        )
        ours = json.loads(done.stdout.splitlines()[-1])
        joined_s = _join_s(url, count)
    return {
        "match_1m_lines_s": ours["seconds"],
        "match_1m_lines_mb": ours["peak_mb"],
        "match_cpu_s": ours["cpu_s"],
        "match_join_s": round(joined_s, 1),
    }


def _fill(url: str, count: int) -> None:
    prepare_shard(url, PLATFORM)
    with Projector(url, PLATFORM):
        pass
    given = {"lines": count, "accounts": ACCOUNTS, "day": DAY, "held": HELD_FEN}
    with psycopg.connect(url) as connection:
        for statement in filter(str.strip, _FILL.split(";")):
            connection.execute(_named(statement), given)


def _join_s(url: str, count: int) -> float:
    began = time.perf_counter()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(_LISTED)
        with cursor.copy("COPY listed FROM STDIN") as copy:
            for line in bank_lines(count):
                copy.write_row(
                    (line.reference, line.amount_fen, line.payer, line.payee, line.succeeded)
                )
        cursor.execute("ANALYZE listed")
        found = cursor.execute(_named(_JOIN), (DAY,)).fetchall()
    if found != [(3,)]:  # The line that stands there twice joins twice, and agrees.
        raise RuntimeError(f"the join found {found}")
    return time.perf_counter() - began


def _named(query: str) -> sql.Composed:
    return sql.SQL(query).format(views=sql.Identifier(views_schema(PLATFORM)))
