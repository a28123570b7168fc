"""The AsyncAPI 3.0 document: which messages lie in which topic, and what stands in their headers.

Messages are CloudEvents 1.0 in binary mode: attributes are headers in UTF-8, the value is JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from adapters.kafka.contract import FILES

Node = dict[str, Any]

VERSION = "1.0.0"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
BINDING = "0.5.0"


def _text(description: str, **rules: str) -> Node:
    return {"type": "string", **rules, "description": description}


def _number(description: str) -> Node:
    return _text(description, pattern="^[0-9]+$")


ALL_CARRY: Node = {
    "content-type": {"const": "application/json"},
    "ce_specversion": {"const": "1.0"},
    "ce_id": _text("Unique among those of its source."),
    "ce_source": _text("Who says it."),
    "ce_type": _text("Which schema the value has."),
}


class Described(NamedTuple):
    summary: str
    key: str
    headers: Node  # Beside those, or more exact than those, that all carry.
    correlation: str | None = None


TOPICS = {
    "commands": Described(
        "What the platform's services ask for. The value alone counts: headers are for routing.",
        "The command's id.",
        {
            "content-type": {
                "enum": ["application/json", "application/octet-stream"],
                "description": "The second where the value is closed with the platform's key.",
            },
            "ce_id": _text("The command's id."),
            "ce_source": _text("The service that asks."),
            "ce_time": _text("When it was asked.", format="date-time"),
        },
        "$message.payload#/id",
    ),
    "events": Described(
        "What happened, in the order of the log, for ever.",
        "The stream.",
        {
            "ce_id": _text("<platform>-<position>"),
            "ce_subject": _text("The stream, such as loan-L1."),
            "ce_position": _number("Its place in the platform's log, from 1, without gaps."),
            "ce_previousposition": _number("That of the event before it; 0 before the first."),
            "ce_version": _number("Its place in its stream."),
        },
        "$message.payload#/cause",
    ),
    "replies": Described(
        "One for each command: its outcome, or that it could not be read.",
        "The command's id.",
        {
            "ce_subject": _text("The command's id."),
            "ce_number": _number("Up to which receipt the topic's answers go."),
            "ce_replays": _number("How many answers repeated a stored outcome, up to this one."),
        },
        "$message.payload#/command_id",
    ),
    "parked": Described(
        "What could not be read or had no meaning, until a person has decided.",
        "Its number.",
        {"ce_number": _number("Its number among the parked.")},
    ),
}


def document() -> Node:
    """References lead to the schemas' files beside the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "zhuanhu",
            "version": VERSION,
            "description": "Settlement for lending platforms; see docs/platform-engineers.md.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name) for name in TOPICS},
        "operations": {
            "decide": _operation("receive", "commands") | {"reply": _through("replies")},
            "record": _operation("send", "events"),
            "park": _operation("send", "parked"),
        },
        "components": {
            "schemas": {f"{name}-headers": _headers(name) for name in TOPICS},
            "messages": dict(_messages()),
        },
    }


def _channel(name: str) -> Node:
    return {
        "address": f"zhuanhu.{{platform}}.{name}",
        "summary": TOPICS[name].summary,
        "parameters": {"platform": {"description": "The platform's name."}},
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in FILES[name]},
        "bindings": {"kafka": {"partitions": 1, "bindingVersion": BINDING}},
    }


def _operation(action: str, channel: str) -> Node:
    return {"action": action, "summary": TOPICS[channel].summary, **_through(channel)}


def _through(channel: str) -> Node:
    at = f"#/channels/{channel}"
    messages = [{"$ref": f"{at}/messages/{kind}"} for kind in FILES[channel]]
    return {"channel": {"$ref": at}, "messages": messages}


def _headers(name: str) -> Node:
    carried = ALL_CARRY | TOPICS[name].headers
    return {"type": "object", "properties": carried, "required": list(carried)}


def _messages() -> Iterator[tuple[str, Node]]:
    for name, topic in TOPICS.items():
        for kind, file in FILES[name].items():
            message = {
                "name": kind,
                "headers": {
                    "allOf": [
                        {"$ref": f"#/components/schemas/{name}-headers"},
                        {"properties": {"ce_type": {"const": kind}}},
                    ]
                },
                "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"./{file}"}},
                "bindings": {"kafka": {"key": _text(topic.key), "bindingVersion": BINDING}},
            }
            if topic.correlation is not None:
                message["correlationId"] = {"location": topic.correlation}
            yield kind, message
