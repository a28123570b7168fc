"""Two stories, each told once; each test gets a copy of a database to tamper with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.postgres import EmbeddedPostgres, connect
from tests.services.proof.town import live, live_guaranteed

_copies = itertools.count(1)


@pytest.fixture(scope="session")
def told(postgres: EmbeddedPostgres) -> str:
    """The name of the database that holds the story."""
    live(postgres.ensure_database("proof_story"))
    return "proof_story"


@pytest.fixture(scope="session")
def told_of_guarantors(postgres: EmbeddedPostgres) -> str:
    live_guaranteed(postgres.ensure_database("proof_guarantors"))
    return "proof_guarantors"


@pytest.fixture
def town_url(postgres: EmbeddedPostgres, told: str) -> Iterator[str]:
    with _copy(postgres, told) as url:
        yield url


@pytest.fixture
def guaranteed_url(postgres: EmbeddedPostgres, told_of_guarantors: str) -> Iterator[str]:
    with _copy(postgres, told_of_guarantors) as url:
        yield url


@contextmanager
def _copy(postgres: EmbeddedPostgres, told: str) -> Iterator[str]:
    name = f"proof_copy_{next(_copies)}"
    with connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {told}".encode())
        yield postgres.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
