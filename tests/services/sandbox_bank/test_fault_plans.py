"""Faults by seed: which strike, that they are on record, and what each kind does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import urllib3
from cryptography.exceptions import InvalidSignature

from services.sandbox_bank.batch_family.files import file_of
from services.sandbox_bank.kinds import CALLS, Kind
from services.sandbox_bank.plan import CRUEL, OF, REALISTIC, Plan
from tests.services.sandbox_bank.bank_process import TIMESTAMP, BankProcess, Receiver, fresh
from tests.services.sandbox_bank.members import RESERVE

ALWAYS = OF
DAY, NEXT_NOON = "20180105", "2018-01-06T12:00:00+08:00"


LATE_MS = 5_000  # Longer than any machine stands still between two questions.


def plan(bank: BankProcess, delay_ms: int = 100, **rates: int) -> None:
    bank.control("faults", seed=7, rates=rates, delayMs=delay_ms, hangMs=200)


def injected(bank: BankProcess) -> set[tuple[str, str]]:
    told = bank.control("injected")["injected"]
    return {(each["kind"], each["subject"]) for each in told}


def recharge(bank: BankProcess, request_no: str) -> urllib3.BaseHTTPResponse:
    asked = {"requestNo": request_no, "platformUserNo": RESERVE, "amount": "5.00"}
    return bank.send("/gateway", "RECHARGE", {"timestamp": TIMESTAMP, **asked})


def state(bank: BankProcess, request_no: str) -> str:
    answer = bank.service("QUERY_TRANSACTION", transactionType="RECHARGE", requestNo=request_no)
    return str(answer["records"][0]["status"]) if answer["code"] == "0" else answer["errorCode"]


def test_the_seed_alone_decides() -> None:
    subjects = [f"RECHARGE C-{number}.1" for number in range(2_000)]

    def struck(seed: int) -> list[tuple[str, Kind]]:
        plan = Plan(seed, CRUEL)
        return [(each, kind) for each in subjects for kind in plan.striking(each, CALLS)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    count = sum(kind is Kind.CUT for _, kind in struck(1))
    assert 60 < count < 140  # 500 of 10,000.


def test_both_profiles_have_every_kind_but_refusals() -> None:
    every = set(Kind) - {Kind.REFUSE, Kind.FAIL}
    assert set(REALISTIC) == set(CRUEL) == every
    assert all(0 < REALISTIC[kind] < CRUEL[kind] for kind in every)


def test_a_kind_strikes_once_and_is_on_record(own_bank: BankProcess) -> None:
    plan(own_bank, http_500=ALWAYS)
    no = fresh()
    assert [recharge(own_bank, no).status, recharge(own_bank, no).status] == [500, 200]
    assert injected(own_bank) == {("http_500", f"RECHARGE {no}")}


def test_a_plan_survives_a_kill(start_bank: Callable[..., BankProcess]) -> None:
    bank = start_bank()
    plan(bank, http_500=ALWAYS)
    first = fresh()
    assert recharge(bank, first).status == 500
    bank.stop(9)
    bank.start()
    assert [recharge(bank, no).status for no in (first, fresh())] == [200, 500]


def test_faults_end(own_bank: BankProcess) -> None:
    plan(own_bank, http_500=ALWAYS)
    own_bank.control("faults", rates={})
    assert recharge(own_bank, fresh()).status == 200
    assert injected(own_bank) == set()


@pytest.mark.parametrize(
    "asked",
    [
        {"profile": "gentle"},
        {"rates": {"explode": 1}},
        {"rates": {"cut": OF + 1}},
        {"rates": ["cut"]},
        {"seed": "7"},
    ],
)
def test_a_plan_must_make_sense(own_bank: BankProcess, asked: dict[str, object]) -> None:
    url = f"http://127.0.0.1:{own_bank.port}/control/faults"
    assert own_bank.http.request("POST", url, json=asked).status == 400


# -- calls ------------------------------------------------------------------------------


def test_what_arrives_late_is_not_found_first(own_bank: BankProcess, receiver: Receiver) -> None:
    plan(own_bank, LATE_MS, arrives_late=ALWAYS)
    no = fresh()
    with pytest.raises(urllib3.exceptions.ProtocolError):
        recharge(own_bank, no)
    own_bank.control("faults", rates={})
    assert state(own_bank, no) == "100007"
    assert receiver.wait_for(no)["code"] == "0"
    assert state(own_bank, no) == "SUCCESS"


def test_a_query_that_does_not_find(own_bank: BankProcess) -> None:
    plan(own_bank, not_found=ALWAYS)
    no = fresh()
    recharge(own_bank, no)
    assert [state(own_bank, no), state(own_bank, no)] == ["100007", "SUCCESS"]
    assert ("not_found", f"QUERY_TRANSACTION {no}") in injected(own_bank)


def test_slow(own_bank: BankProcess) -> None:
    plan(own_bank, slow=ALWAYS)
    no = fresh()
    assert json.loads(recharge(own_bank, no).data)["code"] == "0"
    assert injected(own_bank) == {("slow", f"RECHARGE {no}")}


def test_a_missing_signature(own_bank: BankProcess) -> None:
    plan(own_bank, no_signature=ALWAYS)
    no = fresh()
    answer = recharge(own_bank, no)
    assert ("sign" in answer.headers, answer.status) == (False, 200)
    own_bank.control("faults", rates={})
    assert state(own_bank, no) == "SUCCESS"


# -- notices ----------------------------------------------------------------------------


def forms(bank: BankProcess, receiver: Receiver, no: str, last: str) -> list[dict[str, Any]]:
    """All that was told of `no` by the time that a later request's notice has come."""
    found: list[dict[str, Any]] = []
    while True:
        form = receiver.forms.get(timeout=60)
        body = json.loads(form["respData"])
        if body["requestNo"] == last:
            return found
        if body["requestNo"] == no:
            try:
                bank.verify(form["respData"].encode(), form["sign"])
            except InvalidSignature:
                body["forged"] = True
            found.append(body)


def told(bank: BankProcess, receiver: Receiver, count: int, **rates: int) -> list[dict[str, Any]]:
    """What is told of a recharge: `count` notices under these faults, then what is still owed."""
    plan(bank, **rates)
    no = fresh()
    recharge(bank, no)
    found = [receiver.wait_for(no) for _ in range(count)]
    bank.control("faults", rates={})
    while bank.control("faults")["noticesOwed"]:
        pass
    last = fresh()
    recharge(bank, last)
    return found + forms(bank, receiver, no, last)


def test_a_missing_notice(own_bank: BankProcess, receiver: Receiver) -> None:
    assert told(own_bank, receiver, 0, notice_missing=ALWAYS) == []


@pytest.mark.parametrize("kind", ["notice_late", "notice_reordered"])
def test_a_late_notice(own_bank: BankProcess, receiver: Receiver, kind: str) -> None:
    assert [each["code"] for each in told(own_bank, receiver, 1, **{kind: ALWAYS})] == ["0"]


def test_a_notice_twice(own_bank: BankProcess, receiver: Receiver) -> None:
    found = told(own_bank, receiver, 1, notice_twice=ALWAYS)
    assert [each["code"] for each in found] == ["0", "0"]


def test_a_notice_badly_signed(own_bank: BankProcess, receiver: Receiver) -> None:
    receiver.answers.put("FAIL")
    plan(own_bank, notice_bad_signature=ALWAYS)
    no = fresh()
    recharge(own_bank, no)
    signs: list[tuple[str, str]] = []
    while len(signs) < 2:
        form = receiver.forms.get(timeout=60)
        signs.append((form["respData"], form["sign"]))
    (first, forged), (second, sign) = signs
    assert first == second
    with pytest.raises(InvalidSignature):
        own_bank.verify(first.encode(), forged)
    own_bank.verify(second.encode(), sign)


def test_a_contradiction_follows_what_was_taken(own_bank: BankProcess, receiver: Receiver) -> None:
    found = told(own_bank, receiver, 2, contradiction=ALWAYS)
    assert [each["code"] for each in found] == ["0", "1"]
    no = found[0]["requestNo"]
    assert state(own_bank, no) == "SUCCESS"
    assert ("contradiction", f"NOTICE {no}") in injected(own_bank)


# -- the day's files --------------------------------------------------------------------


def lines(bank: BankProcess, kind: str) -> list[list[str]]:
    text = bank.files(DAY, timestamp="20180106120000")[f"{DAY}_5000001_{kind}.txt"]
    return [line.split(",") for line in text.splitlines()[1:]]


def next_day(bank: BankProcess, **rates: int) -> str:
    """One recharge, a night, and then these faults."""
    no = fresh()
    recharge(bank, no)
    bank.control("clock", now=NEXT_NOON)
    plan(bank, **rates)
    return no


@pytest.mark.parametrize(
    ("kind", "amounts"),
    [
        ("line_missing", []),
        ("line_doubled", ["5.00", "5.00"]),
        ("line_changed", ["5.01"]),
    ],
)
def test_a_line_that_is_wrong(own_bank: BankProcess, kind: str, amounts: list[str]) -> None:
    no = next_day(own_bank, **{kind: ALWAYS})
    found = lines(own_bank, "RECHARGE")
    assert [line[6] for line in found] == amounts
    assert len({line[4] for line in found}) == len(found)  # Each under its own order number.
    assert injected(own_bank) == {(kind, f"LINE {no}")}
    own_bank.control("faults", rates={})
    assert lines(own_bank, "RECHARGE") == found  # It stays so.
    assert own_bank.control("balances")[RESERVE]["available_fen"] == 500


def test_one_line_is_wrong_in_one_way(own_bank: BankProcess) -> None:
    next_day(own_bank, line_missing=ALWAYS, line_doubled=ALWAYS, line_changed=ALWAYS)
    assert lines(own_bank, "RECHARGE") == lines(own_bank, "RECHARGE")
    assert {kind for kind, _ in injected(own_bank)} == {"line_missing"}


def test_balances_follow_from_the_lines_even_if_they_are_wrong(own_bank: BankProcess) -> None:
    next_day(own_bank, line_doubled=ALWAYS)
    lines(own_bank, "RECHARGE")
    _, content = file_of(own_bank.database, "ALEVE", date(2018, 1, 5))
    records = content.splitlines()
    assert [record[134:151] for record in records] == [b"%017d" % 0, b"%017d" % 500]
    assert len({record[76:82] for record in records}) == 2  # TRANNO


def test_a_foreign_line(own_bank: BankProcess) -> None:
    next_day(own_bank, line_foreign=ALWAYS)
    [line] = lines(own_bank, "TRANSACTION")
    assert line[-1] == f"FOREIGN-{DAY}"
    assert injected(own_bank) == {("line_foreign", f"DAY {DAY}")}


def test_files_that_come_late(own_bank: BankProcess) -> None:
    next_day(own_bank, statement_late=ALWAYS)
    asked = {"timestamp": "20180106120000", "fileDate": DAY}
    answer = own_bank.send("/download", "DOWNLOAD_CHECKFILE", asked)
    assert json.loads(answer.data)["errorCode"] == "100007"
    assert len(lines(own_bank, "RECHARGE")) == 1


def test_the_files_of_the_day_before_once_more(own_bank: BankProcess) -> None:
    next_day(own_bank, statement_twice=ALWAYS)
    names = own_bank.files(DAY, timestamp="20180106120000")
    assert all(name.startswith("20180104_") for name in names)
    assert len(lines(own_bank, "RECHARGE")) == 1
