"""A schema is brought up to date once, whole or not at all, and never to a different story."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from infra.postgres import Migration, MigrationRefused, connect, migrate

ONE = Migration(1, "tables", "CREATE TABLE a (x int); CREATE TABLE b (y int)")
TWO = Migration(2, "a note", "ALTER TABLE a ADD COLUMN note text DEFAULT '100%'")
BROKEN = Migration(2, "broken", "CREATE TABLE c (z int); SELECT nonsense")


def tables(connection: psycopg.Connection, schema: str) -> set[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,))
    return {name for (name,) in rows}


def test_each_is_applied_once(database: str) -> None:
    with connect(database) as connection:
        assert migrate(connection, "ledger", [ONE]) == [1]
        assert migrate(connection, "ledger", [ONE]) == []
        assert migrate(connection, "ledger", [ONE, TWO]) == [2]
        assert tables(connection, "ledger") == {"a", "b", "migration"}


def test_schemas_have_their_own_numbers(database: str) -> None:
    with connect(database) as connection:
        assert migrate(connection, "ledger", [ONE]) == [1]
        assert migrate(connection, "views", [ONE, TWO]) == [1, 2]


def test_the_callers_search_path_stays(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        migrate(connection, "ledger", [ONE])
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_a_changed_text_is_refused(database: str) -> None:
    with connect(database) as connection:
        migrate(connection, "ledger", [ONE])
        changed = Migration(1, "tables", ONE.sql + " ")
        with pytest.raises(MigrationRefused, match="ledger: 1 tables changed after release"):
            migrate(connection, "ledger", [changed, TWO])
        assert migrate(connection, "ledger", [ONE]) == []


def test_a_schema_newer_than_the_program_is_refused(database: str) -> None:
    with connect(database) as connection:
        migrate(connection, "ledger", [ONE, TWO])
        with pytest.raises(MigrationRefused, match="newer than this program"):
            migrate(connection, "ledger", [ONE])


def test_numbers_must_follow_one_another(database: str) -> None:
    with connect(database) as connection, pytest.raises(MigrationRefused, match="numbered"):
        migrate(connection, "ledger", [TWO])


def test_a_broken_one_leaves_nothing(database: str) -> None:
    with connect(database) as connection:
        with pytest.raises(psycopg.errors.UndefinedColumn):
            migrate(connection, "ledger", [ONE, BROKEN])
        assert tables(connection, "ledger") == set()


def test_many_at_once_apply_it_once(database: str) -> None:
    def run(_: int) -> list[int]:
        with connect(database) as connection:
            return migrate(connection, "ledger", [ONE, TWO])

    with ThreadPoolExecutor(8) as pool:
        applied = list(pool.map(run, range(8)))
    assert sorted(applied) == [[]] * 7 + [[1, 2]]
