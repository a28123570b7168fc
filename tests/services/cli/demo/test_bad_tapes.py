"""A tape that is not one: what is wrong is named by line, field and rule, and nothing is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services.cli.conftest import Zhuanhu
from tests.services.cli.demo.tapes import HEADER, a_line, tape

Refused = Callable[..., None]


@pytest.fixture
def refused(zhuanhu: Zhuanhu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Plays the tape, which is refused because of that field, in these words."""
    data = tmp_path / "data"
    monkeypatch.setenv("ZHUANHU_DATA_DIR", str(data))

    def play(path: Path, field: str, *words: str) -> None:
        answer = zhuanhu("demo", "--tape", str(path), "--json=-")
        assert (answer.code, answer.out) == (2, "")
        assert answer.error["field"] == field
        assert all(word in answer.error["message"] for word in words), answer.error["message"]
        assert not data.exists()

    return play


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"loan_amount": "-100"}, "loan_amount", "above zero"),
        ({"loan_amount": "0"}, "loan_amount", "above zero"),
        ({"loan_amount": "100.001"}, "loan_amount", "two decimals"),
        ({"loan_amount": "1e3"}, "loan_amount", "yuan in digits"),
        ({"installment": "9.999"}, "installment", "two decimals"),
        ({"balance": ""}, "balance", "yuan in digits"),
        ({"interest_rate": "-1"}, "interest_rate", "must match"),
        ({"interest_rate": "100"}, "interest_rate", "must match"),
        ({"term": "0"}, "term", "from 1 to"),
        ({"term": "1.5"}, "term", "must match"),
        ({"grade": "H"}, "grade", "must match"),
        ({"loan_status": "Lost"}, "loan_status", "must be one of Current"),
        ({"issue_month": "Mrz-2018"}, "issue_month", "must be Mon-YYYY"),
        ({"issue_month": "Mar-18"}, "issue_month", "must be Mon-YYYY"),
        ({"loan_purpose": ""}, "loan_purpose", "must match"),
        ({"loan_id": "T01"}, "loan_id", "twice"),
        ({"loan_id": "T 3"}, "loan_id", "must match"),
    ],
)
def test_a_line_outside_the_rules_is_named(
    refused: Refused, tmp_path: Path, changes: dict[str, str], field: str, rule: str
) -> None:
    path = tape(tmp_path, a_line(1), a_line(2), a_line(3, **changes))
    refused(path, field, "line 4", field, rule)


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        (HEADER.replace(",grade", "") + "\n", "grade", ["line 1", "column is missing"]),
        ("", "loan_id", ["line 1", "column is missing"]),
        (HEADER + "\n", "tape", ["holds no loan"]),
        (f"{HEADER}\n{a_line(1)}\nT02,1000\n", "line", ["line 3", "number of fields"]),
        (f"{HEADER}\n{a_line(1)},9\n", "line", ["line 2", "number of fields"]),
        (f'{HEADER}\n"{a_line(1)}\n', "tape", ["not CSV"]),
    ],
)
def test_a_file_that_is_no_tape_is_named(
    refused: Refused, tmp_path: Path, text: str, field: str, words: list[str]
) -> None:
    path = tmp_path / "tape.csv"
    path.write_text(text, encoding="utf-8")
    refused(path, field, *words)


def test_a_tape_in_another_encoding_is_named(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "tape.csv"
    path.write_bytes(f"{HEADER}\n{a_line(1)}\n".encode() + "T02,\u8f66".encode("gbk"))
    refused(path, "tape", "UTF-8")


def test_a_tape_that_is_not_there_is_named(refused: Refused, tmp_path: Path) -> None:
    refused(tmp_path / "nothing.csv", "tape", "does not exist")
