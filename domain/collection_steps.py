"""From how many overdue days on each way of collecting (催收措施) may begin, as a policy says.

A platform's collection rules say how hard a case is worked (domain.collection_rules); a policy may
hold single actions back beyond that. Without any word of it nothing is held back.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.model import Message, Refused
from domain.refusals import Code


class Action(StrEnum):
    SMS = "sms"
    CALL = "call"
    LETTER = "letter"
    VISIT = "visit"  # 外访
    AGENCY = "agency"  # 委外
    LAWSUIT = "lawsuit"  # 诉讼


class ActionFrom(Message):
    """`from_days`: late, of a loan's oldest overdue instalment; the first such day is 1."""

    action: Action
    from_days: Annotated[int, Field(ge=1, le=3650)]


Steps = tuple[ActionFrom, ...]


def from_days(steps: Steps, action: Action) -> int:
    """The first day of lateness on which it may be taken."""
    return next((each.from_days for each in steps if each.action is action), 1)


def check(action: Action, late: Iterable[tuple[Steps, int]], field: str) -> None:
    """`late`: of each overdue loan what its policy says, and how many days it is overdue. One that
    is late enough is enough; where none is overdue nothing is held back."""
    lacking = [from_days(steps, action) - overdue_days for steps, overdue_days in late]
    if lacking and min(lacking) > 0:
        told = f"{action} may begin in {min(lacking)} days"
        raise Refused(Code.COLLECTION_TOO_EARLY, told, field)
