"""债权出让: what is on sale, who may buy it, and that it is sold once."""

from __future__ import annotations

from typing import Any

from tests.services.sandbox_bank.bank_process import BankProcess, fresh
from tests.services.sandbox_bank.members import INCOME, balance, member
from tests.services.sandbox_bank.trades import Loan, leg


def offer(bank: BankProcess, loan: Loan, share: str, seller: str | None = None) -> dict[str, Any]:
    return bank.service(
        "DEBENTURE_SALE",
        requestNo=fresh(),
        platformUserNo=seller or loan.investor,
        projectNo=loan.project,
        saleShare=share,
    )


def end(bank: BankProcess, sale_no: str) -> dict[str, Any]:
    return bank.service("CANCEL_DEBENTURE_SALE", requestNo=fresh(), creditsaleRequestNo=sale_no)


def hold(bank: BankProcess, loan: Loan, buyer: str, sale_no: str, share: str) -> dict[str, Any]:
    return bank.service(
        "USER_AUTO_PRE_TRANSACTION",
        requestNo=fresh(),
        platformUserNo=buyer,
        bizType="CREDIT_ASSIGNMENT",
        amount="50.00",
        projectNo=loan.project,
        share=share,
        creditsaleRequestNo=sale_no,
    )


def pay(
    bank: BankProcess, loan: Loan, sale_no: str, hold_no: str, buyer: str, **changes: str
) -> dict[str, Any]:
    paid = leg("CREDIT_ASSIGNMENT", buyer, loan.investor, "50.00", freezeRequestNo=hold_no)
    fee = leg("COMMISSION", loan.investor, INCOME, "0.50")
    return bank.service(
        "SYNC_TRANSACTION",
        requestNo=fresh(),
        tradeType="CREDIT_ASSIGNMENT",
        projectNo=loan.project,
        saleRequestNo=sale_no,
        details=[paid | {"share": "60.00"} | changes, fee],
    )


def test_a_share_is_sold_once(bank: BankProcess) -> None:
    loan, buyer = Loan(bank), member(bank, "INVESTOR", "200.00")
    sale = offer(bank, loan, "60.00")["requestNo"]
    first, second = (hold(bank, loan, buyer, sale, "60.00")["requestNo"] for _ in range(2))
    assert pay(bank, loan, sale, first, buyer)["status"] == "SUCCESS"
    assert pay(bank, loan, sale, second, buyer)["errorCode"] == "100008"
    assert hold(bank, loan, buyer, sale, "0.01")["errorCode"] == "100008"
    assert end(bank, sale)["errorCode"] == "100008"
    assert balance(bank, loan.investor) == ("49.50", "0.00")
    assert balance(bank, buyer) == ("100.00", "50.00")


def test_a_sale_that_was_ended_is_over(bank: BankProcess) -> None:
    loan, buyer = Loan(bank), member(bank, "INVESTOR", "200.00")
    sale = offer(bank, loan, "60.00")["requestNo"]
    held = hold(bank, loan, buyer, sale, "60.00")["requestNo"]
    assert end(bank, sale)["status"] == "SUCCESS"
    assert end(bank, sale)["errorCode"] == "100008"
    assert end(bank, fresh())["errorCode"] == "100007"
    assert pay(bank, loan, sale, held, buyer)["errorCode"] == "100008"
    assert balance(bank, buyer) == ("150.00", "50.00")


def test_who_may_sell_and_who_may_buy(bank: BankProcess) -> None:
    loan, buyer = Loan(bank), member(bank, "INVESTOR", "200.00")
    assert offer(bank, loan, "60.00", seller=loan.borrower)["errorCode"] == "100011"
    sale = offer(bank, loan, "60.00")["requestNo"]
    assert hold(bank, loan, loan.investor, sale, "60.00")["errorCode"] == "100011"
    assert hold(bank, loan, loan.borrower, sale, "60.00")["errorCode"] == "100011"
    assert hold(bank, loan, buyer, sale, "60.01")["errorCode"] == "100008"
    assert hold(bank, Loan(bank), buyer, sale, "60.00")["errorCode"] == "100008"
    held = hold(bank, loan, buyer, sale, "60.00")["requestNo"]
    other = member(bank, "INVESTOR")
    astray = pay(bank, loan, sale, held, buyer, targetPlatformUserNo=other)
    assert astray["errorCode"] == "100011"
    less = pay(bank, loan, sale, held, buyer, share="59.99")
    assert less["errorCode"] == "100008"
    assert pay(bank, loan, sale, held, buyer)["status"] == "SUCCESS"
