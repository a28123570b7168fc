"""The contract with the platform's services: the value of every message in Kafka, as JSON Schema.

    commands/<type>.json    a command, one for each that may come from outside
    events/<topic>.json     an event, one for each version that is written
    reply.json              what came of a command
    parked.json             what could not be read or had no meaning

The models that read and write the messages are the source; nothing is said here twice.
"""

from __future__ import annotations

from datetime import date
from inspect import cleandoc
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta
from pydantic import BaseModel, Field

from adapters.codec import EVENT_TYPES
from domain.commands import FROM_OUTSIDE, Command
from domain.model import Event, Fact, Instant, Message

E = TypeVar("E", bound=Event)
Schema = dict[str, Any]
Position = Annotated[int, Field(ge=0)]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REPLY_TYPE = "zhuanhu.reply.v1"
PARKED_TYPE = "zhuanhu.parked.v1"


class Envelope(Fact, Generic[E]):
    """An event as it lies in the log, byte for byte: `data` is what happened, the rest is when, why
    and after which one."""

    at: Annotated[Instant, Meta(description="When it was recorded.")]
    on: Annotated[date, Meta(description="营业日期, Asia/Shanghai.")]
    cause: Annotated[str, Meta(description="The id of the command that caused it.")]
    corr: Annotated[str, Meta(description="What that command belongs to.")]
    actor: Annotated[str, Meta(description="Who asked.")]
    prev: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the stored event before it.")
    ]
    data: E


class Reply(Message):
    """The stored outcome of one command id, for ever. `replayed`: it was stored before.

    `code` is one of docs/errors.md, and `message` says what it means; both are null where the
    command was accepted. The positions are those of its first and last event, 0 where there are
    none. An id that comes again with another payload is refused with `command_id_reused`, and its
    first outcome stands. `parked` is no stored outcome: the message could not be read, `message`
    says why, and a person looks at it.
    """

    command_id: str  # Of an unread message what its header ce_id says.
    outcome: Literal["accepted", "refused", "parked"]
    code: str | None
    message: str | None
    field: str | None
    first_position: Position
    last_position: Position
    replayed: bool


class Parked(Message):
    """A message that could not be read or had no meaning: it waits until a person has decided.

    `id` is its number among the parked. `reason` names fields and rules, never a value. `source`
    and `offset` say where it came from.
    """

    id: Annotated[int, Field(ge=1)]
    reason: str
    source: str
    offset: Position


def command_type(name: str) -> str:
    """The CloudEvents type of a command, by its `type` in JSON."""
    return f"zhuanhu.command.{name}.v1"


def event_type(topic: str) -> str:
    """The CloudEvents type of an event, by its topic in the log."""
    return f"zhuanhu.{topic}"


# The schema's file for each CloudEvents type, by Kafka topic.
FILES: dict[str, dict[str, str]] = {
    "commands": {command_type(name): f"commands/{name}.json" for name in FROM_OUTSIDE},
    "events": {event_type(kind.TOPIC): f"events/{kind.TOPIC}.json" for kind in EVENT_TYPES},
    "replies": {REPLY_TYPE: "reply.json"},
    "parked": {PARKED_TYPE: "parked.json"},
}


def schemas() -> dict[str, Schema]:
    """Every schema by CloudEvents type."""
    return {
        **{command_type(name): _command(kind) for name, kind in FROM_OUTSIDE.items()},
        **{event_type(kind.TOPIC): _event(kind) for kind in EVENT_TYPES},
        REPLY_TYPE: _schema(Reply),
        PARKED_TYPE: _schema(Parked),
    }


def _command(kind: type[Command]) -> Schema:
    schema = _schema(kind)
    # It has a default in Python; in JSON it is what tells one command from another.
    del schema["properties"]["type"]["default"]
    return schema | {"required": ["type", *schema["required"]]}


def _event(kind: type[Event]) -> Schema:
    of_terms: Schema = {}

    def terms(model: type[BaseModel]) -> Schema:
        schema = model.model_json_schema()
        of_terms.update(schema.pop("$defs"))
        return schema

    envelope = Envelope[kind]  # type: ignore[valid-type]
    _, parts = msgspec.json.schema_components(
        [envelope], schema_hook=terms, ref_template="#/$defs/{name}"
    )
    for part in parts.values():
        if "description" in part:
            part["description"] = cleandoc(part["description"])
    whole = parts.pop(f"Envelope_{kind.__name__}_")
    return {"$schema": DIALECT, **whole, "$defs": parts | of_terms, "title": kind.TOPIC}


def _schema(model: type[BaseModel]) -> Schema:
    return {"$schema": DIALECT, **model.model_json_schema()}
