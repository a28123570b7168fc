from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from adapters.event_log import LogReader, prepare_shard


def test_many_prepare_a_shard_at_once(database: str) -> None:
    """The library's own tables once came twice, which ended a process that had just started."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: prepare_shard(database, "many"), range(8)))
    log = LogReader(database, "many")
    assert log.head() == 0
    log.close()
