"""`zhuanhu bank-statement show`: a bank's file for people and machines, or why it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.custody.batch_family import records
from tests.adapters.statements.files import CAMT053, CARD, MT940, PERSON, SAMPLES, SECRETS
from tests.services.cli.conftest import Zhuanhu

FILES = {
    "statement.xml": CAMT053["08"].encode(),
    "statement.sta": MT940.encode(),
    "3005-ALEVE0001-20180105": records.aleve(),
    "3005-EVE0001-20180105": records.eve(),
}


@pytest.fixture
def show(zhuanhu: Zhuanhu, tmp_path: Path) -> Zhuanhu:
    """`show(name, content, ...)`: the command on a file of that name."""

    def call(name: str, content: bytes, *words: str) -> object:
        (tmp_path / name).write_bytes(content)
        return zhuanhu("bank-statement", "show", str(tmp_path / name), *words)

    return call  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("name", "form", "amounts"),
    [
        ("statement.xml", "camt053", [1000, -250, 100]),
        ("statement.sta", "mt940", [1000, -250, 100]),
        ("3005-ALEVE0001-20180105", "aleve", [12345]),
        ("3005-EVE0001-20180105", "eve", [-12345]),
    ],
)
def test_each_format_is_told_from_the_file(
    show: Zhuanhu, name: str, form: str, amounts: list[int]
) -> None:
    told = show(name, FILES[name], "--json")
    assert (told.code, told.err) == (0, "")
    assert told.json["format"] == form
    (statement,) = told.json["statements"]
    assert [line["amount_fen"] for line in statement["lines"]] == amounts
    assert {line["booked_on"] for line in statement["lines"]} == {"2018-01-05"}
    people = show(name, FILES[name])
    assert people.code == 0
    assert "lines" in people.out


def test_what_is_wrong_is_told_with_its_place_and_no_value(show: Zhuanhu) -> None:
    spoilt = FILES["statement.xml"].replace(b">108.5<", b">108.51<")
    told = show("statement.xml", spoilt, "--json")
    assert (told.code, told.out) == (2, "")
    assert told.error["code"] == "statement_unreadable"
    assert told.error["field"] == "file"
    assert "/Document/BkToCstmrStmt/Stmt: OPBD and the entries" in told.error["message"]
    assert [each for each in SECRETS if each in told.err] == []


def test_the_wrong_sample_is_refused(zhuanhu: Zhuanhu) -> None:
    told = zhuanhu("bank-statement", "show", str(SAMPLES / "camt053.v2.wrong.xml"))
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("error: file: line 3, /Document/BkToCstmrStmt: ")


def test_currencies_are_allowed_by_name(zhuanhu: Zhuanhu) -> None:
    words = ("bank-statement", "show", str(SAMPLES / "camt053.v2.multi.statement.xml"), "--json")
    assert "must be CNY" in zhuanhu(*words).error["message"]
    assert len(zhuanhu(*words, "--currency", "EUR").json["statements"]) == 2


def test_the_other_choices(show: Zhuanhu) -> None:
    gbk = MT940.encode("gbk")
    assert show("a.sta", gbk, "--json").error["code"] == "statement_unreadable"
    read = show("a.sta", gbk, "--encoding", "gbk", "--json").json
    assert PERSON in read["statements"][0]["lines"][0]["text"]
    assert read["statements"][0]["lines"][0]["account"] == CARD
    eve = show("day", records.eve(), "--format", "eve", "--json")
    assert (eve.code, eve.error["field"]) == (2, "day")
    words = ("--format", "eve", "--day", "2018-01-06", "--money-in", "C", "--json")
    (line,) = show("day", records.eve(), *words).json["statements"][0]["lines"]
    assert (line["booked_on"], line["amount_fen"]) == ("2018-01-06", 12345)


def test_standard_input_and_files_of_no_known_format(zhuanhu: Zhuanhu, show: Zhuanhu) -> None:
    told = zhuanhu("bank-statement", "show", "-", "--json", stdin=MT940)
    assert told.json["format"] == "mt940"
    unknown = show("day", b"hello", "--json")
    assert (unknown.code, unknown.error["hint"]) == (2, "name it with --format")
    missing = zhuanhu("bank-statement", "show", "/nowhere", "--json")
    assert (missing.code, missing.error["code"]) == (2, "unreadable_file")
