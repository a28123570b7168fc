"""What could not be read is listed, shown, tried again and decided about."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.event_log import prepare_shard
from domain import commands as c
from domain.accounts import Role
from infra.clock import SystemClock
from services.cli.installation import Installation
from services.settlement.pen import Delivery, Unread
from services.settlement.writer import Writer
from tests.exemplars import ID_NO, NAME, PHONE, TODAY, command
from tests.services.cli.conftest import Zhuanhu

TOPIC = "zhuanhu.p1.commands"
REGISTRATION = command(
    c.RegisterMember,
    member_id="m1",
    kind="person",
    roles=(Role.INVESTOR,),
    name=NAME,
    id_no=ID_NO,
    phone=PHONE,
)
OPENING = command(c.OpenPlatform, business_date=TODAY, law_table="none")
MESSAGES = (b'{"phone": "' + PHONE.encode(), OPENING.model_dump_json().encode(), b"\xff")


@pytest.fixture
def data(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three parked messages; the second is one that this version can read."""
    monkeypatch.setenv("DATABASE_URL", database)
    installation = Installation("p1", "P1")
    installation.save(tmp_path)
    prepare_shard(database, "p1")
    unread = [Unread(TOPIC, n, message, "no reason") for n, message in enumerate(MESSAGES)]
    with closing(Writer(database, "p1", installation.seal(tmp_path), SystemClock())) as writer:
        writer.run([Delivery([], unread=unread, offset=3)])
    return tmp_path


def parked(zhuanhu: Zhuanhu, data: Path, *words: str) -> Any:
    return zhuanhu("parked", *words, "--data", str(data), "--json")


def test_a_list_tells_where_and_why_and_only_show_tells_what(zhuanhu: Zhuanhu, data: Path) -> None:
    told = parked(zhuanhu, data, "list")
    assert [(each["source"], each["place"]) for each in told.json["parked"]] == [
        (TOPIC, place) for place in range(3)
    ]
    assert PHONE not in told.out
    first = told.json["parked"][0]["id"]
    assert PHONE in parked(zhuanhu, data, "show", str(first)).json["message"]


def test_what_can_be_read_by_now_is_decided(zhuanhu: Zhuanhu, data: Path) -> None:
    assert parked(zhuanhu, data, "retry", "2", "--by", "ops").json["outcome"] == "accepted"
    again = parked(zhuanhu, data, "retry", "2", "--by", "ops")
    assert (again.code, again.error["field"]) == (2, "id")
    assert [each["id"] for each in parked(zhuanhu, data, "list").json["parked"]] == [1, 3]


def test_what_cannot_be_read_stays(zhuanhu: Zhuanhu, data: Path) -> None:
    told = parked(zhuanhu, data, "retry", "1", "--by", "ops")
    assert (told.code, told.error["code"]) == (2, "bad_command")
    assert PHONE not in told.err
    assert len(parked(zhuanhu, data, "list").json["parked"]) == 3


def test_what_is_no_text_is_not_made_into_another_command(
    zhuanhu: Zhuanhu, data: Path, database: str
) -> None:
    """By a mark in the place of what nobody knows: the name would be another name."""
    installation = Installation.load(data)
    message = REGISTRATION.model_dump_json().encode().replace(NAME.encode(), b"\xcd\xf5")
    unread = [Unread(TOPIC, 3, message, "no reason")]
    with closing(Writer(database, "p1", installation.seal(data), SystemClock())) as writer:
        writer.run([Delivery([], unread=unread, offset=4)])
    told = parked(zhuanhu, data, "retry", "4", "--by", "ops")
    assert (told.code, told.error["code"]) == (2, "bad_command")
    assert "UTF-8" in told.error["message"]
    assert len(parked(zhuanhu, data, "list").json["parked"]) == 4


def test_to_discard_needs_a_reason_and_is_on_record(zhuanhu: Zhuanhu, data: Path) -> None:
    bare = parked(zhuanhu, data, "discard", "1", "--by", "ops", "--reason", " ")
    assert (bare.code, bare.error["field"]) == (2, "reason")
    parked(zhuanhu, data, "discard", "1", "--by", "ops", "--reason", "a test's")
    [ended] = [e for e in parked(zhuanhu, data, "list", "--all").json["parked"] if e["ended_by"]]
    assert (ended["state"], ended["ended_by"], ended["note"]) == ("discarded", "ops", "a test's")


@pytest.mark.parametrize("words", [("retry", "2"), ("discard", "1", "--reason", "a test's")])
def test_whoever_decides_says_who_he_is(
    zhuanhu: Zhuanhu, data: Path, words: tuple[str, ...]
) -> None:
    nobody = parked(zhuanhu, data, *words, "--by", " ")
    assert (nobody.code, nobody.error["field"]) == (2, "by")
    assert len(parked(zhuanhu, data, "list").json["parked"]) == 3


def test_people_read_each_reason_in_a_line(zhuanhu: Zhuanhu, data: Path) -> None:
    """On a screen of 80 columns, where they see nothing of what nobody has done yet."""
    told = zhuanhu("parked", "list", "--data", str(data))
    assert [line.count("no reason") for line in told.out.splitlines()[-4:-1]] == [1, 1, 1]
    assert f"{TOPIC}:0" in told.out
    assert "note" not in told.out
    parked(zhuanhu, data, "discard", "1", "--by", "ops", "--reason", "a test's")
    ended = zhuanhu("parked", "list", "--all", "--data", str(data))
    assert "discarded" in ended.out


def test_an_id_that_nothing_has(zhuanhu: Zhuanhu, data: Path) -> None:
    told = parked(zhuanhu, data, "show", "9")
    assert (told.code, told.error["code"], told.error["field"]) == (2, "not_found", "id")
