"""A tape as a book, whole or in part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from services.cli.demo.book import Habit
from services.cli.demo.tape import tape_book
from services.cli.errors import CliError
from tests.services.cli.demo.tapes import BOOK, tape


def habits(path: Path, wanted: int | None) -> Counter[Habit]:
    book, recorded = tape_book(path, 12, None, wanted)
    assert {loan.loan_id for loan in book.loans} == {each.loan_id for each in recorded}
    return Counter(loan.habit for loan in book.loans)


def test_a_part_of_a_tape_has_the_same_part_of_each_way_of_paying(tmp_path: Path) -> None:
    path = tape(tmp_path, *BOOK)
    whole = habits(path, None)
    assert whole.total() == 40
    assert whole == habits(path, 40)
    half = habits(path, 20)
    assert half.total() == 20
    assert all(abs(2 * half[habit] - loans) <= 1 for habit, loans in whole.items())
    assert habits(path, 1).total() == 1


def test_more_than_the_tape_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CliError) as refused:
        tape_book(tape(tmp_path, *BOOK), 12, None, 41)
    assert (refused.value.field, refused.value.exit_code) == ("loans", 2)
