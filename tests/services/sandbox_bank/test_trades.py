"""Projects, freezes and trades: what may move, and that a refused trade moves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.sandbox_bank.bank_process import BankProcess, fresh
from tests.services.sandbox_bank.members import (
    INCOME,
    RESERVE,
    balance,
    freeze,
    member,
    project,
    recharge,
    to_status,
)
from tests.services.sandbox_bank.trades import Loan, leg, sync


def test_a_freeze_earmarks_and_a_cancellation_gives_back(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "100.00")
    loan = project(bank, member(bank, "BORROWERS"))
    held = freeze(bank, no, loan, "80.00")
    assert (held["status"], held["transactionDate"]) == ("SUCCESS", "20180105")
    assert balance(bank, no) == ("20.00", "80.00")

    def cancel(amount: str) -> dict[str, Any]:
        asked = {"requestNo": fresh(), "preTransactionNo": held["requestNo"], "amount": amount}
        return bank.service("CANCEL_PRE_TRANSACTION", **asked)

    assert cancel("30.00")["status"] == "SUCCESS"
    assert bank.record("PRETRANSACTION", held["requestNo"])["status"] == "FREEZED"
    assert cancel("50.01")["errorCode"] == "100008"
    assert balance(bank, no) == ("50.00", "50.00")
    assert cancel("50.00")["status"] == "SUCCESS"
    assert bank.record("PRETRANSACTION", held["requestNo"])["status"] == "UNFREEZED"
    assert balance(bank, no) == ("100.00", "0.00")


def test_a_freeze_needs_money_role_and_state(bank: BankProcess) -> None:
    no = member(bank, "INVESTOR", "100.00")
    borrower = member(bank, "BORROWERS", "100.00")
    loan = project(bank, borrower)
    assert freeze(bank, no, loan, "100.01")["errorCode"] == "100014"
    assert freeze(bank, borrower, loan, "10.00")["errorCode"] == "100011"
    assert freeze(bank, borrower, loan, "10.00", "REPAYMENT")["errorCode"] == "100015"
    to_status(bank, loan, "REPAYING")
    assert freeze(bank, no, loan, "10.00")["errorCode"] == "100015"
    assert freeze(bank, borrower, loan, "10.00", "REPAYMENT")["status"] == "SUCCESS"
    assert freeze(bank, no, "NOPROJECT", "10.00")["errorCode"] == "100007"


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        (["REPAYING", "FINISH"], "COLLECTING"),
        (["MISCARRY"], "REPAYING"),
        ([], "FINISH"),
        (["REPAYING"], "MISCARRY"),
    ],
)
def test_a_project_goes_forward_only(bank: BankProcess, path: list[str], refused: str) -> None:
    loan = project(bank, member(bank, "BORROWERS"))
    for status in path:
        assert to_status(bank, loan, status)["status"] == "SUCCESS"
    assert to_status(bank, loan, refused)["errorCode"] == "100015"
    told = bank.service("QUERY_PROJECT_INFORMATION", projectNo=loan)
    assert told["projectStatus"] == ([*path] or ["COLLECTING"])[-1]


def test_a_loan_is_paid_out_with_its_fees(bank: BankProcess) -> None:
    lenders = [member(bank, "INVESTOR", "600.00") for _ in range(2)]
    borrower = member(bank, "BORROWERS")
    loan = project(bank, borrower, "1000.00")
    holds = [freeze(bank, no, loan, "500.00")["requestNo"] for no in lenders]
    income = balance(bank, INCOME)[0]
    answer = sync(
        bank,
        "TENDER",
        loan,
        *(
            leg("TENDER", no, borrower, "500.00", freezeRequestNo=hold, customDefine=hold)
            for no, hold in zip(lenders, holds, strict=True)
        ),
        # Out of what came in the lines above: the borrower had nothing.
        leg("COMMISSION", borrower, INCOME, "30.00"),
        leg("COMMISSION", borrower, RESERVE, "20.00"),
    )
    assert answer["status"] == "SUCCESS"
    assert balance(bank, borrower) == ("950.00", "0.00")
    assert [balance(bank, no) for no in lenders] == [("100.00", "0.00")] * 2
    assert balance(bank, INCOME)[0] != income
    assert bank.record("TRANSACTION", answer["requestNo"])["status"] == "SUCCESS"
    spent = sync(
        bank, "TENDER", loan, leg("TENDER", lenders[0], borrower, "0.01", freezeRequestNo=holds[0])
    )
    assert spent["errorCode"] == "100014"


def bad_last_legs(loan: Loan, hold: str) -> dict[str, tuple[dict[str, str], str]]:
    """Legs that must sink the whole trade, and by which number."""
    borrower, investor = loan.borrower, loan.investor
    return {
        "short": (leg("REPAYMENT", borrower, investor, "900.01"), "100014"),
        "freeze short": (
            leg("REPAYMENT", borrower, investor, "50.01", freezeRequestNo=hold),
            "100014",
        ),
        "no such user": (leg("REPAYMENT", borrower, "NOBODY", "1.00"), "100009"),
        "no such freeze": (
            leg("REPAYMENT", borrower, investor, "1.00", freezeRequestNo="NONE"),
            "100007",
        ),
        "wrong way": (leg("REPAYMENT", investor, borrower, "1.00"), "100011"),
        "to income": (leg("REPAYMENT", borrower, INCOME, "1.00"), "100011"),
        "not of this trade": (leg("TENDER", investor, borrower, "1.00"), "100002"),
        "other's freeze": (
            leg("COMMISSION", investor, INCOME, "1.00", freezeRequestNo=hold),
            "100008",
        ),
        "bad amount": (leg("REPAYMENT", borrower, investor, "1"), "100002"),
        "more interest than money": (
            leg("REPAYMENT", borrower, investor, "1.00", income="1.01"),
            "100002",
        ),
    }


@pytest.mark.parametrize(
    "why",
    [
        "short",
        "freeze short",
        "no such user",
        "no such freeze",
        "wrong way",
        "to income",
        "not of this trade",
        "other's freeze",
        "bad amount",
        "more interest than money",
    ],
)
def test_one_bad_leg_sinks_the_whole_trade(bank: BankProcess, why: str) -> None:
    loan = Loan(bank)
    hold = freeze(bank, loan.borrower, loan.project, "100.00", "REPAYMENT")["requestNo"]
    bad, code = bad_last_legs(loan, hold)[why]
    good = leg("REPAYMENT", loan.borrower, loan.investor, "50.00", freezeRequestNo=hold)
    answer = sync(bank, "REPAYMENT", loan.project, good, bad)
    assert answer["errorCode"] == code
    assert balance(bank, loan.borrower) == ("900.00", "100.00")
    assert balance(bank, loan.investor) == ("0.00", "0.00")
    # The freeze is whole, too: all of it can still be used.
    whole = leg("REPAYMENT", loan.borrower, loan.investor, "100.00", freezeRequestNo=hold)
    assert sync(bank, "REPAYMENT", loan.project, whole)["status"] == "SUCCESS"


def test_a_repayment_with_recovery_and_fee(bank: BankProcess) -> None:
    loan = Loan(bank)
    recharge(bank, RESERVE, "500.00")
    payout = leg("COMPENSATORY", RESERVE, loan.investor, "200.00")
    assert sync(bank, "COMPENSATORY", loan.project, payout)["status"] == "SUCCESS"
    reserve = balance(bank, RESERVE)
    hold = freeze(bank, loan.borrower, loan.project, "300.00", "REPAYMENT")["requestNo"]
    answer = sync(
        bank,
        "REPAYMENT",
        loan.project,
        leg("COMPENSATORY_REPAYMENT", loan.borrower, RESERVE, "200.00", freezeRequestNo=hold),
        leg(
            "REPAYMENT", loan.borrower, loan.investor, "90.00", income="9.00", freezeRequestNo=hold
        ),
        leg("COMMISSION", loan.borrower, INCOME, "10.00", freezeRequestNo=hold),
    )
    assert answer["status"] == "SUCCESS"
    assert balance(bank, loan.borrower) == ("700.00", "0.00")
    assert balance(bank, loan.investor) == ("290.00", "0.00")
    assert balance(bank, RESERVE) != reserve


def test_a_freeze_serves_its_own_project_and_purpose(bank: BankProcess) -> None:
    one, other = Loan(bank), Loan(bank)
    hold = freeze(bank, one.borrower, one.project, "100.00", "REPAYMENT")["requestNo"]
    stray = leg("REPAYMENT", one.borrower, other.investor, "1.00", freezeRequestNo=hold)
    assert sync(bank, "REPAYMENT", other.project, stray)["errorCode"] == "100008"
    assert (
        sync(bank, "COMPENSATORY", one.project, stray | {"bizType": "COMPENSATORY"})["errorCode"]
        == "100008"
    )
    own = leg("REPAYMENT", other.borrower, one.investor, "1.00")
    assert sync(bank, "REPAYMENT", one.project, own)["errorCode"] == "100011"


def test_platform_money_moves_between_platform_accounts_only(bank: BankProcess) -> None:
    recharge(bank, RESERVE, "50.00")
    surplus = leg("FUNDS_TRANSFER", RESERVE, INCOME, "20.00")
    assert sync(bank, "FUNDS_TRANSFER", None, surplus)["status"] == "SUCCESS"
    astray = leg("FUNDS_TRANSFER", RESERVE, member(bank, "INVESTOR"), "20.00")
    assert sync(bank, "FUNDS_TRANSFER", None, astray)["errorCode"] == "100011"
