"""One bank process for the session's ordinary tests, its clock standing at noon of 2018-01-05; and
for its second front a bank of each test's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from infra.postgres import EmbeddedPostgres
from tests.services.sandbox_bank.bank_process import NOON, BankProcess, Receiver
from tests.services.sandbox_bank.batch_platform import Hearing, Platform
from tests.services.sandbox_bank.browser import Browser


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def start_bank(
    tmp_path: Path, database: str, receiver: Receiver
) -> Iterator[Callable[..., BankProcess]]:
    """Start (or, on the same folder and database, start again) a bank of this test's own."""
    banks: list[BankProcess] = []

    def start(options: Sequence[str] = (), digest: str = "sha256") -> BankProcess:
        bank = BankProcess(tmp_path, database, receiver.url, options, digest)
        bank.start()
        banks.append(bank)
        bank.control("clock", now=NOON)
        return bank

    yield start
    for bank in banks:
        bank.stop()


@pytest.fixture
def own_bank(start_bank: Callable[..., BankProcess]) -> BankProcess:
    """A bank whose clock and faults this test may turn."""
    return start_bank()


@pytest.fixture
def browser(own_bank: BankProcess) -> Browser:
    """At a bank whose members confirm at once where no browser comes."""
    return Browser(own_bank)


@pytest.fixture(scope="session")
def bank(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BankProcess]:
    """The bank that tests share which neither turn its clock nor script faults."""
    receiver = Receiver()
    folder = tmp_path_factory.mktemp("bank")
    shared = BankProcess(folder, postgres.ensure_database("shared_bank"), receiver.url)
    shared.start()
    shared.control("clock", now=NOON)
    yield shared
    shared.stop()
    receiver.close()


_databases = itertools.count(1)


@pytest.fixture
def hearing() -> Iterator[Hearing]:
    hearing = Hearing()
    yield hearing
    hearing.close()


@pytest.fixture
def options() -> list[str]:
    return []


@pytest.fixture
def platform(
    postgres: EmbeddedPostgres, tmp_path: Path, hearing: Hearing, options: list[str]
) -> Iterator[Platform]:
    url = postgres.ensure_database(f"batch_front_{next(_databases)}")
    bank = BankProcess(tmp_path, url, "http://127.0.0.1:9/", options)
    bank.start()
    bank.control("clock", now=NOON)
    yield Platform(bank, hearing)
    bank.stop()
