"""What every call must get right before the bank looks at what it asks for."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
import urllib3

from tests.services.sandbox_bank.bank_process import TIMESTAMP, BankProcess, fresh

ASK = {"timestamp": TIMESTAMP, "platformUserNo": "SYS_GENERATE_004"}


def refusal(bank: BankProcess, answer: urllib3.BaseHTTPResponse) -> str:
    """The error code of a signed refusal."""
    bank.verify(answer.data, answer.headers["sign"])
    body = json.loads(answer.data)
    assert body["code"] == "1"
    return str(body["errorCode"])


def test_a_signed_question_gets_a_signed_answer(bank: BankProcess) -> None:
    answer = bank.service("QUERY_USER_INFORMATION", platformUserNo="SYS_GENERATE_004")
    assert (answer["code"], answer["status"]) == ("0", "SUCCESS")
    assert answer["userRole"] == "PLATFORM_INCOME"


@pytest.mark.parametrize("sign", ["", "not base64!", base64.b64encode(b"x" * 256).decode(), "AAAA"])
def test_a_wrong_signature_is_refused(bank: BankProcess, sign: str) -> None:
    answer = bank.send("/service", "QUERY_USER_INFORMATION", ASK, sign=sign)
    assert refusal(bank, answer) == ("100003" if sign else "100002")


def test_the_signature_covers_the_exact_text(bank: BankProcess) -> None:
    spaced = json.dumps(ASK, indent=3)
    assert json.loads(bank.send("/service", "QUERY_USER_INFORMATION", spaced).data)["code"] == "0"
    foreign = bank.signature(json.dumps(ASK))
    answer = bank.send("/service", "QUERY_USER_INFORMATION", spaced, sign=foreign)
    assert refusal(bank, answer) == "100003"


def test_an_unknown_platform_is_refused(bank: BankProcess) -> None:
    answer = bank.send("/service", "QUERY_USER_INFORMATION", ASK, platform_no="999")
    assert refusal(bank, answer) == "100004"


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"timestamp": NaN}'])
def test_what_is_no_json_object_is_refused(bank: BankProcess, text: str) -> None:
    answer = bank.send("/service", "QUERY_USER_INFORMATION", text)
    assert refusal(bank, answer) == "100002"


@pytest.mark.parametrize(
    ("path", "service"),
    [("/service", "NO_SUCH_THING"), ("/service", "RECHARGE"), ("/gateway", "SYNC_TRANSACTION")],
)
def test_a_service_that_is_not_there_is_refused(bank: BankProcess, path: str, service: str) -> None:
    assert refusal(bank, bank.send(path, service, ASK)) == "100006"


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        ("20180105115000", None),
        ("20180105121000", None),
        ("20180105114959", "100008"),
        ("20180105121001", "100008"),
        ("2018-01-05", "100002"),
        ("20181305120000", "100002"),
    ],
)
def test_clocks_may_differ_by_ten_minutes(
    bank: BankProcess, timestamp: str, code: str | None
) -> None:
    answer = bank.call(
        "/service", "QUERY_USER_INFORMATION", timestamp=timestamp, platformUserNo="SYS_GENERATE_004"
    )
    assert answer.get("errorCode") == code


def test_a_refused_envelope_leaves_no_trace(bank: BankProcess) -> None:
    no = fresh()
    asked = {"timestamp": TIMESTAMP, "requestNo": no, "platformUserNo": "SYS_GENERATE_001"}
    bank.send("/gateway", "RECHARGE", {**asked, "amount": "5.00"}, sign="AAAA")
    bank.send("/gateway", "RECHARGE", {**asked, "amount": "5"})
    answer = bank.service("QUERY_TRANSACTION", transactionType="RECHARGE", requestNo=no)
    assert answer["errorCode"] == "100007"


@pytest.mark.parametrize(
    "amount", ["5", "5.0", "5.001", "-5.00", "05.00", "0.00", "1e3", " 5.00", "５.00", 5.0, True]
)
def test_amounts_are_yuan_with_two_decimals(bank: BankProcess, amount: object) -> None:
    answer = bank.gateway(
        "RECHARGE", requestNo=fresh(), platformUserNo="SYS_GENERATE_001", amount=amount
    )
    assert answer["errorCode"] == "100002"
    assert "amount" in answer["errorMessage"]


def test_a_request_number_has_at_most_fifty_characters(bank: BankProcess) -> None:
    asked = {"platformUserNo": "SYS_GENERATE_001", "amount": "5.00"}
    assert bank.gateway("RECHARGE", requestNo="A" * 51, **asked)["errorCode"] == "100002"
    assert bank.gateway("RECHARGE", requestNo="A" * 50, **asked)["code"] == "0"


def test_sha1_where_the_platform_still_uses_it(start_bank: Callable[..., BankProcess]) -> None:
    bank = start_bank(digest="sha1")
    asked = bank.service("QUERY_USER_INFORMATION", platformUserNo="SYS_GENERATE_004")
    assert asked["code"] == "0"
    bank.digest = "sha256"
    answer = bank.send("/service", "QUERY_USER_INFORMATION", ASK)
    assert json.loads(answer.data)["errorCode"] == "100003"
