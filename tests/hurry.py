"""Where a time-out must be short, or over: no test depends on how fast the machine is meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg.rows import tuple_row

T = TypeVar("T")
TRIES = 20


def once_heard(ask: Callable[[], T], wanted: str) -> T:
    """What is told of a Kafka that refuses; `wanted` is a regular expression. Asked again where the
    machine stood still so long that its client, which has little time, could not hear why."""
    for _ in range(TRIES):
        told = ask()
        if re.search(wanted, str(told)):
            break
    return told


class LeapingTime:
    """In place of the module `time`: to sleep takes `leap_s`, and lasts a moment."""

    def __init__(self, leap_s: float) -> None:
        self._leap_s = leap_s
        self._ahead_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead_s

    def sleep(self, _: float) -> None:
        self._ahead_s += self._leap_s


def time_left(connection: psycopg.Connection[Any]) -> str:
    """How long the server lets the transaction be, as it says, once all was done that was asked of
    it before; and from now on that is hardly any longer."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        [[limit]] = cursor.execute("SHOW transaction_timeout").fetchall()
        with suppress(psycopg.Error):  # It may be over at once.
            cursor.execute("SET LOCAL transaction_timeout = 0")
            cursor.execute("SET LOCAL transaction_timeout = '200ms'")
            cursor.execute("SELECT").fetchall()
    return str(limit)


def leaping(monkeypatch: pytest.MonkeyPatch, module: ModuleType, leap_s: float = 20.0) -> None:
    """Each time that it sleeps between two tries, so much of its patience is over."""
    monkeypatch.setattr(module, "time", LeapingTime(leap_s))
