"""What the views of a platform hold, by digest and by position."""

from __future__ import annotations

from contextlib import closing

from adapters.read_models.reading import ReadModels
from adapters.read_models.registry import VIEWS
from services.projections.projector import Projector

PLATFORM = "trial-run"
NAMES = [view.NAME for view in VIEWS]


def digests_of(projector: Projector) -> dict[str, str]:
    return {name: projector.digest(name) for name in NAMES}


def positions(database: str) -> dict[str, int]:
    with closing(ReadModels(database, PLATFORM)) as views:
        return {name: stamp.position for name, stamp in views.stamps().items()}
