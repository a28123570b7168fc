"""Writer, log and views beside hand-written SQL: by turns, on one server."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks.limits import limits
from benchmarks.measuring import Figures, Meter, cpu_us, per_s, percentile
from benchmarks.pgbench import SqlLedger
from benchmarks.reading import rebuild, replay
from benchmarks.repayments import RepaymentBench
from benchmarks.writer import new_bench
from infra.postgres import EmbeddedPostgres

ROUNDS = 5
TENDERS = 18_000
CLIENTS, MANY_CLIENTS, SECONDS = 8, 32, 5
LATENCY_S, RATE = 20, 200
LOANS = 100


def against_statements(folder: Path, accounts: int) -> Figures:
    """A tender against a transfer of six statements; then the log is verified, and the view of
    balances rebuilt from it."""
    with EmbeddedPostgres(folder) as server:
        meter = Meter(server.pid)
        ledger = SqlLedger(server.ensure_database("bench_sql"), accounts, folder)
        url = server.ensure_database("bench_writer")
        with closing(new_bench(url, accounts)) as bench:
            sql, tenders = [], []
            for _ in range(ROUNDS):
                sql.append(ledger.transfers(ledger.statements, CLIENTS, SECONDS, meter))
                messages = bench.messages(TENDERS)
                tenders.append(meter.took(TENDERS, partial(bench.submit, messages)))
        return {
            "sql_transfers_per_s": round(per_s(sql)),
            "writer_tenders_per_s": round(per_s(tenders)),
            "writer_vs_sql": round(per_s(tenders) / per_s(sql), 2),
            **cpu_us("sql", sql),
            **cpu_us("tender", tenders),
            **replay(url),
            **rebuild(url, meter),
            **limits(server.ensure_database("bench_limits"), folder),
        }


def against_call(folder: Path, accounts: int) -> Figures:
    """Tenders, repayments and latency against a transfer that is one call of a function."""
    with EmbeddedPostgres(folder) as server:
        meter = Meter(server.pid)
        ledger = SqlLedger(server.ensure_database("bench_sql"), accounts, folder)
        bench = new_bench(server.ensure_database("bench_writer"), accounts)
        repayments = RepaymentBench(server.ensure_database("bench_repayments"), LOANS)
        few, many, at_random, hot, paid = [], [], [], [], []
        with closing(bench), closing(repayments):
            for _ in range(ROUNDS):
                few.append(ledger.transfers(ledger.call, CLIENTS, SECONDS, meter))
                messages = bench.messages(TENDERS)
                at_random.append(meter.took(TENDERS, partial(bench.submit, messages)))
                many.append(ledger.transfers(ledger.call, MANY_CLIENTS, SECONDS, meter))
                messages = bench.messages(TENDERS, hot=True)
                hot.append(meter.took(TENDERS, partial(bench.submit, messages)))
                repayments.next_month()
                steps = repayments.messages()
                paid.append(meter.took(repayments.legs, partial(repayments.pay, steps)))
            sql_ms = ledger.latencies_ms(ledger.call, CLIENTS, LATENCY_S, RATE)
            embedded_ms = bench.latencies_ms(LATENCY_S, RATE)
        call_per_s = max(per_s(few), per_s(many))
        return {
            "plpgsql_transfers_per_s": round(call_per_s),
            "random_tenders_per_s": round(per_s(at_random)),
            "writer_vs_plpgsql": round(per_s(at_random) / call_per_s, 2),
            "hot_tenders_per_s": round(per_s(hot)),
            "hot_vs_random": round(per_s(hot) / per_s(at_random), 2),
            "legs_per_s": round(per_s(paid)),
            "legs_vs_plpgsql": round(per_s(paid) / call_per_s, 2),
            "embedded_p50_ms": round(percentile(embedded_ms, 50), 1),
            "embedded_p99_ms": round(percentile(embedded_ms, 99), 1),
            "plpgsql_p50_ms": round(percentile(sql_ms, 50), 1),
            "plpgsql_p99_ms": round(percentile(sql_ms, 99), 1),
            **cpu_us("plpgsql", few + many),
            **cpu_us("random", at_random),
            **cpu_us("hot", hot),
            **cpu_us("leg", paid),
        }
