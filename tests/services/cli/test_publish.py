"""What a publisher may hand in: one malformed line, and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain import commands as c
from domain.commands import COMMANDS, FROM_OUTSIDE
from services.cli.installation import Installation
from tests.exemplars import ANN, BEN, command
from tests.services.cli.conftest import Zhuanhu

OPEN = {
    "type": "open_platform",
    "id": "open",
    "platform": "demo",
    "actor": "ops",
    "business_date": "2024-01-02",
    "law_table": "none",
}
APPOINT = command(
    c.AppointOperators, id="appoint", platform="demo", operators=(ANN.operator, BEN.operator)
).model_dump(mode="json")
SEED = command(c.SeedReserve, id="seed", platform="demo", seed_id="s1", amount_fen=100).model_dump(
    mode="json"
)
MEMBER = {
    "type": "register_member",
    "id": "member",
    "platform": "demo",
    "actor": "web",
    "member_id": "m1",
    "kind": "person",
    "roles": ["investor"],
    "name": "张三丰",
    "id_no": "990101000000000001",
    "phone": "19900000001",
}
RETURNED = {
    "type": "record_bank_movement",
    "id": "b",
    "platform": "demo",
    "actor": "ops",
    "bank_record": "1",
    "purpose": "bank_interest",
    "account": "m1:investor",
    "amount_fen": 1,
    "bank_date": "2024-01-02",
}


@pytest.fixture(scope="module")
def data(make_folder: Callable[[], Path]) -> Path:
    """A folder whose stack does not run."""
    folder = make_folder()
    folder.mkdir(mode=0o700)
    Installation("demo", "P1").save(folder)
    return folder


def changed(command: dict[str, Any], **changes: object) -> str:
    return json.dumps(command | changes)


@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        ("{", None, "must be JSON"),
        ("[]", None, "must be a JSON object"),
        ("7", None, "must be a JSON object"),
        ('{"type": NaN}', None, "NaN is not a JSON number"),
        (changed(SEED)[:-1] + ', "amount_fen": 5}', None, "stands twice"),
        ("[" * 100_000, None, "must be JSON"),
        (changed(SEED, type="pay_me"), "type", "must name a command"),
        (changed(SEED, type=7), "type", "must name a command"),
        ("{}", "type", "must name a command"),
        (changed(SEED, extra=1), "extra", "not permitted"),
        (changed(SEED, amount_fen=-1), "amount_fen", "greater than 0"),
        (changed(SEED, amount_fen=0), "amount_fen", "greater than 0"),
        (changed(SEED, amount_fen=1.5), "amount_fen", "integer"),
        (changed(SEED, amount_fen=100.0), "amount_fen", "integer"),
        (changed(SEED, amount_fen="100"), "amount_fen", "integer"),
        (changed(SEED, amount_fen=True), "amount_fen", "integer"),
        (changed(SEED, amount_fen=10**16), "amount_fen", "less than or equal"),
        (changed(SEED, seed_id="a b"), "seed_id", "pattern"),
        (changed(SEED, checker=None), "checker", "object"),
        (changed(SEED, maker="ann"), "maker", "object"),
        (changed(SEED, maker=SEED["maker"] | {"signature": "x"}), "maker.signature", "pattern"),
        (changed(APPOINT, operators=APPOINT["operators"][:1]), "operators", "at least 2"),
        (changed(SEED, reason="a\x00b"), "reason", "pattern"),
        (changed(SEED, actor="a\nb"), "actor", "pattern"),
        (changed(OPEN, business_date="2024-02-30"), "business_date", "date"),
        (changed(MEMBER, roles=["king"]), "roles.0", "'investor'"),
        (changed(MEMBER, roles=["reserve"]), "roles.0", "'investor'"),
        (changed(MEMBER, roles=[]), "roles", "at least 1"),
        (changed(RETURNED, purpose="gift"), "type", "made by zhuanhu itself"),
        (changed(RETURNED), "type", "made by zhuanhu itself"),
    ],
)
def test_a_malformed_line_is_named_and_nothing_is_sent(
    zhuanhu: Zhuanhu, data: Path, line: str, field: str | None, rule: str
) -> None:
    told = zhuanhu(
        "publish", "-", "--data", str(data), "--json", stdin=f"{changed(OPEN)}\n\n{line}\n"
    )
    assert (told.code, told.out) == (2, "")
    assert told.error["code"] == "bad_command"
    assert told.error["field"] == field
    assert told.error["message"].startswith("line 3: ")
    assert rule in told.error["message"]
    assert not (data / "pg").exists()


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - FROM_OUTSIDE.keys()))
def test_no_inner_command_is_taken(zhuanhu: Zhuanhu, data: Path, name: str) -> None:
    told = zhuanhu("publish", "-", "--data", str(data), "--json", stdin=changed(OPEN, type=name))
    assert (told.code, told.error["field"]) == (2, "type")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "张三丰" * 40), ("id_no", "99010100000000000x1"), ("phone", "1990000000x")],
)
def test_an_error_never_shows_who_it_is_about(
    zhuanhu: Zhuanhu, data: Path, field: str, value: str
) -> None:
    line = changed(MEMBER, **{field: value})
    told = zhuanhu("publish", "-", "--data", str(data), stdin=line)
    assert told.code == 2
    assert field in told.err
    assert not any(word in told.err for word in ("张三丰", "9901010", "1990000"))


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_file_without_commands_is_an_error(zhuanhu: Zhuanhu, data: Path, text: str) -> None:
    told = zhuanhu("publish", "-", "--data", str(data), "--json", stdin=text)
    assert (told.code, told.error["field"]) == (2, "file")


def test_a_file_that_is_not_there(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("publish", "nowhere.jsonl", "--data", str(data), "--json")
    assert (told.code, told.error["code"]) == (2, "unreadable_file")


def test_each_line_has_its_receipt_in_order(zhuanhu: Zhuanhu, data: Path, tmp_path: Path) -> None:
    lines = [changed(OPEN), changed(APPOINT), changed(SEED), changed(SEED)]
    lines.append(changed(SEED, amount_fen=200))
    file = tmp_path / "commands.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    told = zhuanhu("publish", str(file), "--data", str(data), "--json")
    assert told.code == 1
    assert [(each["outcome"], each["code"], each["replayed"]) for each in told.lines] == [
        ("accepted", None, False),
        ("accepted", None, False),
        ("accepted", None, False),
        ("accepted", None, True),
        ("refused", "command_id_reused", False),
    ]
    first = zhuanhu("command", "show", "open", "--data", str(data), "--json").json
    assert [each["position"] for each in first["events"]] == [1]
    people = zhuanhu("publish", str(file), "--data", str(data))
    assert "accepted  open  events 1 to 1  (decided before)" in people.out
