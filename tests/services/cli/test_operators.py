"""Two people on two machines: each has a key, signs a file, and hands it on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from services.cli.installation import Installation
from tests.services.cli.conftest import Answer, Zhuanhu

OPEN = {
    "type": "open_platform",
    "id": "open",
    "platform": "demo",
    "actor": "ops",
    "business_date": "2024-01-02",
    "law_table": "none",
}
SEED = {
    "type": "seed_reserve",
    "id": "seed",
    "platform": "demo",
    "actor": "ops",
    "seed_id": "s1",
    "amount_fen": 100,
    "reason": "种子资金",
}
BACKDATED = {
    "type": "repay_loan",
    "id": "pay",
    "platform": "demo",
    "actor": "ops",
    "payment_id": "p1",
    "loan_id": "L1",
    "amount_fen": 1,
    "maker": None,  # As some publishers write what is not there.
    "checker": None,
}


class People:
    """Each with a key of his own."""

    def __init__(self, zhuanhu: Zhuanhu, folder: Path) -> None:
        self._zhuanhu, self._folder = zhuanhu, folder
        self.public: dict[str, str] = {}
        for name in ("ann", "ben", "cui"):
            told = zhuanhu("operator", "keygen", self.key(name), "--json")
            assert (told.code, told.json["file"]) == (0, self.key(name))
            self.public[name] = told.json["public_key"]

    def key(self, name: str) -> str:
        return str(self._folder / f"{name}.pem")

    def sign(self, name: str, part: str, text: str) -> Answer:
        words = ("--key", self.key(name), "--operator", name, "--as", part, "--json")
        return self._zhuanhu("sign", "-", *words, stdin=text)

    def by_two(self, text: str, maker: str = "ann", checker: str = "ben") -> str:
        for name, part in ((maker, "maker"), (checker, "checker")):
            told = self.sign(name, part, text)
            assert (told.code, told.err) == (0, "")
            text = told.out
        return text


@pytest.fixture
def people(zhuanhu: Zhuanhu, tmp_path: Path) -> People:
    return People(zhuanhu, tmp_path)


@pytest.fixture
def data(make_folder: Callable[[], Path]) -> Path:
    """A folder whose stack does not run."""
    folder = make_folder()
    folder.mkdir(mode=0o700)
    Installation("demo", "P1").save(folder)
    return folder


def test_from_the_first_keys_to_money_and_back(
    zhuanhu: Zhuanhu, people: People, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHUANHU_PLATFORM", "demo")
    first = [f"{name}={people.public[name]}" for name in ("ann", "ben")]
    appoint = zhuanhu("operator", "appoint", *first, "--json").out
    cui = ("cui", "--public-key", people.public["cui"], "--json")
    register = zhuanhu("operator", "register", *cui).out
    retire = zhuanhu("operator", "retire", "ann", "--json").out
    lines = json.dumps(OPEN) + "\n" + people.by_two(appoint + json.dumps(SEED) + "\n" + register)
    lines += people.by_two(retire, "ben", "cui")
    told = zhuanhu("publish", "-", "--data", str(data), "--json", stdin=lines)
    assert [(each["outcome"], each["code"]) for each in told.lines] == [("accepted", None)] * 5

    listed = zhuanhu("operator", "list", "--data", str(data), "--json").json["operators"]
    assert [(each["operator_id"], each["retired"]) for each in listed] == [
        ("ann", True),
        ("ben", False),
        ("cui", False),
    ]
    assert {each["operator_id"]: each["public_key"] for each in listed} == people.public
    assert {each["registered_on"] for each in listed} == {"2024-01-02"}
    before = zhuanhu("operator", "list", "--as-of", "5", "--data", str(data), "--json").json
    assert [each["operator_id"] for each in before["operators"]] == ["ann", "ben"]
    assert zhuanhu("operator", "list", "--data", str(data)).code == 0
    proof = zhuanhu("verify", "--data", str(data), "--json").json
    [check] = [each for each in proof["checks"] if each["name"] == "two_people"]
    assert (check["ok"], check["looked_at"]) == (True, {"approvals": 4, "by_hand": 6})


def test_a_private_key_is_its_owners_alone(zhuanhu: Zhuanhu, people: People) -> None:
    path = Path(people.key("ann"))
    assert path.stat().st_mode & 0o777 == 0o600
    pem = path.read_bytes()
    told = zhuanhu("operator", "keygen", str(path), "--json")
    assert (told.code, told.out, told.error["field"]) == (2, "", "file")
    assert path.read_bytes() == pem
    path.chmod(0o640)
    told = people.sign("ann", "maker", json.dumps(SEED))
    assert (told.code, told.out, told.error["field"]) == (2, "", "key")
    assert "others may read it" in told.error["message"]


def test_a_file_is_signed_line_by_line_and_stays_what_it_was(people: People) -> None:
    signed = people.by_two(f"{json.dumps(SEED)}\n\n{json.dumps(BACKDATED)}\n")
    read = [json.loads(line) for line in signed.splitlines()]
    assert [{**each, "maker": 0, "checker": 0} for each in read] == [
        {**each, "maker": 0, "checker": 0} for each in (SEED, BACKDATED)
    ]
    assert [each["maker"]["operator_id"] for each in read] == ["ann", "ann"]
    assert [each["checker"]["operator_id"] for each in read] == ["ben", "ben"]


def test_who_signs_sees_what(zhuanhu: Zhuanhu, people: People) -> None:
    words = ("--key", people.key("ann"), "--operator", "ann", "--as", "maker")
    told = zhuanhu("sign", "-", *words, stdin=json.dumps(SEED))
    assert told.code == 0
    assert json.loads(told.out)["amount_fen"] == 100
    assert told.err.startswith('signed as maker: {"actor":"ops","amount_fen":100,')


@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        (OPEN, "type", "is not signed by two people"),
        (SEED | {"amount_fen": 0}, "amount_fen", "greater than 0"),
        (SEED | {"type": "settle_entry"}, "type", "made by zhuanhu itself"),
        (SEED | {"checker": {"operator_id": "ben"}}, "checker.signature", "required"),
    ],
    ids=["no signature wanted", "bad amount", "not from outside", "half a signature"],
)
def test_a_line_that_cannot_be_signed_is_named(
    people: People, line: dict[str, object], field: str, rule: str
) -> None:
    told = people.sign("ann", "maker", f"{json.dumps(SEED)}\n{json.dumps(line)}\n")
    assert (told.code, told.out) == (2, "")
    assert (told.error["code"], told.error["field"]) == ("bad_command", field)
    assert told.error["message"].startswith("line 2: ")
    assert rule in told.error["message"]


@pytest.mark.parametrize(
    ("name", "part", "rule"),
    [
        ("ben", "maker", "has one already"),
        ("ann", "maker", "has one already"),
        ("ann", "checker", "ann is the other one of the two"),
    ],
)
def test_nobody_signs_twice(people: People, name: str, part: str, rule: str) -> None:
    made = people.sign("ann", "maker", json.dumps(SEED)).out
    told = people.sign(name, part, made)
    assert (told.code, told.out, told.error["field"]) == (2, "", part)
    assert rule in told.error["message"]


def test_an_id_that_is_none_is_named(zhuanhu: Zhuanhu, people: People) -> None:
    words = ("--key", people.key("ann"), "--operator", "Ann Li", "--as", "maker", "--json")
    told = zhuanhu("sign", "-", *words, stdin=json.dumps(SEED))
    assert (told.code, told.out) == (2, "")
    assert (told.error["field"], "Ann" in told.err) == ("operator", False)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("register", "dan", "--public-key", "x"), "public_key"),
        (("register", "d d", "--public-key", "A" * 43 + "="), "operator_id"),
        (("appoint", "ann=x", "ben=y"), "operators.0.public_key"),
        (("appoint", "ann=" + "A" * 43 + "="), "operators"),
        (("retire", "dan", "--id", "a b"), "id"),
        (("retire", "dan", "--platform", "a b"), "platform"),
    ],
    ids=str,
)
def test_bad_input_is_named(zhuanhu: Zhuanhu, words: tuple[str, ...], field: str) -> None:
    told = zhuanhu("operator", words[0], "--platform", "demo", *words[1:], "--json")
    assert (told.code, told.out) == (2, "")
    assert (told.error["code"], told.error["field"]) == ("bad_input", field)
