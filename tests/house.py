"""A whole platform to play on: the real writer on a real database, and a bank that obeys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from adapters.codec import Recorded
from adapters.commanding import Outcome, Receipt
from adapters.event_log import LogReader, prepare_shard
from adapters.shard_schema import shard_schema
from adapters.signing import Signer
from adapters.vault import Seal
from domain import commands as c
from domain.accounts import Role
from domain.cashbook import EntryRejected, EntryRequested, EntrySettled
from domain.commands import Command
from domain.loan import Loan
from domain.model import Event
from domain.reserve import Reserve
from domain.schedule import Method
from domain.streams import RESERVE, fold_of, loan_stream
from infra.clock import SHANGHAI, ManualClock
from services.settlement.writer import Writer
from tests.exemplars import (
    ANN,
    BEN,
    CARD,
    CUI,
    NAME,
    PHONE,
    PLATFORM,
    TODAY,
    a_policy,
    command,
    id_no_of,
)

V = TypeVar("V", bound=Event)
COMMANDS_KEY = bytes(range(32))
SEAL = Seal(bytes(32), list_key=bytes(32), commands_key=COMMANDS_KEY)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), SHANGHAI)


class House:
    """`ask` gives the receipt; `do` insists that it was accepted."""

    def __init__(self, url: str, platform: str = PLATFORM, today: date = TODAY) -> None:
        prepare_shard(url, platform)
        self.url, self.platform = url, platform
        self.clock = ManualClock(_noon(today))
        self.writer = self.new_writer()
        self.log = LogReader(url, platform)
        self.connection = psycopg.connect(url, autocommit=True)
        self.today = today
        self.loans: list[str] = []
        self.guarantors: list[str] = []

    def new_writer(self) -> Writer:
        return Writer(self.url, self.platform, SEAL, self.clock)

    def close(self) -> None:
        self.writer.close()
        self.log.close()
        self.connection.close()

    # -- commands ---------------------------------------------------------------------

    def ask(self, kind: type[Command], /, **fields: Any) -> Receipt:
        [receipt] = self.writer.submit([command(kind, platform=self.platform, **fields)])
        return receipt

    def do(self, kind: type[Command], /, **fields: Any) -> Receipt:
        receipt = self.ask(kind, **fields)
        assert receipt.outcome is Outcome.ACCEPTED, receipt
        return receipt

    def refused(self, kind: type[Command], /, **fields: Any) -> str:
        """The code; and nothing but the receipt was written."""
        before = self.log.head(), self.balances()
        receipt = self.ask(kind, **fields)
        assert receipt.outcome is Outcome.REFUSED, receipt
        assert (self.log.head(), self.balances()) == before
        return receipt.code

    def open(
        self, *, law_table: str = "none", policy: Mapping[str, Any] | None = None, **fields: Any
    ) -> None:
        self.do(c.OpenPlatform, business_date=self.today, law_table=law_table, **fields)
        self.do(c.PublishPolicy, terms=a_policy(**(policy or {})))
        self.appoint()

    def appoint(self, *signers: Signer) -> None:
        first = tuple(signer.operator for signer in signers or (ANN, BEN, CUI))
        self.do(c.AppointOperators, operators=first)

    def member(self, member_id: str, role: Role, fen: int = 0, **fields: Any) -> None:
        """Registered, account open, with money."""
        usual = {"kind": "person", "name": NAME, "phone": PHONE, "id_no": id_no_of(member_id)}
        self.do(c.RegisterMember, member_id=member_id, roles=(role,), **(usual | fields))
        self.do(c.ConfirmAccount, member_id=member_id, role=role)
        if fen:
            self.recharge(member_id, role, fen)

    def recharge(self, member_id: str, role: Role, fen: int) -> None:
        recharge_id = f"{member_id}-{self.log.head()}"
        self.do(
            c.RequestRecharge,
            recharge_id=recharge_id,
            member_id=member_id,
            role=role,
            amount_fen=fen,
        )
        self.settle(f"C-{recharge_id}")

    def guarantor(self, member_id: str, fen: int, limit_fen: int = 10**12) -> None:
        """A company with an account and money, appointed."""
        self.member(member_id, Role.GUARANTOR, fen, kind="company", lawful_business=True)
        self.do(c.AppointGuarantor, guarantor_id=member_id, limit_fen=limit_fen)
        self.guarantors.append(member_id)

    def seed(self, fen: int) -> None:
        seed_id = f"s{self.log.head()}"
        self.do(c.SeedReserve, seed_id=seed_id, amount_fen=fen)
        self.settle(f"S-{seed_id}")

    def bind(self, member_id: str, role: Role, binding_id: str) -> None:
        fields: dict[str, Any] = {"card_no": CARD, "bank_code": "ICBC", "phone": PHONE}
        self.do(c.BindBankAccount, member_id=member_id, role=role, binding_id=binding_id, **fields)
        self.do(c.ConfirmBinding, member_id=member_id, binding_id=binding_id)

    def rated(
        self,
        loan_id: str,
        borrower_id: str,
        fen: int,
        guarantor: str = "",
        guarantors: Mapping[str, Mapping[str, Any]] | None = None,
        **terms: Any,
    ) -> None:
        """`guarantors`: several, and what each stands for."""
        usual: dict[str, Any] = {
            "annual_rate": "12",
            "periods": 12,
            "method": Method.EQUAL_INSTALMENT,
            "purpose": "stock",
        }
        fields = usual | terms
        self.do(c.RequestLoan, loan_id=loan_id, borrower_id=borrower_id, amount_fen=fen, **fields)
        self.do(c.RateLoan, loan_id=loan_id, grade="A")
        named = {guarantor: {}} if guarantor else guarantors or {}
        for who, for_what in named.items():
            self.do(c.GuaranteeLoan, loan_id=loan_id, guarantor_id=who, **for_what)

    def published(self, loan_id: str, borrower_id: str, fen: int, **terms: Any) -> None:
        self.rated(loan_id, borrower_id, fen, **terms)
        self.do(c.PublishLoan, loan_id=loan_id, deadline=self.today + timedelta(days=7))
        self.do(c.ConfirmProject, loan_id=loan_id)

    def tender(self, tender_id: str, loan_id: str, investor_id: str, fen: int) -> None:
        self.do(
            c.PlaceTender,
            tender_id=tender_id,
            loan_id=loan_id,
            investor_id=investor_id,
            amount_fen=fen,
        )

    def lend(
        self, loan_id: str, borrower_id: str, tenders: Mapping[str, int], **terms: Any
    ) -> None:
        """Disbursed today; one tender `{loan}-{investor}` each."""
        self.published(loan_id, borrower_id, sum(tenders.values()), **terms)
        for investor_id, fen in tenders.items():
            self.tender(f"{loan_id}-{investor_id}", loan_id, investor_id, fen)
            self.settle(f"T-{loan_id}-{investor_id}")
        self.do(c.ConcludeLoan, loan_id=loan_id, contract_hash="0" * 64)
        self.do(c.DisburseLoan, loan_id=loan_id)
        self.settle(f"D-{loan_id}-1")
        self.loans.append(loan_id)

    def repay(self, payment_id: str, loan_id: str, fen: int, **fields: Any) -> None:
        """The bank freezes; where the money goes then is the bank's next answer."""
        self.do(c.RepayLoan, payment_id=payment_id, loan_id=loan_id, amount_fen=fen, **fields)
        self.settle(f"H-{payment_id}")

    # -- the bank -----------------------------------------------------------------------

    def settle(self, *entry_ids: str) -> None:
        for entry_id in entry_ids:
            self.do(c.SettleEntry, entry_id=entry_id, bank_date=self.today)

    def reject(self, *entry_ids: str) -> None:
        for entry_id in entry_ids:
            self.do(c.RejectEntry, entry_id=entry_id, bank_code="E1")

    def at_bank(self) -> list[str]:
        """Entries without an answer, in the order in which they were asked."""
        waiting: dict[str, None] = {}
        for event in self.events():
            if isinstance(event, EntryRequested):
                waiting[event.entry_id] = None
            elif isinstance(event, EntrySettled | EntryRejected):
                del waiting[event.entry_id]
        return list(waiting)

    def settle_all(self) -> None:
        while waiting := self.at_bank():
            self.settle(*waiting)

    # -- days ---------------------------------------------------------------------------

    def roll_to(self, day: date, *, payouts: bool = True) -> None:
        """Day by day, with all that a day end asks."""
        while self.today < day:
            self.today += timedelta(days=1)
            self.clock.set(_noon(self.today))
            batch: list[Command] = [
                command(c.RollBusinessDate, platform=self.platform, business_date=self.today)
            ]
            batch += (command(c.AssessLoan, platform=self.platform, loan_id=x) for x in self.loans)
            batch += (
                command(c.JudgeObligations, platform=self.platform, guarantor_id=x)
                for x in self.guarantors
            )
            if payouts:
                batch.append(command(c.RunReservePayouts, platform=self.platform))
            batch += (
                command(c.AdvanceObligations, platform=self.platform, guarantor_id=x)
                for x in self.guarantors
            )
            self.writer.submit(batch)

    # -- what came of it ------------------------------------------------------------------

    def recorded(self, after: int = 0) -> list[Recorded]:
        return self.log.read(after, limit=1_000_000)

    def events(self) -> list[Event]:
        return [recorded.event for recorded in self.recorded()]

    def of(self, kind: type[V]) -> list[V]:
        return [event for event in self.events() if isinstance(event, kind)]

    def states(self) -> dict[str, Any]:
        """Every stream, folded from the first event."""
        states: dict[str, Any] = {}
        for recorded in self.recorded():
            fold = fold_of(recorded.stream)
            before = states.get(recorded.stream, fold.initial)
            states[recorded.stream] = fold.evolve(before, recorded.event)
        return states

    def state(self, stream: str) -> Any:
        return self.states().get(stream, fold_of(stream).initial)

    def loan(self, loan_id: str) -> Loan:
        state: Loan = self.state(loan_stream(loan_id))
        return state

    @property
    def reserve(self) -> Reserve:
        state: Reserve = self.state(RESERVE)
        return state

    def query(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """`{}` in the text is the shard's schema."""
        schema = sql.Identifier(shard_schema(self.platform))
        return self.connection.execute(sql.SQL(text).format(schema), values).fetchall()

    def balances(self) -> dict[str, tuple[int, int]]:
        """Account -> (available, frozen), in fen."""
        rows = self.query("SELECT account, available_fen, frozen_fen FROM {}.account_balance")
        return {row[0]: (row[1], row[2]) for row in rows}

    def available(self, account: str) -> int:
        return self.balances().get(account, (0, 0))[0]
