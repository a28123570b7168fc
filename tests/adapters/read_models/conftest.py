"""The story's events, told once a session; and the table of things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Cursor

from adapters.codec import Recorded
from infra.postgres import EmbeddedPostgres, connect
from tests.adapters.read_models.story import told
from tests.adapters.read_models.things import THINGS


@pytest.fixture(scope="session")
def story(postgres: EmbeddedPostgres) -> list[Recorded]:
    return told(postgres.ensure_database("read_models_story"))


@pytest.fixture
def cursor(database: str) -> Iterator[Cursor[Any]]:
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(THINGS.ddl.encode())
        yield cursor
