"""Registration, cards, and what the bank keeps of a request."""

from __future__ import annotations

import json

import pytest

from tests.services.sandbox_bank.bank_process import BankProcess, Receiver, fresh
from tests.services.sandbox_bank.members import bind, member, recharge

PERSON = {
    "userRole": "INVESTOR",
    "realName": "李四",
    "idCardType": "PRC_ID",
    "idCardNo": "110101199003077715",
    "mobile": "13900000000",
}


def test_a_person_opens_an_account(bank: BankProcess) -> None:
    request_no, no = fresh(), fresh("U")
    answer = bank.gateway(
        "PERSONAL_REGISTER_EXPAND", requestNo=request_no, platformUserNo=no, **PERSON
    )
    assert answer == {"code": "0", "status": "INIT", "requestNo": request_no}
    record = bank.record("REGISTER", request_no)
    assert (record["status"], record["transactionDate"]) == ("SUCCESS", "20180105")
    told = bank.service("QUERY_USER_INFORMATION", platformUserNo=no)
    assert told["userRole"] == "INVESTOR"
    assert "李四" not in json.dumps(told, ensure_ascii=False)


def test_a_company_opens_an_account(bank: BankProcess) -> None:
    no = fresh("U")
    bank.gateway(
        "ENTERPRISE_REGISTER",
        requestNo=fresh(),
        platformUserNo=no,
        userRole="GUARANTEECORP",
        enterpriseName="担保公司",
        unifiedCode="91310000MA1FL00000",
        contactPhone="02100000000",
    )
    assert bank.service("QUERY_USER_INFORMATION", platformUserNo=no)["userType"] == "ORGANIZATION"


@pytest.mark.parametrize("name", ["platformUserNo", "requestNo", "userRole", "realName", "mobile"])
def test_a_missing_field_is_named(bank: BankProcess, name: str) -> None:
    asked = {"requestNo": fresh(), "platformUserNo": fresh("U"), **PERSON}
    del asked[name]
    answer = bank.gateway("PERSONAL_REGISTER_EXPAND", **asked)
    assert answer["errorCode"] == "100002"
    assert name in answer["errorMessage"]


def test_platform_roles_are_not_to_be_had(bank: BankProcess) -> None:
    asked = {**PERSON, "userRole": "PLATFORM_INCOME"}
    answer = bank.gateway(
        "PERSONAL_REGISTER_EXPAND", requestNo=fresh(), platformUserNo=fresh("U"), **asked
    )
    assert answer["errorCode"] == "100002"


def test_an_account_is_opened_once(bank: BankProcess) -> None:
    no, request_no = member(bank, "INVESTOR"), fresh()
    answer = bank.gateway(
        "PERSONAL_REGISTER_EXPAND", requestNo=request_no, platformUserNo=no, **PERSON
    )
    assert answer["errorCode"] == "100008"
    assert bank.record("REGISTER", request_no)["errorCode"] == "100008"


def test_a_refused_number_is_used_up(bank: BankProcess) -> None:
    request_no = fresh()
    asked = {"requestNo": request_no, "amount": "5.00"}
    first = bank.gateway("RECHARGE", platformUserNo="NOBODY", **asked)
    assert first["errorCode"] == "100009"
    again = bank.gateway("RECHARGE", platformUserNo="SYS_GENERATE_001", **asked)
    assert again["errorCode"] == "100013"
    assert bank.record("RECHARGE", request_no)["status"] == "FAIL"


def test_a_repeat_of_a_done_request_changes_nothing(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR")
    request_no = recharge(bank, no, "5.00")
    again = bank.gateway("RECHARGE", requestNo=request_no, platformUserNo=no, amount="5.00")
    assert again["errorCode"] == "100013"
    told = bank.service("QUERY_USER_INFORMATION", platformUserNo=no)
    assert told["balance"] == "5.00"
    assert bank.record("RECHARGE", request_no)["status"] == "SUCCESS"


def test_the_same_number_at_once_is_done_once(bank: BankProcess) -> None:
    from concurrent.futures import ThreadPoolExecutor

    no, request_no = member(bank, "INVESTOR"), fresh()

    def send(_: int) -> str:
        asked = {"requestNo": request_no, "platformUserNo": no, "amount": "5.00"}
        return str(bank.gateway("RECHARGE", **asked).get("errorCode"))

    with ThreadPoolExecutor(8) as senders:
        answers = sorted(senders.map(send, range(8)))
    assert answers == ["100013"] * 7 + ["None"]
    assert bank.service("QUERY_USER_INFORMATION", platformUserNo=no)["balance"] == "5.00"


def test_a_request_is_found_under_its_own_type_only(bank: BankProcess) -> None:
    request_no = recharge(bank, "SYS_GENERATE_001", "1.00")
    asked = {"transactionType": "WITHDRAW", "requestNo": request_no}
    assert bank.service("QUERY_TRANSACTION", **asked)["errorCode"] == "100007"


def test_one_card_at_a_time(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", card="6222000000001111")
    assert bank.service("QUERY_USER_INFORMATION", platformUserNo=no)["bankcardNo"].endswith("1111")
    second = bind(bank, no, "6222000000002222")
    assert bank.record("BIND_CARD", second)["status"] == "FAIL"
    other = bank.service(
        "UNBIND_BANKCARD", requestNo=fresh(), platformUserNo=no, bankcardNo="6222000000002222"
    )
    assert other["errorCode"] == "100008"
    gone = bank.service("UNBIND_BANKCARD", requestNo=fresh(), platformUserNo=no)
    assert gone["status"] == "SUCCESS"
    assert bank.service("QUERY_USER_INFORMATION", platformUserNo=no)["bankcardNo"] == ""
    assert bank.record("BIND_CARD", bind(bank, no, "6222000000002222"))["status"] == "SUCCESS"


def test_the_four_elements_may_not_match(own_bank: BankProcess, receiver: Receiver) -> None:
    request_no = bind(own_bank, member(own_bank, "INVESTOR"), "6222000000000001")
    record = own_bank.record("BIND_CARD", request_no)
    assert (record["status"], record["errorCode"]) == ("FAIL", "100008")
    notice = receiver.wait_for(request_no)
    assert (notice["code"], notice["errorMessage"]) == ("1", "四要素验证失败")
