"""The platform's business days (营业日): where in the log each one began and ended.

A cash step belongs to the day `opened_position` <= its position <= `closing_position`; the running
day has no closing position yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain.platform import BusinessDateRolled, PlatformOpened


@dataclass(slots=True)
class BusinessDay:
    business_date: date
    opened_position: int
    closing_position: int | None


DAYS = Table("business_day", BusinessDay, key=["business_date"])


class Days(View):
    NAME = "days"
    TABLES = (DAYS,)
    BY_KEY = True
    EVENTS = (PlatformOpened, BusinessDateRolled)

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._days = self.open(DAYS, named(batch, "closed"))

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case PlatformOpened(business_date=opened):
                self._days.add(BusinessDay(opened, recorded.position, None))
            case BusinessDateRolled(closed=closed, business_date=opened):
                self._days[closed].closing_position = recorded.position - 1
                self._days.add(BusinessDay(opened, recorded.position, None))
