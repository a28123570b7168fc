"""One furnished book for the tests that only look at it, and a fresh one for those that add."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from infra.postgres import EmbeddedPostgres, connect
from services.projections.projector import Projector
from tests.exemplars import PLATFORM
from tests.house import House
from tests.services.reconciliation.scene import Office, furnish, office


def _furnished(url: str) -> Iterator[tuple[House, Projector]]:
    with closing(House(url)) as house, closing(Projector(url, PLATFORM)) as projector:
        furnish(house)
        yield house, projector


@pytest.fixture(scope="module")
def shown(postgres: EmbeddedPostgres) -> Iterator[tuple[House, Projector]]:
    yield from _furnished(postgres.ensure_database("reconciliation_shown"))
    with connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE reconciliation_shown WITH (FORCE)")


@pytest.fixture
def desk(shown: tuple[House, Projector]) -> Iterator[Office]:
    """Nothing reconciled yet. The book is shared: add nothing to it."""
    house, projector = shown
    house.connection.execute(f"DROP SCHEMA IF EXISTS reconciliation_{PLATFORM} CASCADE".encode())
    made = office(house, projector)
    with closing(made.reconciler):
        yield made


@pytest.fixture
def own_desk(database: str) -> Iterator[Office]:
    """With a book of its own."""
    for house, projector in _furnished(database):
        made = office(house, projector)
        with closing(made.reconciler):
            yield made
