"""The story's events, told once a session."""

from __future__ import annotations

import pytest

from adapters.codec import Recorded
from infra.postgres import EmbeddedPostgres
from tests.adapters.read_models.story import told


@pytest.fixture(scope="session")
def story(postgres: EmbeddedPostgres) -> list[Recorded]:
    return told(postgres.ensure_database("projections_story"))
