"""A platform's rules for collecting (催收规则): dated versions, set by command.

    SetRules -> CollectionRulesSet | Refused

Without any no case is opened. Invariant: each version starts later than the one before.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from msgspec.structs import replace
from pydantic import Field

from domain.conduct import CONDUCT_TABLES
from domain.model import Event, Refused, State
from domain.refusals import Code


class Stage(StrEnum):
    """催收阶段, as hard as each."""

    REMINDER = "reminder"  # 温和提醒
    WARNING = "warning"  # 严肃警告
    ACTION = "action"  # 外访, 委外, 诉讼


class StageFrom(NamedTuple):
    """`from_days`: late, of the oldest instalment; up to the next stage's."""

    stage: Stage
    from_days: Annotated[int, Field(ge=1, le=3650)]


STAGES = (
    StageFrom(Stage.REMINDER, 1),
    StageFrom(Stage.WARNING, 31),
    StageFrom(Stage.ACTION, 91),
)


class CollectionRulesSet(Event):
    """`calls_together`: platform and agency share the day's number of effective calls.
    `unreachable_after`: so many failed attempts, one after another, and the debtor cannot be
    reached."""

    TOPIC: ClassVar[str] = "collections.rules-set.v1"
    valid_from: date
    conduct_table: str
    stages: tuple[StageFrom, ...]
    calls_together: bool
    unreachable_after: int

    def stage_of(self, overdue_days: int) -> Stage | None:
        reached = [each.stage for each in self.stages if each.from_days <= overdue_days]
        return reached[-1] if reached else None


EVENTS = (CollectionRulesSet,)


class CollectionRules(State):
    versions: tuple[CollectionRulesSet, ...] = ()

    def on(self, day: date) -> CollectionRulesSet | None:
        started = [rules for rules in self.versions if rules.valid_from <= day]
        return started[-1] if started else None


INITIAL = CollectionRules()


def decide(
    rules: CollectionRules, wanted: CollectionRulesSet, today: date
) -> tuple[CollectionRulesSet, ...]:
    if wanted.conduct_table not in CONDUCT_TABLES:
        raise Refused(Code.CONDUCT_TABLE_UNKNOWN, field="conduct_table")
    if wanted.valid_from < today:
        raise Refused(Code.COLLECTION_RULES_IN_PAST, field="valid_from")
    if rules.versions and wanted.valid_from <= rules.versions[-1].valid_from:
        raise Refused(Code.COLLECTION_RULES_OVERLAP, field="valid_from")
    return (wanted,)


def evolve(rules: CollectionRules, event: CollectionRulesSet) -> CollectionRules:
    return replace(rules, versions=(*rules.versions, event))
