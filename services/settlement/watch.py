"""What a writer lets be seen of its work: once a batch, so that it costs next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from adapters.commanding import Receipt


class Watch(Protocol):
    """`appending` is entered in the thread that stores a batch, the others in the writer's."""

    def deciding(self) -> AbstractContextManager[object]:
        """Entered for as long as a batch is decided: once more where that has to be repeated."""

    def appending(self) -> AbstractContextManager[object]:
        """Entered for as long as a batch is stored, whatever comes of it."""

    def landed(self, answers: Sequence[Receipt], parked: int) -> None:
        """A batch is known to be stored: what came of its commands, and how many messages were
        parked. Once for each batch."""


class Unwatched:
    def deciding(self) -> AbstractContextManager[object]:
        return nullcontext()

    def appending(self) -> AbstractContextManager[object]:
        return nullcontext()

    def landed(self, answers: Sequence[Receipt], parked: int) -> None:
        pass


UNWATCHED = Unwatched()
