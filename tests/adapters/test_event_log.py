from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from adapters.event_log import EVENTS_TABLE, LogReader, prepare_shard
from adapters.shard_schema import shard_schema
from infra.postgres import connect


def test_many_prepare_a_shard_at_once(database: str) -> None:
    """The library's own tables once came twice, which ended a process that had just started."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: prepare_shard(database, "many"), range(8)))
    log = LogReader(database, "many")
    assert log.head() == 0
    log.close()


def test_a_shard_that_is_there_is_prepared_beside_a_writer(database: str) -> None:
    """Every command of the command line prepares it: none waits for an append, or holds one up."""
    prepare_shard(database, "busy")
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    table = f"{shard_schema('busy')}.{EVENTS_TABLE}"
    with closing(connect(database)) as writer, ThreadPoolExecutor(1) as pool:
        writer.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE".encode())
        prepared = pool.submit(prepare_shard, database, "busy")
        try:
            while not prepared.done():
                assert writer.execute(waits, (table,)).fetchone() is None
        finally:
            writer.rollback()
        prepared.result()
