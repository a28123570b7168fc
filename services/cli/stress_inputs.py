"""The scenario of a stress run, as a file has it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.money import percent
from domain.stress_scenario import BadDebts, Recoveries, over_100
from services.cli.errors import bad_input
from services.cli.reading import Input, Name

DAYS_MAX = 3_650


class BadDebtsIn(Input):
    percent: str
    grades: Annotated[list[Name], Field(min_length=1)] | None = None
    after_days: Annotated[int, Field(ge=0, le=DAYS_MAX)] = 0
    within_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = 1

    def rule(self, place: int) -> BadDebts:
        return BadDebts(
            percent=percent(self.percent, f"bad_debts[{place}].percent", 100),
            after_days=self.after_days,
            within_days=self.within_days,
            grades=None if self.grades is None else frozenset(self.grades),
        )


class RecoveriesIn(Input):
    percent: str
    after_days: Annotated[int, Field(ge=1, le=DAYS_MAX)]
    from_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = 1
    to_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] | None = None

    def rule(self, place: int) -> Recoveries:
        if self.to_days is not None and self.to_days < self.from_days:
            raise bad_input(f"recoveries[{place}].to_days", "must not be before from_days")
        return Recoveries(
            percent=percent(self.percent, f"recoveries[{place}].percent", 100),
            after_days=self.after_days,
            from_days=self.from_days,
            to_days=self.to_days,
        )


class ScenarioIn(Input):
    name: Name
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)]
    seed: Name = "1"
    bad_debts: Annotated[list[BadDebtsIn], Field(min_length=1, max_length=100)]
    recoveries: Annotated[list[RecoveriesIn], Field(default_factory=list, max_length=100)]

    def rules(self) -> tuple[list[BadDebts], list[Recoveries]]:
        bad_debts = [each.rule(place) for place, each in enumerate(self.bad_debts)]
        recoveries = [each.rule(place) for place, each in enumerate(self.recoveries)]
        days = over_100(recoveries)
        if days is not None:
            raise bad_input("recoveries", f"of what is {days} days late more than 100 % come back")
        return bad_debts, recoveries
