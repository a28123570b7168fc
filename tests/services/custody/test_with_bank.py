"""The real writer, the real stand-in bank, and custody between them: both sides hold the same."""

from __future__ import annotations

import itertools
import os
import queue
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from adapters.custody.service_family.channel import Link
from adapters.custody.service_family.client import ServiceFamilyBank
from adapters.custody.service_family.envelope import Signer
from adapters.event_log import prepare_shard
from adapters.shard_schema import shard_schema
from adapters.vault import Seal, Vault
from domain import commands as c
from domain.accounts import Role
from domain.policy import PolicyTerms
from domain.schedule import Method
from infra.clock import SHANGHAI, ManualClock
from infra.keys import load_private_key, load_public_key
from infra.postgres import EmbeddedPostgres, connect
from services.custody.custody import Custody
from services.custody.gate import SILENT_MAX
from services.custody.notices import listening
from services.custody.requests import Kind
from services.settlement.writer import Writer
from tests.services.sandbox_bank.bank_process import NOON, PLATFORM_NO, BankProcess

DAY = date(2018, 1, 5)
PLATFORM = "p2p"


@dataclass
class Town:
    url: str
    clock: ManualClock
    bank: BankProcess
    writer: Writer
    custodian: ServiceFamilyBank
    custody: Custody
    posts: queue.Queue[str]  # What the bank called back about, once they are written down.
    numbers: int = 0

    def do(self, type_: type[c.Command], **fields: object) -> None:
        self.numbers += 1
        command = type_.model_validate(
            {"id": f"k{self.numbers}", "platform": PLATFORM, "actor": "op", **fields}
        )
        (receipt,) = self.writer.submit([command])
        assert receipt.outcome == "accepted", receipt

    def settle(self, *besides: Kind) -> None:
        assert self.custody.drain(besides=besides)

    def next_day(self) -> None:
        self.clock.advance(timedelta(days=1))
        now = self.clock.now().astimezone(SHANGHAI)
        self.bank.control("clock", now=now.isoformat())
        self.do(c.RollBusinessDate, business_date=now.date())

    def book(self) -> dict[str, tuple[int, int]]:
        with connect(self.url) as connection:
            rows = connection.execute(
                "SELECT account, available_fen, frozen_fen FROM shard_p2p.account_balance"
            ).fetchall()
        return {account: (available, frozen) for account, available, frozen in rows}

    def states(self, request_no: str) -> list[str]:
        with connect(self.url) as connection:
            rows = connection.execute(
                "SELECT state FROM custody_p2p.request_step WHERE request_no = %s ORDER BY seq",
                (request_no,),
            ).fetchall()
        return [state for (state,) in rows]

    def check_bank(self) -> None:
        """Account by account, the bank holds what the book says."""
        held = self.custodian.balances(list(self.book()))
        assert {a: (b.available_fen, b.frozen_fen) for a, b in held.items()} == self.book()

    def settle_once_told_of(self, service: str) -> None:
        while self.posts.get(timeout=20) != service:
            pass
        self.settle()


_banks = itertools.count(1)


@pytest.fixture
def town(postgres: EmbeddedPostgres, database: str, tmp_path: Path) -> Iterator[Town]:
    clock = ManualClock(datetime.fromisoformat(NOON))
    prepare_shard(database, PLATFORM)
    seal = Seal(os.urandom(32))
    with ExitStack() as opened:
        writer = opened.enter_context(closing(Writer(database, PLATFORM, seal, clock)))
        vault = opened.enter_context(closing(Vault(database, shard_schema(PLATFORM), seal)))
        box: list[Custody] = []
        posts: queue.Queue[str] = queue.Queue()

        def receive(form: Mapping[str, str]) -> None:
            box[0].receive(form)
            posts.put(form["serviceName"])

        host, port = opened.enter_context(listening("127.0.0.1", 0, receive))
        bank_database = postgres.ensure_database(f"custodys_bank_{next(_banks)}")
        bank = BankProcess(tmp_path, bank_database, f"http://{host}:{port}/")
        bank.start()
        opened.callback(bank.stop)
        bank.control("clock", now=NOON)
        signer = Signer(
            load_private_key(tmp_path / "platform_private.pem"),
            load_public_key(tmp_path / "bank" / "bank_public.pem"),
        )
        link = Link(f"http://127.0.0.1:{bank.port}", PLATFORM_NO, read_timeout_ms=2_000)
        custodian = opened.enter_context(closing(ServiceFamilyBank(link, signer, clock)))
        custody = Custody(database, PLATFORM, custodian, writer, clock, vault)
        box.append(opened.enter_context(custody))
        yield Town(database, clock, bank, writer, custodian, custody, posts)


def open_books(town: Town) -> None:
    town.do(c.OpenPlatform, business_date=DAY, law_table="none")
    terms = PolicyTerms(
        version="v1",
        valid_from=DAY,
        fee_by_grade={"A": "2"},
        contribution_by_grade={"A": "1"},
    )
    town.do(c.PublishPolicy, terms=terms)


def join(town: Town, member_id: str, role: Role, last_digits: str, fen: int) -> None:
    town.do(
        c.RegisterMember,
        member_id=member_id,
        kind="person",
        roles=(role,),
        name="某人",
        id_no=f"1101011990010112{last_digits[2:]}",
        phone="13800000000",
    )
    town.settle()
    town.do(
        c.BindBankAccount,
        member_id=member_id,
        role=role,
        binding_id=f"card-{member_id}",
        card_no=f"622200000000{last_digits}",
        bank_code="ICBC",
        phone="13800000000",
    )
    if fen:
        town.do(
            c.RequestRecharge,
            recharge_id=f"r-{member_id}",
            member_id=member_id,
            role=role,
            amount_fen=fen,
        )
    town.settle()


def lend(town: Town) -> None:
    town.do(
        c.RequestLoan,
        loan_id="L1",
        borrower_id="bob",
        amount_fen=100_000,
        annual_rate="12",
        periods=1,
        method=Method.BULLET,
        purpose="stock",
    )
    town.do(c.RateLoan, loan_id="L1", grade="A")
    town.do(c.PublishLoan, loan_id="L1", deadline=DAY)
    town.settle()
    for tender_id, investor_id in (("t1", "ann"), ("t2", "bea")):
        town.do(
            c.PlaceTender,
            tender_id=tender_id,
            loan_id="L1",
            investor_id=investor_id,
            amount_fen=50_000,
        )
    town.settle()
    town.do(c.ConcludeLoan, loan_id="L1", contract_hash="a" * 64)
    town.do(c.DisburseLoan, loan_id="L1")
    town.settle()


def test_a_loan_lent_and_repaid_while_the_bank_fails_now_and_then(town: Town) -> None:
    open_books(town)
    join(town, "ann", Role.INVESTOR, "1111", 60_000)
    join(town, "bea", Role.INVESTOR, "2222", 60_000)
    join(town, "bob", Role.BORROWER, "3333", 5_000)
    town.bank.control(
        "fault", service="USER_AUTO_PRE_TRANSACTION", requestNo="T-t1.1", kind="http_500", times=1
    )
    town.bank.control(
        "fault", service="SYNC_TRANSACTION", requestNo="D-L1-1", kind="bad_signature", times=1
    )
    lend(town)
    assert town.states("T-t1.1") == ["planned", "sent", "unknown", "sent", "settled"]
    assert town.states("D-L1-1") == ["planned", "sent", "unknown", "settled"]
    assert town.book() == {
        "ann:investor": (10_000, 0),
        "bea:investor": (10_000, 0),
        "bob:borrower": (103_000, 0),
        "platform:income": (1_000, 0),
        "platform:reserve": (1_000, 0),
    }
    town.check_bank()
    town.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=102_000, in_full=True)
    town.settle()
    assert town.states("L-L1.finished")[-1] == "settled"
    assert town.book()["bob:borrower"][1] == 0
    town.check_bank()


def test_money_withdrawn_leaves_with_the_banks_day_and_may_come_back(town: Town) -> None:
    open_books(town)
    join(town, "ann", Role.INVESTOR, "0003", 60_000)  # Money sent to this card comes back.
    town.do(
        c.RequestWithdrawal,
        withdrawal_id="w1",
        member_id="ann",
        role=Role.INVESTOR,
        binding_id="card-ann",
        amount_fen=20_000,
    )
    town.settle(Kind.WITHDRAW)
    assert town.book()["ann:investor"] == (40_000, 20_000)
    town.check_bank()
    town.next_day()
    town.settle()
    assert town.book()["ann:investor"] == (40_000, 0)
    town.check_bank()
    town.next_day()
    town.settle_once_told_of("BACKROLL_RECHARGE")
    assert town.book()["ann:investor"] == (60_000, 0)
    town.check_bank()


def test_a_bank_that_is_away_gets_the_rest_when_it_is_back(town: Town) -> None:
    open_books(town)
    town.settle()
    town.bank.stop(signal.SIGKILL)
    members = [f"m{number:02}" for number in range(30)]
    for number, member_id in enumerate(members):
        town.do(
            c.RegisterMember,
            member_id=member_id,
            kind="person",
            roles=(Role.INVESTOR,),
            name="某人",
            id_no=f"11010119900101{number:04}",
            phone="13800000000",
        )
    while town.custody.step():
        pass
    before = {each: town.states(f"A-{each}-investor") for each in members}
    unknown = {each for each, states in before.items() if states[-1] == "unknown"}
    assert SILENT_MAX <= len(unknown) < len(members)
    assert {before[each][-1] for each in before.keys() - unknown} == {"planned"}
    town.bank.start()
    town.bank.control("clock", now=NOON)
    for _ in range(20):
        town.clock.advance(timedelta(seconds=2))
        while town.custody.step():
            pass
    town.settle()
    for each in members:
        assert town.states(f"A-{each}-investor") == [*before[each], "sent", "pending", "settled"]
    assert town.custodian.balances([f"{each}:investor" for each in members]).keys() == {
        f"{each}:investor" for each in members
    }
