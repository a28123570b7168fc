"""Reads a whole log again: to prove it, and to build the view of balances anew."""

from __future__ import annotations

import psycopg
from psycopg import sql

from adapters.read_models.balances import Balances
from adapters.shard_schema import shard_schema
from benchmarks.commands import PLATFORM
from benchmarks.measuring import Figures, Meter, cpu_us
from services.projections.projector import Projector
from services.proof.checks.mirror import BankWord
from services.proof.verify import verify


def replay(url: str) -> Figures:
    """All must hold but that there is a word of the bank for each settlement: the benchmark has no
    custody. Raises RuntimeError."""
    report = verify(url, PLATFORM)
    broken = {finding.name for finding in report.findings if not finding.ok} - {BankWord.NAME}
    if broken:
        raise RuntimeError(f"the benchmark's log is not sound: {broken}")
    return {"replay_events": report.events, "replay_events_per_s": report.events_per_second}


def rebuild(url: str, meter: Meter) -> Figures:
    """The events that balances are folded from, a second. Raises RuntimeError where the rebuilt
    view is not equal to the live one."""
    with Projector(url, PLATFORM, views=(Balances,)) as projector:
        projector.catch_up()
        live = projector.digest(Balances.NAME)
        took = meter.took(_events_of_balances(url), lambda: projector.rebuild(Balances.NAME))
        if projector.digest(Balances.NAME) != live:
            raise RuntimeError("the rebuilt view differs")
    return {
        "rebuild_events": took.done,
        "rebuild_events_per_s": round(took.per_s),
        **cpu_us("rebuild", [took]),
    }


def _events_of_balances(url: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}.stored_events WHERE topic = ANY(%s)").format(
        sql.Identifier(shard_schema(PLATFORM))
    )
    with psycopg.connect(url) as connection:
        [count] = connection.execute(query, (list(Balances.topics()),)).fetchall()[0]
    return int(count)
