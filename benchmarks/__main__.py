"""`python -m benchmarks`: about eight minutes on two cores; it needs Kafka (docs/kafka.md)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import pgbench
from benchmarks.pipeline import ACCOUNTS as PIPELINE_ACCOUNTS
from benchmarks.pipeline import PipelineBench
from benchmarks.writer import PLATFORM, WriterBench
from infra.postgres import EmbeddedPostgres
from services.cli.stack import tune_memory
from services.proof.verify import verify

ACCOUNTS = 200_000
ROUNDS = 3
TENDERS = 20_000
CLIENTS, SECONDS = 8, 8
OUT = Path("build/bench.json")


def main() -> None:
    tune_memory()
    with tempfile.TemporaryDirectory() as folder:
        figures = _database(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        figures |= _pipeline(Path(folder))
    figures |= _demo()
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="ascii")
    table = Table(title="Benchmarks", show_header=False)
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,}")
    Console().print(table)


def _database(folder: Path) -> dict[str, float]:
    """The writer and hand-written SQL by turns on one server; then a verification of it all."""
    with EmbeddedPostgres(folder) as server:
        sql_url = server.ensure_database("bench_sql")
        script = pgbench.prepare(sql_url, ACCOUNTS, folder)
        url = server.ensure_database("bench_writer")
        writer = WriterBench(url, ACCOUNTS)
        sql_per_s, tenders_per_s = [], []
        for _ in range(ROUNDS):
            sql_per_s.append(pgbench.transfers_per_s(sql_url, script, CLIENTS, SECONDS))
            tenders_per_s.append(writer.tenders_per_s(TENDERS))
        writer.close()
        report = verify(url, PLATFORM)
        return {
            "sql_transfers_per_s": round(median(sql_per_s)),
            "writer_tenders_per_s": round(median(tenders_per_s)),
            "writer_vs_sql": round(median(tenders_per_s) / median(sql_per_s), 2),
            "replay_events": report.events,
            "replay_events_per_s": report.events_per_second,
        }


def _pipeline(folder: Path) -> dict[str, float]:
    """The whole way through Kafka beside hand-written SQL on the same server."""
    with EmbeddedPostgres(folder) as server:
        sql_url = server.ensure_database("bench_sql")
        script = pgbench.prepare(sql_url, PIPELINE_ACCOUNTS, folder)
        pipeline = PipelineBench(server.ensure_database("bench_pipeline"), folder)
        with pipeline.running():
            latencies_ms = pipeline.latencies_ms()
            commands_per_s, cpu_s = pipeline.commands_per_s()
        sql_per_s = pgbench.transfers_per_s(sql_url, script, CLIENTS, SECONDS)
    return {
        "pipeline_commands_per_s": round(commands_per_s),
        "pipeline_vs_sql": round(commands_per_s / sql_per_s, 2),
        "pipeline_p50_ms": round(quantiles(latencies_ms, n=100)[49], 1),
        "pipeline_p99_ms": round(quantiles(latencies_ms, n=100)[98], 1),
        **{f"cpu_us_{name}": round(spent * 1e6) for name, spent in cpu_s.items()},
    }


def _demo() -> dict[str, float]:
    """The demo with its defaults, as a process of its own, with the peak of the largest."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo.json"
        done = subprocess.run(
            (sys.executable, "-m", "benchmarks.timed", "demo", "--json", str(out)),
            capture_output=True,
            text=True,
            check=True,
        )
        figures: dict[str, Any] = json.loads(out.read_text())
        timed = json.loads(done.stdout.splitlines()[-1])
    return {"demo_s": figures["seconds"], "demo_peak_mb": timed["peak_mb"]}


if __name__ == "__main__":
    main()
