"""`python -m benchmarks [PART ...]`: all parts take some twenty-five minutes on two cores. Parts:
statements, call, pipeline (which needs Kafka, docs/kafka.md), matching, custody, overdue, day-end,
demo."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.custody import mirrored
from benchmarks.day_end import night
from benchmarks.matching import against_join
from benchmarks.measuring import Figures, Meter, per_s, percentile
from benchmarks.on_postgres import CLIENTS, against_call, against_statements
from benchmarks.overdue import looked_back
from benchmarks.pgbench import SqlLedger
from benchmarks.pipeline import ACCOUNTS as PIPELINE_ACCOUNTS
from benchmarks.pipeline import FEED_S, SQL_S, WARM_S, PipelineBench
from benchmarks.report import report
from infra.postgres import EmbeddedPostgres
from services.cli.stack import tune_memory

ACCOUNTS, MANY_ACCOUNTS = 200_000, 1_000_000
OUT = Path("build/bench.json")


def main() -> None:
    tune_memory()
    parts = {
        "statements": _statements,
        "call": _call,
        "pipeline": _pipeline,
        "matching": against_join,
        "custody": mirrored,
        "overdue": looked_back,
        "day-end": night,
        "demo": _demo,
    }
    figures: Figures = {}
    for measure in [parts[name] for name in sys.argv[1:] or parts]:
        with tempfile.TemporaryDirectory() as folder:
            figures |= measure(Path(folder))
    report("Benchmarks", figures, OUT)


def _statements(folder: Path) -> Figures:
    return against_statements(folder, ACCOUNTS)


def _call(folder: Path) -> Figures:
    return against_call(folder, MANY_ACCOUNTS)


def _pipeline(folder: Path) -> Figures:
    """The whole way through Kafka beside hand-written SQL on the same server."""
    with EmbeddedPostgres(folder) as server:
        ledger = SqlLedger(server.ensure_database("bench_sql"), PIPELINE_ACCOUNTS, folder)
        pipeline = PipelineBench(server.ensure_database("bench_pipeline"), folder)
        meter = Meter(server.pid)
        # Before and after, as the machine's speed moves within minutes.
        sql = [ledger.transfers(ledger.statements, CLIENTS, SQL_S, meter)]
        with pipeline.running():
            pipeline.fed(WARM_S)  # The broker's Java then runs as warm as it does for good.
            latencies_ms = pipeline.latencies_ms()
            fed = pipeline.fed(FEED_S)
        sql.append(ledger.transfers(ledger.statements, CLIENTS, SQL_S, meter))
    return {
        "pipeline_commands_per_s": round(fed.per_s),
        "pipeline_vs_sql": round(fed.per_s / per_s(sql), 2),
        **{
            f"pipeline_lag_{what}_{third}": lag
            for third, lags in enumerate(fed.lags, 1)
            for what, lag in lags._asdict().items()
        },
        "pipeline_p50_ms": round(percentile(latencies_ms, 50), 1),
        "pipeline_p99_ms": round(percentile(latencies_ms, 99), 1),
        **{f"cpu_us_{name}": round(spent * 1e6) for name, spent in fed.cpu_s.items()},
    }


def _demo(folder: Path) -> Figures:
    """The demo with its defaults, as a process of its own, with the peak of the largest."""
    out = folder / "demo.json"
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
