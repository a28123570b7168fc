"""Errands between two processes: answered, failed, or left undone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from services.cli.errands import Errands
from services.cli.failure import CliError


@pytest.fixture
def errands(database: str) -> Iterator[Errands]:
    with closing(Errands(database, "demo")) as opened:
        yield opened


@pytest.fixture
def stack(database: str) -> Iterator[Errands]:
    """The side that runs."""
    with closing(Errands(database, "demo")) as opened:
        yield opened


def ask(errands: Errands, told: list[object], kind: str) -> threading.Thread:
    def run() -> None:
        try:
            told.append(errands.ask(kind, {"day": "2024-01-02"}, lambda: True))
        except CliError as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_it_is_done_once_and_answered(errands: Errands, stack: Errands) -> None:
    told: list[object] = []
    thread = ask(errands, told, "reconcile")
    while (errand := stack.next()) is None:
        pass
    assert (errand.kind, errand.argument) == ("reconcile", {"day": "2024-01-02"})
    stack.done(errand, {"verdict": "reconciled"})
    thread.join()
    assert told == [{"verdict": "reconciled"}]
    assert stack.next() is None


def test_a_failure_arrives_as_it_was_raised(errands: Errands, stack: Errands) -> None:
    told: list[object] = []
    thread = ask(errands, told, "day-end")
    while (errand := stack.next()) is None:
        pass
    stack.failed(errand, CliError("bank_silent", "no answer", "day", "wait", exit_code=1))
    thread.join()
    (error,) = told
    assert isinstance(error, CliError)
    assert vars(error) == {
        "code": "bank_silent",
        "message": "no answer",
        "field": "day",
        "hint": "wait",
        "exit_code": 1,
    }


def test_a_stack_that_is_gone_answers_nothing_and_nothing_is_left(
    errands: Errands, stack: Errands
) -> None:
    with pytest.raises(CliError) as raised:
        errands.ask("reconcile", {}, lambda: False)
    assert raised.value.code == "stack_stopped"
    assert stack.next() is None


def test_a_stack_that_starts_does_not_do_what_was_asked_of_the_one_before(
    errands: Errands, stack: Errands
) -> None:
    told: list[object] = []
    thread = ask(errands, told, "day-end")
    while stack.next() is None:
        pass
    stack.forget()
    thread.join()
    (error,) = told
    assert isinstance(error, CliError)
    assert error.code == "stack_stopped"
