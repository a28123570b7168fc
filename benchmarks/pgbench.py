"""The hand-written SQL ledger that we are measured against, driven by pgbench.

A transfer locks two balance rows, inserts two posting rows and updates both balances: as six
statements with begin and commit, or as one call of a function in plpgsql.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import psycopg

from benchmarks.measuring import Meter, Took
from infra import postgres_programs

SETUP = """
CREATE TABLE balance (account int PRIMARY KEY, fen bigint NOT NULL CHECK (fen >= 0));
CREATE TABLE posting (id bigserial PRIMARY KEY, account int NOT NULL, fen bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now());
INSERT INTO balance SELECT n, 1000000000 FROM generate_series(1, {accounts}) AS n;
CREATE FUNCTION transfer(payer int, payee int, amount bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fen FROM balance WHERE account IN (payer, payee) ORDER BY account FOR UPDATE;
    INSERT INTO posting (account, fen) VALUES (payer, -amount);
    INSERT INTO posting (account, fen) VALUES (payee, amount);
    UPDATE balance SET fen = fen + CASE account WHEN payer THEN -amount ELSE amount END
        WHERE account IN (payer, payee);
END $$;
"""
ACCOUNTS = """\\set payer random(1, {accounts})
\\set payee random(1, {accounts})
"""
STATEMENTS = """BEGIN;
SELECT fen FROM balance WHERE account IN (:payer, :payee) ORDER BY account FOR UPDATE;
INSERT INTO posting (account, fen) VALUES (:payer, -100);
INSERT INTO posting (account, fen) VALUES (:payee, 100);
UPDATE balance SET fen = fen + CASE account WHEN :payer THEN -100 ELSE 100 END
    WHERE account IN (:payer, :payee);
COMMIT;
"""
CALL = "SELECT transfer(:payer, :payee, 100);\n"


class SqlLedger:
    def __init__(self, url: str, accounts: int, folder: Path) -> None:
        self._url, self._folder = url, folder
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SETUP.format(accounts=accounts).encode())
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        self.statements = self._script(
            "statements", ACCOUNTS.format(accounts=accounts) + STATEMENTS
        )
        self.call = self._script("call", ACCOUNTS.format(accounts=accounts) + CALL)

    def transfers(self, script: Path, clients: int, seconds: int, meter: Meter) -> Took:
        """As many as can be done in the time."""
        before = meter.cpu_s()
        count, per_s = run_script(self._url, script, clients, "--time", str(seconds))
        return Took(count, count / per_s, meter.since(before))

    def latencies_ms(self, script: Path, clients: int, seconds: int, rate: int) -> list[float]:
        """At `rate` transfers a second: from when each was due to its commit."""
        prefix = self._folder / "latency"
        run_script(
            self._url,
            script,
            clients,
            *("--time", str(seconds), "--rate", str(rate)),
            *("--log", "--log-prefix", str(prefix)),
        )
        logs = self._folder.glob(f"{prefix.name}.*")
        lines = [line for log in logs for line in log.read_text(encoding="ascii").splitlines()]
        return [int(line.split()[2]) / 1000 for line in lines]

    def _script(self, name: str, text: str) -> Path:
        script = self._folder / f"{name}.sql"
        script.write_text(text, encoding="ascii")
        return script


def run_script(url: str, script: Path, clients: int, *options: str) -> tuple[int, float]:
    """Gives how often it ran, and how often a second once all clients had connected."""
    done = subprocess.run(
        (
            postgres_programs.bundle() / "bin" / "pgbench",
            *("--no-vacuum", "--protocol", "prepared", "--jobs", "2"),
            *("--client", str(clients), "--file", str(script), *options, url),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"actually processed: (\d+).*tps = ([0-9.]+)", done.stdout, re.DOTALL)
    if found is None:
        raise RuntimeError(f"pgbench said: {done.stdout}")
    return int(found[1]), float(found[2])
