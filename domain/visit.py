"""What a member does himself at the bank's page about his account (手机号、交易密码).

    change his phone, reset or check his password -> VisitRequested -> VisitSucceeded | VisitFailed

They stand in the member's stream, under numbers of their own. The password is his and the bank's:
of it nothing comes here. A phone is in the vault, and holds once the bank says so.

Invariant: each visit ends once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, assert_never

from msgspec import field
from msgspec.structs import replace

from domain.accounts import Role
from domain.model import Event, Refused, State, without
from domain.refusals import Code


class Errand(StrEnum):
    CHANGE_PHONE = "change_phone"  # 变更手机号
    RESET_PASSWORD = "reset_password"  # 重置交易密码  # noqa: S105
    CHECK_PASSWORD = "check_password"  # 验证交易密码  # noqa: S105


# -- events -----------------------------------------------------------------------------


class VisitRequested(Event):
    """`role`: of whose account it is."""

    TOPIC: ClassVar[str] = "member.visit-requested.v1"
    member_id: str
    number: int
    errand: Errand
    role: Role
    phone_ref: str | None  # The new phone, in the vault.


class VisitSucceeded(Event):
    TOPIC: ClassVar[str] = "member.visit-succeeded.v1"
    member_id: str
    number: int


class VisitFailed(Event):
    TOPIC: ClassVar[str] = "member.visit-failed.v1"
    member_id: str
    number: int
    bank_code: str


VisitEvent = VisitRequested | VisitSucceeded | VisitFailed
EVENTS = (VisitRequested, VisitSucceeded, VisitFailed)

# -- state ------------------------------------------------------------------------------


class Visits(State):
    """`asked`: the last number. `open`: those of which the bank has not said the end."""

    asked: int = 0
    open: Mapping[int, Errand] = field(default_factory=dict)


INITIAL = Visits()

# -- decide -----------------------------------------------------------------------------


def end(
    visits: Visits, member_id: str, number: int, failed_code: str | None
) -> VisitSucceeded | VisitFailed:
    if number not in visits.open:
        raise Refused(Code.VISIT_NOT_OPEN, field="number")
    if failed_code is None:
        return VisitSucceeded(member_id=member_id, number=number)
    return VisitFailed(member_id=member_id, number=number, bank_code=failed_code)


# -- evolve -----------------------------------------------------------------------------


def evolve(visits: Visits, event: VisitEvent) -> Visits:
    match event:
        case VisitRequested():
            return Visits(event.number, {**visits.open, event.number: event.errand})
        case VisitSucceeded() | VisitFailed():
            return replace(visits, open=without(visits.open, event.number))
        case _:
            assert_never(event)
