"""The words every aggregate is written in: Command, Event, Refusal, Decider.

A decider is two pure functions over one immutable state:

    decide(state, command) -> events | Refused     looks at no clock, draws no id
    evolve(state, event)   -> state                never refuses: the fact has happened
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeVar, dataclass_transform

import msgspec
from pydantic import BaseModel, ConfigDict, Field

K = TypeVar("K")
V = TypeVar("V")

Fen = Annotated[int, Field(gt=0, le=10**15), msgspec.Meta(gt=0, le=10**15)]
"""Money is whole fen (分). A float never enters: commands and facts each have their own checker."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
"""A caller's own name for a thing: 1 to 32 of A-Z a-z 0-9 _ - (a UUID without dashes fits)."""

CommandId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]

OutsideId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
"""A command id without the colon, which ids of our own making have: nobody outside can take them
away."""

Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
"""One line for people, without control characters."""


class InvariantBroken(Exception):
    """A fact that cannot be true: a bug. It stops the writer, and is never caught."""


class Message(BaseModel):
    """What comes from outside: checked when it is made, each error with its field and rule."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What our own decisions put into the log: checked when it is written, and when it is read."""


class Event(Fact):
    """A fact, named in the past tense. `TOPIC` is its name in the log, for ever."""

    TOPIC: ClassVar[str]


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class State(msgspec.Struct, frozen=True, gc=False):
    """What the events of an aggregate add up to, and the parts of it: changed by `replace`.

    The collector of cycles passes them by, as nothing immutable is part of one.
    """


class Refused(Exception):
    """A command that the rules do not allow. It is on record, with its code, and changes nothing.

    Raised by deciders, caught in one place (the writer, per command) and turned into the receipt.
    """

    def __init__(self, code: Any, message: str = "", field: str | None = None) -> None:
        super().__init__(code, message, field)
        self.code: str = str(code)
        self.message = message
        self.field = field


def without(mapping: Mapping[K, V], key: K) -> dict[K, V]:
    """A copy that lacks `key`."""
    rest = dict(mapping)
    rest.pop(key, None)
    return rest
