"""Trades as tests send them to the stand-in bank, and a loan to send them for."""

from __future__ import annotations

from typing import Any

from tests.services.sandbox_bank.bank_process import BankProcess, fresh
from tests.services.sandbox_bank.members import member, project, to_status


def sync(
    bank: BankProcess, kind: str, project_no: str | None, *details: dict[str, str]
) -> dict[str, Any]:
    named = {"projectNo": project_no} if project_no else {}
    return bank.service(
        "SYNC_TRANSACTION", requestNo=fresh(), tradeType=kind, details=list(details), **named
    )


def leg(biz_type: str, payer: str, payee: str, amount: str, **more: str) -> dict[str, str]:
    return {
        "bizType": biz_type,
        "sourcePlatformUserNo": payer,
        "targetPlatformUserNo": payee,
        "amount": amount,
        **more,
    }


class Loan:
    """A loan that is repaid: borrower with money, investor, project in REPAYING."""

    def __init__(self, bank: BankProcess, money: str = "1000.00") -> None:
        self.borrower = member(bank, "BORROWERS", money)
        self.investor = member(bank, "INVESTOR")
        self.project = project(bank, self.borrower)
        assert to_status(bank, self.project, "REPAYING")["status"] == "SUCCESS"


def trade(loan: Loan, amount: str) -> dict[str, Any]:
    return {
        "requestNo": fresh(),
        "tradeType": "REPAYMENT",
        "projectNo": loan.project,
        "details": [leg("REPAYMENT", loan.borrower, loan.investor, amount)],
    }
