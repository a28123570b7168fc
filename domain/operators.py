"""Two people (双人复核): who may act by hand, each known by an Ed25519 key.

    Appoint          -> CommandApproved, then OperatorRegistered for each of the first ones
    Register, Retire -> CommandApproved, then OperatorRegistered | OperatorRetired
    by hand          -> CommandApproved, then what comes of the command

An operator is a person, and may make a command or check it; a publisher is a service of the
platform, and may only make one. Who they are is not here: an operator is an id and a key.

Invariant: a key is registered once, for ever; two operators are always left to check each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Protocol, assert_never, get_args

from msgspec import field
from msgspec.structs import replace
from pydantic import Field

from domain.model import Event, Fact, Id, Message, Refused, State
from domain.refusals import Code

TWO = 2


class OperatorRole(StrEnum):
    OPERATOR = "operator"
    PUBLISHER = "publisher"


class Part(StrEnum):
    """What one of the two does with a command."""

    MAKER = "maker"
    CHECKER = "checker"


# -- as commands bring it -----------------------------------------------------------------

PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]
"""32 bytes in base64. No other text stands for the same key, so that keys compare as text."""


class NewOperator(Message):
    operator_id: Id
    role: OperatorRole = OperatorRole.OPERATOR
    public_key: PublicKey


class Signature(Message):
    """An operator's Ed25519 signature, 64 bytes in base64, over `bytes_to_sign`."""

    operator_id: Id
    signature: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{85}[AQgw]==$")]


class Verify(Protocol):
    """Whether it is this key's signature over this message. Never raises."""

    def __call__(self, public_key: str, message: bytes, signature: str) -> bool: ...


def bytes_to_sign(part: Part, text: str) -> bytes:
    """`text` is the command's own, see Command.text_to_sign."""
    return f"zhuanhu {part} v1\n{text}".encode()


# -- events -----------------------------------------------------------------------------


class OperatorRegistered(Event):
    TOPIC: ClassVar[str] = "operators.registered.v1"
    operator_id: str
    role: OperatorRole
    public_key: str
    registered_on: date


class OperatorRetired(Event):
    TOPIC: ClassVar[str] = "operators.retired.v1"
    operator_id: str


class Signed(Fact):
    operator_id: str
    public_key: str
    signature: str


class CommandApproved(Event):
    """Two people stand behind the command, whose text it is; what comes of it follows."""

    TOPIC: ClassVar[str] = "operators.approved.v1"
    text: str
    maker: Signed
    checker: Signed


OperatorEvent = OperatorRegistered | OperatorRetired | CommandApproved
EVENTS: tuple[type[OperatorEvent], ...] = get_args(OperatorEvent)


# -- state ------------------------------------------------------------------------------


class Operator(State):
    role: OperatorRole
    public_key: str
    registered_on: date
    retired: bool = False


class Operators(State):
    by_id: Mapping[str, Operator] = field(default_factory=dict)

    def acting(self, operator_id: str, on: date, field_name: str) -> Operator:
        """Who may sign now what counts from `on`; else a refusal."""
        operator = self.by_id.get(operator_id)
        if operator is None or operator.registered_on > on:
            raise Refused(Code.OPERATOR_UNKNOWN, f"not registered on {on}", field_name)
        if operator.retired:
            raise Refused(Code.OPERATOR_RETIRED, field=field_name)
        return operator

    @property
    def can_check(self) -> int:
        """How many may check."""
        return sum(
            not each.retired and each.role is OperatorRole.OPERATOR for each in self.by_id.values()
        )


INITIAL = Operators()


# -- decide -----------------------------------------------------------------------------


def approve(
    operators: Operators,
    text: str,
    maker: Signature,
    checker: Signature,
    on: date,
    verify: Verify,
) -> tuple[OperatorEvent, ...]:
    """Two keys stand behind the command that has this text and counts from `on`."""
    made = operators.acting(maker.operator_id, on, "maker.operator_id")
    checked = operators.acting(checker.operator_id, on, "checker.operator_id")
    if made.public_key == checked.public_key:
        raise Refused(Code.SECOND_PERSON_REQUIRED, field="checker.operator_id")
    if checked.role is not OperatorRole.OPERATOR:
        raise Refused(Code.CHECKER_NOT_OPERATOR, field="checker.operator_id")
    for part, operator, given in ((Part.MAKER, made, maker), (Part.CHECKER, checked, checker)):
        if not verify(operator.public_key, bytes_to_sign(part, text), given.signature):
            raise Refused(Code.SIGNATURE_WRONG, field=f"{part}.signature")
    return (
        CommandApproved(text=text, maker=_signed(maker, made), checker=_signed(checker, checked)),
    )


def _signed(given: Signature, operator: Operator) -> Signed:
    return Signed(
        operator_id=given.operator_id,
        public_key=operator.public_key,
        signature=given.signature,
    )


def appoint(
    operators: Operators,
    first: Sequence[NewOperator],
    text: str,
    maker: Signature,
    checker: Signature,
    today: date,
    verify: Verify,
) -> tuple[OperatorEvent, ...]:
    """The first ones vouch for themselves: two of them sign."""
    if operators.by_id:
        raise Refused(Code.OPERATORS_APPOINTED)
    registered: list[OperatorEvent] = []
    for number, new in enumerate(first):
        registered += register(operators, new, today, f"operators.{number}.")
        operators = evolve(operators, registered[-1])
    if operators.can_check < TWO:
        raise Refused(Code.OPERATORS_TOO_FEW, field="operators")
    return (*approve(operators, text, maker, checker, today, verify), *registered)


def register(
    operators: Operators, new: NewOperator, today: date, place: str = ""
) -> tuple[OperatorEvent, ...]:
    if new.operator_id in operators.by_id:
        raise Refused(Code.ID_TAKEN, field=f"{place}operator_id")
    if any(each.public_key == new.public_key for each in operators.by_id.values()):
        raise Refused(Code.KEY_TAKEN, field=f"{place}public_key")
    return (
        OperatorRegistered(
            operator_id=new.operator_id,
            role=new.role,
            public_key=new.public_key,
            registered_on=today,
        ),
    )


def retire(operators: Operators, operator_id: str) -> tuple[OperatorEvent, ...]:
    """At once, and for whatever day a command counts from: a key is retired because it is lost."""
    operator = operators.by_id.get(operator_id)
    if operator is None:
        raise Refused(Code.OPERATOR_UNKNOWN, field="operator_id")
    if operator.retired:
        raise Refused(Code.OPERATOR_RETIRED, field="operator_id")
    retired = OperatorRetired(operator_id=operator_id)
    if evolve(operators, retired).can_check < TWO:
        raise Refused(Code.OPERATORS_TOO_FEW, field="operator_id")
    return (retired,)


# -- evolve -----------------------------------------------------------------------------


def evolve(operators: Operators, event: OperatorEvent) -> Operators:
    match event:
        case OperatorRegistered():
            operator = Operator(event.role, event.public_key, event.registered_on)
            return Operators({**operators.by_id, event.operator_id: operator})
        case OperatorRetired():
            gone = replace(operators.by_id[event.operator_id], retired=True)
            return Operators({**operators.by_id, event.operator_id: gone})
        case CommandApproved():
            return operators
        case _:
            assert_never(event)
