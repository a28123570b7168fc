"""A view that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View
from domain.model import Event
from domain.platform import BusinessDateRolled, PlatformOpened


class Failing(View):
    """Counts days, and cannot take the second roll."""

    @dataclass(slots=True)
    class Count:
        name: str
        days: int

    NAME: ClassVar[str] = "failing"
    COUNTS: ClassVar[Table[Count]] = Table("failing_count", Count, key=["name"])
    TABLES: ClassVar[tuple[Table[Any], ...]] = (COUNTS,)
    EVENTS: ClassVar[tuple[type[Event], ...]] = (PlatformOpened, BusinessDateRolled)
    bad_position: ClassVar[int] = 0

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._counts = self.open(self.COUNTS, ["days"])

    def fold(self, recorded: Recorded) -> None:
        if recorded.position == self.bad_position:
            raise KeyError("what")
        count = self._counts.get("days") or self._counts.add(self.Count("days", 0))
        count.days += 1
