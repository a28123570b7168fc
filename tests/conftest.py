"""What all tests share: one real PostgreSQL a session, a fresh database for each that asks, and
logging that one test cannot leave to the next."""

from __future__ import annotations

import itertools
import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from infra.postgres import EmbeddedPostgres, connect


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A running server that lives as long as the session."""
    # Not pytest's own folder: it shuts others out of that one whenever a session begins, and under
    # root the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="zhuanhu-test-"))
    try:
        with EmbeddedPostgres(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that runs within a test sets up logging for the whole process, on a stream that
    ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # Kept from `configure`, which closes what it replaces.
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


_numbers = itertools.count(1)


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of an empty database that is dropped after the test."""
    name = f"test_{next(_numbers)}"
    yield postgres.ensure_database(name)
    with connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
