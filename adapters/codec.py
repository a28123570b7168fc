"""How an event lies in the log: one JSON envelope of bytes, written once and hashed as it stands.

    {"at","on","cause","corr","actor","prev","data"}

`prev` is the hash of the stored event before it in the shard. A hash covers every stored field of
the row, length-prefixed, in the bytes that are stored; `HASH_VERSION` leads it.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel

from domain import (
    assignment,
    auto_tender,
    blacklist,
    cashbook,
    collection_events,
    collection_rules,
    funds_freeze,
    guarantee,
    identity,
    investment,
    loan_events,
    member,
    operators,
    platform,
    policies,
    reserve,
    reversal,
    shortfall,
    withdrawal,
)
from domain.model import Event, InvariantBroken

EVENT_TYPES: tuple[type[Event], ...] = (  # A new aggregate adds its line here.
    *platform.EVENTS,
    *operators.EVENTS,
    *policies.EVENTS,
    *member.EVENTS,
    *identity.EVENTS,
    *loan_events.EVENTS,
    *investment.EVENTS,
    *cashbook.EVENTS,
    *withdrawal.EVENTS,
    *reserve.EVENTS,
    *shortfall.EVENTS,
    *reversal.EVENTS,
    *funds_freeze.EVENTS,
    *assignment.EVENTS,
    *collection_rules.EVENTS,
    *collection_events.EVENTS,
    *blacklist.EVENTS,
    *auto_tender.EVENTS,
    *guarantee.EVENTS,
)

HASH_VERSION = 1
GENESIS = bytes(32)


def _told(value: Any) -> Any:
    """Terms that a command brought are kept as they were checked then (domain.policy)."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise InvariantBroken(f"{type(value).__name__} is no part of an event")


def _heard(kind: type[Any], value: Any) -> Any:
    return kind.model_validate_json(msgspec.json.encode(value))


_write = msgspec.json.Encoder(enc_hook=_told).encode
_READERS = {e.TOPIC: msgspec.json.Decoder(e, dec_hook=_heard).decode for e in EVENT_TYPES}
if len(_READERS) != len(EVENT_TYPES):
    raise InvariantBroken("two events share a topic")

_DATA = b',"data":'
_PREV = b',"prev":"'
_ON = b'","on":"'


class Stored(NamedTuple):
    """One row of the log."""

    position: int
    stream: str
    version: int
    topic: str
    state: bytes


class Circumstances(msgspec.Struct, frozen=True, gc=False):
    """What all events of one command share."""

    recorded_at: str
    business_date: str
    cause: str
    correlation: str
    actor: str

    def opening(self) -> bytes:
        # The values' alphabets need no escaping: ids, dates and instants.
        return (
            f'{{"at":"{self.recorded_at}","on":"{self.business_date}","cause":"{self.cause}",'
            f'"corr":"{self.correlation}","actor":"{self.actor}","prev":"'
        ).encode()


class Recorded(msgspec.Struct, gc=False):
    """One event as read from the log. What surrounds it is read when it is first asked for, as few
    ask; ValueError or TypeError where it is no envelope. The collector of cycles passes it by."""

    position: int
    stream: str
    version: int
    topic: str
    event: Event
    _state: bytes
    _circumstances: Circumstances | None = None

    @property
    def circumstances(self) -> Circumstances:
        if self._circumstances is None:
            self._circumstances = circumstances_of(self._state)
        return self._circumstances

    @property
    def recorded_at(self) -> str:
        """ISO, UTC."""
        return self.circumstances.recorded_at

    @property
    def business_date(self) -> date:
        at = self._state.find(_ON) + len(_ON)
        return _day(self._state[at : at + 10])

    @property
    def cause(self) -> str:
        """The command's id."""
        return self.circumstances.cause

    @property
    def correlation(self) -> str:
        return self.circumstances.correlation

    @property
    def actor(self) -> str:
        return self.circumstances.actor


def data_from(event: Event) -> bytes:
    """The event's own JSON, which `data_of` finds in the envelope again."""
    data: bytes = _write(event)
    return data


def enclosed(topic: str, data: bytes, opening: bytes, prev: bytes) -> bytes:
    """The envelope. Raises InvariantBroken for what could not be read again as the same type."""
    try:
        _READERS[topic](data)
    except ValueError as error:
        raise InvariantBroken(f"{topic}: {error}") from error
    return stored_state(opening, prev.hex(), data)


def stored_state(opening: bytes, prev: str, data: bytes) -> bytes:
    """The envelope; `prev` in hexadecimal."""
    return b'%b%b"%b%b}' % (opening, prev.encode(), _DATA, data)


def hash_row(position: int, stream: str, version: int, topic: str, state: bytes) -> bytes:
    name, kind = stream.encode(), topic.encode()
    return hashlib.sha256(
        b"%d %d %d %d:%b %d:%b %d:%b"
        % (HASH_VERSION, position, version, len(name), name, len(kind), kind, len(state), state)
    ).digest()


def decode_event(topic: str, state: bytes) -> Event:
    """The typed event alone. Raises KeyError for an unknown topic, ValueError for bad data."""
    event: Event = _READERS[topic](data_of(state))
    return event


def data_of(state: bytes) -> bytes:
    """The event's own JSON, without its circumstances."""
    return state[state.index(_DATA) + len(_DATA) : -1]


def ends_of(state: bytes) -> tuple[bytes, bytes]:
    """The opening, and the hash of the event before in hexadecimal; other bytes where it is no
    envelope."""
    end = state.find(_PREV) + len(_PREV)
    return state[:end], state[end : end + 64]


def command_of(opening: bytes) -> tuple[str, str]:
    """The command's id and its actor: less than `circumstances_of` for those who read every event.
    ValueError or LookupError where it is no opening."""
    pieces = opening.decode().split('"')
    return pieces[11], pieces[19]


def circumstances_of(state: bytes) -> Circumstances:
    """Raises ValueError or TypeError where it is no envelope."""
    pieces = state[: state.index(_DATA)].decode().split('"')
    # {"at":"..","on":"..","cause":"..","corr":"..","actor":"..","prev":".." -> every 4th piece.
    return Circumstances(*pieces[3:20:4])


@lru_cache(maxsize=64)  # The same day, thousands of times.
def _day(written: bytes) -> date:
    return date.fromisoformat(written.decode())


def decode(row: Stored) -> Recorded:
    return recorded(*row)


def recorded(position: int, stream: str, version: int, topic: str, state: bytes) -> Recorded:
    """Of the columns of one row."""
    return Recorded(position, stream, version, topic, decode_event(topic, state), state)
