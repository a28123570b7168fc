"""A day at the bank on which something of everything happened, written down by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from msgspec.structs import replace

from domain import commands as c
from domain.accounts import Role
from domain.bank_statement import (
    BankBalance,
    BankStatement,
    LineKind,
    StatementLine,
    StatementNotReady,
)
from domain.contradictions import Contradiction
from domain.ports import BankAnswer, BankOutcome
from services.projections.projector import Projector
from services.reconciliation.reconciler import Reconciler
from services.reconciliation.results import DayResult
from tests.exemplars import PLATFORM, TODAY
from tests.house import House

DAY = TODAY
NEXT = DAY + timedelta(days=1)
ANN, CARL, BOB = "ann:investor", "carl:investor", "bob:borrower"
RESERVE, INCOME, OUTSIDE = "platform:reserve", "platform:income", "outside"


def line(
    kind: LineKind, reference: str, yuan: int, payer: str, payee: str, **changes: object
) -> StatementLine:
    made = StatementLine(kind, reference, yuan * 100, payer, payee)
    return replace(made, **changes)


LINES = (
    line(LineKind.RECHARGE, "S-s1.1", 5000, OUTSIDE, RESERVE),
    line(LineKind.RECHARGE, "C-r1.1", 10_000, OUTSIDE, ANN),
    line(LineKind.RECHARGE, "C-r2.1", 10_000, OUTSIDE, CARL),
    line(LineKind.TRANSFER, "D-L1-1.1", 6000, ANN, BOB),
    line(LineKind.TRANSFER, "D-L1-1.2", 4000, CARL, BOB),
    line(LineKind.COMMISSION, "D-L1-1", 200, BOB, INCOME),
    line(LineKind.COMMISSION, "D-L1-1", 100, BOB, RESERVE),
    line(LineKind.WITHDRAWAL, "W-w1.1", 2000, BOB, OUTSIDE),
    line(LineKind.WITHDRAWAL, "W-w2.1", 50, BOB, OUTSIDE, succeeded=False),
)
BALANCES = {
    ANN: BankBalance(300_000, 100_000),  # A tender of 1,000 is frozen.
    CARL: BankBalance(600_000, 0),
    BOB: BankBalance(770_000, 0),
    INCOME: BankBalance(20_000, 0),
    RESERVE: BankBalance(510_000, 0),
    "platform:marketing": BankBalance(0, 0),
}


def furnish(house: House) -> None:
    """The book of DAY."""
    house.open(cool_off_days=0, policy={"overdue_fee_bands": "1-:0.01"})
    house.do(c.SeedReserve, seed_id="s1", amount_fen=500_000)
    for name, role in (("ann", Role.INVESTOR), ("carl", Role.INVESTOR), ("bob", Role.BORROWER)):
        house.member(name, role)
    for recharge_id, name in (("r1", "ann"), ("r2", "carl")):
        house.do(
            c.RequestRecharge,
            recharge_id=recharge_id,
            member_id=name,
            role=Role.INVESTOR,
            amount_fen=1_000_000,
        )
    house.settle("S-s1", "C-r1", "C-r2")
    house.lend("L1", "bob", {"ann": 600_000, "carl": 400_000})
    house.published("L2", "bob", 500_000)
    house.tender("t9", "L2", "ann", 100_000)
    house.settle("T-t9")
    house.bind("bob", Role.BORROWER, "b1")
    withdraw(house, "w1", 200_000)
    house.settle("W-w1")
    withdraw(house, "w2", 5_000)
    house.reject("W-w2")


def withdraw(house: House, withdrawal_id: str, amount_fen: int) -> None:
    house.do(
        c.RequestWithdrawal,
        withdrawal_id=withdrawal_id,
        member_id="bob",
        role=Role.BORROWER,
        binding_id="b1",
        amount_fen=amount_fen,
    )


def statement(
    lines: Sequence[StatementLine] = LINES,
    balances: Mapping[str, BankBalance] = BALANCES,
    day: date = DAY,
) -> BankStatement:
    digest = hashlib.sha256(repr((day, lines, balances)).encode()).hexdigest()
    return BankStatement(day, tuple(lines), balances, digest)


def changed(reference: str, **changes: object) -> list[StatementLine]:
    """LINES with one of them changed."""
    assert any(each.reference == reference for each in LINES)
    return [replace(each, **changes) if each.reference == reference else each for each in LINES]


def without(*references: str) -> list[StatementLine]:
    return [each for each in LINES if each.reference not in references]


SUCCEEDED = BankAnswer(BankOutcome.SUCCEEDED)


@dataclass
class ScriptedBank:
    """Gives out the statements that it was given, and takes confirmations."""

    statements: dict[date, BankStatement | Exception] = field(default_factory=dict)
    confirmed: list[tuple[str, date]] = field(default_factory=list)
    answer: BankAnswer = SUCCEEDED

    def statement(self, bank_date: date) -> BankStatement:
        given = self.statements.get(bank_date, StatementNotReady("not published yet"))
        if isinstance(given, Exception):
            raise given
        return given

    def confirm_statement(self, request_no: str, bank_date: date) -> BankAnswer:
        self.confirmed.append((request_no, bank_date))
        return self.answer


@dataclass
class ScriptedCustody:
    """Tells of the contradictions that it was given."""

    told: list[Contradiction] = field(default_factory=list)

    def on(self, bank_date: date) -> list[Contradiction]:
        return [each for each in self.told if each.bank_date == bank_date]

    def of(self, request_nos: Collection[str]) -> list[Contradiction]:
        return [each for each in self.told if each.request_no in request_nos]


@dataclass
class Office:
    """The book, the bank, custody and who compares them."""

    house: House
    projector: Projector
    bank: ScriptedBank
    custody: ScriptedCustody
    reconciler: Reconciler

    def run(self, given: BankStatement | Exception, day: date = DAY) -> DayResult:
        self.bank.statements[day] = given
        return self.reconciler.reconcile(day)

    def found(self, day: date | None = DAY) -> set[tuple[str, str]]:
        """(class, reference) of what is open."""
        opened = self.reconciler.records.breaks(bank_date=day)
        return {(each.kind.value, each.reference) for each in opened}


def office(
    house: House,
    projector: Projector,
    folder: Path | None = None,
    catch_up: Callable[[], int] | None = None,
) -> Office:
    bank, custody = ScriptedBank(), ScriptedCustody()
    reconciler = Reconciler(
        house.url,
        PLATFORM,
        bank,  # type: ignore[arg-type]
        house.writer,
        house.clock,
        catch_up or projector.catch_up,
        custody,
        folder,
    )
    return Office(house, projector, bank, custody, reconciler)
