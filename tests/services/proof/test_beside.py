"""A part of the work in a process of its own: its answer, or an error, and nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
from functools import partial

import pytest

from services.proof.beside import WorkLost, beside


def test_the_answer_comes_from_another_process() -> None:
    with beside(os.getpid) as answer:
        assert answer() != os.getpid()
    assert multiprocessing.active_children() == []


def test_a_process_that_dies_is_an_error() -> None:
    with (
        beside(lambda: os.kill(os.getpid(), signal.SIGKILL)) as answer,
        pytest.raises(WorkLost, match="exit code -9"),
    ):
        answer()


def test_work_that_raises_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with beside(lambda: 1 // 0) as answer, pytest.raises(WorkLost, match="exit code 1"):
        answer()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_nothing_outlives_an_error_of_the_first_process() -> None:
    with pytest.raises(LookupError), beside(signal.pause):
        raise LookupError
    assert multiprocessing.active_children() == []


def test_an_interrupt_from_the_terminal_is_the_first_processs_to_say() -> None:
    with beside(partial(signal.getsignal, signal.SIGINT)) as answer:
        assert answer() is signal.SIG_IGN
