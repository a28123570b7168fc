"""Builders: a member, money in his account, a project, a freeze. Each states only what differs."""

from __future__ import annotations

from tests.services.sandbox_bank.bank_process import BankProcess, fresh

RESERVE = "SYS_GENERATE_001"
INCOME = "SYS_GENERATE_004"


def member(bank: BankProcess, role: str, money: str | None = None, card: str | None = None) -> str:
    no = fresh("U")
    answer = bank.gateway(
        "PERSONAL_REGISTER_EXPAND",
        requestNo=fresh(),
        platformUserNo=no,
        userRole=role,
        realName="张三",
        idCardType="PRC_ID",
        idCardNo="11010119900307771X",
        mobile="13800000000",
    )
    assert (answer["code"], answer["status"]) == ("0", "INIT"), answer
    if card:
        bind(bank, no, card)
    if money:
        recharge(bank, no, money)
    return no


def bind(bank: BankProcess, no: str, card: str) -> str:
    request_no = fresh()
    bank.gateway(
        "PERSONAL_BIND_BANKCARD_EXPAND",
        requestNo=request_no,
        platformUserNo=no,
        bankcardNo=card,
        bankcode="ICBC",
        mobile="13800000000",
    )
    return request_no


def recharge(bank: BankProcess, no: str, amount: str) -> str:
    request_no = fresh()
    answer = bank.gateway(
        "RECHARGE", requestNo=request_no, platformUserNo=no, amount=amount, rechargeWay="WEB"
    )
    assert answer["code"] == "0", answer
    return request_no


def withdraw(bank: BankProcess, no: str, amount: str, how: str = "NORMAL") -> str:
    request_no = fresh()
    answer = bank.gateway(
        "WITHDRAW", requestNo=request_no, platformUserNo=no, amount=amount, withdrawType=how
    )
    assert answer["code"] == "0", answer
    return request_no


def project(bank: BankProcess, borrower: str, amount: str = "10000.00") -> str:
    no = fresh("P")
    answer = bank.service(
        "ESTABLISH_PROJECT",
        requestNo=fresh(),
        platformUserNo=borrower,
        projectNo=no,
        projectAmount=amount,
        projectName="loan",
        projectType="STANDARDPOWDER",
        annnualInterestRate="12.00",
        repaymentWay="FIXED_PAYMENT_MORTGAGE",
    )
    assert answer["status"] == "SUCCESS", answer
    return no


def to_status(bank: BankProcess, project_no: str, status: str) -> dict[str, object]:
    return bank.service("MODIFY_PROJECT", requestNo=fresh(), projectNo=project_no, status=status)


def freeze(
    bank: BankProcess, no: str, project_no: str, amount: str, biz_type: str = "TENDER"
) -> dict[str, str]:
    return bank.service(
        "USER_AUTO_PRE_TRANSACTION",
        requestNo=fresh(),
        platformUserNo=no,
        bizType=biz_type,
        amount=amount,
        projectNo=project_no,
    )


def balance(bank: BankProcess, no: str) -> tuple[str, str]:
    """(available, frozen) in yuan, as the bank tells it."""
    answer = bank.service("QUERY_USER_INFORMATION", platformUserNo=no)
    return answer["availableAmount"], answer["freezeAmount"]
