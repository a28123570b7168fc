"""The embedded server is a real one: it survives kills, is shared, and stops with its last holder.

Each test has a cluster of its own in a folder of its own (a short one: see the last tests).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.errors import DataFolderUnwritable, NoSpaceLeft
from infra.postgres import EmbeddedPostgres, PostgresUnavailable, connect, ensure_database

HOLD = """
import sys
from pathlib import Path
from infra.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="zhuanhu-test-"))
    yield path
    shutil.rmtree(path)


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the server until its input closes or it is killed."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def value(url: str, query: str) -> object:
    with connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def runs(folder: Path) -> bool:
    """Whether a server runs there; removing this file is the last thing it does."""
    return (folder / "pg" / "postmaster.pid").exists()


def write(url: str) -> None:
    with connect(url) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS x")


def test_it_is_postgresql_18_durable_and_off_the_network(postgres: EmbeddedPostgres) -> None:
    url = postgres.url("postgres")
    assert str(value(url, "SHOW server_version")).startswith("18.")
    assert value(url, "SHOW fsync") == "on"
    assert value(url, "SHOW synchronous_commit") == "on"
    assert value(url, "SHOW listen_addresses") == ""
    assert value(url, "SHOW timezone") == "UTC"


def test_words_sort_alike_on_every_machine(database: str) -> None:
    query = "SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['b', 'A', 'a', 'B', '中']) x"
    assert value(database, query) == "ABab中"


def test_a_failed_statement_does_not_reach_the_servers_log(
    postgres: EmbeddedPostgres, database: str
) -> None:
    with connect(database) as connection:
        connection.execute("CREATE TABLE member (mobile text PRIMARY KEY)")
        connection.execute("INSERT INTO member VALUES ('13800001111')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO member VALUES ('13800001111')")
    data = Path(str(value(postgres.url("postgres"), "SHOW data_directory")))
    log = (data.parent / "postgres.log").read_text(encoding="utf-8")
    assert "duplicate key" in log
    assert "13800001111" not in log


def test_what_was_written_is_there_after_a_restart(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        write(server.ensure_database("zhuanhu"))
    assert not runs(folder)
    with EmbeddedPostgres(folder) as server:
        assert value(server.ensure_database("zhuanhu"), "SELECT x FROM t") == 7


def test_a_killed_server_starts_again_with_all_that_was_committed(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    with server:
        write(server.ensure_database("zhuanhu"))
        os.kill(server.pid, signal.SIGKILL)
    with server:
        assert value(server.url("zhuanhu"), "SELECT x FROM t") == 7


def test_a_killed_owner_leaves_a_server_that_the_next_one_goes_on_with(folder: Path) -> None:
    with holder(folder) as owner:
        pid = int(first_line(owner))
        owner.kill()
    with EmbeddedPostgres(folder) as server:
        assert server.pid == pid
        assert value(server.url("postgres"), "SELECT 1") == 1
    assert not runs(folder)


def test_the_server_stops_with_its_last_holder(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        pid = server.pid
        other = holder(folder)
        assert int(first_line(other)) == pid
    assert runs(folder)
    other.communicate("")
    assert other.returncode == 0
    assert not runs(folder)


def test_two_that_start_at_once_share_one_server(folder: Path) -> None:
    with holder(folder) as one, holder(folder) as two:
        assert first_line(one) == first_line(two)


@pytest.mark.parametrize("name", ["postmaster.pid", ".s.PGSQL.5432.lock"])
@pytest.mark.parametrize("content", ["{pid}\n{pg}\n1\n5432\n\n\n\nready\n", "", "rubbish\n"])
def test_a_pid_file_of_something_else_does_not_stop_it(
    folder: Path, name: str, content: str
) -> None:
    """Also of a server just killed, whose number is still taken."""
    with EmbeddedPostgres(folder):
        pass
    pg = folder / "pg"
    (pg / name).write_text(content.format(pid=os.getpid(), pg=pg), encoding="ascii")
    with EmbeddedPostgres(folder) as server:
        assert server.pid != os.getpid()


def test_a_setup_that_was_cut_off_is_made_anew(folder: Path) -> None:
    (folder / "pg.new").mkdir()
    (folder / "pg.new" / "PG_VERSION").touch()
    with EmbeddedPostgres(folder) as server:
        assert value(server.url("postgres"), "SELECT 1") == 1


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        pass
    (folder / "pg" / "postgresql.conf").write_text("shared_buffers = nonsense\n", encoding="ascii")
    with pytest.raises(PostgresUnavailable, match=r"did not start.*shared_buffers.*See .*\.log"):
        EmbeddedPostgres(folder).__enter__()


def test_too_little_space_is_refused_before_anything_is_made(folder: Path) -> None:
    with pytest.raises(NoSpaceLeft):
        EmbeddedPostgres(folder, min_free_bytes=1 << 60).__enter__()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["deep/" * 30 + "x", "with, a comma and 'quotes'", "专户"])
def test_a_folder_no_socket_fits_in_has_it_elsewhere(folder: Path, name: str) -> None:
    with EmbeddedPostgres(folder / name) as server:
        assert value(server.url("postgres"), "SELECT 1") == 1
        assert str(folder) not in server.url("postgres")


def test_a_socket_folder_laid_out_by_somebody_else_is_refused(folder: Path) -> None:
    deep = folder / ("deep/" * 30)
    with EmbeddedPostgres(deep) as server:
        sockets = Path(str(value(server.url("postgres"), "SHOW unix_socket_directories")))
    assert not sockets.exists()
    sockets.mkdir()
    sockets.chmod(0o777)
    owner = (deep / "pg").stat()
    os.chown(sockets, owner.st_uid, owner.st_gid)
    with pytest.raises(DataFolderUnwritable, match="not a folder of ours alone"):
        EmbeddedPostgres(deep).__enter__()
    sockets.rmdir()


def test_a_database_is_made_once(postgres: EmbeddedPostgres, database: str) -> None:
    write(database)
    name = str(value(database, "SELECT current_database()"))
    assert postgres.ensure_database(name) == database
    assert value(database, "SELECT x FROM t") == 7


def test_a_database_name_is_checked(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(ValueError, match="database name 'a;b': must match"):
        ensure_database(postgres.url("postgres"), "a;b")


def test_no_server_is_an_error_with_a_hint_and_without_the_password(folder: Path) -> None:
    with pytest.raises(PostgresUnavailable, match="Check that the server runs") as refusal:
        connect(f"postgresql://u:hush@/x?host={folder}")
    assert "hush" not in str(refusal.value)


def test_an_older_server_is_an_error_with_a_hint(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.database.SERVER_VERSION_MIN", 99)
    with pytest.raises(PostgresUnavailable, match="is PostgreSQL 18, and 99 or later is needed"):
        connect(database)
