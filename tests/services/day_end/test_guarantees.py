"""珠宝e贷 at night: the guarantor has 5 working days from the confirmed overdue; then the reserve
must pay. What the nights find, they find once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from domain import commands as c
from domain import guarantee as g
from domain import reserve as r
from domain.accounts import Role
from domain.authorisation import Kind
from domain.loan_events import ClaimFiled
from domain.loan_guarantee import OverdueConfirmed
from domain.payout_plan import BucketPeriod
from domain.policy import Provider
from domain.schedule import Method
from services.proof.verify import verify
from tests.house import House
from tests.services.day_end.conftest import Nights

CONFIRMED = date(2018, 3, 1)
DEADLINE = date(2018, 3, 8)
BREACHED = date(2018, 3, 9)


@pytest.fixture
def guarded(database: str) -> Iterator[Nights]:
    """L1 and L2 are due on 28 February, and gus stands for both; nobody does for L3."""
    house = House(database)
    house.open(
        policy={
            "providers": (Provider.GUARANTOR, Provider.RESERVE),
            "trigger_days": 0,
            "bucket": BucketPeriod.DAY,
            "penalty_bands": "1-:0",
        }
    )
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 3_000_00)
    house.guarantor("gus", 2_000_00)
    house.seed(5_000_00)
    terms = {"periods": 1, "method": Method.BULLET, "annual_rate": "0"}
    for loan_id, guarantor in (("L1", "gus"), ("L2", "gus"), ("L3", "")):
        house.lend(loan_id, "bob", {"lucy": 1_000_00}, guarantor=guarantor, **terms)
    nights = Nights(house)
    yield nights
    nights.close()


def test_advanced_in_time_or_the_reserve_is_next(guarded: Nights) -> None:
    house = guarded.house
    guarded.roll_to(CONFIRMED)
    assert [each.loan_id for each in house.of(OverdueConfirmed)] == ["L1", "L2"]
    assert {each.deadline for each in house.of(g.ObligationOpened)} == {DEADLINE}
    assert [each.loan_id for each in house.of(ClaimFiled)] == ["L3"]
    guarded.roll_to(DEADLINE)
    asked = guarded.asked(c.AssessLoan)
    house.do(c.RequestAdvance, advance_id="a1", guarantor_id="gus", loan_id="L1", period=1)
    house.settle_all()
    guarded.roll_to(date(2018, 3, 12))
    assert guarded.asked(c.AssessLoan) == asked  # The days in between decide nothing.
    assert guarded.asked(c.JudgeObligations) == [f"obligations:{BREACHED}:gus"]
    breached = house.of(g.ObligationBreached)
    assert [(each.loan_id, each.next_payer) for each in breached] == [("L2", Provider.RESERVE)]
    assert [each.claim_id for each in house.of(r.PayoutPaid)] == ["L3.1", "L2.1"]
    assert house.available("lucy:investor") == 3_000_00
    # Each who paid in his place gets back what he paid.
    house.recharge("bob", Role.BORROWER, 3_000_00)
    for loan_id in ("L1", "L2", "L3"):
        house.repay(f"p-{loan_id}", loan_id, 1_000_00)
    house.settle_all()
    assert house.available("gus:guarantor") == 2_000_00
    head = house.log.head()
    guarded.day_end.run(date(2018, 3, 12))
    assert house.log.head() == head
    report = verify(house.url, house.platform)
    told = {each.name for each in report.findings if not each.ok}
    assert told <= {"mirror", "bank_word", "reconciled_days"}  # Nobody was there for these.


def test_what_a_guarantor_has_authorised_is_advanced_without_asking_him(guarded: Nights) -> None:
    house = guarded.house
    terms = {"kind": Kind.COMPENSATORY, "ends_on": CONFIRMED, "limit_fen": 1_000_00}
    house.do(c.RequestAuthorisation, member_id="gus", **terms)
    house.do(c.ConfirmAuthorisation, member_id="gus", number=1)
    guarded.roll_to(date(2018, 2, 28))
    assert guarded.asked(c.AdvanceObligations) == []
    guarded.roll_to(CONFIRMED)
    assert guarded.asked(c.AdvanceObligations) == [f"advances:{CONFIRMED}:gus"]
    first, second = house.of(g.AdvanceRequested)
    assert (first.claim_id, second.claim_id) == ("L1.1", "L2.1")
    head = house.log.head()
    guarded.day_end.run(CONFIRMED)
    assert house.log.head() == head
    assert len(house.of(g.AdvanceMade)) == 2
    guarded.roll_to(BREACHED)
    assert len(guarded.asked(c.AdvanceObligations)) == 1
    assert house.of(g.ObligationBreached) == []


@pytest.mark.parametrize(
    ("limit_fen", "gone_fen", "asked"),
    [(999_99, 0, 0), (1_000_00, 1_00, 1), (1_000_00, 1_000_01, 0)],
    ids=["above the limit", "money for one", "money for none"],
)
def test_no_further_than_the_authorisation_and_his_money_go(
    guarded: Nights, limit_fen: int, gone_fen: int, asked: int
) -> None:
    house = guarded.house
    terms = {"kind": Kind.COMPENSATORY, "ends_on": DEADLINE, "limit_fen": limit_fen}
    house.do(c.RequestAuthorisation, member_id="gus", **terms)
    house.do(c.ConfirmAuthorisation, member_id="gus", number=1)
    if gone_fen:
        freeze = {"member_id": "gus", "role": Role.GUARANTOR, "amount_fen": gone_fen}
        house.do(c.FreezeFunds, freeze_id="f1", evidence="court order 1", **freeze)
    guarded.roll_to(CONFIRMED)
    assert len(house.of(g.AdvanceRequested)) == asked
