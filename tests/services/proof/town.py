"""A small platform that lives through everything, by the real writer and a bank that says yes.

The journal of custody is filled in as custody would have done it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from adapters.codec import Recorded
from adapters.commanding import Outcome, Receipt
from adapters.event_log import LogReader, prepare_shard
from adapters.vault import Seal
from domain import commands as c
from domain.accounts import Role
from domain.assignment import AssignmentOffered
from domain.cashbook import EntryRequested
from domain.loan_events import LoanAdmitted
from domain.member import BindingRequested, MemberRegistered, UnbindingRequested
from domain.model import Event
from domain.payout_plan import BucketPeriod
from domain.policy import PolicyTerms
from domain.purposes import Purpose
from domain.schedule import Method
from infra.clock import ManualClock
from infra.postgres import connect, migrate
from services.custody.schema import MIGRATIONS, custody_schema
from services.settlement.writer import Writer
from tests.exemplars import ANN, BEN, command, id_no_of

PLATFORM = "town"
FIRST_DAY = date(2018, 1, 1)
TERMS = PolicyTerms(
    version="v1",
    valid_from=FIRST_DAY,
    bucket=BucketPeriod.DAY,
    fee_by_grade={"A": "3"},
    contribution_by_grade={"A": "1"},
    assignment_fee="1",
)


class Town:
    def __init__(self, url: str) -> None:
        prepare_shard(url, PLATFORM)
        with connect(url, autocommit=True) as connection:
            migrate(connection, custody_schema(PLATFORM), MIGRATIONS)
        self.url = url
        self.day = FIRST_DAY
        self.refused: set[str] = set()  # Entries that the bank will refuse.
        self.delayed: set[str] = set()  # Entries that it does not answer yet.
        self._numbers = itertools.count(1)
        self._seen = 0
        self._clock = ManualClock(datetime(2018, 1, 1, 4, tzinfo=UTC))
        self.writer = Writer(url, PLATFORM, Seal(b"k" * 32), self._clock)
        self.reader = LogReader(url, PLATFORM)
        self._journal = psycopg.connect(url)
        self._journal.execute(f"SET search_path TO {custody_schema(PLATFORM)}".encode())

    def close(self) -> None:
        self.writer.close()
        self.reader.close()
        self._journal.close()

    def base(self, actor: str = "service", command_id: str = "") -> dict[str, Any]:
        number = next(self._numbers)
        return {"id": command_id or f"c{number}", "platform": PLATFORM, "actor": actor}

    def ask(self, *commands: c.Command, refused: bool = False) -> list[Receipt]:
        """Submits, and has the bank answer until nothing more happens."""
        receipts = self.writer.submit(commands)
        wanted = Outcome.REFUSED if refused else Outcome.ACCEPTED
        assert {receipt.outcome for receipt in receipts} <= {wanted}, receipts
        while answers := list(self._answers()):
            replies = self.writer.submit(answers)
            assert {reply.outcome for reply in replies} == {Outcome.ACCEPTED}, replies
        return receipts

    def release(self, entry_id: str) -> None:
        """The bank answers what it had delayed."""
        self.delayed.discard(entry_id)
        self.ask(self._close(entry_id))

    def _answers(self) -> Iterator[c.Command]:
        while recorded := self.reader.read(self._seen, limit=500):
            for each in recorded:
                yield from self._answer(each, each.event)
            self._seen = recorded[-1].position
            self._journal.execute("UPDATE follower SET position = %s", (self._seen,))
            self._journal.commit()

    def _answer(self, recorded: Recorded, event: Event) -> Iterator[c.Command]:
        bank = self.base("custody")
        match event:
            case MemberRegistered():
                for role in event.roles:
                    yield c.ConfirmAccount.model_validate(
                        self.base("custody") | {"member_id": event.member_id, "role": role}
                    )
            case BindingRequested():
                yield c.ConfirmBinding(
                    **bank, member_id=event.member_id, binding_id=event.binding_id
                )
            case UnbindingRequested():
                yield c.ConfirmUnbinding(
                    **bank, member_id=event.member_id, binding_id=event.binding_id
                )
            case LoanAdmitted():
                yield c.ConfirmProject(**bank, loan_id=event.loan_id)
            case AssignmentOffered():
                yield c.ConfirmOffer(**bank, assignment_id=event.assignment_id)
            case EntryRequested():
                instruct(self._journal, recorded.position, event)
                if event.entry_id not in self.delayed:
                    yield self._close(event.entry_id)
            case _:
                pass

    def _close(self, entry_id: str) -> c.Command:
        refused = entry_id in self.refused
        answered(self._journal, entry_id, "refused" if refused else "settled")
        if refused:
            base = self.base("custody", f"reject:{entry_id}")
            return c.RejectEntry(**base, entry_id=entry_id, bank_code="no")
        base = self.base("custody", f"settle:{entry_id}")
        return c.SettleEntry(**base, entry_id=entry_id, bank_date=self.day)

    # -- what the people do -----------------------------------------------------------

    def open(self) -> None:
        self.ask(
            c.OpenPlatform(**self.base(), business_date=FIRST_DAY, law_table="cn-p2p"),
            c.PublishPolicy(**self.base(), terms=TERMS),
            command(c.AppointOperators, **self.base(), operators=(ANN.operator, BEN.operator)),
        )

    def join(self, member_id: str, role: c.MemberRole, fen: int) -> None:
        self.ask(
            c.RegisterMember(
                **self.base(),
                member_id=member_id,
                kind="person",
                roles=(role,),
                name="李四",
                id_no=id_no_of(member_id),
                phone="13800000001",
            )
        )
        self.bind(member_id, role, f"card-{member_id}")
        self.recharge(f"first-{member_id}", member_id, role, fen)

    def bind(self, member_id: str, role: c.MemberRole, binding_id: str) -> None:
        self.ask(
            c.BindBankAccount(
                **self.base(),
                member_id=member_id,
                role=role,
                binding_id=binding_id,
                card_no="6222020000000000",
                bank_code="ICBC",
                phone="13800000001",
            )
        )

    def recharge(self, recharge_id: str, member_id: str, role: c.MemberRole, fen: int) -> None:
        self.ask(
            c.RequestRecharge(
                **self.base(),
                recharge_id=recharge_id,
                member_id=member_id,
                role=role,
                amount_fen=fen,
            )
        )

    def withdraw(self, withdrawal_id: str, member_id: str, role: c.MemberRole, fen: int) -> None:
        self.ask(
            c.RequestWithdrawal(
                **self.base(),
                withdrawal_id=withdrawal_id,
                member_id=member_id,
                role=role,
                binding_id=f"card-{member_id}",
                amount_fen=fen,
            )
        )

    def publish(
        self,
        loan_id: str,
        borrower_id: str,
        fen: int,
        deadline: date = FIRST_DAY,
        guarantor_id: str = "",
    ) -> None:
        named = [guarantor_id] if guarantor_id else []
        self.ask(
            c.RequestLoan(
                **self.base(),
                loan_id=loan_id,
                borrower_id=borrower_id,
                amount_fen=fen,
                annual_rate="12",
                periods=3,
                method=Method.EQUAL_INSTALMENT,
                purpose="a car",
            ),
            c.RateLoan(**self.base(), loan_id=loan_id, grade="A"),
            *(c.GuaranteeLoan(**self.base(), loan_id=loan_id, guarantor_id=who) for who in named),
            c.PublishLoan(**self.base(), loan_id=loan_id, deadline=deadline),
        )

    def tender(self, tender_id: str, loan_id: str, investor_id: str, fen: int) -> None:
        self.ask(
            c.PlaceTender(
                **self.base(),
                tender_id=tender_id,
                loan_id=loan_id,
                investor_id=investor_id,
                amount_fen=fen,
            )
        )

    def disburse(self, loan_id: str) -> None:
        self.ask(c.ConcludeLoan(**self.base(), loan_id=loan_id, contract_hash="0" * 64))
        self.ask(c.DisburseLoan(**self.base(), loan_id=loan_id))

    def repay(self, payment_id: str, loan_id: str, fen: int, *, in_full: bool = False) -> None:
        self.ask(
            c.RepayLoan(
                **self.base(),
                payment_id=payment_id,
                loan_id=loan_id,
                amount_fen=fen,
                in_full=in_full,
            )
        )

    def pass_on(self, assignment_id: str, loan_id: str, claim_id: str, fen: int) -> None:
        """Ben sells so much of a claim to Ann, at a loss."""
        self.ask(
            c.OfferClaim(
                **self.base(),
                assignment_id=assignment_id,
                loan_id=loan_id,
                claim_id=claim_id,
                seller_id="ben",
                principal_fen=fen,
                price_fen=fen - 1_000,
                valid_until=self.day,
            )
        )
        self.ask(
            c.BuyClaim(
                **self.base(), assignment_id=assignment_id, buyer_id="ann", amount_max_fen=fen
            )
        )

    def roll_to(self, day: date) -> None:
        """Nothing is asked of these days but that they pass."""
        rolls = []
        while self.day < day:
            self.day += timedelta(days=1)
            self._clock.advance(timedelta(days=1))
            rolls.append(c.RollBusinessDate(**self.base("day_end"), business_date=self.day))
        self.ask(*rolls)

    def late(self, loan_id: str, period: int, day: date) -> None:
        """On that day two people confirm that the instalment is overdue."""
        self.roll_to(day)
        self.ask(c.AssessLoan(**self.base("day_end"), loan_id=loan_id))
        self.ask(command(c.ConfirmOverdue, **self.base(), loan_id=loan_id, period=period))

    def live_until(self, day: date, *loan_ids: str) -> None:
        while self.day < day:
            self.day += timedelta(days=1)
            self._clock.advance(timedelta(days=1))
            self.ask(
                c.RollBusinessDate(**self.base("day_end"), business_date=self.day),
                *(c.AssessLoan(**self.base("day_end"), loan_id=loan_id) for loan_id in loan_ids),
                c.RunReservePayouts(**self.base("day_end")),
            )


def instruct(journal: psycopg.Connection, position: int, event: EntryRequested) -> None:
    """What custody's journal says when it has planned an entry's request."""
    several = event.purpose in {
        Purpose.DISBURSEMENT,
        Purpose.REPAYMENT,
        Purpose.SUBROGATED_RECOVERY,
        Purpose.FEE,
        Purpose.GUARANTEE_ADVANCE,
        Purpose.GUARANTEE_RECOVERY,
        Purpose.REIMBURSEMENT,
        Purpose.RESERVE_PAYOUT,
        Purpose.ASSIGNMENT,
        Purpose.RESERVE_SURPLUS,
        Purpose.REVERSAL,
        Purpose.SHORTFALL_COVER,
    }
    request_no = event.entry_id if several else event.movements[0].id
    journal.execute(
        "INSERT INTO request VALUES (%s, 'any', %s, 1, 'key', %s, 'c', '{}', now())",
        (request_no, position, event.entry_id),
    )
    for movement in event.movements:
        journal.execute(
            "INSERT INTO instruction VALUES (%s, %s, %s, %s, %s)",
            (movement.id, request_no, event.entry_id, movement.amount_fen, position),
        )


def answered(journal: psycopg.Connection, entry_id: str, state: str) -> None:
    journal.execute(
        "INSERT INTO request_step SELECT request_no, 2, %s, '', NULL, now() FROM request"
        " WHERE subject = %s",
        (state, entry_id),
    )
    journal.commit()


def live(url: str) -> None:
    """Two investors and two borrowers: one loan is late and paid by the reserve, one is repaid in
    time, when a part of its claim was sold, one miscarries; the bank refuses a tender, a
    withdrawal and a release, and returns another withdrawal."""
    town = Town(url)
    town.open()
    for member_id in ("ann", "ben"):
        town.join(member_id, Role.INVESTOR, 2_000_000)
    for member_id in ("cui", "dan"):
        town.join(member_id, Role.BORROWER, 100_000)
    town.publish("L1", "cui", 1_000_001)
    town.refused.add("T-t0")
    town.tender("t0", "L1", "ann", 500_000)
    town.tender("t1", "L1", "ann", 700_000)
    town.tender("t2", "L1", "ben", 300_001)
    town.disburse("L1")
    town.publish("L2", "dan", 300_000)
    town.tender("t3", "L2", "ben", 300_000)
    town.refused.add("D-L2-1")
    town.disburse("L2")
    town.ask(c.DisburseLoan(**town.base(), loan_id="L2"))
    town.publish("L3", "dan", 900_000, deadline=FIRST_DAY + timedelta(days=2))
    town.tender("t4", "L3", "ann", 100_000)
    town.ask(command(c.SeedReserve, **town.base(), seed_id="seed", amount_fen=50_000))
    town.withdraw("w1", "ann", Role.INVESTOR, 10_000)
    town.refused.add("W-w2")
    town.withdraw("w2", "ben", Role.INVESTOR, 20_000)
    returned = c.RecordBankMovement(
        **town.base("custody", "bank:777"),
        bank_record="777",
        purpose=Purpose.RETURNED_WITHDRAWAL,
        account="ann:investor",
        amount_fen=10_000,
        bank_date=FIRST_DAY,
        origin="W-w1.1",
    )
    forced = c.RecordBankMovement(
        **town.base("custody", "bank:778"),
        bank_record="778",
        purpose=Purpose.BANK_ADJUSTMENT,
        account="platform:marketing",
        amount_fen=500,
        credit=False,
        bank_date=FIRST_DAY,
    )
    town.ask(returned, forced)
    town.ask(
        c.PlaceTender(
            **town.base(), tender_id="t9", loan_id="L1", investor_id="ann", amount_fen=100
        ),
        refused=True,
    )
    town.live_until(date(2018, 1, 4), "L1", "L2")
    town.pass_on("S1", "L2", "t3", 100_000)
    town.refused.add("X-t4")
    town.ask(c.MiscarryLoan(**town.base("day_end"), loan_id="L3"))
    town.ask(c.AskReleaseTonight(**town.base("day_end"), entry_id="X-t4"))
    town.live_until(date(2018, 2, 1), "L1", "L2")
    town.refused.add("H-p2")
    town.repay("p2", "L2", 100)
    town.repay("p1", "L2", 110_000)
    town.live_until(date(2018, 3, 10), "L1", "L2")  # The reserve pays what it has of L1.
    town.recharge("second-cui", "cui", Role.BORROWER, 200_000)
    town.repay("p3", "L1", 400_000)
    town.repay("p4", "L2", 250_000, in_full=True)
    town.delayed.add("T-t8")
    town.publish("L4", "dan", 100_000, deadline=date(2018, 4, 1))
    town.tender("t8", "L4", "ben", 50_000)
    town.close()


def live_guaranteed(url: str) -> None:
    """Another town: a loan is late, and eve, who stands for it, advances an instalment at the
    second attempt and gets some of it back; with a second instalment she breaks her word, and pays
    the reserve what it paid in her place."""
    town = Town(url)
    town.open()
    for member_id in ("ann", "ben"):
        town.join(member_id, Role.INVESTOR, 60_000)
    town.join("dan", Role.BORROWER, 50_000)
    town.join("eve", Role.GUARANTOR, 200_000)
    town.ask(command(c.AppointGuarantor, **town.base(), guarantor_id="eve", limit_fen=500_000))
    town.publish("L5", "dan", 100_000, guarantor_id="eve")
    town.tender("t1", "L5", "ann", 60_000)
    town.tender("t2", "L5", "ben", 40_000)
    town.disburse("L5")
    town.late("L5", 1, date(2018, 2, 2))
    town.refused.add("GA-a1")
    advance = {"guarantor_id": "eve", "loan_id": "L5", "period": 1}
    for advance_id in ("a1", "a2"):
        town.ask(command(c.RequestAdvance, **town.base(), advance_id=advance_id, **advance))
    town.repay("p1", "L5", 20_000)
    town.late("L5", 2, date(2018, 3, 2))
    town.roll_to(date(2018, 3, 12))
    town.ask(c.JudgeObligations(**town.base("day_end"), guarantor_id="eve"))
    town.ask(command(c.SeedReserve, **town.base(), seed_id="s1", amount_fen=20_000))
    town.live_until(date(2018, 4, 1), "L5")
    by_eve = advance | {"reimbursement_id": "r1", "period": 2}
    town.ask(command(c.ReimburseAdvance, **town.base(), **by_eve))
    town.close()
