"""The platform: its business date (营业日期), law table and house limits.

    Open     -> PlatformOpened
    RollDate -> BusinessDateRolled
    SetRules -> MemberRulesSet

Invariant: the business date moves forward by one day at a time.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from msgspec.structs import replace

from domain.law import LAW_TABLES
from domain.model import Event, Fen, Refused, State
from domain.refusals import Code


class PlatformOpened(Event):
    TOPIC: ClassVar[str] = "platform.opened.v1"
    platform: str
    business_date: date
    law_table: str
    tender_max_fen: int | None
    cool_off_days: int


class BusinessDateRolled(Event):
    TOPIC: ClassVar[str] = "platform.business-date-rolled.v1"
    closed: date
    business_date: date


class MemberRulesSet(Event):
    """What holds for every member from now on, in place of what was set before."""

    TOPIC: ClassVar[str] = "platform.member-rules-set.v1"
    authorisations_required: bool = False
    withdrawal_single_max_fen: Fen | None = None
    withdrawal_daily_max_fen: Fen | None = None  # Of each account.
    second_factor_minutes: int | None = None  # None: a card is changed without one.
    failed_cards_suspended: bool = False


PlatformEvent = PlatformOpened | BusinessDateRolled | MemberRulesSet
EVENTS = (PlatformOpened, BusinessDateRolled, MemberRulesSet)


class Platform(State):
    opened: PlatformOpened | None = None
    business_date: date = date.min
    rules: MemberRulesSet = MemberRulesSet()


INITIAL = Platform()


def open_platform(platform: Platform, opening: PlatformOpened) -> tuple[PlatformOpened, ...]:
    if platform.opened is not None:
        raise Refused(Code.PLATFORM_ALREADY_OPEN)
    if opening.law_table not in LAW_TABLES:
        raise Refused(Code.LAW_TABLE_UNKNOWN, field="law_table")
    return (opening,)


def roll(platform: Platform, to: date) -> tuple[BusinessDateRolled, ...]:
    if to != platform.business_date + timedelta(days=1):
        raise Refused(Code.DATE_NOT_NEXT, f"after {platform.business_date}", "business_date")
    return (BusinessDateRolled(closed=platform.business_date, business_date=to),)


def evolve(platform: Platform, event: PlatformEvent) -> Platform:
    match event:
        case PlatformOpened():
            return Platform(event, event.business_date)
        case BusinessDateRolled():
            return replace(platform, business_date=event.business_date)
        case MemberRulesSet():
            return replace(platform, rules=event)
