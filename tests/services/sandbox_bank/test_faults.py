"""Scripted faults: what the caller sees, and whether the bank has done it."""

from __future__ import annotations

import json

import pytest
import urllib3
from cryptography.exceptions import InvalidSignature

from tests.services.sandbox_bank.bank_process import TIMESTAMP, BankProcess, fresh
from tests.services.sandbox_bank.members import RESERVE, balance


@pytest.fixture
def asked() -> dict[str, str]:
    return {
        "timestamp": TIMESTAMP,
        "requestNo": fresh(),
        "platformUserNo": RESERVE,
        "amount": "5.00",
    }


def state(bank: BankProcess, request_no: str) -> str:
    answer = bank.service("QUERY_TRANSACTION", transactionType="RECHARGE", requestNo=request_no)
    return str(answer["records"][0]["status"]) if answer["code"] == "0" else answer["errorCode"]


@pytest.mark.parametrize(
    ("kind", "after"), [("timeout_before", "100007"), ("timeout_after", "SUCCESS")]
)
def test_no_answer(own_bank: BankProcess, asked: dict[str, str], kind: str, after: str) -> None:
    own_bank.control("fault", kind=kind, requestNo=asked["requestNo"])
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        own_bank.send("/gateway", "RECHARGE", asked, timeout_s=0.5)
    assert state(own_bank, asked["requestNo"]) == after


@pytest.mark.parametrize(
    ("kind", "after"), [("timeout_before", "100007"), ("timeout_after", "SUCCESS")]
)
def test_no_answer_to_whoever_waits_long(
    own_bank: BankProcess, asked: dict[str, str], kind: str, after: str
) -> None:
    """It is the bank that gives up."""
    own_bank.control("fault", kind=kind, requestNo=asked["requestNo"], hangMs=10)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        own_bank.send("/gateway", "RECHARGE", asked)
    assert state(own_bank, asked["requestNo"]) == after


def test_a_broken_connection(own_bank: BankProcess, asked: dict[str, str]) -> None:
    own_bank.control("fault", kind="cut", requestNo=asked["requestNo"])
    with pytest.raises(urllib3.exceptions.ProtocolError):
        own_bank.send("/gateway", "RECHARGE", asked)
    assert state(own_bank, asked["requestNo"]) == "SUCCESS"


def test_a_bare_500(own_bank: BankProcess, asked: dict[str, str]) -> None:
    own_bank.control("fault", kind="http_500", service="RECHARGE")
    answer = own_bank.send("/gateway", "RECHARGE", asked)
    assert (answer.status, "sign" in answer.headers) == (500, False)
    assert state(own_bank, asked["requestNo"]) == "100007"
    assert json.loads(own_bank.send("/gateway", "RECHARGE", asked).data)["code"] == "0"


def test_a_wrong_signature(own_bank: BankProcess, asked: dict[str, str]) -> None:
    own_bank.control("fault", kind="bad_signature", requestNo=asked["requestNo"])
    answer = own_bank.send("/gateway", "RECHARGE", asked)
    with pytest.raises(InvalidSignature):
        own_bank.verify(answer.data, answer.headers["sign"])
    assert state(own_bank, asked["requestNo"]) == "SUCCESS"


@pytest.mark.parametrize(("code", "after"), [("100010", "FAIL"), ("100001", "100007")])
def test_a_refusal(own_bank: BankProcess, asked: dict[str, str], code: str, after: str) -> None:
    own_bank.control("fault", kind="refuse", requestNo=asked["requestNo"], errorCode=code)
    assert json.loads(own_bank.send("/gateway", "RECHARGE", asked).data)["errorCode"] == code
    assert state(own_bank, asked["requestNo"]) == after
    assert balance(own_bank, RESERVE) == ("0.00", "0.00")


def test_a_request_that_fails_later(own_bank: BankProcess, asked: dict[str, str]) -> None:
    own_bank.control("fault", kind="fail", requestNo=asked["requestNo"])
    assert json.loads(own_bank.send("/gateway", "RECHARGE", asked).data)["status"] == "INIT"
    assert state(own_bank, asked["requestNo"]) == "FAIL"


def test_faults_are_used_up_and_can_be_cleared(own_bank: BankProcess) -> None:
    def ask() -> int:
        data = {"timestamp": TIMESTAMP, "platformUserNo": RESERVE}
        return own_bank.send("/service", "QUERY_USER_INFORMATION", data).status

    own_bank.control("fault", kind="http_500", service="QUERY_USER_INFORMATION", times=2)
    assert [ask(), ask(), ask()] == [500, 500, 200]
    own_bank.control("fault", kind="http_500", service="QUERY_USER_INFORMATION", times=9)
    own_bank.http.request("DELETE", f"http://127.0.0.1:{own_bank.port}/control/fault")
    assert ask() == 200


@pytest.mark.parametrize(
    "script",
    [{"kind": "explode", "service": "RECHARGE"}, {"kind": "cut"}, {"kind": "cut", "times": 0}],
)
def test_a_fault_must_make_sense(own_bank: BankProcess, script: dict[str, object]) -> None:
    url = f"http://127.0.0.1:{own_bank.port}/control/fault"
    assert own_bank.http.request("POST", url, json=script).status == 400
