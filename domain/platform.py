"""The platform: its business date (营业日期), law table and house limits.

    Open     -> PlatformOpened
    RollDate -> BusinessDateRolled
    SetRules -> MemberRulesSet
    Schedule -> AutoTenderScheduled
    WindDown -> WindDownStarted, and in the end AccountsEmptied

Invariant: the business date moves forward by one day at a time; a wind-down has no way back.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar, get_args

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


class AutoTenderScheduled(Event):
    """From now on each day end spreads what published loans lack."""

    TOPIC: ClassVar[str] = "platform.auto-tender-scheduled.v1"
    investors: int | None  # Over at least so many; None: no day end does.


class WindDownStarted(Event):
    """清盘: no new loans, tenders or assignments from now on."""

    TOPIC: ClassVar[str] = "platform.wind-down-started.v1"
    plan_hash: str  # SHA-256 of the plan that was announced.


class AccountsEmptied(Event):
    """At the day end of a platform that winds down no account had any money left."""

    TOPIC: ClassVar[str] = "platform.accounts-emptied.v1"
    emptied_on: date


PlatformEvent = (
    PlatformOpened
    | BusinessDateRolled
    | MemberRulesSet
    | AutoTenderScheduled
    | WindDownStarted
    | AccountsEmptied
)
EVENTS: tuple[type[PlatformEvent], ...] = get_args(PlatformEvent)


class Platform(State):
    opened: PlatformOpened | None = None
    business_date: date = date.min
    rules: MemberRulesSet = MemberRulesSet()
    winding_down: bool = False
    emptied: bool = False

    @property
    def tender_max_fen(self) -> int | None:
        """The most that one investor may have in one loan."""
        return self.opened.tender_max_fen if self.opened else None


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


def wind_down(platform: Platform, wanted: WindDownStarted) -> tuple[WindDownStarted, ...]:
    if platform.winding_down:
        raise Refused(Code.WINDING_DOWN)
    return (wanted,)


def report_emptied(platform: Platform) -> tuple[AccountsEmptied, ...]:
    """Once."""
    if not platform.winding_down:
        raise Refused(Code.NOT_WINDING_DOWN)
    if platform.emptied:
        return ()
    return (AccountsEmptied(emptied_on=platform.business_date),)


def evolve(platform: Platform, event: PlatformEvent) -> Platform:
    match event:
        case PlatformOpened():
            return Platform(event, event.business_date)
        case BusinessDateRolled():
            return replace(platform, business_date=event.business_date)
        case MemberRulesSet():
            return replace(platform, rules=event)
        case AutoTenderScheduled():
            return platform
        case WindDownStarted():
            return replace(platform, winding_down=True)
        case AccountsEmptied():
            return replace(platform, emptied=True)
