"""A platform gives up (清盘)."""

from __future__ import annotations

from domain import commands as c
from domain import platform
from domain.streams import PLATFORM
from services.settlement.desk import Desk


def wind_down(desk: Desk, command: c.WindDown) -> None:
    wanted = platform.WindDownStarted(plan_hash=command.plan_hash)
    desk.record(PLATFORM, *platform.wind_down(desk.platform, wanted))


def report_emptied(desk: Desk, command: c.ReportEmptied) -> None:
    desk.record(PLATFORM, *platform.report_emptied(desk.platform))
