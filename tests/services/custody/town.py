"""The real writer, the real stand-in bank, and custody between them."""

from __future__ import annotations

import itertools
import os
import queue
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson

from adapters.commanding import Receipt
from adapters.custody.batch_family import channel as batch_channel
from adapters.custody.batch_family.client import BatchFamilyBank
from adapters.custody.batch_family.requests import Choices
from adapters.custody.service_family.calls import Choices as ServiceChoices
from adapters.custody.service_family.channel import Link
from adapters.custody.service_family.client import ServiceFamilyBank
from adapters.custody.wire import Signer
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
from infra.settings import BankFamily
from services.custody.custody import Custody
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
    custodian: ServiceFamilyBank | BatchFamilyBank
    custody: Custody
    posts: queue.Queue[str]  # What the bank called back about, once they are written down.
    forms: list[Mapping[str, str]]  # And how it said so.
    numbers: int = 0

    def ask(self, type_: type[c.Command], **fields: object) -> Receipt:
        self.numbers += 1
        command = type_.model_validate(
            {"id": f"k{self.numbers}", "platform": PLATFORM, "actor": "op", **fields}
        )
        (receipt,) = self.writer.submit([command])
        return receipt

    def do(self, type_: type[c.Command], **fields: object) -> None:
        receipt = self.ask(type_, **fields)
        assert receipt.outcome == "accepted", receipt

    def settle(self, *besides: Kind) -> None:
        """Lets time go on where custody waits for it."""
        for _ in range(60):
            if self.custody.drain(1_000, besides):
                return
            self.clock.advance(timedelta(seconds=1))
        raise AssertionError("custody does not come to an end")

    def next_day(self) -> None:
        self.clock.advance(timedelta(days=1))
        now = self.clock.now().astimezone(SHANGHAI)
        self.bank.control("clock", now=now.isoformat())
        self.do(c.RollBusinessDate, business_date=now.date())

    def be_at(self, moment: str) -> None:
        """Here and at the bank."""
        self.clock.set(datetime.fromisoformat(moment))
        self.bank.control("clock", now=moment)

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

    def troubles(self) -> set[tuple[str, str]]:
        with connect(self.url) as connection:
            rows = connection.execute("SELECT request_no, code FROM custody_p2p.trouble")
            return set(rows.fetchall())

    def check_bank(self) -> None:
        """Account by account, the bank holds what the book says."""
        held = self.custodian.balances(list(self.book()))
        assert {a: (b.available_fen, b.frozen_fen) for a, b in held.items()} == self.book()

    def settle_once_told_of(self, service: str) -> None:
        while self.posts.get(timeout=60) != service:
            pass
        self.settle()


_banks = itertools.count(1)
_WORDS = {BankFamily.SERVICE: "SUCCESS", BankFamily.BATCH: "success"}


@contextmanager
def opened_town(
    postgres: EmbeddedPostgres,
    database: str,
    folder: Path,
    family: BankFamily,
    options: Sequence[str] = (),
    withdraw_form: str = "IMMEDIATE",
) -> Iterator[Town]:
    clock = ManualClock(datetime.fromisoformat(NOON))
    prepare_shard(database, PLATFORM)
    seal = Seal(os.urandom(32))
    with ExitStack() as opened:
        writer = opened.enter_context(closing(Writer(database, PLATFORM, seal, clock)))
        vault = opened.enter_context(closing(Vault(database, shard_schema(PLATFORM), seal)))
        box: list[Custody] = []
        posts: queue.Queue[str] = queue.Queue()
        forms: list[Mapping[str, str]] = []

        def receive(form: Mapping[str, str]) -> None:
            box[0].receive(form)
            forms.append(form)
            posts.put(form.get("serviceName") or orjson.loads(form["bgData"])["txCode"])

        host, port = opened.enter_context(listening("127.0.0.1", 0, receive, _WORDS[family]))
        notify_url = f"http://{host}:{port}/"
        bank_database = postgres.ensure_database(f"custodys_bank_{next(_banks)}")
        bank = BankProcess(folder, bank_database, notify_url, options)
        bank.start()
        opened.callback(bank.stop)
        bank.control("clock", now=NOON)
        signer = Signer(
            load_private_key(folder / "platform_private.pem"),
            {"1": load_public_key(folder / "bank" / "bank_public.pem")},
        )
        url = f"http://127.0.0.1:{bank.port}"
        custodian: ServiceFamilyBank | BatchFamilyBank
        if family is BankFamily.SERVICE:
            link = Link(url, PLATFORM_NO, read_timeout_ms=60_000)
            form = ServiceChoices(withdraw_form=withdraw_form)
            custodian = ServiceFamilyBank(link, signer, clock, form)
        else:
            other = batch_channel.Link(url, PLATFORM_NO, read_timeout_ms=60_000)
            custodian = BatchFamilyBank(other, signer, clock, Choices(notify_url))
        opened.enter_context(closing(custodian))
        custody = Custody(database, PLATFORM, custodian, writer, clock, vault)
        box.append(opened.enter_context(custody))
        yield Town(database, clock, bank, writer, custodian, custody, posts, forms)


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


def publish(town: Town) -> None:
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


def lend(town: Town) -> None:
    publish(town)
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
