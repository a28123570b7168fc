"""What holds for every command before it is decided: platform, effective date, no new business once
the platform winds down, and two people behind what is done by hand."""

from __future__ import annotations

from adapters.signing import verified
from domain import operators
from domain.commands import Command, Manual, OpenPlatform, RepayLoan
from domain.model import Refused
from domain.refusals import Code
from domain.streams import OPERATORS
from services.settlement.desk import Desk


def admit(desk: Desk, command: Command, platform: str) -> None:
    """`platform` is the one served here."""
    served = desk.platform
    opened, today = served.opened, served.business_date
    if command.platform != platform or (opened is None and not isinstance(command, OpenPlatform)):
        raise Refused(Code.PLATFORM_UNKNOWN, field="platform")
    desk.effective_on = command.effective_on or today
    if opened is not None:
        if desk.effective_on > today:
            raise Refused(Code.EFFECTIVE_DATE_IN_FUTURE, f"today is {today}", "effective_on")
        if desk.effective_on < today and not (command.reason or "").strip():
            raise Refused(Code.EFFECTIVE_DATE_NEEDS_REASON, field="reason")
    if command.NEW_BUSINESS and served.winding_down:
        raise Refused(Code.WINDING_DOWN)
    if isinstance(command, Manual):
        approve(desk, command)


def approve(desk: Desk, command: Manual | RepayLoan) -> None:
    """Refused unless two people signed it; who they were goes on record, before what follows."""
    maker, checker = command.maker, command.checker
    if maker is None or checker is None:
        missing = "maker" if maker is None else "checker"
        raise Refused(Code.SECOND_PERSON_REQUIRED, field=missing)
    approved = operators.approve(
        desk.operators, command.text_to_sign(), maker, checker, desk.effective_on, verified
    )
    desk.record(OPERATORS, *approved)
