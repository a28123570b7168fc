from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.accounts import Role
from infra.settings import Settings
from tests.services.kafka_house import KafkaHouse


@pytest.fixture
def house(database: str, kafka: Settings, kafka_platform: str) -> Iterator[KafkaHouse]:
    house = KafkaHouse(database, kafka_platform, kafka)
    house.open()
    house.member("lucy", Role.INVESTOR)
    yield house
    house.close()
