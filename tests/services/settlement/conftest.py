from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house import House
from tests.services.settlement.lucy import INVESTOR


@pytest.fixture
def house(database: str) -> Iterator[House]:
    """A platform without books yet."""
    house = House(database)
    yield house
    house.close()


@pytest.fixture
def lucy(house: House) -> House:
    """An open platform where lucy has 100.00 yuan and a bound card."""
    house.open()
    house.member("lucy", INVESTOR, 100_00)
    house.bind("lucy", INVESTOR, "b1")
    return house
