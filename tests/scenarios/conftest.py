from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra.kafka_broker import KafkaBroker
from infra.postgres import EmbeddedPostgres
from tests.house import House
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.reserve_town import Build, settled

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def street(postgres: EmbeddedPostgres) -> str:
    """One database for all stories: each has a shard of its own, which is made faster."""
    return postgres.ensure_database("street")


@pytest.fixture
def new_house(street: str) -> Iterator[Callable[..., House]]:
    """A platform without books yet: `new_house(today=...)`."""
    built: list[House] = []

    def build(**fields: Any) -> House:
        built.append(House(street, f"p{next(_numbers)}", **fields))
        return built[-1]

    yield build
    for house in built:
        house.close()


@pytest.fixture
def house(new_house: Callable[..., House]) -> House:
    return new_house()


@pytest.fixture
def pipeline(tmp_path: Path, database: str, own_kafka: KafkaBroker) -> Iterator[Pipeline]:
    with Pipeline(tmp_path, database, own_kafka) as pipeline:
        yield pipeline


@pytest.fixture
def reserve_town(house: House) -> Build:
    """Of a policy that the test states; bob lends nothing and owes; lucy, max and ann lend."""
    return partial(settled, house)
