from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house import House


@pytest.fixture
def house(database: str) -> Iterator[House]:
    """A platform without books yet."""
    house = House(database)
    yield house
    house.close()
