"""The story's events, told once a session, and what its views hold after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.codec import Recorded
from infra.postgres import EmbeddedPostgres
from services.projections.projector import Projector
from tests.adapters.read_models.story import ListLog, told
from tests.services.projections.views import PLATFORM, digests_of


@pytest.fixture(scope="session")
def story(postgres: EmbeddedPostgres) -> list[Recorded]:
    return told(postgres.ensure_database("projections_story"))


@pytest.fixture
def projector(database: str, story: list[Recorded]) -> Iterator[Projector]:
    with Projector(database, PLATFORM, log=ListLog(story)) as projector:
        yield projector


@pytest.fixture(scope="session")
def digests(postgres: EmbeddedPostgres, story: list[Recorded]) -> dict[str, str]:
    """Of every view after the whole story, in one batch."""
    url = postgres.ensure_database("projector_digests")
    with Projector(url, PLATFORM, log=ListLog(story)) as projector:
        assert projector.catch_up() == len(story)
        return digests_of(projector)
