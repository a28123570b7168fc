"""States are changed by copying: all else stays, and the state before stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.loan import Loan, Status
from domain.model import changed, without


def test_it_is_what_the_standard_librarys_replace_gives() -> None:
    loan = Loan(grade="A", reserved_fen=7)
    after = changed(loan, status=Status.RATED, reserved_fen=8)
    assert after == replace(loan, status=Status.RATED, reserved_fen=8)
    assert loan == Loan(grade="A", reserved_fen=7)


def test_a_field_that_is_not_there_is_a_bug() -> None:
    with pytest.raises(TypeError, match="graed"):
        changed(Loan(), graed="A")


def test_without_copies_and_takes_one_out() -> None:
    mapping = {"a": 1, "b": 2}
    assert without(mapping, "a") == {"b": 2}
    assert without(mapping, "c") == mapping == {"a": 1, "b": 2}
