"""The press: chains what the pen wrote, and stores it (入账).

Press          here, in the thread that calls
PressProcess   in a process of its own, so that the writer's has its core for deciding
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, NamedTuple, Protocol

import msgspec

from adapters.chaining import Chain
from adapters.event_log import AppendUnknown, Batch, WriterFenced, open_recorder
from domain.model import InvariantBroken
from infra.postgres import PostgresUnavailable


class PressFailed(RuntimeError):
    """The process that stores met what nobody expects: a bug. Named by its kind alone."""


class Storing(Protocol):
    def store(self, batch: Batch, prev: bytes) -> bytes:
        """In one transaction; `prev` is the hash of the last event stored. Gives the new last one.

        Raises AppendUnknown, PostgresUnavailable, WriterFenced; InvariantBroken for an event that
        could not be read again."""

    def close(self) -> None: ...


class Press:
    def __init__(self, url: str, platform: str) -> None:
        self._recorder = open_recorder(url, platform)

    def store(self, batch: Batch, prev: bytes) -> bytes:
        chain = Chain(batch.before.position, prev)
        self._recorder.insert_events([], batch=batch, chain=chain)
        return chain.hash

    def close(self) -> None:
        self._recorder.datastore.close()


# -- in a process of its own --------------------------------------------------------------


class _Job(NamedTuple):
    batch: Batch
    prev: bytes


class _Outcome(NamedTuple):
    hash: bytes = b""
    error: str = ""  # A name in _ERRORS.
    told: Sequence[str] = ()


_ERRORS: dict[str, type[Exception]] = {
    error.__name__: error
    for error in (AppendUnknown, PostgresUnavailable, WriterFenced, InvariantBroken, PressFailed)
}
STOP_TIMEOUT_S = 10
_LENGTH_BYTES = 8
_write = msgspec.msgpack.Encoder().encode
_read_place = msgspec.msgpack.Decoder(tuple[str, str]).decode
_read_job = msgspec.msgpack.Decoder(_Job).decode
_read_outcome = msgspec.msgpack.Decoder(_Outcome).decode


class PressProcess:
    """It is started with the first batch, and anew where it was lost."""

    def __init__(self, url: str, platform: str) -> None:
        self._place = (url, platform)
        self._process: subprocess.Popen[bytes] | None = None

    def store(self, batch: Batch, prev: bytes) -> bytes:
        try:
            outcome = self._ask(_Job(batch, prev))
        except OSError as error:
            self._end(0)
            raise AppendUnknown("the process that stores was lost") from error
        except BaseException:
            self._end(0)  # Its answer would be taken for that to the next batch.
            raise
        if outcome.error:
            raise _ERRORS[outcome.error](*outcome.told)
        return outcome.hash

    def close(self) -> None:
        self._end(STOP_TIMEOUT_S)

    def _end(self, patience_s: float) -> None:
        """What it has begun it ends, as long as we are patient."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=patience_s)  # Closes its input: nothing more comes.
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def _ask(self, job: _Job) -> _Outcome:
        """Raises OSError where the process is gone."""
        process = self._process or self._start()
        to, back = _ends(process)
        _send(to, _write(job))
        answer = _receive(back)
        if answer is None:
            raise BrokenPipeError
        return _read_outcome(answer)

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            (sys.executable, "-m", "services.settlement.press"),
            stdin=subprocess.PIPE,  # It closes when we are gone, however.
            stdout=subprocess.PIPE,
            start_new_session=True,  # A Ctrl-C is for us: a batch is finished before it ends.
        )
        _send(_ends(self._process)[0], _write(self._place))
        return self._process


def _ends(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise BrokenPipeError
    return process.stdin, process.stdout


def _send(to: IO[bytes], message: bytes) -> None:
    to.write(len(message).to_bytes(_LENGTH_BYTES))
    to.write(message)
    to.flush()


def _receive(back: IO[bytes]) -> bytes | None:
    """None at the end, also where it comes in the middle of a message."""
    length = int.from_bytes(back.read(_LENGTH_BYTES))
    message = back.read(length)
    return message if message and len(message) == length else None


def _serve(come: IO[bytes], answers: IO[bytes]) -> None:
    place = _receive(come)
    if place is None:
        return
    gc.disable()  # Nothing in here makes a cycle, and looking for one takes a tenth.
    press: Press | None = None
    while (message := _receive(come)) is not None:
        batch, prev = _read_job(message)
        try:
            press = press or Press(*_read_place(place))
            outcome = _Outcome(press.store(batch, prev))
        except tuple(_ERRORS.values()) as error:
            outcome = _Outcome(error=type(error).__name__, told=error.args)
        except Exception as error:  # noqa: BLE001 - the writer stops, and says it.
            outcome = _Outcome(error=PressFailed.__name__, told=(type(error).__name__,))
        _send(answers, _write(outcome))
    if press is not None:
        press.close()


if __name__ == "__main__":
    to_writer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Whatever is printed is no answer.
    _serve(sys.stdin.buffer, to_writer)
