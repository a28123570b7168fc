"""The writer's whole production path of a tender: JSON in, events, receipt and balances out."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TypedDict

from adapters.commanding import Outcome, Receipt
from adapters.event_log import prepare_shard
from adapters.vault import Seal
from domain import commands as c
from domain.accounts import Role
from domain.policy import PolicyTerms
from domain.schedule import Method
from infra.clock import ManualClock
from services.settlement.intake import read_command
from services.settlement.pen import Delivery
from services.settlement.writer import BATCH_MAX, Writer

PLATFORM = "bench"
DAY = date(2018, 1, 2)
LOANS = 2_000
SETUP_BATCH = 5_000


class By(TypedDict):
    id: str
    platform: str
    actor: str


class WriterBench:
    """A platform with `accounts` investors who all have money, and loans that never fill."""

    def __init__(self, url: str, accounts: int) -> None:
        prepare_shard(url, PLATFORM)
        self._url = url
        self._accounts = accounts
        self._numbers = 0
        self._random = random.Random(1)
        writer = self._new_writer()
        for batch in _chunks(self._setup(), SETUP_BATCH):
            _all_accepted(writer.submit(batch))
        writer.close()
        self._writer = self._new_writer()  # It knows nothing at first, and goes on as a live one.

    def tenders_per_s(self, count: int) -> float:
        """Commands as bytes, accounts at random."""
        messages = [self.tender().model_dump_json().encode() for _ in range(count)]
        began = time.perf_counter()
        _all_accepted(
            self._writer.run(
                Delivery([read_command(m) for m in messages[start : start + BATCH_MAX]])
                for start in range(0, count, BATCH_MAX)
            )
        )
        return count / (time.perf_counter() - began)

    def close(self) -> None:
        self._writer.close()

    def _new_writer(self) -> Writer:
        return Writer(self._url, PLATFORM, Seal(bytes(32)), ManualClock(datetime.now(UTC)))

    def _setup(self) -> Iterator[c.Command]:
        yield c.OpenPlatform(business_date=DAY, law_table="none", **self._by())
        yield c.PublishPolicy(terms=PolicyTerms(version="1", valid_from=DAY), **self._by())
        yield from self._member("B1", Role.BORROWER)
        for number in range(LOANS):
            loan_id = f"L{number}"
            yield c.RequestLoan(
                loan_id=loan_id,
                borrower_id="B1",
                amount_fen=10**12,
                annual_rate="12",
                periods=12,
                method=Method.EQUAL_INSTALMENT,
                purpose="bench",
                **self._by(),
            )
            yield c.RateLoan(loan_id=loan_id, grade="A", **self._by())
            yield c.PublishLoan(loan_id=loan_id, deadline=DAY, **self._by())
            yield c.ConfirmProject(loan_id=loan_id, **self._by())
        for number in range(self._accounts):
            yield from self._investor(f"I{number}")

    def _investor(self, member_id: str) -> Iterator[c.Command]:
        yield from self._member(member_id, Role.INVESTOR)
        yield c.RequestRecharge(
            recharge_id=member_id,
            member_id=member_id,
            role=Role.INVESTOR,
            amount_fen=10**9,
            **self._by(),
        )
        yield c.SettleEntry(entry_id=f"C-{member_id}", bank_date=DAY, **self._by())

    def _member(self, member_id: str, role: c.MemberRole) -> Iterator[c.Command]:
        yield c.RegisterMember(
            member_id=member_id,
            kind="person",
            roles=(role,),
            name="压测",
            id_no=f"990101{self._numbers:012d}",
            phone="19900000000",
            **self._by(),
        )
        yield c.ConfirmAccount(member_id=member_id, role=role, **self._by())

    def tender(self) -> c.PlaceTender:
        return c.PlaceTender(
            tender_id=f"T{self._numbers}",
            loan_id=f"L{self._random.randrange(LOANS)}",
            investor_id=f"I{self._random.randrange(self._accounts)}",
            amount_fen=100_00,
            **self._by(),
        )

    def _by(self) -> By:
        self._numbers += 1
        return {"id": f"{self._numbers:016d}", "platform": PLATFORM, "actor": "bench"}


def _all_accepted(receipts: Sequence[Receipt]) -> None:
    for receipt in receipts:
        if receipt.outcome is not Outcome.ACCEPTED:
            raise RuntimeError(f"{receipt.command_id}: {receipt.code}")


def _chunks(commands: Iterator[c.Command], size: int) -> Iterator[list[c.Command]]:
    chunk: list[c.Command] = []
    for command in commands:
        chunk.append(command)
        if len(chunk) == size:
            yield chunk
            chunk = []
    yield chunk
