"""A stack that runs: a whole loan is published into it, looked at, closed, reconciled, proved."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der

from domain.commands import FROM_OUTSIDE, RegisterMember
from infra.postgres import connect
from services.cli.command_examples import EXAMPLES, ON_OCCASION
from services.cli.opening import database, find
from services.cli.publish import publishing, receipt_json
from services.cli.stack_work import perform
from tests.certificates import NOW, self_signed
from tests.services.cli.conftest import Up, Zhuanhu, simulated, zhuanhu_process

VIEW = {"position", "log_position", "recorded_at", "age_s"}
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def data(make_folder: Callable[[], Path], make_up: Callable[..., Up]) -> Path:
    """Every example was published, one by one, each when the bank had answered the one before."""
    folder = simulated(make_folder())
    ready = make_up(folder).ready
    assert ready["ready"] is True
    assert ready["platform"] == "demo"
    place = find(folder, None)
    for example in EXAMPLES:
        with publishing(place) as commands:
            (receipt,) = commands.submit([example])
        assert receipt_json(receipt)["code"] is None, receipt
        perform(place, "bank-total", {})
    return folder


@pytest.fixture
def ask(zhuanhu: Zhuanhu, data: Path) -> Ask:
    def answer(*words: str) -> Any:
        told = zhuanhu(*words, "--data", str(data), "--json")
        assert (told.code, told.err) == (0, "")
        return told.json

    return answer


def test_every_command_from_outside_has_an_example_that_is_accepted(data: Path) -> None:
    told = {example.type for example in EXAMPLES}
    assert told == set(FROM_OUTSIDE) - {example.type for example in ON_OCCASION}


def test_what_was_published_may_be_published_again(zhuanhu: Zhuanhu, data: Path) -> None:
    lines = "\n".join(example.model_dump_json() for example in EXAMPLES)
    told = zhuanhu("publish", "-", "--data", str(data), "--json", stdin=lines)
    assert told.code == 0
    assert [each["command_id"] for each in told.lines] == [example.id for example in EXAMPLES]
    assert all(each["replayed"] and each["outcome"] == "accepted" for each in told.lines)


def test_a_refusal_has_its_receipt_and_exit_1(zhuanhu: Zhuanhu, data: Path) -> None:
    rate = {"type": "rate_loan", "id": "r", "platform": "demo", "actor": "me", "grade": "A"}
    lines = json.dumps(rate | {"loan_id": "nobody"})
    told = zhuanhu("publish", "-", "--data", str(data), "--json", stdin=lines)
    assert told.code == 1
    (receipt,) = told.lines
    assert (receipt["code"], receipt["field"]) == ("loan_unknown", "loan_id")
    assert receipt["message"]


def test_every_look_says_how_far_its_view_has_come(ask: Ask) -> None:
    for words in (
        ("account", "show", "I1:investor"),
        ("loan", "show", "L1"),
        ("reserve", "show"),
        ("member", "show", "I1"),
        ("guarantee", "show", "G1"),
        ("positions", "I1"),
        ("holders", "L1"),
        ("assignments",),
        ("overdue",),
        ("statement", "I1:investor", "--from", "2024-01-02", "--to", "2024-01-02"),
        ("case", "list"),
        ("blacklist", "list"),
    ):
        told = ask(*words)
        assert set(told["view"]) == VIEW, words
        assert told["view"]["position"] == told["view"]["log_position"] > 0


def test_a_member_is_shown_with_what_he_authorised(ask: Ask) -> None:
    shown = ask("member", "show", "I1")
    (authorised,) = shown["authorisations"]
    assert (authorised["kind"], authorised["status"]) == ("tender", "ended")
    assert (authorised["ends_on"], authorised["limit_fen"]) == ("2099-12-31", 100_000)


def test_a_list_is_exported_signed_and_imported_for_two_people_to_sign(
    ask: Ask,
    zhuanhu: Zhuanhu,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [entry] = ask("blacklist", "list")["entries"]
    assert (entry["member_id"], entry["ground"]) == ("B1", "statements_differ")
    assert entry["removed_on"] == "2024-01-02"
    key = str(tmp_path / "list.pem")
    assert zhuanhu("operator", "keygen", key).code == 0
    export = ("blacklist", "export", "--key", key, "--data", str(data), "--json")
    told = zhuanhu(*export)
    assert (told.code, told.error["code"]) == (2, "blacklist_key_missing")
    monkeypatch.setenv("ZHUANHU_BLACKLIST_KEY", "a" * 43 + "=")
    told = zhuanhu(*export)
    assert (told.code, told.json["issuer"], told.json["entries"]) == (0, "demo", [])
    wanted = zhuanhu("blacklist", "import", "-", "--platform", "p2", "--json", stdin=told.out)
    assert wanted.code == 0
    assert wanted.json["signature"] == told.json["signature"]
    signed = zhuanhu(
        "sign", "-", "--key", key, "--operator", "ann", "--as", "maker", "--json", stdin=wanted.out
    )
    assert (signed.code, signed.json["maker"]["operator_id"]) == (0, "ann")
    forged = zhuanhu(
        "blacklist", "import", "-", "--json", stdin=told.out.replace("2024-01-02", "2024-01-03")
    )
    assert (forged.code, forged.error["code"]) == (1, "blacklist_forged")


def test_the_credit_bureau_is_told_the_same_again(zhuanhu: Zhuanhu, data: Path) -> None:
    words = ("credit-bureau", "export", "--from", "2024-01-02", "--to", "2024-01-02")
    first, second = (zhuanhu(*words, "--data", str(data), "--json") for _ in range(2))
    assert (first.code, first.out) == (0, second.out)
    assert [(each["record"], each["op_code"]) for each in first.lines] == [
        ("loan_open", "A"),
        ("repayment_status", "A"),
        ("repayment_status", "M"),
    ]


def test_who_borrowed_is_told_to_the_bureau_alone(
    zhuanhu: Zhuanhu, data: Path, tmp_path: Path
) -> None:
    key = generate_private_key(65537, 2048)
    certificate = self_signed(tmp_path / "bureau.pem", key)
    words = ("credit-bureau", "export", "--from", "2024-01-02", "--to", "2024-01-02")
    plain = zhuanhu(*words, "--data", str(data)).lines
    told = zhuanhu(*words, "--data", str(data), "--certificate", str(tmp_path / "bureau.pem"))
    (opened, *others) = told.lines
    sealed = b64decode(opened.pop("borrower"))
    assert [opened, *others] == plain
    [registered] = [
        each
        for each in EXAMPLES
        if isinstance(each, RegisterMember) and each.member_id == opened["borrower_id"]
    ]
    who = json.loads(pkcs7_decrypt_der(sealed, certificate, key, []))
    assert who == {"name": registered.name, "id_no": registered.id_no}
    assert registered.name not in told.out
    self_signed(tmp_path / "bureau.pem", key, NOW - timedelta(days=9))
    late = zhuanhu(
        *words, "--data", str(data), "--certificate", str(tmp_path / "bureau.pem"), "--json"
    )
    assert (late.code, late.error["field"], late.out) == (2, "certificate", "")


def test_the_looks_agree_with_one_another(ask: Ask) -> None:
    account = ask("account", "show", "I1:investor")
    statement = ask("statement", "I1:investor", "--from", "2024-01-02", "--to", "2024-01-02")
    assert account["available_fen"] == statement["closing"]["available_fen"]
    loan = ask("loan", "show", "L1")
    assert loan["loan"]["status"] == "settled"
    claims = ask("positions", "I1")["claims"]
    (kept,) = (each for each in claims if each["loan_id"] == "L1")  # L2 is not paid out.
    (bought,) = ask("positions", "I2")["claims"]
    received_fen = [each["received_principal_fen"] for each in (kept, bought)]
    assert received_fen == [60_000, 40_000]
    assert sum(received_fen) == loan["loan"]["amount_fen"]
    assert (kept["assigned_fen"], bought["came_of"]) == (40_000, kept["tender_id"])
    assert ask("holders", "L1", "--on", "2024-01-01")["holders"] == []
    assert [each["status"] for each in ask("assignments")["assignments"]] == ["settled", "ended"]
    assert ask("assignments", "--status", "listed")["assignments"] == []
    assert ask("reserve", "show")["flows_fen"]["surplus"] == 500_000
    stands_for = ask("guarantee", "show", "G1")
    assert stands_for["guarantor"]["exposure_fen"] == 0  # Of the loan that was paid.
    assert stands_for["loans"][0]["counter_kind"] == "pledge"
    assert ask("overdue")["on"] == "2024-01-02"


def test_every_way_to_look_at_what_is_overdue(ask: Ask) -> None:
    """L1 was paid off on its first day, L2 is not paid out: nothing is outstanding."""
    for by, name in (
        ("stage", "stages"),
        ("grade", "grades"),
        ("vintage", "vintages"),
        ("roll", "rolls"),
        ("month", "months"),
    ):
        told = ask("overdue", "--by", by, "--as-of", "2024-01-02")
        assert (told["on"], told["by"]) == ("2024-01-02", by)
        assert [line.get("loans") for line in told[name]] == ([0] * 7 if by == "stage" else [])
    fine = ask("overdue", "--stages", "s1-m7")["stages"]
    assert [line["stage"] for line in fine][:3] == ["S1", "S2", "M1"]


def test_what_is_overdue_as_files(zhuanhu: Zhuanhu, data: Path, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"overdue.{kind}" for kind in ("csv", "parquet", "svg")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    told = zhuanhu("overdue", "--data", str(data), *options)
    assert told.code == 0
    assert "M7" in told.out
    heads = files["csv"].read_text().splitlines()
    assert heads[0].startswith("stage,from_days,to_days,loans")
    assert heads[7].startswith("M7,721,,0")
    assert files["parquet"].read_bytes()[:4] == b"PAR1"
    assert b"<svg" in files["svg"].read_bytes()
    told = zhuanhu("overdue", "--data", str(data), "--csv", "-", "--json")
    assert told.out.splitlines() == heads  # The output belongs to the file alone.
    nowhere = zhuanhu("overdue", "--data", str(data), "--csv", str(tmp_path), "--json")
    assert (nowhere.code, nowhere.error["code"]) == (2, "no_file")


def test_what_was_spread_and_that_it_was_stopped(ask: Ask) -> None:
    assert ask("auto-tender")["line"] == []
    spread, *tender = ask("command", "show", "example-spread-loan")["events"]
    assert spread["topic"] == "autotender.loan-spread.v1"
    assert "investment.tender-placed.v1" in {each["topic"] for each in tender}
    before = str(spread["position"])
    assert ask("auto-tender", "--as-of", before)["line"][0]["per_loan_fen"] == 50_000
    loan = ask("loan", "show", "L2")
    assert [each["amount_fen"] for each in loan["tenders"]] == [50_000]


def test_as_of_the_head_is_what_the_view_says(ask: Ask) -> None:
    now = ask("account", "show", "platform:reserve")
    head = str(now["view"]["position"])
    then = ask("account", "show", "platform:reserve", "--as-of", head)
    assert then["available_fen"] == now["available_fen"]
    assert then["as_of"]["position"] == int(head)


def test_as_of_before_is_what_was_then(ask: Ask) -> None:
    events = ask("command", "show", "example-disburse-loan")["events"]
    before = str(events[0]["position"] - 1)
    loan = ask("loan", "show", "L1", "--as-of", before)
    assert loan["loan"]["status"] == "concluded"
    reserve = ask("reserve", "show", "--as-of", before)
    assert reserve["balance"]["available_fen"] == 1_000_000


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (("account", "show", "nobody:investor"), "not_found", "account"),
        (("loan", "show", "nothing"), "not_found", "loan"),
        (("positions", "nobody"), "not_found", "member"),
        (("holders", "nothing"), "not_found", "loan"),
        (("holders", "L1", "--on", "soon"), "bad_input", "on"),
        (("assignments", "--status", "lost"), "bad_input", "status"),
        (("guarantee", "show", "I1"), "not_found", "guarantor"),
        (("command", "show", "never"), "not_found", "id"),
        (("case", "show", "B1"), "not_found", "case"),
        (
            ("credit-bureau", "export", "--from", "2024-01-03", "--to", "2024-01-02"),
            "bad_input",
            "to",
        ),
        (("account", "show", "I1:investor", "--as-of", "999999"), "not_on_record", "as_of"),
        (("account", "show", "I1:investor", "--as-of", "2031-01-01"), "not_on_record", "as_of"),
        (("account", "show", "I1:investor", "--as-of", "soon"), "bad_input", "as_of"),
        (("overdue", "--as-of", "2031-01-01"), "not_on_record", "as_of"),
        (("overdue", "--as-of", "17"), "bad_input", "as_of"),
        (("overdue", "--stages", "mine"), "bad_input", "stages"),
        (("disclosure", "2024-01"), "not_on_record", "month"),
        (("disclosure", "2024-1"), "bad_input", "month"),
        (("disclosure", "2024-13"), "bad_input", "month"),
        (("disclosure", "2024-01", "--figure", "profit"), "bad_input", "figure"),
        (("disclosure", "2024-01", "--loans"), "bad_input", "loans"),
        (("reconcile", "2024-02-30"), "bad_input", "date"),
        (("reconcile", "2023-12-31"), "bad_input", "date"),
        (("rebuild", "everything"), "view_unknown", "name"),
        (("breaks", "show", "0000"), "not_found", "break"),
        (("breaks", "resolve", "0000", "--by", "me", "--note", "so"), "not_found", "break"),
        (("breaks", "resolve", "0000", "--by", "me", "--note", " "), "bad_input", "note"),
        (("verify", "--platform", "other"), "platform_not_here", "platform"),
        (("mirror", "--from", "2031-01-01"), "not_on_record", "from"),
        (("mirror", "--to", "2023-12-31"), "not_on_record", "to"),
        (("mirror", "--from", "2024-01-03", "--to", "2024-01-02"), "bad_input", "to"),
        (("mirror", "--from", "yesterday"), "bad_input", "from"),
    ],
)
def test_what_is_not_there_is_named(
    zhuanhu: Zhuanhu, data: Path, words: tuple[str, ...], code: str, field: str
) -> None:
    told = zhuanhu(*words, "--data", str(data), "--json")
    assert (told.code, told.out) == (2, "")
    assert (told.error["code"], told.error["field"]) == (code, field)
    assert told.error["hint"]


def test_people_get_tables_in_yuan(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("account", "show", "platform:reserve", "--data", str(data))
    assert told.code == 0
    assert "5005.00" in told.out


def test_a_rebuilt_view_is_equal(ask: Ask) -> None:
    told = ask("rebuild", "loans")
    assert told["equal"] is True
    assert told["digest_before"] == told["digest_after"]


def test_a_day_is_closed_and_reconciled_in_the_stack_that_runs(
    ask: Ask, zhuanhu: Zhuanhu, data: Path
) -> None:
    early = zhuanhu("reconcile", "2024-01-02", "--data", str(data), "--json")
    assert (early.code, early.error["code"], early.error["field"]) == (2, "bad_input", "date")
    rolled = ask("day-end")
    assert rolled["business_date"] == "2024-01-03"
    told = ask("reconcile", "2024-01-02")
    assert (told["verdict"], told["pending"]) == ("reconciled_with_pending", 1)  # The withdrawal.
    assert rolled["reconciled"] == [{"bank_date": "2024-01-02", "verdict": told["verdict"]}]
    assert ask("breaks", "list")["breaks"] == []
    assert [each["verdict"] for each in ask("days")["days"]] == [told["verdict"]]
    closed = ask("account", "show", "platform:reserve", "--as-of", "2024-01-02")
    assert closed["as_of"]["business_date"] == "2024-01-02"


def test_all_rules_hold_and_the_bank_was_asked(ask: Ask) -> None:
    told = ask("verify")
    assert told["ok"] is True
    assert told["bank_total_fen"] > 0
    assert all(check["ok"] for check in told["checks"])


def test_movements_and_instructions_are_one_to_one(ask: Ask, zhuanhu: Zhuanhu, data: Path) -> None:
    told = ask("mirror")
    assert told["one_to_one"] is True
    assert told["movements"] == told["instructions"] > 0
    assert told["settled"] + told["rejected"] + told["open"] == told["movements"]
    assert told["from"] == "2024-01-02"
    day = ask("mirror", "--from", "2024-01-02", "--to", "2024-01-02")
    assert (day["to"], day["movements"]) == ("2024-01-02", told["movements"])
    assert "one to one" in zhuanhu("mirror", "--data", str(data)).out


def test_an_instruction_that_nobody_asked_for_is_exit_1(zhuanhu: Zhuanhu, data: Path) -> None:
    with database(find(data, None)) as url, connect(url) as connection:
        insert = connection.execute(
            "INSERT INTO custody_demo.instruction SELECT movement_id || '0', request_no, entry_id,"
            " amount_fen, position FROM custody_demo.instruction LIMIT 1 RETURNING movement_id"
        )
        [[movement_id]] = insert.fetchall()
    told = zhuanhu("mirror", "--data", str(data), "--json")
    assert (told.code, told.err) == (1, "")
    assert told.json["one_to_one"] is False
    assert [each["what"] for each in told.json["violations"]] == [f"{movement_id} has no movement"]
    assert zhuanhu("verify", "--data", str(data), "--json").code == 1


def test_the_folder_is_in_use(data: Path) -> None:
    told = zhuanhu_process("up", "--data", str(data), "--json")
    assert (told.code, told.out) == (2, "")
    assert told.error["code"] == "data_folder_in_use"
    assert told.error["hint"]
