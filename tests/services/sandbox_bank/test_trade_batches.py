"""Batches of trades, each to its own end; and advances (代偿), which pass through the borrower."""

from __future__ import annotations

from tests.services.sandbox_bank.bank_process import BankProcess, Receiver, fresh
from tests.services.sandbox_bank.members import balance, freeze, member
from tests.services.sandbox_bank.trades import Loan, leg, sync, trade


def test_a_batch_may_succeed_in_part(own_bank: BankProcess, receiver: Receiver) -> None:
    bank = own_bank
    loan = Loan(bank, "100.00")
    trades = [trade(loan, amount) for amount in ("60.00", "60.00", "40.00")]
    batch_no = fresh("B")
    answer = bank.service("ASYNC_TRANSACTION", batchNo=batch_no, bizDetails=trades)
    assert (answer["code"], answer["status"], answer["batchNo"]) == ("0", "INIT", batch_no)
    told = receiver.wait_for_all([trade["requestNo"] for trade in trades])
    assert [body["code"] for body in told] == ["0", "1", "0"]
    assert {body["batchNo"] for body in told} == {batch_no}
    states = [bank.record("TRANSACTION", trade["requestNo"])["status"] for trade in trades]
    assert states == ["SUCCESS", "FAIL", "SUCCESS"]
    assert balance(bank, loan.investor) == ("100.00", "0.00")


def test_a_batch_of_many_trades_is_worked_off(own_bank: BankProcess, receiver: Receiver) -> None:
    loan = Loan(own_bank)
    trades = [trade(loan, "1.00") for _ in range(120)]
    own_bank.control("fault", requestNo=trades[77]["requestNo"], kind="refuse", errorCode="100010")
    own_bank.service("ASYNC_TRANSACTION", batchNo=fresh("B"), bizDetails=trades)
    receiver.wait_for_all([trade["requestNo"] for trade in trades])
    assert balance(own_bank, loan.investor) == ("119.00", "0.00")
    assert own_bank.record("TRANSACTION", trades[77]["requestNo"])["errorCode"] == "100010"


def test_a_known_number_refuses_the_whole_batch(bank: BankProcess) -> None:
    loan = Loan(bank)
    known = sync(bank, "REPAYMENT", loan.project, trade(loan, "1.00")["details"][0])["requestNo"]
    trades = [trade(loan, "1.00"), trade(loan, "1.00") | {"requestNo": known}]
    answer = bank.service("ASYNC_TRANSACTION", batchNo=fresh("B"), bizDetails=trades)
    assert answer["errorCode"] == "100013"
    twice = [trades[0], trades[0]]
    answer = bank.service("ASYNC_TRANSACTION", batchNo=fresh("B"), bizDetails=twice)
    assert answer["errorCode"] == "100013"
    assert balance(bank, loan.investor) == ("1.00", "0.00")


def test_an_indirect_advance(own_bank: BankProcess, receiver: Receiver) -> None:
    """间接代偿: the guarantor's freeze pays the borrower, who pays the investor, in one trade."""
    bank = own_bank
    loan = Loan(bank, "1.00")
    guarantor = member(bank, "GUARANTEECORP", "500.00")
    hold = freeze(bank, guarantor, loan.project, "300.00", "COMPENSATORY")["requestNo"]
    batch = {
        "requestNo": fresh(),
        "tradeType": "INDIRECT_COMPENSATORY",
        "projectNo": loan.project,
        "details": [
            leg("COMPENSATORY", guarantor, loan.borrower, "300.00", freezeRequestNo=hold),
            leg("COMPENSATORY", loan.borrower, loan.investor, "300.00", freezeRequestNo=hold),
        ],
    }
    bank.service("ASYNC_TRANSACTION", batchNo=fresh("B"), bizDetails=[batch])
    assert receiver.wait_for(str(batch["requestNo"]))["status"] == "SUCCESS"
    assert balance(bank, guarantor) == ("200.00", "0.00")
    assert balance(bank, loan.borrower) == ("1.00", "0.00")
    assert balance(bank, loan.investor) == ("300.00", "0.00")


def test_a_borrower_gives_of_an_advance_all_and_of_his_own_nothing(bank: BankProcess) -> None:
    loan = Loan(bank, "500.00")
    guarantor = member(bank, "GUARANTEECORP", "500.00")
    hold = freeze(bank, guarantor, loan.project, "300.00", "COMPENSATORY")["requestNo"]
    of_hold = {"freezeRequestNo": hold}
    advance = leg("COMPENSATORY", guarantor, loan.borrower, "300.00", **of_hold)
    onward = leg("COMPENSATORY", loan.borrower, loan.investor, "300.00", **of_hold)
    direct = leg("COMPENSATORY", guarantor, loan.investor, "300.00", **of_hold)
    for details in (
        [advance],
        [onward],
        [advance, onward | {"amount": "299.99"}],
        [advance, onward | {"amount": "300.01"}],
        [direct],
    ):
        answer = sync(bank, "INDIRECT_COMPENSATORY", loan.project, *details)
        assert answer["errorCode"] == "100011"
    unnamed = leg("COMPENSATORY", loan.borrower, loan.investor, "300.00")
    answer = sync(bank, "INDIRECT_COMPENSATORY", loan.project, advance, unnamed)
    assert answer["errorCode"] == "100002"
    assert balance(bank, guarantor) == ("200.00", "300.00")
    assert balance(bank, loan.borrower) == ("500.00", "0.00")
    assert balance(bank, loan.investor) == ("0.00", "0.00")
