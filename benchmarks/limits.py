"""What PostgreSQL itself takes on this machine, whoever asks: the ground below our figures."""

from __future__ import annotations

from pathlib import Path

import psycopg

from benchmarks.measuring import Figures
from benchmarks.pgbench import run_script

SECONDS = 5
ROWS = 500
SETUP = """
CREATE SEQUENCE place;
CREATE TABLE log (position bigint UNIQUE, stream text, version bigint, topic text, state bytea,
    PRIMARY KEY (stream, version));
"""
APPEND = """INSERT INTO log SELECT nextval('place'), 'entry-' || uuidv7(), 1,
    'cash.entry-requested.v1', convert_to(repeat('x', 500), 'UTF8') FROM generate_series(1, {rows});
"""


def limits(url: str, folder: Path) -> Figures:
    """One client: a commit of a single row, which waits for the disk alone; and rows like the
    log's, ROWS a commit."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SETUP)
    figures = {}
    for name, rows in (("one", 1), ("many", ROWS)):
        script = folder / f"append-{name}.sql"
        script.write_text(APPEND.format(rows=rows), encoding="ascii")
        _, commits_per_s = run_script(url, script, 1, "--time", str(SECONDS))
        figures[name] = commits_per_s
    return {
        "limit_commit_ms": round(1000 / figures["one"], 2),
        "limit_rows_per_s": round(figures["many"] * ROWS),
    }
