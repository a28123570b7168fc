"""对账文件: published names and columns, sums that agree with balances, one day, no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.postgres import EmbeddedPostgres
from tests.services.sandbox_bank.bank_process import NOON, BankProcess, Receiver, fresh
from tests.services.sandbox_bank.members import (
    INCOME,
    RESERVE,
    freeze,
    member,
    project,
    recharge,
    withdraw,
)
from tests.services.sandbox_bank.trades import leg, sync

LATER = "20180107120000"
HEADERS = {
    "RECHARGE": (16, "充值时间,平台商编,支付公司代码,平台请求流水号,充值订单编号,业务类型,金额"),
    "WITHDRAW": (18, "提现时间,平台商编,平台请求流水号,订单号,业务类型,金额,币种,会员编号"),
    "TRANSACTION": (17, "发生时间,平台商编,平台请求流水号,订单号,业务类型,金额,利息金额,币种"),
    "COMMISSION": (11, "扣款时间,平台商编,订单号,业务类型,发起方用户,接收方用户,金额,币种"),
    "BACKROLL_RECHARGE": (15, "充值时间,平台商编,支付公司代码,回充请求流水号,回充订单号"),
    "USER": (4, "平台用户编号,会员编号,角色,状态"),
    "ADJUST_BALANCE": (9, "发生时间,平台商编,流水号,业务类型,方向,金额,币种,平台用户编号,备注"),
    "ALLBALANCE": (5, "平台用户编号,会员编号,可用余额,冻结余额,币种"),
}


@dataclass
class Day:
    """A bank whose 2018-01-05 is over, and what was done on it."""

    bank: BankProcess
    lender: str
    borrower: str
    project: str
    recharged: str
    withdrawn: str
    lent: str

    def rows(self, file_type: str, day: str = "20180105") -> list[list[str]]:
        files = self.bank.files(day, timestamp=LATER)
        text = files[f"{day}_5000001_{file_type}.txt"]
        assert text.endswith("\n")
        return [line.split(",") for line in text.splitlines()[1:]]


@pytest.fixture(scope="module")
def day(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    receiver = Receiver()
    bank = BankProcess(
        tmp_path_factory.mktemp("bank"), postgres.ensure_database("check_files"), receiver.url
    )
    bank.start()
    bank.control("clock", now=NOON)
    lender = member(bank, "INVESTOR", card="6222000000001234")
    borrower = member(bank, "BORROWERS")
    loan = project(bank, borrower)
    recharged = recharge(bank, lender, "1000.00")
    held = freeze(bank, lender, loan, "600.00")["requestNo"]
    withdrawn = withdraw(bank, lender, "100.00")
    lent = sync(
        bank,
        "TENDER",
        loan,
        leg("TENDER", lender, borrower, "500.00", freezeRequestNo=held, customDefine="mv-1"),
        leg("COMMISSION", borrower, INCOME, "20.00"),
        leg("COMMISSION", borrower, RESERVE, "5.00"),
    )["requestNo"]
    bank.control("clock", now="2018-01-06T12:00:00+08:00")
    # The day after must not show in the day before.
    bank.control("interest", platformUserNo=lender, amount="0.01")
    bank.control("clock", now="2018-01-07T12:00:00+08:00")
    yield Day(bank, lender, borrower, loan, recharged, withdrawn, lent)
    bank.stop()
    receiver.close()


def test_all_files_have_their_names_and_columns(day: Day) -> None:
    files = day.bank.files("20180105", timestamp=LATER)
    assert set(files) == {f"20180105_5000001_{name}.txt" for name in HEADERS}
    for name, (columns, header) in HEADERS.items():
        lines = files[f"20180105_5000001_{name}.txt"].splitlines()
        assert lines[0].startswith(header)
        assert {len(line.split(",")) for line in lines} == {columns}


def test_a_recharge_is_listed(day: Day) -> None:
    (row,) = day.rows("RECHARGE")
    assert row[0] == "20180105120000"
    assert (row[1], row[3], row[6], row[7], row[9]) == (
        *("5000001", day.recharged, "1000.00", "CNY", day.lender),
    )


def test_a_fact_is_listed_on_its_own_day_only(day: Day) -> None:
    for listed in ("RECHARGE", "TRANSACTION", "COMMISSION"):
        assert day.rows(listed)
        assert day.rows(listed, "20180106") == []


def test_a_trade_is_listed_by_its_legs(day: Day) -> None:
    (row,) = day.rows("TRANSACTION")
    assert (row[2], row[4], row[5], row[6]) == (day.lent, "TENDER", "500.00", "0.00")
    assert (row[9], row[11], row[12], row[16]) == (day.lender, day.borrower, day.project, "mv-1")


def test_commissions_have_their_own_file(day: Day) -> None:
    rows = [(row[4], row[5], row[6], row[10]) for row in day.rows("COMMISSION")]
    assert rows == [
        (day.borrower, INCOME, "20.00", day.lent),
        (day.borrower, RESERVE, "5.00", day.lent),
    ]


def test_a_withdrawal_is_listed_on_the_day_it_left(day: Day) -> None:
    assert day.rows("WITHDRAW") == []
    (row,) = day.rows("WITHDRAW", "20180106")
    assert row[0] == "20180106000000"
    assert (row[2], row[5], row[13], row[17]) == (day.withdrawn, "100.00", "SUCCESS", "NORMAL")
    assert row[9].endswith("1234")


def test_balances_are_those_of_the_days_end(day: Day) -> None:
    balances = {row[0]: (row[2], row[3]) for row in day.rows("ALLBALANCE")}
    assert balances[day.lender] == ("300.00", "200.00")
    assert balances[day.borrower] == ("475.00", "0.00")
    assert (balances[INCOME], balances[RESERVE]) == (("20.00", "0.00"), ("5.00", "0.00"))
    later = {row[0]: (row[2], row[3]) for row in day.rows("ALLBALANCE", "20180106")}
    assert later[day.lender] == ("300.01", "100.00")


def test_a_days_facts_explain_its_balances(day: Day) -> None:
    def cents(amount: str) -> int:
        return int(amount.replace(".", ""))

    recharged = sum(cents(row[6]) for row in day.rows("RECHARGE"))
    held = sum(cents(row[2]) + cents(row[3]) for row in day.rows("ALLBALANCE"))
    assert held == recharged


def test_users_are_those_of_the_day(day: Day) -> None:
    users = {row[0]: row[2] for row in day.rows("USER")}
    assert users[day.borrower] == "BORROWERS"
    assert users[RESERVE] == "PLATFORM_COMPENSATORY"
    assert day.borrower not in {row[0] for row in day.rows("USER", "20180104")}


def test_a_days_files_are_the_same_every_time(day: Day) -> None:
    asked = {"timestamp": LATER, "fileDate": "20180105"}
    first, second = (day.bank.send("/download", "DOWNLOAD_CHECKFILE", asked).data for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("file_date", "code"),
    [("20180107", "100007"), ("20190101", "100007"), ("2018015", "100002"), ("20180230", "100002")],
)
def test_a_day_must_be_over(day: Day, file_date: str, code: str) -> None:
    answer = day.bank.call("/download", "DOWNLOAD_CHECKFILE", timestamp=LATER, fileDate=file_date)
    assert answer["errorCode"] == code


def test_a_file_is_confirmed_once(day: Day) -> None:
    def confirm(*types: str, file_date: str = "20180104") -> dict[str, str]:
        return day.bank.call(
            "/service",
            "CONFIRM_CHECKFILE",
            timestamp=LATER,
            requestNo=fresh(),
            fileDate=file_date,
            detail=[{"fileType": name} for name in types],
        )

    assert confirm("RECHARGE", "WITHDRAW")["status"] == "SUCCESS"
    assert confirm("RECHARGE")["errorCode"] == "100008"
    assert confirm("TRANSACTION", "WITHDRAW")["errorCode"] == "100008"
    assert confirm("TRANSACTION")["status"] == "SUCCESS"
    assert confirm("USER", "USER")["errorCode"] == "100008"
    assert confirm("NOTHING")["errorCode"] == "100002"
    assert confirm("USER", file_date="20180107")["errorCode"] == "100007"
