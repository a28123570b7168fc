"""The hand-written SQL ledger that the writer is measured against, driven by pgbench.

A transfer is six statements: begin, lock two balance rows, insert two posting rows, update both
balances, commit.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import psycopg

from infra import postgres_programs

SETUP = """
CREATE TABLE balance (account int PRIMARY KEY, fen bigint NOT NULL CHECK (fen >= 0));
CREATE TABLE posting (id bigserial PRIMARY KEY, account int NOT NULL, fen bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now());
INSERT INTO balance SELECT n, 1000000000 FROM generate_series(1, {accounts}) AS n;
"""
TRANSFER = """\\set payer random(1, {accounts})
\\set payee random(1, {accounts})
BEGIN;
SELECT fen FROM balance WHERE account IN (:payer, :payee) ORDER BY account FOR UPDATE;
INSERT INTO posting (account, fen) VALUES (:payer, -100);
INSERT INTO posting (account, fen) VALUES (:payee, 100);
UPDATE balance SET fen = fen + CASE account WHEN :payer THEN -100 ELSE 100 END
    WHERE account IN (:payer, :payee);
COMMIT;
"""


def prepare(url: str, accounts: int, folder: Path) -> Path:
    """Makes the tables; gives pgbench's script."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SETUP.format(accounts=accounts).encode())
        connection.execute("VACUUM ANALYZE")
    script = folder / "transfer.sql"
    script.write_text(TRANSFER.format(accounts=accounts), encoding="ascii")
    return script


def transfers_per_s(url: str, script: Path, clients: int, seconds: int) -> float:
    done = subprocess.run(
        (
            postgres_programs.bundle() / "bin" / "pgbench",
            *("--no-vacuum", "--protocol", "prepared"),
            *("--client", str(clients), "--jobs", "2", "--time", str(seconds)),
            *("--file", str(script), url),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said: {done.stdout}")
    return float(found.group(1))
