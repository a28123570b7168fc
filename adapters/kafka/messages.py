"""What lies in the topics: CloudEvents 1.0 in binary mode, and back.

An event's value is the very bytes of the log, circumstances and all, and its headers hold the rest
of the stored row: whoever reads the topic has the row, and can check the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adapters.codec import Stored
from adapters.kafka.contract import PARKED_TYPE, REPLY_TYPE, Parked, Reply, event_type

PARTITION = 0
"""A platform's topics have one partition each: its shard, in commit order."""


_BINARY_MODE = (("ce_specversion", b"1.0"), ("content-type", b"application/json"))


class Message(NamedTuple):
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def event_message(platform: str, row: Stored) -> Message:
    position, stream, version, topic, state = row
    subject = stream.encode()
    return Message(
        subject,
        state,
        [
            *_BINARY_MODE,
            ("ce_id", f"{platform}-{position}".encode()),
            ("ce_source", f"zhuanhu/{platform}".encode()),
            ("ce_type", event_type(topic).encode()),
            ("ce_subject", subject),
            ("ce_position", b"%d" % position),
            ("ce_previousposition", b"%d" % (position - 1)),
            ("ce_version", b"%d" % version),
        ],
    )


def stored_of(value: bytes, headers: Sequence[tuple[str, bytes]]) -> Stored:
    """The row of the log that an event's message was made of, byte for byte. Raises KeyError or
    ValueError where it is none."""
    found = dict(headers)
    return Stored(
        int(found["ce_position"]),
        found["ce_subject"].decode(),
        int(found["ce_version"]),
        found["ce_type"].decode().removeprefix("zhuanhu."),
        value,
    )


def position_of(headers: Sequence[tuple[str, bytes]]) -> int:
    """Of an event's message."""
    return int(dict(headers)["ce_position"])


def first_offset_after(position: int) -> int:
    """Where the event after `position` lies, or some before it: an event's offset is at least its
    position - 1, and repeats only push it back."""
    return position


def reply_message(platform: str, reply: Reply, number: int, replays: int) -> Message:
    """`number` and `replays`: up to which receipt and which replay the topic's answers go."""
    subject = reply.command_id.encode()
    return Message(
        subject,
        reply.model_dump_json().encode(),
        [
            *_BINARY_MODE,
            ("ce_id", f"{platform}-reply-{number}-{replays}".encode()),
            ("ce_source", f"zhuanhu/{platform}".encode()),
            ("ce_type", REPLY_TYPE.encode()),
            ("ce_subject", subject),
            ("ce_number", b"%d" % number),
            ("ce_replays", b"%d" % replays),
        ],
    )


def parked_message(platform: str, parked: Parked) -> Message:
    number = b"%d" % parked.id
    return Message(
        number,
        parked.model_dump_json().encode(),
        [
            *_BINARY_MODE,
            ("ce_id", f"{platform}-parked-{parked.id}".encode()),
            ("ce_source", f"zhuanhu/{platform}".encode()),
            ("ce_type", PARKED_TYPE.encode()),
            ("ce_number", number),
        ],
    )


def attributes_of(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """CloudEvents attributes, without their prefix."""
    return {name[3:]: value.decode() for name, value in headers if name.startswith("ce_")}
