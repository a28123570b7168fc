"""A real PostgreSQL 18 of our own in `<data>/pg`, from the programs in one wheel.

One cluster a data folder, reached by a Unix socket in a folder only its owner may enter; nothing
listens on the network, and fsync stays on. Several processes may hold the server at once: each has
a shared lock on `<data>/pg.holders`, and whoever lets go last stops it. The kernel drops the lock
of a process that is killed, so a later start finds the server running and goes on with it, or finds
it dead and lets PostgreSQL recover.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psutil

from infra import database, postgres_programs
from infra.data_folder import MIN_FREE_BYTES, DataFolder
from infra.errors import DataFolderUnwritable, NoSpaceLeft, PostgresUnavailable

START_TIMEOUT_S = 120  # Recovery after a crash may take its time.
SOCKET_ROOT = Path("/tmp")  # noqa: S108 - the folder made there is checked to be ours alone.
# The kernel takes 107 bytes with the socket's name, and PostgreSQL splits the option at commas.
FIT_FOR_A_SOCKET = re.compile(r"[A-Za-z0-9_./-]{1,85}")

SERVER_OPTIONS = {
    "listen_addresses": "",
    "port": "5432",  # Only part of the socket's name.
    "unix_socket_permissions": "0700",
    "log_min_error_statement": "panic",  # A log of statements and of key values
    "log_error_verbosity": "terse",  # would hold personal data.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "max_wal_size": "2GB",
}
SOCKET_LOCK = f".s.PGSQL.{SERVER_OPTIONS['port']}.lock"
INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",  # The socket's folder is the guard.
    "--encoding=UTF8",
    "--locale=C",  # One sort order on every machine.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
WORTH_ANOTHER_TRY = ("another postmaster", "still in use")  # The last server is still going down.


class EmbeddedPostgres:
    """The server of one data folder while a `with` block lasts.

    `with EmbeddedPostgres(folder) as server: url = server.ensure_database("zhuanhu")`.
    Entering raises PostgresUnavailable or one of its kinds, each with what to do.
    """

    def __init__(self, data_dir: Path, *, min_free_bytes: int = MIN_FREE_BYTES) -> None:
        self._folder = DataFolder(data_dir)
        self._min_free_bytes = min_free_bytes
        self._pg = self._folder.path / "pg"
        self._log = self._folder.path / "postgres.log"
        self._log_start = 0
        self._holders: IO[str] | None = None

    def __enter__(self) -> Self:
        self._folder.prepare(self._min_free_bytes)
        with self._changing():
            holders = (self._folder.path / "pg.holders").open("a", encoding="ascii")
            try:
                fcntl.flock(holders, fcntl.LOCK_SH)
                postgres_programs.let_through(self._pg)
                self._initialise()
                self._start()
            except BaseException:
                holders.close()
                raise
            self._holders = holders
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._holders is None:
            return
        with self._changing(), self._holders as holders:
            self._holders = None
            try:
                fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # Somebody else still works with the server.
            self._stop()

    def url(self, name: str) -> str:
        """The address of the database `name` for psycopg, whether or not it exists yet."""
        socket_dir = quote(self._pid_file()[4], safe="")
        return f"postgresql://postgres@/{name}?host={socket_dir}&port={SERVER_OPTIONS['port']}"

    def ensure_database(self, name: str) -> str:
        """Creates the database unless it is there, and returns its URL."""
        database.ensure_database(self.url("postgres"), name)
        return self.url(name)

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return int(self._pid_file()[0])

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self._folder.path / "pg.change").open("a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        if (self._pg / "PG_VERSION").exists():
            return
        fresh = self._folder.path / "pg.new"  # Moved into place when whole.
        shutil.rmtree(fresh, ignore_errors=True)
        postgres_programs.make_folder(fresh)
        if not self._run("initdb", *INITDB_OPTIONS, folder=fresh):
            raise self._failure("PostgreSQL could not set up its folder")
        fresh.rename(self._pg)

    def _start(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if time.monotonic() > deadline:
                raise self._failure(f"PostgreSQL did not answer within {START_TIMEOUT_S} s")
            if self._is_alive():
                time.sleep(0.02)  # It starts: nothing but a connection shows when it is there.
            elif not self._launch():
                failure = self._failure("PostgreSQL did not start")
                if not any(words in str(failure) for words in WORTH_ANOTHER_TRY):
                    raise failure
                time.sleep(0.2)  # Until who held the folder or the port has let go.

    def _launch(self) -> bool:
        socket_dir = self._new_socket_dir()
        self._drop_foreign_pid_files(socket_dir)
        options = SERVER_OPTIONS | {"unix_socket_directories": str(socket_dir)}
        words = (shlex.quote(f"--{name}={value}") for name, value in options.items())
        return self._run("pg_ctl", "start", "-s", "-w", "-t", "60", "-o", " ".join(words))

    def _stop(self) -> None:
        for mode in ("fast", "immediate"):
            if self._run("pg_ctl", "stop", "-s", "-w", "-m", mode) or not self._is_alive():
                break
        with suppress(FileNotFoundError):
            self._short_socket_dir().rmdir()

    def _run(self, program: str, *arguments: str, folder: Path | None = None) -> bool:
        folder = folder or self._pg
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        return postgres_programs.run(
            program, "-D", str(folder), *arguments, folder=folder, log=self._log
        )

    def _failure(self, what: str) -> PostgresUnavailable:
        """What PostgreSQL said since it was last called, as our error."""
        said = self._log.read_bytes()[self._log_start :].decode(errors="replace").splitlines()
        why = " / ".join(
            [line for line in said if not line.startswith(("pg_ctl:", "Examine"))][-3:]
        )
        if "No space left on device" in why:
            return NoSpaceLeft(f"{what}: {why}", "Free some space, and start again.")
        return PostgresUnavailable(f"{what}: {why}", f"See {self._log}.")

    def _answers(self) -> bool:
        if not self._is_alive():
            return False
        with suppress(PostgresUnavailable, IndexError), database.connect(self.url("postgres")):
            return True
        return False

    def _is_alive(self) -> bool:
        """Whether the process that the pid file names is a PostgreSQL on this very folder."""
        with suppress(PostgresUnavailable, ValueError, IndexError, psutil.Error):
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and str(self._pg) in process.cmdline()
        return False

    def _drop_foreign_pid_files(self, socket_dir: Path) -> None:
        """Removes pid files whose number now belongs to something else (or to a zombie).

        PostgreSQL would take that for itself and refuse to start. It copes with a number that
        belongs to nobody, and its shared memory guards it against children of a dead server.
        """
        for file in (self._pg / "postmaster.pid", socket_dir / SOCKET_LOCK):
            with suppress(FileNotFoundError):
                first = file.read_text(encoding="utf-8").splitlines()[:1]
                if not first or not first[0].isdigit() or psutil.pid_exists(int(first[0])):
                    file.unlink()

    def _pid_file(self) -> list[str]:
        """PostgreSQL's postmaster.pid: process id, folder, start time, port, socket folder, ..."""
        try:
            return (self._pg / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            raise PostgresUnavailable(
                f"no PostgreSQL runs in {self._pg}", "Enter EmbeddedPostgres first."
            ) from None

    def _new_socket_dir(self) -> Path:
        if FIT_FOR_A_SOCKET.fullmatch(str(self._pg)):
            return self._pg
        short = self._short_socket_dir()
        with suppress(FileExistsError):
            postgres_programs.make_folder(short)
        found, owner = short.lstat(), self._pg.stat().st_uid
        if short.is_symlink() or found.st_uid != owner or found.st_mode & 0o077:
            raise DataFolderUnwritable(
                f"{short} is not a folder of ours alone", "Remove it, and start again."
            )
        return short

    def _short_socket_dir(self) -> Path:
        return SOCKET_ROOT / f"zhuanhu-{hashlib.sha256(str(self._pg).encode()).hexdigest()[:16]}"
