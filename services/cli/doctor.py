"""`zhuanhu doctor`: is everything there that it needs, and if not, what to do."""

from __future__ import annotations

import platform as machine
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

import psycopg
import typer
from pydantic import SecretStr

from infra import kafka_programs
from infra.data_folder import MIN_FREE_BYTES
from infra.errors import (
    DataFolderInUse,
    KafkaNotInstalled,
    KafkaUnavailable,
    PostgresUnavailable,
)
from infra.kafka import brokers, client_options
from infra.kafka_broker import KafkaBroker
from infra.keys import KeyUnusable, load_private_key, load_public_keys, parse_vault_key
from infra.postgres import DataFolder, EmbeddedPostgres, connect
from infra.settings import Settings, SettingsError, load_settings
from services.cli.failure import EXIT_REFUSED, CliError
from services.cli.installation import Installation, Keys
from services.cli.options import AsJson, Data
from services.cli.showing import plain, show_json, show_table

PYTHON = (3, 11)
NO_KAFKA = "not running, and the embedded mode needs none"

app = typer.Typer()


class Finding(NamedTuple):
    what: str
    ok: bool
    told: str
    hint: str = ""


@app.command("doctor")
def doctor_command(data: Data = None, as_json: AsJson = False) -> None:
    """Look at Python, packages, settings, data folder, PostgreSQL, Kafka, keys and ports. Exit 1
    on a problem. Changes nothing.

    Example: zhuanhu doctor --json
    """
    findings = list(examine(data))
    ok = all(finding.ok for finding in findings)
    if as_json:
        show_json({"ok": ok, "findings": findings})
    else:
        rows = [plain(each) | {"ok": "OK" if each.ok else "PROBLEM"} for each in findings]
        show_table("doctor", rows)
    if not ok:
        raise typer.Exit(EXIT_REFUSED)


def examine(data: Path | None) -> Iterator[Finding]:
    yield _python(sys.version_info[:2])
    yield Finding("system", ok=True, told=f"{machine.system()} on {machine.machine()}")
    yield from _packages()
    try:
        settings = load_settings()
    except SettingsError as error:
        yield Finding("settings", False, str(error), "correct the environment variables it names")
        settings = Settings.model_construct()
    else:
        yield Finding("settings", True, "all readable")
    folder = (data or settings.data_dir).expanduser().resolve()
    yield _data_folder(folder)
    yield _postgres(folder) if settings.database_url is None else _external(settings.database_url)
    yield _kafka(folder, settings)
    yield _installation(folder)
    yield _keys(Keys(folder / "keys"), settings)
    yield _port()


def _python(found: tuple[int, ...]) -> Finding:
    wanted = ".".join(map(str, PYTHON))
    return Finding(
        "python",
        found >= PYTHON,
        ".".join(map(str, found)),
        "" if found >= PYTHON else f"install Python {wanted} or later, and make the venv anew",
    )


def _packages() -> Iterator[Finding]:
    try:
        wanted = [each for each in requires("zhuanhu") or [] if "extra ==" not in each]
    except PackageNotFoundError:
        yield Finding(
            "packages", False, "zhuanhu is not installed", "run make test, or pip install"
        )
        return
    missing = []
    for each in wanted:
        name = re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0]
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    told = f"missing: {', '.join(missing)}" if missing else f"all {len(wanted)} there"
    yield Finding("packages", not missing, told, "remove .venv and run make" if missing else "")


def _data_folder(folder: Path) -> Finding:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free_bytes = shutil.disk_usage(there).free
    space = f"{free_bytes >> 20} MiB free"
    if free_bytes < MIN_FREE_BYTES:
        hint = f"free some space: {MIN_FREE_BYTES >> 20} MiB are needed"
        return Finding("data folder", False, f"{folder}, {space}", hint)
    if there != folder:
        return Finding("data folder", True, f"{folder} is not there yet, {space}", "zhuanhu up")
    try:
        with DataFolder(folder).acquire():
            return Finding("data folder", True, f"{folder}, {space}, not in use")
    except DataFolderInUse as error:
        return Finding("data folder", True, f"{error.args[0]}, {space}")
    except PostgresUnavailable as error:
        return Finding("data folder", False, str(error.args[0]), error.hint)


def _postgres(folder: Path) -> Finding:
    """Starts the folder's server, or one in a folder of its own that is thrown away."""
    try:
        if (folder / "pg").exists():
            return Finding("postgresql", True, _server_version(folder))
        with tempfile.TemporaryDirectory(prefix="zhuanhu-doctor-") as trial:
            return Finding("postgresql", True, _server_version(Path(trial) / "data"))
    except PostgresUnavailable as error:
        return Finding("postgresql", False, str(error.args[0]), error.hint)


def _external(url: SecretStr) -> Finding:
    try:
        with connect(url.get_secret_value()) as connection:
            return Finding("postgresql", True, f"DATABASE_URL answers, {_version(connection)}")
    except PostgresUnavailable as error:
        return Finding("postgresql", False, str(error.args[0]), error.hint)


def _server_version(folder: Path) -> str:
    with EmbeddedPostgres(folder) as server, connect(server.url("postgres")) as connection:
        return f"starts and answers, {_version(connection)}"


def _version(connection: psycopg.Connection) -> str:
    row = connection.execute("SHOW server_version").fetchone()
    return f"version {row[0] if row else '?'}"


def _kafka(folder: Path, settings: Settings) -> Finding:
    """Not started: only those parts need it that work through it."""
    if settings.kafka_bootstrap_servers is not None:
        try:
            found = brokers(client_options(settings))
        except KafkaUnavailable as error:
            return Finding("kafka", False, str(error.args[0]), error.hint)
        except SettingsError as error:
            return Finding("kafka", False, str(error), "correct the environment variable it names")
        return Finding("kafka", True, f"KAFKA_BOOTSTRAP_SERVERS answers, {found} broker(s)")
    broker = KafkaBroker(folder, settings.cache_dir)
    if broker.pid is not None:
        hint = "zhuanhu kafka stop, then zhuanhu kafka start; see kafka.log in the data folder"
        if not broker.answers():
            return Finding("kafka", False, f"{broker.address} does not answer", hint)
        return Finding("kafka", True, f"runs at {broker.address}")
    try:
        kafka_programs.check(settings.cache_dir)
    except KafkaNotInstalled as error:
        return Finding("kafka", True, f"{NO_KAFKA}: {error.args[0]}", error.hint)
    return Finding("kafka", True, NO_KAFKA, "zhuanhu kafka start")


def _installation(folder: Path) -> Finding:
    try:
        found = Installation.load(folder)
    except CliError as error:
        return Finding("installation", True, "none yet", error.hint or "")
    except (TypeError, ValueError) as error:
        hint = "put installation.json back from a copy of the data folder"
        return Finding("installation", False, f"unreadable: {type(error).__name__}", hint)
    return Finding("installation", True, f"platform {found.platform}")


def _keys(keys: Keys, settings: Settings) -> Finding:
    """Those of the data folder, and in place of each the one that a setting names."""
    ours, banks = keys.platform_private, keys.bank_public
    if settings.bank_url is not None:
        ours, banks = settings.platform_private_key or ours, settings.bank_public_key or banks
    checks: list[tuple[Path, Callable[[Path], object]]] = [
        (ours, load_private_key),
        (banks, lambda path: load_public_keys(path, settings.bank_key_serial)),
    ]
    if settings.vault_key is None:
        checks.append((keys.vault, lambda path: parse_vault_key(_text(path), str(path))))
    found = [(path, check) for path, check in checks if path.exists()]
    if not found:
        return Finding("keys", True, "none yet", "zhuanhu up makes them")
    try:
        for path, check in checks:
            check(path)
    except (KeyUnusable, OSError) as error:
        return Finding("keys", False, str(error), "put the key back from its safe copy")
    secret = [path for path, _ in checks if path != banks]
    open_to_others = [str(path) for path in secret if path.stat().st_mode & 0o077]
    if open_to_others:
        told = f"readable by others: {', '.join(open_to_others)}"
        return Finding("keys", False, told, "chmod 600 these files")
    return Finding("keys", True, "readable, and by their owner only")


def _text(path: Path) -> str:
    return path.read_text("ascii", "replace")


def _port() -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 0))
        except OSError as error:
            hint = "allow listening on 127.0.0.1"
            return Finding("ports", False, f"none can be opened: {error.strerror}", hint)
    return Finding("ports", True, "127.0.0.1 can be listened on")
