"""Where a time-out must be short, or over: no test depends on how fast the machine is meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

import pytest

T = TypeVar("T")
TRIES = 20
UNHEARD = "no answer in time"


def once_heard(ask: Callable[[], T]) -> T:
    """What is told of a Kafka that refuses. Asked again where the machine stood still so long that
    its client, which has little time, had not heard of the refusal."""
    for _ in range(TRIES):
        told = ask()
        if UNHEARD not in str(told):
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


def leaping(monkeypatch: pytest.MonkeyPatch, module: ModuleType, leap_s: float = 20.0) -> None:
    """Each time that it sleeps between two tries, so much of its patience is over."""
    monkeypatch.setattr(module, "time", LeapingTime(leap_s))
