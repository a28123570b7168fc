"""Tells a story to the real writer: its commands, and the bank's answers."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adapters.codec import Recorded
from adapters.commanding import Outcome, Receipt
from adapters.event_log import LogReader, prepare_shard
from adapters.vault import Seal
from domain import cashbook
from domain import commands as c
from domain.accounts import Role
from domain.loan_guarantee import Contribution
from domain.schedule import Method
from infra.clock import ManualClock
from services.settlement.writer import Writer
from tests.exemplars import command as build

PLATFORM = "p1"
SEAL = Seal(bytes(32), list_key=bytes(32))
START = date(2024, 1, 31)


class Teller:
    """Sends commands to the writer, and answers for the bank."""

    def __init__(self, url: str) -> None:
        prepare_shard(url, PLATFORM)
        self._clock = ManualClock(datetime(2024, 1, 31, 2, tzinfo=UTC))
        self._writer = Writer(url, PLATFORM, SEAL, self._clock)
        self._log = LogReader(url, PLATFORM)
        self._numbers = itertools.count(1)
        self.today = START

    def close(self) -> None:
        self._writer.close()
        self._log.close()

    def tell(self, command_type: type[c.Command], /, **fields: Any) -> Receipt:
        command = build(
            command_type,
            id=f"c{next(self._numbers)}",
            platform=PLATFORM,
            actor="teller",
            **fields,
        )
        [receipt] = self._writer.submit([command])
        assert receipt.outcome is Outcome.ACCEPTED, (command, receipt)
        return receipt

    def events(self) -> list[Recorded]:
        return self._log.read(0, 100_000)

    def settle(self, *refused: str) -> None:
        """The bank answers every open entry: settled, but those that are named."""
        while open_entries := self._open_entries():
            for entry_id in open_entries:
                if entry_id in refused:
                    self.tell(c.RejectEntry, entry_id=entry_id, bank_code="E1")
                else:
                    self.tell(c.SettleEntry, entry_id=entry_id, bank_date=self.today)

    def _open_entries(self) -> list[str]:
        entries: dict[str, None] = {}
        for recorded in self._log.read(0, 100_000):
            match recorded.event:
                case cashbook.EntryRequested(entry_id=entry_id):
                    entries[entry_id] = None
                case cashbook.EntrySettled() | cashbook.EntryRejected() as closed:
                    del entries[closed.entry_id]
        return list(entries)

    def roll_to(self, day: date, *loans: str) -> None:
        """Day by day: roll, assess the loans, run the payouts. The bank does not answer."""
        while self.today < day:
            self.today += timedelta(days=1)
            self._clock.advance(timedelta(days=1))
            self.tell(c.RollBusinessDate, business_date=self.today)
            for loan_id in loans:
                self.tell(c.AssessLoan, loan_id=loan_id)
            self.tell(c.RunReservePayouts)

    def member(self, member_id: str, role: Role, amount_fen: int = 0) -> None:
        self.tell(
            c.RegisterMember,
            member_id=member_id,
            kind="person",
            roles=(role,),
            name="nobody",
            id_no=f"1100000000{member_id}",
            phone="13800000000",
        )
        self.tell(c.ConfirmAccount, member_id=member_id, role=role)
        if amount_fen:
            self.recharge(member_id, role, amount_fen)

    def recharge(self, member_id: str, role: Role, amount_fen: int) -> None:
        number = f"{member_id}-{next(self._numbers)}"
        self.tell(
            c.RequestRecharge,
            recharge_id=number,
            member_id=member_id,
            role=role,
            amount_fen=amount_fen,
        )

    def bind(self, binding_id: str) -> None:
        self.tell(
            c.BindBankAccount,
            member_id="I1",
            binding_id=binding_id,
            role=Role.INVESTOR,
            card_no="6222000000001234",
            bank_code="ICBC",
            phone="13800000000",
        )

    def publish(
        self, loan_id: str, borrower: str, amount_fen: int, periods: int, *guarantors: str
    ) -> None:
        self.tell(
            c.RequestLoan,
            loan_id=loan_id,
            borrower_id=borrower,
            amount_fen=amount_fen,
            annual_rate="12",
            periods=periods,
            method=Method.EQUAL_INSTALMENT,
            purpose='stock "A\\B", {all}',
        )
        self.tell(c.RateLoan, loan_id=loan_id, grade="A")
        for guarantor_id in guarantors:
            agreed = {"guarantor_id": guarantor_id, "contribution": Contribution.AGREED}
            self.tell(c.GuaranteeLoan, loan_id=loan_id, **agreed)
        deadline = self.today + timedelta(days=3)
        self.tell(c.PublishLoan, loan_id=loan_id, deadline=deadline)

    def tender(self, tender_id: str, loan_id: str, investor: str, amount_fen: int) -> None:
        self.tell(
            c.PlaceTender,
            tender_id=tender_id,
            loan_id=loan_id,
            investor_id=investor,
            amount_fen=amount_fen,
        )

    def conclude(self, loan_id: str) -> None:
        self.tell(c.ConcludeLoan, loan_id=loan_id, contract_hash="ab" * 32)
        self.tell(c.DisburseLoan, loan_id=loan_id)

    def repay(self, payment_id: str, loan_id: str, amount_fen: int, **more: Any) -> None:
        self.tell(
            c.RepayLoan, payment_id=payment_id, loan_id=loan_id, amount_fen=amount_fen, **more
        )
