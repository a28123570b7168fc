from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest

from adapters.custody.service_family.notices import read_notice
from domain.authorisation import Kind as Authorised
from domain.ports import (
    AuthorisedAtBank,
    BankAnswer,
    BankNotice,
    BankOutcome,
    CustodianUntrusted,
    ReturnedWithdrawal,
)
from tests.adapters.custody.service_family.conftest import Keys
from tests.adapters.custody.service_family.scenes import INVESTOR, PLATFORM_NO

DONE = {"requestNo": "r1", "code": "0", "status": "SUCCESS", "transactionDate": "20180105"}
BACKROLL = {
    **DONE,
    "requestNo": "bank9",
    "withdrawRequestNo": "w1",
    "platformUserNo": "m1_INVESTOR",
    "amount": "0.05",
}


def posted(keys: Keys, said: dict[str, Any], service: str = "RECHARGE") -> dict[str, str]:
    content = orjson.dumps(said)
    return {
        "serviceName": service,
        "platformNo": PLATFORM_NO,
        "responseType": "NOTIFY",
        "keySerial": "1",
        "respData": content.decode(),
        "sign": keys.bank_signer().sign(content),
    }


def read(keys: Keys, form: dict[str, str]) -> BankNotice:
    return read_notice(keys.our_signer(), PLATFORM_NO, form)


def test_a_notice_says_what_became_of_our_request(keys: Keys) -> None:
    notice = read(keys, posted(keys, DONE))
    assert notice == BankNotice("r1", BankAnswer(BankOutcome.SUCCEEDED, bank_date=date(2018, 1, 5)))


def test_a_callback_by_the_members_browser_says_the_same(keys: Keys) -> None:
    form = posted(keys, DONE)
    assert read(keys, form | {"responseType": "CALLBACK"}) == read(keys, form)


def test_a_notice_may_say_no(keys: Keys) -> None:
    said = {"requestNo": "r1", "code": "1", "status": "FAIL", "errorCode": "100014"}
    assert read(keys, posted(keys, said)).answer == BankAnswer(BankOutcome.REFUSED, "100014")


def test_a_returned_withdrawal_is_a_new_credit_naming_the_old_request(keys: Keys) -> None:
    notice = read(keys, posted(keys, BACKROLL, "BACKROLL_RECHARGE"))
    assert notice.request_no == "bank9"
    assert notice.returned == ReturnedWithdrawal("bank9", "w1", INVESTOR, 5)


@pytest.mark.parametrize(
    "change",
    [
        {"sign": ""},
        {"sign": "AAAA"},
        {"keySerial": "2"},
        {"keySerial": ""},
        {"respData": orjson.dumps({**DONE, "requestNo": "r2"}).decode()},
        {"respData": orjson.dumps(DONE).decode() + " "},
        {"respData": ""},
        {"platformNo": "5000002"},
    ],
)
def test_a_forged_notice_is_treated_as_never_received(keys: Keys, change: dict[str, str]) -> None:
    with pytest.raises(CustodianUntrusted):
        read(keys, posted(keys, DONE) | change)


OWN = {
    "code": "0",
    "status": "SUCCESS",
    "requestNo": "AUTH17",
    "authNo": "17",
    "platformUserNo": "m1_INVESTOR",
    "authList": "WITHDRAW",
}
TERMS = {"failTime": "20181231", "amount": "500.00"}


@pytest.mark.parametrize("kind", ["NOTIFY", "CALLBACK"])
def test_what_a_member_authorised_at_the_bank_himself(keys: Keys, kind: str) -> None:
    form = posted(keys, OWN | TERMS, "USER_AUTHORIZATION") | {"responseType": kind}
    told = AuthorisedAtBank("m1:investor", Authorised.WITHDRAWAL, 17, date(2018, 12, 31), 50_000)
    assert read(keys, form) == BankNotice("AUTH17", BankAnswer(BankOutcome.SUCCEEDED), None, told)


def test_what_he_ended(keys: Keys) -> None:
    notice = read(keys, posted(keys, OWN, "CANCEL_USER_AUTHORIZATION"))
    ended = AuthorisedAtBank("m1:investor", Authorised.WITHDRAWAL, 17, None, None)
    assert notice.authorised == ended


@pytest.mark.parametrize(
    "change",
    [
        {"authNo": "x"},
        {"authNo": "1" * 19},
        {"authNo": 17},
        {"authList": "EVERYTHING"},
        {"failTime": "20181301"},
        {"amount": "0.00"},
        {"platformUserNo": ""},
    ],
)
def test_an_authorisation_that_says_nothing_is_treated_as_never_received(
    keys: Keys, change: dict[str, Any]
) -> None:
    with pytest.raises(CustodianUntrusted, match="respData"):
        read(keys, posted(keys, OWN | TERMS | change, "USER_AUTHORIZATION"))


@pytest.mark.parametrize("missing", ["respData", "sign", "platformNo"])
def test_a_notice_without_its_proof_is_treated_as_never_received(keys: Keys, missing: str) -> None:
    form = posted(keys, DONE)
    del form[missing]
    with pytest.raises(CustodianUntrusted):
        read(keys, form)


def test_a_signature_with_something_added_is_not_taken(keys: Keys) -> None:
    form = posted(keys, DONE)
    with pytest.raises(CustodianUntrusted):
        read(keys, form | {"sign": form["sign"] + "!"})


def test_our_own_signature_proves_nothing(keys: Keys) -> None:
    form = posted(keys, DONE)
    form["sign"] = keys.our_signer().sign(form["respData"].encode())
    with pytest.raises(CustodianUntrusted):
        read(keys, form)


def test_the_unsigned_service_name_cannot_turn_one_notice_into_another(keys: Keys) -> None:
    for said, service in ((DONE, "BACKROLL_RECHARGE"), (BACKROLL, "RECHARGE")):
        with pytest.raises(CustodianUntrusted, match="serviceName"):
            read(keys, posted(keys, said, service))


@pytest.mark.parametrize(
    ("said", "service"),
    [
        ({"code": "0", "status": "SUCCESS"}, "RECHARGE"),
        ({"requestNo": 7, "code": "0", "status": "SUCCESS"}, "RECHARGE"),
        ({"requestNo": "r1", "code": "0", "status": "MAYBE"}, "RECHARGE"),
        ({**DONE, "platformNo": "5000002"}, "RECHARGE"),
        ({**BACKROLL, "amount": "0.00"}, "BACKROLL_RECHARGE"),
        ({**BACKROLL, "amount": "x"}, "BACKROLL_RECHARGE"),
        ({**BACKROLL, "platformUserNo": ""}, "BACKROLL_RECHARGE"),
        ({**BACKROLL, "withdrawRequestNo": ""}, "BACKROLL_RECHARGE"),
    ],
)
def test_signed_nonsense_is_treated_as_never_received(
    keys: Keys, said: dict[str, Any], service: str
) -> None:
    with pytest.raises(CustodianUntrusted, match="respData"):
        read(keys, posted(keys, said, service))


@pytest.mark.parametrize(
    "change",
    [
        {"requestNo": "r\0"},
        {"withdrawRequestNo": "w\0"},
        {"errorCode": "\0", "code": "1", "status": "FAIL"},
        {"amount": "99999999999999999.00"},
        {"amount": "-0.05"},
        {"amount": ["0.05"]},
    ],
)
def test_what_no_database_keeps_is_no_notice(keys: Keys, change: dict[str, Any]) -> None:
    with pytest.raises(CustodianUntrusted):
        read(keys, posted(keys, BACKROLL | change, "BACKROLL_RECHARGE"))
