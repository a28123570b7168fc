"""What is on record stays: the database refuses, whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from psycopg.errors import RestrictViolation

from infra.postgres import connect, forbid_changes

CHANGES = ("UPDATE kept.line SET text = 'other'", "DELETE FROM kept.line", "TRUNCATE kept.line")

WAITS = "SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted"


@pytest.fixture
def kept(database: str) -> psycopg.Connection:
    connection = connect(database, autocommit=True)
    connection.execute("CREATE SCHEMA kept")
    connection.execute("CREATE TABLE kept.line (text text)")
    connection.execute("CREATE TABLE kept.draft (text text)")
    connection.execute("INSERT INTO kept.line VALUES ('first')")
    forbid_changes(connection, "kept", "line")
    forbid_changes(connection, "kept", "line")  # Again at every start.
    return connection


@pytest.mark.parametrize("change", CHANGES)
def test_rows_are_neither_changed_nor_deleted(kept: psycopg.Connection, change: str) -> None:
    with kept, pytest.raises(RestrictViolation, match="line is only ever added to"):
        kept.execute(change.encode())


def test_rows_are_added_and_other_tables_are_free(kept: psycopg.Connection) -> None:
    with kept:
        kept.execute("INSERT INTO kept.line VALUES ('second')")
        kept.execute("DELETE FROM kept.draft")
        assert kept.execute("SELECT text FROM kept.line").fetchall() == [("first",), ("second",)]


def test_two_who_begin_at_once_wait_for_one_another(database: str) -> None:
    with closing(connect(database)) as first, closing(connect(database)) as second:
        first.execute("CREATE SCHEMA kept")
        first.execute("CREATE TABLE kept.line (text text)")
        first.commit()
        forbid_changes(first, "kept", "line")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(forbid_changes, second, "kept", "line")
            while not first.execute(WAITS, (second.info.backend_pid,)).fetchone():
                assert not waiting.done()
            first.commit()
            waiting.result()
        second.commit()
        with pytest.raises(RestrictViolation):
            second.execute("TRUNCATE kept.line")
