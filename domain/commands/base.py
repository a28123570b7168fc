"""What every command carries, and what their fields are made of."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.accounts import Role
from domain.model import CommandId, Id, Message, OutsideId, Text
from domain.operators import Signature

MemberRole = Literal[Role.INVESTOR, Role.BORROWER, Role.GUARANTOR]
Actor = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")]
RateText = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
Grade = Annotated[str, Field(pattern=r"^[A-Z]{1,3}[0-9]?$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
BankRef = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Digits = Annotated[str, Field(pattern=r"^[0-9]{8,32}$")]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9]{6,20}$")]
AccountName = Annotated[
    str,
    Field(
        pattern=r"^([A-Za-z0-9_-]{1,32}:(investor|borrower|guarantor)"
        r"|platform:(reserve|income|marketing))$"
    ),
]
IdNumber = Annotated[str, Field(pattern=r"^[0-9A-Z]{8,20}$")]


class Command(Message):
    """What every command carries. `type` names it in JSON."""

    FROM_OUTSIDE: ClassVar[bool] = True
    NEW_BUSINESS: ClassVar[bool] = False
    """Refused once the platform winds down (清盘)."""

    type: str
    id: OutsideId
    platform: Id
    actor: Actor
    correlation_id: CommandId | None = None
    effective_on: date | None = None
    reason: Text | None = None

    def text_to_sign(self) -> str:
        """What two people sign: the command as RFC 8785 writes JSON, without their signatures and
        without what is null or has its default, however it was sent."""
        said = self.model_dump(mode="json", exclude_defaults=True, exclude={"maker", "checker"})
        said["type"] = self.type
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class SignedByTwo(Command):
    """One person makes it, another one checks it, and both sign it (docs/two-people.md)."""

    maker: Signature
    checker: Signature


class Manual(SignedByTwo):
    """Done by hand: refused unless the two are registered, and are two."""


class Internal(Command):
    """Made by zhuanhu itself: whoever else sends it is turned away."""

    FROM_OUTSIDE: ClassVar[bool] = False
    id: CommandId
