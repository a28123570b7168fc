"""Recharges, withdrawals through their days, the bank's own movements, the clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.services.sandbox_bank.bank_process import BankProcess, Receiver, fresh
from tests.services.sandbox_bank.members import balance, member, recharge, withdraw

NEXT_DAY = "2018-01-06T00:00:00+08:00"
TWO_DAYS = "2018-01-07T09:00:00+08:00"
CARD = "6222000000001234"


def test_a_recharge_is_credited(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR")
    record = bank.record("RECHARGE", recharge(bank, no, "1234.56"))
    assert (record["status"], record["amount"]) == ("SUCCESS", "1234.56")
    assert balance(bank, no) == ("1234.56", "0.00")


def test_a_recharge_may_fail_at_the_other_bank(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", card="6222000000000002")
    assert bank.record("RECHARGE", recharge(bank, no, "5.00"))["status"] == "FAIL"
    assert balance(bank, no) == ("0.00", "0.00")


def test_a_withdrawal_needs_a_card(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "50.00")
    asked = {"platformUserNo": no, "amount": "5.00", "withdrawType": "NORMAL"}
    answer = bank.gateway("WITHDRAW", requestNo=fresh(), **asked)
    assert (answer["errorCode"], answer["errorMessage"]) == ("100008", "未绑卡")


def test_a_withdrawal_needs_the_money(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "4.99", CARD)
    asked = {"platformUserNo": no, "amount": "5.00", "withdrawType": "NORMAL"}
    assert bank.gateway("WITHDRAW", requestNo=fresh(), **asked)["errorCode"] == "100014"
    assert balance(bank, no) == ("4.99", "0.00")


@pytest.mark.parametrize("how", ["URGENT", "NORMAL_URGENT"])
def test_an_urgent_withdrawal_leaves_at_once(bank: BankProcess, how: str) -> None:
    no = member(bank, "INVESTOR", "50.00", CARD)
    request_no = withdraw(bank, no, "20.00", how)
    assert bank.record("WITHDRAW", request_no)["status"] == "SUCCESS"
    assert balance(bank, no) == ("30.00", "0.00")


@pytest.mark.parametrize(
    ("how", "leaves"),
    [
        ("URGENT", "20180105"),
        ("NORMAL_URGENT", "20180106"),
        ("NORMAL", "20180107"),
    ],
)
def test_past_the_cut_off_it_leaves_a_day_later(
    start_bank: Callable[..., BankProcess], how: str, leaves: str
) -> None:
    bank = start_bank(["--cut-off", "12:00"])  # And it is noon.
    no = member(bank, "INVESTOR", "50.00", CARD)
    request_no = withdraw(bank, no, "20.00", how)
    bank.control("clock", now=TWO_DAYS)
    record = bank.record("WITHDRAW", request_no, timestamp="20180107090000")
    assert (record["status"], record["transactionDate"]) == ("SUCCESS", leaves)


def test_an_ordinary_withdrawal_leaves_with_the_next_day(
    own_bank: BankProcess, receiver: Receiver
) -> None:
    bank = own_bank
    no = member(bank, "INVESTOR", "50.00", CARD)
    request_no = withdraw(bank, no, "20.00")
    record = bank.record("WITHDRAW", request_no)
    assert record["status"] == "ACCEPT"
    assert "transactionDate" not in record
    assert balance(bank, no) == ("30.00", "20.00")
    total = bank.control("total")["total_fen"]
    bank.control("clock", now=NEXT_DAY)
    record = bank.record("WITHDRAW", request_no, timestamp="20180106000000")
    assert (record["status"], record["transactionDate"]) == ("SUCCESS", "20180106")
    assert bank.control("total")["total_fen"] == total - 2000
    notice = receiver.wait_for(request_no)
    assert (notice["code"], notice["status"]) == ("0", "SUCCESS")


def test_a_remittance_that_fails_gives_the_money_back(own_bank: BankProcess) -> None:
    bank = own_bank
    no = member(bank, "INVESTOR", "50.00", "6222000000000004")
    request_no = withdraw(bank, no, "20.00")
    bank.control("clock", now=NEXT_DAY)
    record = bank.record("WITHDRAW", request_no, timestamp="20180106000000")
    assert (record["status"], record["errorCode"]) == ("FAIL", "100008")
    held = bank.control("balances")[no]
    assert held == {"available_fen": 5000, "frozen_fen": 0}


def held(bank: BankProcess, no: str, how: str = "NORMAL") -> str:
    """A withdrawal that waits for the platform's word."""
    request_no = fresh()
    asked = {"platformUserNo": no, "amount": "20.00", "withdrawType": how}
    bank.gateway("WITHDRAW", requestNo=request_no, withdrawForm="CONFIRMED", **asked)
    assert bank.record("WITHDRAW", request_no)["status"] == "CONFIRMING"
    assert balance(bank, no) == ("30.00", "20.00")
    return request_no


def word(bank: BankProcess, service: str, withdrawal_no: str) -> str:
    """SUCCESS, or the error code."""
    answer = bank.service(service, requestNo=fresh(), withdrawRequestNo=withdrawal_no)
    return str(answer.get("errorCode") or answer["status"])


def test_what_waits_for_the_platforms_word_leaves_with_it(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "50.00", CARD)
    request_no = held(bank, no)
    assert word(bank, "INTERCEPT_WITHDRAW", request_no) == "100008"
    assert word(bank, "CONFIRM_WITHDRAW", request_no) == "SUCCESS"
    assert bank.record("WITHDRAW", request_no)["status"] == "ACCEPT"
    assert word(bank, "CONFIRM_WITHDRAW", request_no) == "100008"
    assert word(bank, "CANCEL_WITHDRAW", request_no) == "100008"
    assert word(bank, "INTERCEPT_WITHDRAW", request_no) == "SUCCESS"
    assert bank.record("WITHDRAW", request_no)["status"] == "FAIL"
    assert balance(bank, no) == ("50.00", "0.00")


def test_an_urgent_one_leaves_at_once_and_is_stopped_too_late(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "50.00", CARD)
    request_no = held(bank, no, "URGENT")
    assert word(bank, "CONFIRM_WITHDRAW", request_no) == "SUCCESS"
    assert bank.record("WITHDRAW", request_no)["status"] == "SUCCESS"
    assert word(bank, "INTERCEPT_WITHDRAW", request_no) == "100008"
    assert balance(bank, no) == ("30.00", "0.00")


def test_a_cancelled_one_gives_its_money_back_and_says_so(
    own_bank: BankProcess, receiver: Receiver
) -> None:
    no = member(own_bank, "INVESTOR", "50.00", CARD)
    request_no = held(own_bank, no)
    assert word(own_bank, "CANCEL_WITHDRAW", request_no) == "SUCCESS"
    assert own_bank.record("WITHDRAW", request_no)["status"] == "ACCEPT_FAIL"
    assert balance(own_bank, no) == ("50.00", "0.00")
    told = receiver.wait_for(request_no)
    assert (told["code"], told["errorMessage"]) == ("1", "平台取消提现")


def test_it_does_not_leave_to_a_card_that_was_unbound_meanwhile(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "50.00", CARD)
    request_no = held(bank, no)
    bank.service("UNBIND_BANKCARD", requestNo=fresh(), platformUserNo=no)
    assert word(bank, "CONFIRM_WITHDRAW", request_no) == "100008"
    assert word(bank, "CANCEL_WITHDRAW", request_no) == "SUCCESS"


def test_one_that_the_member_has_not_confirmed_is_cancelled_for_good(
    start_bank: Callable[..., BankProcess],
) -> None:
    bank = start_bank(["--auto-complete", "off"])
    no, person = fresh("U"), {"idCardType": "PRC_ID", "idCardNo": "1", "mobile": "1"}
    cash = {"amount": "20.00", "withdrawType": "NORMAL"}

    def asked(service: str, **fields: str) -> str:
        request_no = fresh()
        bank.gateway(service, requestNo=request_no, platformUserNo=no, **fields)
        return request_no

    joined = asked("PERSONAL_REGISTER_EXPAND", userRole="INVESTOR", realName="张三", **person)
    bank.control("complete", requestNo=joined, result="SUCCESS")
    for request_no in (
        asked("PERSONAL_BIND_BANKCARD", bankcardNo=CARD, bankcode="ICBC", mobile="1"),
        asked("RECHARGE", amount="50.00"),
    ):
        bank.control("complete", requestNo=request_no, result="SUCCESS")
    request_no = asked("WITHDRAW", **cash)
    assert bank.record("WITHDRAW", request_no)["status"] == "INIT"
    assert word(bank, "CONFIRM_WITHDRAW", request_no) == "100008"
    assert word(bank, "CANCEL_WITHDRAW", request_no) == "SUCCESS"
    late = bank.http.request(
        "POST",
        f"http://127.0.0.1:{bank.port}/control/complete",
        json={"requestNo": request_no, "result": "SUCCESS"},
    )
    assert late.status == 400
    assert bank.record("WITHDRAW", request_no)["status"] == "ACCEPT_FAIL"
    assert balance(bank, no) == ("50.00", "0.00")
    assert word(bank, "CANCEL_WITHDRAW", "nobodys") == "100007"


def test_a_returned_withdrawal_is_a_new_credit(own_bank: BankProcess, receiver: Receiver) -> None:
    bank = own_bank
    no = member(bank, "INVESTOR", "50.00", "6222000000000003")
    request_no = withdraw(bank, no, "20.00")
    # Two days at once: it is paid out on the first, and comes back on the second.
    bank.control("clock", now=TWO_DAYS)
    while (form := receiver.forms.get(timeout=60))["serviceName"] != "BACKROLL_RECHARGE":
        pass
    assert request_no in form["respData"]
    record = bank.record("WITHDRAW", request_no, timestamp="20180107090000")
    assert (record["status"], record["transactionDate"]) == ("SUCCESS", "20180106")
    assert bank.control("balances")[no] == {"available_fen": 5000, "frozen_fen": 0}
    paid = bank.files("20180106", timestamp="20180107090000")
    assert request_no in paid["20180106_5000001_WITHDRAW.txt"]
    bank.control("clock", now="2018-01-08T09:00:00+08:00")
    returned = bank.files("20180107", timestamp="20180108090000")
    assert returned["20180107_5000001_BACKROLL_RECHARGE.txt"].endswith(f",{request_no}\n")


def test_the_clock_does_not_go_back(own_bank: BankProcess) -> None:
    url = f"http://127.0.0.1:{own_bank.port}/control/clock"
    for now in ("2018-01-05T11:59:59+08:00", "2018-01-05T12:00:00", "tomorrow"):
        assert own_bank.http.request("POST", url, json={"now": now}).status == 400
    assert own_bank.control("clock")["bankDate"] == "20180105"


def test_interest_and_adjustments_are_the_banks_own(own_bank: BankProcess) -> None:
    bank = own_bank
    no = member(bank, "INVESTOR", "50.00")
    bank.control("interest", platformUserNo=no, amount="0.37")
    bank.control("adjust", platformUserNo=no, amount="10.00", direction="OUT")
    assert balance(bank, no) == ("40.37", "0.00")
    bank.control("clock", now=NEXT_DAY)
    text = bank.files("20180105", timestamp="20180106000000")["20180105_5000001_ADJUST_BALANCE.txt"]
    rows = [line.split(",") for line in text.splitlines()[1:]]
    assert [(row[3], row[4], row[5], row[7]) for row in rows] == [
        ("INTEREST", "IN", "0.37", no),
        ("ADJUST", "OUT", "10.00", no),
    ]


def test_a_member_may_take_his_time(
    start_bank: Callable[..., BankProcess], receiver: Receiver
) -> None:
    bank = start_bank(["--auto-complete", "off"])
    request_no = fresh()
    asked = {"requestNo": request_no, "platformUserNo": "SYS_GENERATE_001", "amount": "5.00"}
    assert bank.gateway("RECHARGE", **asked)["status"] == "INIT"
    record = bank.record("RECHARGE", request_no)
    assert record["status"] == "PENDDING"
    assert "transactionDate" not in record
    assert bank.control("total")["total_fen"] == 0
    told = bank.control("complete", requestNo=request_no, result="SUCCESS")
    assert (told["code"], told["status"]) == ("0", "SUCCESS")
    assert bank.control("total")["total_fen"] == 500
    assert receiver.wait_for(request_no)["code"] == "0"
    again = bank.http.request(
        "POST",
        f"http://127.0.0.1:{bank.port}/control/complete",
        json={"requestNo": request_no, "result": "FAIL"},
    )
    assert again.status == 400
