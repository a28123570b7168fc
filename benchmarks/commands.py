"""The commands that benchmarks send, as a platform's services, custody and the day end make them.

A thing is named by the id of the command that makes it, as a platform's services would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from random import Random
from typing import TypedDict

from domain import commands as c
from domain.accounts import Role
from domain.policy import PolicyTerms
from domain.schedule import Method, schedule

PLATFORM = "bench"
DAY = date(2018, 1, 2)
DEADLINE = date(2018, 12, 31)
FUNDS_FEN = 10**9  # Of each investor.
SHARE_FEN = 1_000_00  # What each investor of a loan that fills puts in.
RATE, PERIODS = "12", 12

Story = Iterator[c.Command]


class By(TypedDict):
    id: str
    platform: str
    actor: str


def ordered_ids() -> Iterator[str]:
    """As UUIDv7: by time, and as long as the random ones. They sort behind most of these."""
    random = Random(7)
    return (f"{0xF << 44 | number:012x}{random.getrandbits(80):020x}" for number in count())


def random_ids(seed: int) -> Iterator[str]:
    """As UUIDv4."""
    random = Random(seed)
    return (f"{random.getrandbits(128):032x}" for _ in count())


class Sender:
    def __init__(self, ids: Iterator[str]) -> None:
        self._ids = ids

    def _by(self) -> By:
        return {"id": next(self._ids), "platform": PLATFORM, "actor": "bench"}

    def opening(self) -> Story:
        """A platform with books and a policy."""
        yield c.OpenPlatform(business_date=DAY, law_table="none", **self._by())
        yield c.PublishPolicy(terms=PolicyTerms(version="1", valid_from=DAY), **self._by())

    def member(self, member_id: str, role: c.MemberRole, id_no: str) -> Story:
        yield c.RegisterMember(
            member_id=member_id,
            kind="person",
            roles=(role,),
            name="压测",
            id_no=id_no,
            phone="19900000000",
            **self._by(),
        )
        yield c.ConfirmAccount(member_id=member_id, role=role, **self._by())

    def investor(self, member_id: str, id_no: str) -> Story:
        """One who has FUNDS_FEN."""
        yield from self.member(member_id, Role.INVESTOR, id_no)
        recharge = self.recharge(member_id, Role.INVESTOR)
        yield recharge
        yield self.settled(f"C-{recharge.id}")

    def recharge(self, member_id: str, role: c.MemberRole) -> c.RequestRecharge:
        by = self._by()
        return c.RequestRecharge(
            recharge_id=by["id"], member_id=member_id, role=role, amount_fen=FUNDS_FEN, **by
        )

    def loan(self, loan_id: str, borrower_id: str, amount_fen: int) -> Story:
        """One that takes tenders."""
        yield c.RequestLoan(
            loan_id=loan_id,
            borrower_id=borrower_id,
            amount_fen=amount_fen,
            annual_rate=RATE,
            periods=PERIODS,
            method=Method.EQUAL_INSTALMENT,
            purpose="bench",
            **self._by(),
        )
        yield c.RateLoan(loan_id=loan_id, grade="A", **self._by())
        yield c.PublishLoan(loan_id=loan_id, deadline=DEADLINE, **self._by())
        yield c.ConfirmProject(loan_id=loan_id, **self._by())

    def tender(self, loan_id: str, investor_id: str, amount_fen: int) -> c.PlaceTender:
        by = self._by()
        return c.PlaceTender(
            tender_id=by["id"],
            loan_id=loan_id,
            investor_id=investor_id,
            amount_fen=amount_fen,
            **by,
        )

    def lent(self, name: str, investors: int) -> Story:
        """Loan `L-name` of so many investors, all new, up to its disbursement."""
        loan_id, borrower_id = f"L-{name}", f"B-{name}"
        yield from self.member(borrower_id, Role.BORROWER, f"9800000000{name}")
        yield from self.loan(loan_id, borrower_id, investors * SHARE_FEN)
        for number in range(1, investors + 1):
            investor_id = f"I{number}-{name}"
            yield from self.investor(investor_id, f"9900{number:06d}{name}")
            tender = self.tender(loan_id, investor_id, SHARE_FEN)
            yield tender
            yield self.settled(f"T-{tender.id}")
        yield from self.paid_out(loan_id)
        yield self.settled(f"D-{loan_id}-1")

    def paid_out(self, loan_id: str) -> Story:
        yield c.ConcludeLoan(loan_id=loan_id, contract_hash="0" * 64, **self._by())
        yield c.DisburseLoan(loan_id=loan_id, **self._by())

    def repaid(self, loan_id: str, amount_fen: int, *, in_full: bool) -> tuple[c.Command, ...]:
        """A repayment, the bank's word that the money is held, and that it is paid on."""
        by = self._by()
        return (
            c.RepayLoan(
                payment_id=by["id"], loan_id=loan_id, amount_fen=amount_fen, in_full=in_full, **by
            ),
            self.settled(f"H-{by['id']}"),
            self.settled(f"R-{by['id']}"),
        )

    def settled(self, entry_id: str) -> c.SettleEntry:
        return c.SettleEntry(entry_id=entry_id, bank_date=DAY, **self._by())

    def next_day(self, business_date: date) -> c.RollBusinessDate:
        return c.RollBusinessDate(business_date=business_date, **self._by())


def instalment_fen(investors: int) -> int:
    """The first of a loan that was `lent` by so many."""
    rows = schedule(investors * SHARE_FEN, Decimal(RATE), PERIODS, Method.EQUAL_INSTALMENT)
    return rows[0].payment_fen


def in_chunks(commands: Iterable[c.Command], size: int) -> Iterator[list[c.Command]]:
    chunk: list[c.Command] = []
    for command in commands:
        chunk.append(command)
        if len(chunk) == size:
            yield chunk
            chunk = []
    yield chunk
