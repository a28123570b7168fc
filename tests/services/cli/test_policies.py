"""Policy files on the command line: what comes with zhuanhu, and what is published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.policies import PolicyFileUnusable, parse
from domain.policy import PolicyTerms
from services.cli.installation import Installation
from tests.services.cli.conftest import Zhuanhu

OPEN = {
    "type": "open_platform",
    "id": "open",
    "platform": "demo",
    "actor": "ops",
    "business_date": "2016-09-01",
    "law_table": "cn-p2p",
}
VERSION: dict[str, object] = {
    "version": "o-1",
    "valid_from": "2016-09-01",
    "scope": "principal",
}
LATER: dict[str, object] = {"version": "o-2", "valid_from": "2017-01-01"}
FILE: dict[str, object] = {
    "title": "Ours",
    "promise": "Principal.",
    "law_table": "cn-p2p",
    "versions": [VERSION],
}


@pytest.fixture(scope="module")
def data(make_folder: Callable[[], Path]) -> Path:
    folder = make_folder()
    folder.mkdir(mode=0o700)
    Installation("demo", "P1").save(folder)
    return folder


def test_what_comes_with_zhuanhu(zhuanhu: Zhuanhu) -> None:
    rows = zhuanhu("policy", "list", "--json").json["policies"]
    assert {"name": "renrendai", "version": "rrd-2", "valid_from": "2019-11-30"}.items() <= next(
        row for row in rows if row["version"] == "rrd-2"
    ).items()
    shown = zhuanhu("policy", "show", "renrendai", "--json").json
    before, after = shown["versions"]
    assert (before["scope"], before["covers"], after["scope"]) == (
        "principal",
        "remaining-principal",
        "none",
    )
    assert before.keys() == PolicyTerms.model_fields.keys()
    assert (before["providers"], before["stages"], before["acceleration"]) == (
        ["reserve"],
        [],
        None,
    )
    assert "风险备用金" in zhuanhu("policy", "show", "renrendai").out


def test_published_once_whatever_comes_again(zhuanhu: Zhuanhu, data: Path) -> None:
    there = ("--data", str(data), "--json")
    assert zhuanhu("publish", "-", *there, stdin=json.dumps(OPEN)).code == 0
    over = zhuanhu("policy", "publish", "zhubaoedai", "--version", "zhubaoedai-1", *there)
    assert (over.code, over.lines[0]["code"]) == (1, "policy_in_past")
    for _ in range(2):
        assert zhuanhu("policy", "publish", "yirendai", "--version", "yirendai-1", *there).code == 0
    later = ("--version", "yirendai-2", "--valid-from", "2016-10-01")
    assert zhuanhu("policy", "publish", "yirendai", *later, *there).code == 0
    published = zhuanhu("policy", "list", "--published", *there).json["policies"]
    assert [(row["version"], row["valid_from"], row["fund"]) for row in published] == [
        ("yirendai-1", "2014-01-01", "风险备用金"),
        ("yirendai-2", "2016-10-01", "质保服务专款"),
    ]
    again = zhuanhu("policy", "publish", "-", *there, stdin=json.dumps(FILE))
    assert (again.code, again.lines[0]["code"]) == (1, "policy_overlaps")
    assert zhuanhu("reserve", "show", *there).json["fund"] == "风险备用金"


def test_a_file_that_was_refused_is_put_right_and_published(zhuanhu: Zhuanhu, data: Path) -> None:
    """Under the same name and first day, and also where it was the book that changed meanwhile."""
    there = ("--data", str(data), "--json")
    version: dict[str, object] = {"version": "later", "valid_from": "2030-01-01"}

    def publish(**changes: object) -> Any:
        file = FILE | {"versions": [version | changes]}
        told = zhuanhu("policy", "publish", "-", *there, stdin=json.dumps(file))
        [line] = told.lines
        return line["outcome"], line["code"], line["replayed"]

    assert publish(providers=["platform"]) == ("refused", "policy_unlawful", False)
    assert publish(providers=["platform"]) == ("refused", "policy_unlawful", False)
    assert publish() == ("accepted", None, False)
    assert publish() == ("accepted", None, True)
    assert publish(scope="none") == ("refused", "policy_version_taken", False)


def test_people_are_told_what_changes_for_the_reserve_of_older_loans(
    zhuanhu: Zhuanhu, data: Path
) -> None:
    """A version that promises nothing sets its rules too, by its defaults."""
    days = {"version": "daily", "valid_from": "2031-01-01", "bucket": "day", "cap": "6"}
    over = {"version": "over", "valid_from": "2031-02-01", "scope": "none"}
    file = json.dumps(FILE | {"versions": [days, over]})
    told = zhuanhu("policy", "publish", "-", "--data", str(data), stdin=file)
    assert told.code == 0
    assert told.out.splitlines()[-1] == (
        "from 2031-02-01 the reserve goes by over, for the claims of older loans too:"
        " bucket day -> month, cap 6 -> 10"
    )
    again = zhuanhu("policy", "publish", "-", "--data", str(data), "--json", stdin=file)
    assert len(again.lines) == 2


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("show", "nobody"), "name"),
        (("publish", "renrendai", "--version", "x"), "version"),
        (("publish", "renrendai", "--valid-from", "2018-01-01"), "valid_from"),
        (
            ("publish", "renrendai", "--version", "rrd-1", "--valid-from", "2019-11-30"),
            "valid_from",
        ),
        (("list", "--as-of", "3"), "as_of"),
    ],
)
def test_bad_words(zhuanhu: Zhuanhu, words: tuple[str, ...], field: str) -> None:
    told = zhuanhu("policy", *words, "--json")
    assert (told.code, told.error["field"]) == (2, field)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"law_table": "mars"}, "law_table"),
        ({"versions": []}, "versions"),
        ({"versions": [VERSION, VERSION]}, "versions"),
        ({"versions": [VERSION, LATER | {"version": "o-1"}]}, "versions: o-1 stands twice"),
        ({"versions": [VERSION | {"valid_until": "2016-12-30"}, LATER]}, "start on 2016-12-31"),
        ({"versions": [VERSION | {"valid_until": "2017-01-01"}, LATER]}, "start on 2017-01-02"),
        (
            {"versions": [VERSION, LATER | {"contribution_by_grade": {"A": "1"}}]},
            "o-2, grade A: 1 % out of a fee of 0 %",
        ),
        ({"versions": [{"version": "o-1"}]}, "valid_from"),
        ({"versions": [VERSION | {"cap": 10}]}, "cap"),
        ({"versions": [VERSION | {"stages": [{"day": 1}]}]}, "stages"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_bad_file_names_its_place(changes: dict[str, object], place: str) -> None:
    with pytest.raises(PolicyFileUnusable, match=place):
        parse(json.dumps(FILE | changes))
