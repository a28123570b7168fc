"""Ways to make an append fail at a chosen moment. What fails is real: the rows, the transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.event_log import AppendUnknown, ShardRecorder
from infra.postgres import connect

BEFORE_COMMIT = "_advance"  # The last thing inside the transaction, but for the notice of it.
AFTER_COMMIT = "insert_events"
BEFORE_BEGIN = AFTER_COMMIT  # For `before`.


class Broken(Exception):
    """Raised by a test inside the machinery."""


def after(
    monkeypatch: pytest.MonkeyPatch, step: str, then: Callable[[Any], None], times: int = 1
) -> None:
    """Do the real step, then `then(its first argument)` as well, the first `times` times."""
    real = getattr(ShardRecorder, step)
    left = [times]

    def stepped(self: ShardRecorder, *args: Any, **kwargs: Any) -> Any:
        result = real(self, *args, **kwargs)
        if left[0]:
            left[0] -= 1
            then(args[0])
        return result

    monkeypatch.setattr(ShardRecorder, step, stepped)


def before(monkeypatch: pytest.MonkeyPatch, step: str, then: Callable[[], None]) -> None:
    """Do `then()`, the first time, and then the real step."""
    real = getattr(ShardRecorder, step)
    waiting = [then]

    def stepped(self: ShardRecorder, *args: Any, **kwargs: Any) -> Any:
        if waiting:
            waiting.pop()()
        return real(self, *args, **kwargs)

    monkeypatch.setattr(ShardRecorder, step, stepped)


def end_session(url: str) -> Callable[[Any], None]:
    """The server ends the session of the cursor or connection, in the middle of a transaction."""

    def end(cursor: Any) -> None:
        with connect(url, autocommit=True) as other:
            session = getattr(cursor, "connection", cursor)
            pid = session.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))

    return end


def lose_answer(_: Any) -> None:
    raise AppendUnknown("the connection broke while committing")


def break_down(_: Any) -> None:
    raise Broken
