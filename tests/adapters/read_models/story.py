"""One whole story, told through the real writer: eight loans, a bank that refuses at times.

L1  funded by three, one instalment late: the reserve pays a part, then all, then recovers
L2  miscarried                           L3  paid off early, after a payment that failed; a part of
    its claim was sold
L4  refused as a project, published again, late and open at the end
L5  its due date rolls, it is late and called in, which a payment booked late undoes; then paid off
L6  paid early in part, after the bank refused it, and then all of it
L7  guaranteed by two: advanced late by one, after a refusal and a breach, borne by both and paid
    back      L8  refused

B1 and B2 have collection cases; B9 stands on the blacklist for a while.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from adapters.codec import Recorded
from domain import commands as c
from domain.accounts import Role
from domain.payout_plan import BucketPeriod
from domain.policy import Acceleration, EarlyRest, PolicyTerms, Roll, Scope
from domain.purposes import Purpose
from tests.adapters.read_models.story_of_collections import collected, sued
from tests.adapters.read_models.story_of_members import at_the_bank, listed
from tests.adapters.read_models.teller import START, Teller
from tests.exemplars import ANN, BEN

FIRST_POLICY = PolicyTerms(
    version="v1",
    valid_from=START,
    trigger_days=2,
    bucket=BucketPeriod.DAY,
    contribution_by_grade={"A": "1"},
    fee_by_grade={"A": "3"},
    overdue_fee_bands="1-:0.01",
    cap="0",
)
SCHEDULED = ("L1", "L3", "L4")


class ListLog:
    """A log that is a list: events of a real one, or a slice of them."""

    def __init__(self, events: Sequence[Recorded]) -> None:
        self.events = list(events)

    def head(self) -> int:
        return self.events[-1].position if self.events else 0

    def read(self, after: int, limit: int = 5000, upto: int | None = None) -> list[Recorded]:
        end = self.head() if upto is None else upto
        return [each for each in self.events if after < each.position <= end][:limit]

    def pages(
        self, after: int, upto: int, topics: Sequence[str], size: int
    ) -> Iterator[list[Recorded]]:
        wanted = iter([each for each in self.read(after, upto, upto) if each.topic in topics])
        while page := list(itertools.islice(wanted, size)):
            yield page

    def close(self) -> None: ...


def told(url: str) -> list[Recorded]:
    """The story's events."""
    teller = Teller(url)
    try:
        _opening(teller)
        _funding(teller)
        _another_policy(teller)
        _late(teller)
        listed(teller)
        at_the_bank(teller)
        _ending(teller)
        _guaranteed(teller)
        return teller.events()
    finally:
        teller.close()


def _opening(teller: Teller) -> None:
    teller.tell(c.OpenPlatform, business_date=START, law_table="none", cool_off_days=0)
    teller.tell(c.PublishPolicy, terms=FIRST_POLICY)
    teller.tell(c.AppointOperators, operators=(ANN.operator, BEN.operator))
    teller.tell(c.SeedReserve, seed_id="s1", amount_fen=5_000)
    for number in (1, 2, 3):
        teller.member(f"I{number}", Role.INVESTOR, 10_000_000)
    for number in (1, 2):
        teller.member(f"B{number}", Role.BORROWER)
    teller.member("B9", Role.BORROWER)
    teller.tell(c.RefuseAccount, member_id="B9", role=Role.BORROWER, bank_code="A1")
    teller.tell(c.BlacklistMember, member_id="B9", evidence="x")
    teller.settle()


def _funding(teller: Teller) -> None:
    for loan_id, borrower, amount_fen, periods in (
        ("L1", "B1", 100_000, 3),
        ("L2", "B1", 50_000, 3),
        ("L3", "B2", 30_001, 6),
        ("L4", "B2", 20_000, 2),
    ):
        teller.publish(loan_id, borrower, amount_fen, periods)
    for loan_id in ("L1", "L2", "L3"):
        teller.tell(c.ConfirmProject, loan_id=loan_id)
    teller.tell(c.RefuseProject, loan_id="L4", bank_code="P1")
    teller.tell(c.PublishLoan, loan_id="L4", deadline=teller.today)
    teller.tell(c.ConfirmProject, loan_id="L4")
    teller.tender("t1", "L1", "I1", 50_000)
    teller.tender("t2", "L1", "I2", 30_000)
    teller.tender("t3", "L1", "I3", 20_000)
    teller.tender("t4", "L2", "I1", 10_000)
    teller.tender("t5", "L3", "I2", 30_001)
    teller.tender("t6", "L4", "I3", 20_000)
    teller.settle("T-t3")
    teller.tender("t7", "L1", "I3", 20_000)
    teller.settle()
    for loan_id in SCHEDULED:
        teller.conclude(loan_id)
    teller.settle("D-L1-1")
    teller.tell(c.DisburseLoan, loan_id="L1")
    teller.settle()
    teller.tell(c.MoveReserveSurplus, surplus_id="z1", amount_fen=100)
    teller.settle()


def _assigned(teller: Teller) -> None:
    """I1 buys a part of I2's claim on L3, at the third go; one offer nobody buys in time."""
    for number, days in ((1, 5), (2, 5), (3, 5), (4, 0), (5, 40)):
        teller.tell(
            c.OfferClaim,
            assignment_id=f"a{number}",
            loan_id="L3",
            claim_id="t5",
            seller_id="I2",
            principal_fen=5_000,
            price_fen=4_900 + number,
            valid_until=teller.today + timedelta(days=days),
        )
        answer = c.RefuseOffer if number == 1 else c.ConfirmOffer
        teller.tell(answer, assignment_id=f"a{number}", bank_code="K1")
    for number in (2, 3):
        teller.tell(c.BuyClaim, assignment_id=f"a{number}", buyer_id="I1", amount_max_fen=6_000)
        teller.settle("AS-a2")
    teller.roll_to(teller.today + timedelta(days=1))
    teller.tell(c.ExpireOffer, assignment_id="a4")


def _another_policy(teller: Teller) -> None:
    """The due date of L5 rolls, is late and called in; L6 is paid early: a part, then all."""
    terms = PolicyTerms(
        version="v2",
        valid_from=date(2024, 2, 2),
        trigger_days=2,
        bucket=BucketPeriod.DAY,
        floor="1",
        scope=Scope.NONE,
        roll=Roll.FOLLOWING,
        acceleration=Acceleration(over_days=0),
        early_compensation="5",
        early_part=EarlyRest.LOWER_INSTALMENT,
    )
    teller.tell(c.PublishPolicy, terms=terms)
    teller.roll_to(terms.valid_from)
    teller.member("I4", Role.INVESTOR, 100_000)
    teller.member("B3", Role.BORROWER, 100_000)
    teller.settle()
    for loan_id, tender_id in (("L5", "t8"), ("L6", "t9")):
        teller.publish(loan_id, "B3", 10_000, 3)
        teller.tell(c.ConfirmProject, loan_id=loan_id)
        teller.tender(tender_id, loan_id, "I4", 10_000)
        teller.settle()
        teller.conclude(loan_id)
        teller.settle()
    for payment_id in ("p14", "p15"):
        teller.repay(payment_id, "L6", 5_000, in_part=True)
        teller.settle("R-p14")
    teller.repay("p9", "L6", 20_000, in_full=True)
    teller.settle()
    teller.tell(c.RegisterRelatedParty, member_id="B9", evidence="register")


def _called_in(teller: Teller) -> None:
    """L5 was paid in time, and is paid off; about other entries the bank still says nothing."""
    in_time = {"effective_on": date(2024, 3, 4), "reason": "the bank told us late"}
    teller.repay("p16", "L5", 3_401, **in_time)
    _settled(teller, "H-p16", "R-p16")
    teller.repay("p10", "L5", 20_000, in_full=True)
    _settled(teller, "H-p10", "R-p10", "Y-p10")


def _settled(teller: Teller, *entries: str) -> None:
    for entry_id in entries:
        teller.tell(c.SettleEntry, entry_id=entry_id, bank_date=teller.today)


def _late(teller: Teller) -> None:
    """L2 miscarries; L1 pays once and is late, L4 never pays; the reserve is short at first."""
    teller.roll_to(date(2024, 2, 4))
    teller.tell(c.MiscarryLoan, loan_id="L2")
    teller.settle()
    _assigned(teller)
    teller.roll_to(date(2024, 2, 29), *SCHEDULED)
    teller.recharge("B1", Role.BORROWER, 200_000)
    teller.recharge("B2", Role.BORROWER, 200_000)
    teller.settle()
    teller.repay("p1", "L1", 34_002)
    teller.repay("p2", "L3", 5_200)
    teller.settle("R-p2")
    teller.repay("p3", "L3", 5_200, effective_on=date(2024, 2, 28), reason="came late to us")
    teller.settle("H-p3")
    teller.repay("p0", "L3", 40_000, in_full=True)
    teller.settle("R-p0")
    teller.repay("p4", "L3", 40_000, in_full=True)
    teller.settle()
    teller.roll_to(date(2024, 3, 3), "L1", "L4", "L5")
    teller.settle("P-1")
    teller.roll_to(date(2024, 3, 5), "L1", "L4", "L5")
    _called_in(teller)
    teller.roll_to(date(2024, 4, 3), "L1", "L4")
    teller.settle()
    collected(teller)
    teller.roll_to(date(2024, 4, 5), "L1", "L4")
    teller.tell(c.AssessCase, borrower_id="B2")  # Its promise is broken.
    teller.repay("p5", "L1", 10_000)  # While a payout is on its way: it is held.
    teller.settle()
    teller.repay("p6", "L1", 40_000)
    teller.settle()
    teller.tell(c.AssessCase, borrower_id="B1")
    sued(teller)


def _ending(teller: Teller) -> None:
    """The bank's own movements, and L1's end."""
    for record, purpose, amount_fen, credit in (
        ("k1", Purpose.RETURNED_WITHDRAWAL, 500, True),
        ("k2", Purpose.BANK_ADJUSTMENT, 20_000_000, False),
    ):
        teller.tell(
            c.RecordBankMovement,
            bank_record=record,
            purpose=purpose,
            account="I1:investor",
            amount_fen=amount_fen,
            credit=credit,
            bank_date=teller.today,
            origin="W-w2" if credit else None,
        )
    teller.tell(
        c.RecordBankMovement,
        bank_record="k3",
        purpose=Purpose.BANK_INTEREST,
        account="platform:reserve",
        amount_fen=7,
        bank_date=teller.today,
    )
    teller.roll_to(date(2024, 5, 1), "L1", "L4")
    teller.settle()
    teller.repay("p7", "L1", 60_000)
    teller.repay("p8", "L4", 9_000)  # The investor's rest first, then the reserve's.
    teller.settle()
    teller.roll_to(date(2024, 5, 4), "L4")
    teller.settle()
    teller.recharge("I2", Role.INVESTOR, 77)
    teller.tell(
        c.RecordBankMovement,
        bank_record="k4",
        purpose=Purpose.BANK_ADJUSTMENT,
        account="platform:reserve",
        amount_fen=20_000_000,
        credit=False,
        bank_date=teller.today,
    )
    teller.tell(c.SeedReserve, seed_id="s9", amount_fen=30)
    teller.settle()


def _guaranteed(teller: Teller) -> None:
    """G1 stands for B1, is refused by the bank, breaks its word, and pays after all; G2, who stands
    for B1 with it, pays its half of that."""
    terms = FIRST_POLICY.model_copy(update={"version": "v3", "valid_from": teller.today})
    teller.tell(c.PublishPolicy, terms=terms)
    for guarantor_id in ("G1", "G2"):
        teller.member(guarantor_id, Role.GUARANTOR, 100_000)
    teller.member("I5", Role.INVESTOR, 4_000)
    teller.settle()
    for limit_fen in (10_000, 30_000):
        teller.tell(c.AppointGuarantor, guarantor_id="G1", limit_fen=limit_fen)
    teller.tell(c.AppointGuarantor, guarantor_id="G2", limit_fen=10_000)
    teller.publish("L7", "B1", 10_000, 2, "G1", "G2")
    teller.tell(c.ConfirmProject, loan_id="L7")
    teller.publish("L8", "B1", 5_000, 2, "G1")
    teller.tell(c.RefuseProject, loan_id="L8", bank_code="P1")
    teller.tender("t10", "L7", "I5", 4_000)
    teller.tender("t11", "L7", "I3", 6_000)
    teller.settle()
    teller.conclude("L7")
    teller.settle()
    teller.roll_to(date(2024, 6, 5), "L7")
    first = {"loan_id": "L7", "period": 1}
    teller.tell(c.ConfirmOverdue, **first)
    teller.tell(c.RequestAdvance, advance_id="a1", guarantor_id="G1", **first)
    teller.settle("GA-a1")
    teller.roll_to(date(2024, 6, 14), "L7")  # The reserve pays what little it has.
    teller.settle()
    teller.tell(c.JudgeObligations, guarantor_id="G1")
    teller.tell(c.RequestAdvance, advance_id="a2", guarantor_id="G1", **first)
    teller.repay("p12", "L7", 3_000)  # While the advance is on its way: it is held.
    teller.settle()
    for reimbursement_id in ("r1", "r2"):
        half = {"reimbursement_id": reimbursement_id, "guarantor_id": "G2", "to": "G1"}
        teller.tell(c.ReimburseAdvance, **half, **first)
        teller.settle("GR-r1")
    teller.roll_to(date(2024, 7, 5), "L7")
    teller.tell(c.ConfirmOverdue, loan_id="L7", period=2)
    teller.repay("p13", "L7", 9_000)
    teller.settle()
    teller.tell(
        c.RequestRecharge, recharge_id="o", member_id="I3", role=Role.INVESTOR, amount_fen=9
    )
