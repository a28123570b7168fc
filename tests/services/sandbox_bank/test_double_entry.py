"""The bank's books balance whatever it is asked: postings sum to zero order by order, balances are
the sums of their postings, and what is frozen is what freezes and held withdrawals leave."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from infra.postgres import connect
from tests.services.sandbox_bank.bank_process import BankProcess, fresh
from tests.services.sandbox_bank.members import (
    INCOME,
    freeze,
    member,
    project,
    to_status,
    withdraw,
)
from tests.services.sandbox_bank.trades import leg, sync

UNBALANCED = """SELECT order_no FROM posting GROUP BY order_no
HAVING sum(amount_fen) <> 0 OR count(*) <> 2"""

DRIFTED = """SELECT account.no FROM account LEFT JOIN (
    SELECT account_no,
        sum(amount_fen) FILTER (WHERE pot = 'available') AS available,
        sum(amount_fen) FILTER (WHERE pot = 'frozen') AS frozen
    FROM posting GROUP BY account_no
) posted ON posted.account_no = account.no
WHERE available_fen <> coalesce(available, 0) OR frozen_fen <> coalesce(frozen, 0)"""

UNEXPLAINED = """SELECT account.no FROM account WHERE frozen_fen <>
    coalesce((SELECT sum(left_fen) FROM "freeze" WHERE account_no = account.no), 0) +
    coalesce((SELECT sum(amount_fen) FROM request
        WHERE account_no = account.no AND kind = 'WITHDRAW' AND status = 'ACCEPT'), 0)"""


class Customer:
    """Does whatever comes to its mind, without asking whether it can."""

    def __init__(self, bank: BankProcess, seed: int) -> None:
        self.bank = bank
        self.dice = random.Random(seed)
        self.lenders = [member(bank, "INVESTOR", "300.00", "6222000000001234") for _ in range(3)]
        self.borrower = member(bank, "BORROWERS", "300.00")
        self.collecting = project(bank, self.borrower)
        self.repaying = project(bank, self.borrower)
        to_status(bank, self.repaying, "REPAYING")
        self.holds: list[str] = []

    def act(self) -> None:
        amount = f"{self.dice.randint(1, 150)}.{self.dice.randint(0, 99):02d}"
        lender = self.dice.choice(self.lenders)
        match self.dice.randint(0, 4):
            case 0:
                self._hold(freeze(self.bank, lender, self.collecting, amount))
            case 1:
                self._hold(freeze(self.bank, self.borrower, self.repaying, amount, "REPAYMENT"))
            case 2:
                hold = self.dice.choice([*self.holds, "NONE"])
                asked = {"requestNo": fresh(), "preTransactionNo": hold, "amount": amount}
                self.bank.service("CANCEL_PRE_TRANSACTION", **asked)
            case 3:
                hold = self.dice.choice([*self.holds, "NONE"])
                used = {"freezeRequestNo": hold} if hold != "NONE" else {}
                repaid = leg("REPAYMENT", self.borrower, lender, amount, **used)
                fee = leg("COMMISSION", self.borrower, INCOME, "1.00")
                sync(self.bank, "REPAYMENT", self.repaying, repaid, fee)
            case _:
                asked = {"platformUserNo": lender, "amount": amount, "withdrawType": "NORMAL"}
                self.bank.gateway("WITHDRAW", requestNo=fresh(), **asked)

    def _hold(self, answer: dict[str, str]) -> None:
        if answer["code"] == "0":
            self.holds.append(answer["requestNo"])


def test_the_books_balance_under_many_hands(own_bank: BankProcess) -> None:
    customers = [Customer(own_bank, seed) for seed in range(6)]
    brought = own_bank.control("total")["total_fen"]
    assert brought == 6 * 4 * 30000

    def work(customer: Customer) -> None:
        for _ in range(40):
            customer.act()

    with ThreadPoolExecutor(6) as hands:
        list(hands.map(work, customers))
    assert own_bank.control("total")["total_fen"] == brought
    _check(own_bank)
    withdraw(own_bank, member(own_bank, "INVESTOR", "9.00", "6222000000000003"), "9.00")
    own_bank.control("clock", now="2018-01-09T12:00:00+08:00")
    _check(own_bank)


def _check(bank: BankProcess) -> None:
    with connect(bank.database) as db:
        db.execute("SET search_path TO sandbox_bank")
        for broken in (UNBALANCED, DRIFTED, UNEXPLAINED):
            assert db.execute(broken.encode()).fetchall() == []
        moved = db.execute("SELECT count(*) FROM entry").fetchone()
        assert moved is not None
        assert moved[0] > 100
