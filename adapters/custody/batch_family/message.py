"""A message: one flat JSON object of texts. `sign` is over the values of the others, put together
in the order of their names."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

import orjson

from adapters.custody.wire import BAD_SIGNATURE, NoAnswer, Signer, read_json
from infra.clock import SHANGHAI, Clock

Fields = Mapping[str, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SKIPPED = 10_000  # Microseconds.


class Stamps:
    """txDate, txTime and seqNo of each message, never twice: seqNo is the microsecond within the
    second, and a stamp is later than the one before. So one of another start of ours is met only
    where the clock was set back; the bank says so then, and `skip` leaves it behind. Safe to call
    from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_us = 0
        self._lock = threading.Lock()

    def next(self) -> dict[str, str]:
        now_us = (self._clock.now() - _EPOCH) // _MICROSECOND
        with self._lock:
            self._last_us = max(now_us, self._last_us + 1)
            moment = (_EPOCH + self._last_us * _MICROSECOND).astimezone(SHANGHAI)
        return {
            "txDate": f"{moment:%Y%m%d}",
            "txTime": f"{moment:%H%M%S}",
            "seqNo": f"{moment:%f}",
        }

    def skip(self) -> None:
        with self._lock:
            self._last_us += _SKIPPED


def sealed(signer: Signer, fields: Fields) -> bytes:
    return orjson.dumps({**fields, "sign": signer.sign(signed_text(fields))})


def opened(signer: Signer, content: bytes | str) -> Fields:
    """The fields of a message that the bank has signed. Raises NoAnswer."""
    fields = read_json(content)
    if not _are_texts(fields):
        raise NoAnswer("unreadable", "not a JSON object of texts")
    if not signer.is_from_bank(signed_text(fields), fields.get("sign"), None):
        raise NoAnswer(BAD_SIGNATURE)
    return fields


def signed_text(fields: Fields) -> bytes:
    return "".join(fields[name] for name in sorted(fields) if name != "sign").encode()


def packs(fields: Fields) -> list[Fields]:
    """subPacks: a JSON list within a text. Raises NoAnswer."""
    try:
        listed = orjson.loads(fields.get("subPacks", ""))
    except orjson.JSONDecodeError:
        listed = None
    if not isinstance(listed, list) or not all(map(_are_texts, listed)):
        raise NoAnswer("unreadable", "subPacks is not a list of objects of texts")
    return listed


def _are_texts(read: Any) -> TypeGuard[Fields]:
    return isinstance(read, dict) and all(isinstance(value, str) for value in read.values())
