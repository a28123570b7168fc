"""What the bank lets the platform do without the member."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.services.sandbox_bank.bank_process import BankProcess, fresh
from tests.services.sandbox_bank.members import balance, freeze, member, project

NEXT_DAY = "2018-01-06T10:00:00+08:00"


def authorise(bank: BankProcess, no: str, **more: Any) -> dict[str, Any]:
    usual = {"authList": "TENDER", "failTime": "20180105", "amount": "100.00"}
    request_no = fresh()
    answer = bank.gateway(
        "USER_AUTHORIZATION", requestNo=request_no, platformUserNo=no, **(usual | more)
    )
    assert answer["status"] == "INIT", answer
    return bank.record("AUTHORIZATION", request_no) if answer["code"] == "0" else answer


def cancel(bank: BankProcess, no: str) -> dict[str, Any]:
    asked = {"requestNo": fresh(), "platformUserNo": no, "authList": "TENDER"}
    return bank.service("CANCEL_USER_AUTHORIZATION", **asked)


def test_limit_and_cancellation_bind_the_platform(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "1000.00")
    loan = project(bank, member(bank, "BORROWERS"))
    assert freeze(bank, no, loan, "300.00")["status"] == "SUCCESS"  # Signed at the counter.
    assert authorise(bank, no)["status"] == "SUCCESS"
    assert freeze(bank, no, loan, "100.01")["errorCode"] == "100011"
    assert freeze(bank, no, loan, "100.00")["status"] == "SUCCESS"
    assert authorise(bank, no, amount="100.01")["status"] == "SUCCESS"
    assert freeze(bank, no, loan, "100.01")["status"] == "SUCCESS"
    assert cancel(bank, no)["status"] == "SUCCESS"
    assert freeze(bank, no, loan, "0.01")["errorCode"] == "100011"
    assert cancel(bank, no)["errorCode"] == "100007"
    assert balance(bank, no) == ("499.99", "500.01")


def test_the_member_himself_needs_none(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "1000.00")
    loan = project(bank, member(bank, "BORROWERS"))
    authorise(bank, no)
    cancel(bank, no)
    by_hand = {"platformUserNo": no, "bizType": "TENDER", "amount": "500.00", "projectNo": loan}
    bank.gateway("USER_PRE_TRANSACTION", requestNo=fresh(), **by_hand)
    assert balance(bank, no) == ("500.00", "500.00")


def test_a_bank_may_demand_one(start_bank: Callable[..., BankProcess]) -> None:
    bank = start_bank(["--authorisations", "required"])
    no = member(bank, "INVESTOR", "1000.00")
    loan = project(bank, member(bank, "BORROWERS"))
    assert freeze(bank, no, loan, "1.00")["errorCode"] == "100011"
    authorise(bank, no)
    assert freeze(bank, no, loan, "1.00")["status"] == "SUCCESS"
    bank.control("clock", now=NEXT_DAY)
    asked = {"requestNo": fresh(), "platformUserNo": no, "bizType": "TENDER", "amount": "1.00"}
    late = bank.service(
        "USER_AUTO_PRE_TRANSACTION", projectNo=loan, timestamp="20180106100000", **asked
    )
    assert (late["errorCode"], late["errorMessage"]) == ("100011", "授权已到期: TENDER")


def cash(bank: BankProcess, service: str, no: str, amount: str = "1.00") -> dict[str, Any]:
    asked = {"requestNo": fresh(), "platformUserNo": no, "amount": amount}
    return bank.service(service, withdrawType="NORMAL", rechargeWay="PROXY", **asked)


@pytest.mark.parametrize(
    ("service", "kind"), [("DIRECT_RECHARGE", "RECHARGE"), ("AUTO_WITHDRAW", "WITHDRAW")]
)
def test_cash_without_the_member_is_signed_at_no_counter(
    bank: BankProcess, service: str, kind: str
) -> None:
    no = member(bank, "INVESTOR", "1000.00", card="6222000000001111")
    assert cash(bank, service, no)["errorCode"] == "100011"
    authorise(bank, no, authList=kind)
    assert cash(bank, service, no, "100.01")["errorCode"] == "100011"
    assert cash(bank, service, no, "100.00")["code"] == "0"
    bare = member(bank, "INVESTOR", "1000.00")
    authorise(bank, bare, authList=kind)
    assert cash(bank, service, bare)["errorMessage"] == "未绑卡"
    assert balance(bank, bare) == ("1000.00", "0.00")


def test_a_card_that_cannot_be_charged_gives_nothing(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", card="6222000000000002")
    authorise(bank, no, authList="RECHARGE")
    assert cash(bank, "DIRECT_RECHARGE", no)["errorMessage"] == "银行扣款失败"
    assert balance(bank, no) == ("0.00", "0.00")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("authList", "EVERYTHING"),
        ("failTime", "20180104"),
        ("failTime", "tomorrow"),
        ("amount", "0.00"),
    ],
)
def test_bad_terms_are_refused(bank: BankProcess, field: str, value: str) -> None:
    no = member(bank, "INVESTOR")
    answer = authorise(bank, no, **{field: value})
    assert answer["errorCode"] == "100002"
    assert field in answer["errorMessage"]
