"""The day's statement: valid by its schema, in sums equal to the ledger, read back to the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from lxml import etree

from adapters.statements.camt053 import read_camt053
from adapters.statements.model import Line, Statement
from adapters.statements.mt940 import read_mt940
from infra.postgres import EmbeddedPostgres
from tests.services.sandbox_bank.bank_process import NOON, BankProcess, Receiver, fresh
from tests.services.sandbox_bank.members import (
    INCOME,
    freeze,
    member,
    project,
    recharge,
    withdraw,
)
from tests.services.sandbox_bank.trades import leg, sync

LATER = "20180108120000"
SCHEMAS = Path(__file__).parents[3] / "adapters" / "statements" / "schemas"
LONG = "M-" + "7" * 38
DAYS = ("20180104", "20180105", "20180106", "20180107")


@dataclass
class Days:
    bank: BankProcess
    lender: str
    borrower: str
    recharged: str
    withdrawn: str

    def fetch(self, form: str, day: str) -> bytes:
        asked = {"timestamp": LATER, "fileDate": day, "statementFormat": form}
        answer = self.bank.send("/download", "DOWNLOAD_STATEMENT", asked)
        self.bank.verify(answer.data, answer.headers["sign"])
        assert not answer.data.startswith(b"{"), answer.data
        return answer.data

    def camt(self, day: str, version: str = "08") -> dict[str, Statement]:
        """Statements by platformUserNo, which stands in the name of the account alone."""
        content = self.fetch(f"camt.053.001.{version}", day)
        names = etree.fromstring(content).xpath("//*[local-name()='Nm']/text()")
        return dict(zip(names, read_camt053(content), strict=True))


@pytest.fixture(scope="module")
def days(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    receiver = Receiver()
    bank = BankProcess(
        tmp_path_factory.mktemp("bank"), postgres.ensure_database("statements"), receiver.url
    )
    bank.start()
    bank.control("clock", now=NOON)
    lender = member(bank, "INVESTOR", card="6222000000000003")  # Paid, and returned a day later.
    borrower = member(bank, "BORROWERS")
    loan = project(bank, borrower)
    recharged = recharge(bank, lender, "1000.00")
    held = freeze(bank, lender, loan, "600.00")["requestNo"]
    withdrawn = withdraw(bank, lender, "100.00")
    sync(
        bank,
        "TENDER",
        loan,
        leg("TENDER", lender, borrower, "500.00", freezeRequestNo=held, customDefine=LONG),
        leg("COMMISSION", borrower, INCOME, "20.00"),
    )
    for day in ("06", "07", "08"):
        bank.control("clock", now=f"2018-01-{day}T12:00:00+08:00")
        bank.control("interest", platformUserNo=lender, amount="0.01")
    yield Days(bank, lender, borrower, recharged, withdrawn)
    bank.stop()
    receiver.close()


@pytest.mark.parametrize("version", ["02", "08"])
@pytest.mark.parametrize("day", DAYS)
def test_a_days_message_is_valid_by_its_schema(days: Days, day: str, version: str) -> None:
    schema = etree.XMLSchema(file=str(SCHEMAS / f"camt.053.001.{version}.xsd"))
    schema.assertValid(etree.fromstring(days.fetch(f"camt.053.001.{version}", day)))


def test_what_moved_an_account_is_in_its_statement(days: Days) -> None:
    lender = days.camt("20180105")[days.lender]
    assert [(line.amount_fen, line.code, line.references, line.text) for line in lender.lines] == [
        (100000, "RECHARGE", (days.recharged,), days.recharged),
        (-50000, "TENDER", (), LONG),
    ]
    borrower = days.camt("20180105")[days.borrower]
    assert [line.amount_fen for line in borrower.lines] == [50000, -2000]
    # Each names the other's number at the bank.
    assert lender.lines[1].counterparty == borrower.lines[0].account
    assert borrower.lines[0].counterparty == lender.lines[1].account


def test_a_freeze_is_no_entry_and_shows_in_what_is_available(days: Days) -> None:
    lender = days.camt("20180105")[days.lender]
    assert [(each.kind, each.amount_fen) for each in lender.balances] == [
        ("OPBD", 0),
        ("CLBD", 50000),
        ("CLAV", 30000),  # 100 of the tender are still frozen, and 100 of the withdrawal.
    ]


def test_a_withdrawal_leaves_and_comes_back_on_its_days(days: Days) -> None:
    left = days.camt("20180106")[days.lender]
    assert [(line.amount_fen, line.code) for line in left.lines] == [
        (-10000, "WITHDRAW"),
        (1, "INTEREST"),
    ]
    back = days.camt("20180107")[days.lender]
    assert [(line.amount_fen, line.code) for line in back.lines] == [
        (10000, "BACKROLL_RECHARGE"),
        (1, "INTEREST"),
    ]


def test_a_day_opens_with_what_the_day_before_closed_with(days: Days) -> None:
    read = [days.camt(day) for day in DAYS]
    for before, after in itertools.pairwise(read):
        for no, statement in before.items():
            assert statement.balances[1].amount_fen == after[no].balances[0].amount_fen


@pytest.mark.parametrize("day", DAYS)
def test_statements_agree_with_the_days_check_files(days: Days, day: str) -> None:
    files = days.bank.files(day, timestamp=LATER)
    rows = (line.split(",") for line in files[f"{day}_5000001_ALLBALANCE.txt"].splitlines()[1:])
    listed = {row[0]: [int(cell.replace(".", "")) for cell in row[2:4]] for row in rows}
    told = {
        no: [statement.balances[2].amount_fen, statement.balances[1].amount_fen]
        for no, statement in days.camt(day).items()
    }
    assert told == {no: [free, free + held] for no, (free, held) in listed.items()}


def lines_of(statements: tuple[Statement, ...]) -> list[Line]:
    return [line for each in statements for line in each.lines]


@pytest.mark.parametrize("day", DAYS)
def test_all_three_formats_say_the_same(days: Days, day: str) -> None:
    def facts(statement: Statement) -> object:
        """Without what a format writes in its own way: id, place, kind of transaction, other side,
        and a reference that is too long for it."""
        lines = (
            replace(each, line=0, code="", counterparty="", references=())
            for each in statement.lines
        )
        return statement.balances, tuple(lines)

    modern = read_camt053(days.fetch("camt.053.001.08", day))
    older = read_camt053(days.fetch("camt.053.001.02", day))
    swift = read_mt940(days.fetch("MT940", day))
    assert list(map(facts, older)) == list(map(facts, modern))
    assert list(map(facts, swift)) == list(map(facts, modern))
    for swift_line, line in zip(lines_of(swift), lines_of(modern), strict=True):
        short = [each for each in line.references if len(each) <= 16]
        assert list(swift_line.references) == short


def test_a_days_statement_is_the_same_every_time(days: Days) -> None:
    for form in ("camt.053.001.02", "camt.053.001.08", "MT940"):
        assert days.fetch(form, "20180105") == days.fetch(form, "20180105")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"fileDate": "20180108", "statementFormat": "MT940"}, "100007"),
        ({"fileDate": "20180105", "statementFormat": "camt.053.001.13"}, "100002"),
        ({"fileDate": "20180105"}, "100002"),
    ],
)
def test_what_the_bank_does_not_have_is_refused(
    days: Days, asked: dict[str, str], code: str
) -> None:
    answer = days.bank.call("/download", "DOWNLOAD_STATEMENT", timestamp=LATER, **asked)
    assert answer["errorCode"] == code


def test_it_is_served_as_a_download_alone(days: Days) -> None:
    asked = {"requestNo": fresh(), "fileDate": "20180105", "statementFormat": "MT940"}
    answer = days.bank.service("DOWNLOAD_STATEMENT", timestamp=LATER, **asked)
    assert answer["errorCode"] == "100006"
    other = days.bank.call("/download", "QUERY_PROJECT_INFORMATION", timestamp=LATER, **asked)
    assert other["errorCode"] == "100006"
