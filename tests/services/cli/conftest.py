"""A command line in this process, and `zhuanhu up` as a process of its own."""

from __future__ import annotations

import io
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.postgres import EmbeddedPostgres
from services.cli.__main__ import app
from services.cli.bank_process import BankControl, sandbox_bank
from services.cli.errors import run
from services.cli.installation import Installation, Keys
from services.cli.opening import database, find
from services.projections.projector import Projector
from tests.house import House
from tests.ports import free_ports
from tests.services.cli.calculators import Cli

START_TIMEOUT_S = 180  # A guard: the other one of two tests may have both cores.


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.err)
        return told


Zhuanhu = Callable[..., Answer]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A command line whose answers and errors are JSON of the promised shapes."""
    return Cli(capsys, monkeypatch)


@pytest.fixture
def zhuanhu(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Zhuanhu:
    """One command line, as from a shell: `zhuanhu("publish", "-", stdin="...")`."""

    def call(*words: str, stdin: str = "") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        code = run(app, words)
        return Answer(code, *capsys.readouterr())

    return call


def zhuanhu_process(*words: str, **environment: str) -> Answer:
    """The same as a process of its own: what needs a whole stack writes logs."""
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *words],
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        env=os.environ | environment,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


class Up:
    """A running `zhuanhu up`. Not to be used before `ready` was read: it is, when made."""

    def __init__(self, data: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up", "--data", str(data), "--json", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"up ended: {self.process.communicate()[1]}")
        self.ready = json.loads(line)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        self.process.communicate(timeout=START_TIMEOUT_S)
        return self.process.returncode


@pytest.fixture(scope="module")
def make_folder() -> Iterator[Callable[[], Path]]:
    """Folders for data. Not pytest's own: under root the server runs as another user."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="zhuanhu-test-")))
        return made[-1] / "data"

    yield make
    for folder in made:
        shutil.rmtree(folder)


def kept(folder: Path, story: Callable[[House], None]) -> Path:
    """The data of a platform that lived through the story, and does not run."""
    folder.mkdir(mode=0o700)
    Installation("demo", "P1", "2018-01-31T12:00:00+08:00").save(folder)
    with EmbeddedPostgres(folder), database(find(folder, None)) as url:
        with closing(House(url, "demo")) as house:
            story(house)
        with Projector(url, "demo") as projector:
            projector.catch_up()
    return folder


@pytest.fixture(scope="module")
def make_up() -> Iterator[Callable[..., Up]]:
    """Whoever still runs at the end is stopped."""
    made: list[Up] = []

    def make(data: Path, *options: str) -> Up:
        made.append(Up(data, *options))
        return made[-1]

    yield make
    for each in made:
        if each.process.poll() is None:
            each.stop()


def simulated(data: Path) -> Path:
    """An installation whose time is the bank's, moved by hand."""
    data.mkdir(mode=0o700)
    Installation("demo", "P10001", "2024-01-02T10:00:00+08:00").save(data)
    return data


_banks = itertools.count(1)


@contextmanager
def bank_elsewhere(
    postgres: EmbeddedPostgres, folder: Path, settings: pytest.MonkeyPatch
) -> Iterator[tuple[BankControl, str]]:
    """A stand-in bank that nobody of ours starts, with the address of a database of its own; and
    the settings that lead to it."""
    [free] = free_ports(1)
    port = str(free)
    keys = Keys(folder / "keys")
    keys.ensure_pairs()
    books, number = postgres.ensure_database(f"bank_elsewhere_{next(_banks)}"), "6000000001"
    with sandbox_bank(books, folder, number, f"http://127.0.0.1:{port}/") as control:
        for name, value in {
            "ZHUANHU_BANK_URL": control.url,
            "ZHUANHU_BANK_PUBLIC_KEY": str(keys.bank_public),
            "ZHUANHU_PLATFORM_NO": number,
            "ZHUANHU_PLATFORM_PRIVATE_KEY": str(keys.platform_private),
            "ZHUANHU_CALLBACK_PORT": port,
            "ZHUANHU_CALLBACK_URL": f"http://127.0.0.1:{port}/",
        }.items():
            settings.setenv(name, value)
        yield control, books
