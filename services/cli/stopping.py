"""How a process that goes on for ever is told to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Set by Ctrl-C or SIGTERM: a step is always finished. Asked twice, it stops at once."""
    told = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        told.set()
        signal.signal(number, before[number])

    before: dict[int, Any] = {
        number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
