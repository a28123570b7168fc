"""What states are changed with."""

from __future__ import annotations

from domain.model import without


def test_without_copies_and_takes_one_out() -> None:
    mapping = {"a": 1, "b": 2}
    assert without(mapping, "a") == {"b": 2}
    assert without(mapping, "c") == mapping == {"a": 1, "b": 2}
