"""A second process for a part of the work, so that two cores have some each."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

T = TypeVar("T")


class WorkLost(RuntimeError):
    """The second process ended without an answer. Why stands on standard error, if it could say."""


@contextmanager
def beside(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Begins `work` in a process of its own and gives what waits for its answer.

    Nothing of that process outlives the block. Its answer is pickled. Waiting raises WorkLost where
    the process died or `work` raised.
    """
    context = get_context("fork")  # It starts at once, and no module needs to be read again.
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(work, sender), daemon=True)
    process.start()
    sender.close()  # The end of the process is then the end of the pipe.

    def result() -> T:
        try:
            answer: T = receiver.recv()
        except EOFError:
            process.join()
            raise WorkLost(f"exit code {process.exitcode}") from None
        return answer

    try:
        yield result
    finally:
        process.kill()
        process.join()
        process.close()
        receiver.close()


def _answer(work: Callable[[], T], sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The first process ends this one.
    sender.send(work())
