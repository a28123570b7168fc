"""Guarantors (担保代偿), played on a whole platform, and what its policy promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain import commands as c
from domain import guarantee as g
from domain import reserve as r
from domain.accounts import Role
from domain.authorisation import Kind
from domain.cashbook import EntryRequested
from domain.loan import Status
from domain.loan_events import ClaimFiled, RepaymentRouted
from domain.loan_guarantee import LoanGuaranteed, OverdueConfirmed, SecurityKind
from domain.model import Event
from domain.payout_plan import BucketPeriod
from domain.policy import Provider
from domain.purposes import Purpose
from domain.recourse import Recourse
from domain.schedule import Method
from domain.streams import guarantee_stream
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import only
from tests.house import House

FIRST_DUE = date(2018, 2, 28)
CONFIRMED = date(2018, 3, 1)  # A Thursday.
DEADLINE = date(2018, 3, 8)  # Five working days later.
GUS = "gus:guarantor"
JEWEL: dict[str, Any] = {
    "providers": (Provider.GUARANTOR, Provider.RESERVE),
    "trigger_days": 0,
    "bucket": BucketPeriod.DAY,
    "fee_by_grade": {},
    "contribution_by_grade": {},
    "penalty_bands": "1-:0",
}
"""珠宝e贷: the guarantor advances principal and interest within 5 working days after the overdue is
confirmed; the platform's reserve is liable with him."""


@pytest.fixture
def town(house: House) -> Callable[..., House]:
    """`town(**policy)`: bob borrowed 1,000.00 of lucy and max, 6 : 4, for a month; gus stands for
    him. He owes 10.00 of interest."""

    def build(lent: bool = True, gus_fen: int = 5_000_00, **policy: Any) -> House:
        house.open(policy=JEWEL | policy)
        house.member("bob", Role.BORROWER)
        house.member("lucy", Role.INVESTOR, 600_00)
        house.member("max", Role.INVESTOR, 400_00)
        house.guarantor("gus", gus_fen)
        if lent:
            lend(house)
        return house

    return build


def lend(house: House, loan_id: str = "L1", **terms: Any) -> None:
    usual: dict[str, Any] = {"periods": 1, "method": Method.BULLET, "guarantor": "gus"}
    house.lend(loan_id, "bob", {"lucy": 600_00, "max": 400_00}, **usual | terms)


def advance(house: House, advance_id: str = "a1", **fields: Any) -> None:
    usual: dict[str, Any] = {"guarantor_id": "gus", "loan_id": "L1", "period": 1}
    house.do(c.RequestAdvance, advance_id=advance_id, **usual | fields)


def refused_advance(house: House, advance_id: str = "a9", **fields: Any) -> str:
    usual: dict[str, Any] = {"guarantor_id": "gus", "loan_id": "L1", "period": 1}
    return house.refused(c.RequestAdvance, advance_id=advance_id, **usual | fields)


def pay(house: House, payment_id: str, fen: int) -> None:
    house.recharge("bob", Role.BORROWER, fen)
    house.repay(payment_id, "L1", fen)


def gus(house: House) -> g.Guarantor:
    state: g.Guarantor = house.state(guarantee_stream("gus"))
    return state


def received(house: House) -> tuple[int, int]:
    return house.available("lucy:investor"), house.available("max:investor")


def told(house: House, *kinds: type[Event]) -> list[Event]:
    return [event for event in house.events() if isinstance(event, kinds)]


def assert_proved(house: House) -> None:
    """But for the mirror: no custody kept a journal. And the views are what a rebuild gives."""
    report = verify(house.url, house.platform)
    wrong = [each for each in report.findings if not each.ok]
    assert {each.name for each in wrong} <= {"mirror", "bank_word", "reconciled_days"}, wrong
    with Projector(house.url, house.platform) as projector:
        projector.catch_up()
        assert all(projector.compare().values())


def test_an_advance_goes_no_further_than_its_guarantor_has_authorised(
    town: Callable[..., House],
) -> None:
    house = town()
    for number, limit_fen in ((1, 1_009_99), (2, 1_010_00)):
        terms = {"kind": Kind.COMPENSATORY, "ends_on": CONFIRMED, "limit_fen": limit_fen}
        house.do(c.RequestAuthorisation, member_id="gus", **terms)
        house.do(c.ConfirmAuthorisation, member_id="gus", number=number)
        if number == 1:
            house.roll_to(CONFIRMED)
            assert refused_advance(house) == "authorisation_exceeded"
    house.roll_to(CONFIRMED + timedelta(days=1))
    assert refused_advance(house) == "authorisation_ended"
    later = {"kind": Kind.COMPENSATORY, "ends_on": DEADLINE, "limit_fen": 1_010_00}
    house.do(c.RequestAuthorisation, member_id="gus", **later)
    house.do(c.ConfirmAuthorisation, member_id="gus", number=3)
    advance(house)


# -- the published promise ----------------------------------------------------------------


def test_advanced_within_five_working_days_and_recovered_by_recourse(
    town: Callable[..., House],
) -> None:
    house = town()
    house.roll_to(CONFIRMED)
    opened = only(g.ObligationOpened, house.events())
    assert (opened.amount_fen, opened.confirmed_on, opened.deadline) == (
        1_010_00,
        CONFIRMED,
        DEADLINE,
    )
    assert opened.calendar.startswith("chinesecalendar-")
    house.roll_to(DEADLINE)  # The last day is in time.
    advance(house)
    assert house.balances()[GUS] == (3_990_00, 1_010_00)
    assert refused_advance(house, "a2") == "advance_under_way"
    house.settle("GH-a1")
    entry = only(EntryRequested, [e for e in told(house, EntryRequested) if _is(e, "GA-a1")])
    assert [
        (m.purpose, m.payer, m.payee, m.amount_fen, m.interest_fen) for m in entry.movements
    ] == [
        (Purpose.GUARANTEE_ADVANCE, GUS, "bob:borrower", 606_00, 6_00),
        (Purpose.ADVANCE_PASSED_ON, "bob:borrower", "lucy:investor", 606_00, 6_00),
        (Purpose.GUARANTEE_ADVANCE, GUS, "bob:borrower", 404_00, 4_00),
        (Purpose.ADVANCE_PASSED_ON, "bob:borrower", "max:investor", 404_00, 4_00),
    ]
    house.settle("GA-a1")
    assert received(house) == (606_00, 404_00)
    assert house.balances()[GUS] == (3_990_00, 0)
    assert house.loan("L1").status is Status.OVERDUE  # He owes it to gus now.
    assert refused_advance(house, "a2") == "advance_made"
    house.roll_to(date(2018, 3, 30))
    assert told(house, g.ObligationBreached, ClaimFiled) == []
    # Recourse: what bob pays is the guarantor's.
    pay(house, "p1", 510_00)
    house.settle_all()
    assert house.balances()[GUS] == (4_500_00, 0)
    assert (gus(house).exposure_fen, gus(house).obligations) == (500_00, {})
    pay(house, "p2", 500_00)
    house.settle_all()
    assert house.balances()[GUS] == (5_000_00, 0)
    assert received(house) == (606_00, 404_00)
    assert house.loan("L1").status is Status.SETTLED
    assert gus(house).exposure_fen == 0
    assert_proved(house)


def _is(event: Event, entry_id: str) -> bool:
    return isinstance(event, EntryRequested) and event.entry_id == entry_id


def test_a_breach_is_recorded_once_and_the_reserve_is_obliged(town: Callable[..., House]) -> None:
    house = town()
    house.seed(300_00)
    house.roll_to(DEADLINE)
    assert told(house, g.ObligationBreached) == []
    house.roll_to(date(2018, 3, 12))
    breached = only(g.ObligationBreached, house.events())
    assert (breached.deadline, breached.amount_fen, breached.next_payer) == (
        DEADLINE,
        1_010_00,
        Provider.RESERVE,
    )
    assert only(r.ClaimQueued, house.events()).eligible_on == date(2018, 3, 9)
    assert only(r.PayoutHeld, house.events()).amount_fen == 300_00
    # He stays liable, and not while the reserve's money is on its way.
    assert refused_advance(house) == "lines_moving"
    house.settle_all()
    advance(house)
    house.settle_all()
    assert received(house) == (606_00, 404_00)
    assert house.balances()[GUS] == (5_000_00 - 710_00, 0)
    assert house.reserve.queue == {}  # Nothing is left to pay.
    # The reserve paid the 10.00 of interest and 290.00 of principal, gus the rest of that: what
    # bob pays goes to both, by what each holds.
    pay(house, "p1", 110_00)
    house.settle_all()
    assert house.balances()[GUS] == (5_000_00 - 710_00 + 71_00, 0)
    assert house.balances()["platform:reserve"] == (10_00 + 29_00, 0)
    assert_proved(house)


# -- what is guaranteed, and by whom --------------------------------------------------------


def test_over_its_limit_a_guarantor_stands_for_no_further_loan(town: Callable[..., House]) -> None:
    house = town(lent=False)
    house.do(c.AppointGuarantor, guarantor_id="gus", limit_fen=1_500_00)
    lend(house)
    house.rated("L2", "bob", 600_00, guarantor="gus")
    deadline = date(2018, 2, 7)
    assert house.refused(c.PublishLoan, loan_id="L2", deadline=deadline) == "guarantee_above_limit"
    house.roll_to(FIRST_DUE)
    pay(house, "p1", 510_00)  # 500.00 of principal less.
    house.settle_all()
    assert gus(house).exposure_fen == 500_00
    house.do(c.PublishLoan, loan_id="L2", deadline=date(2018, 3, 7))
    assert gus(house).exposure_fen == 1_100_00
    house.do(c.RefuseProject, loan_id="L2", bank_code="E1")
    assert gus(house).exposure_fen == 500_00
    house.do(c.PublishLoan, loan_id="L2", deadline=date(2018, 3, 7))
    house.do(c.ConfirmProject, loan_id="L2")
    house.roll_to(date(2018, 3, 8))
    house.do(c.MiscarryLoan, loan_id="L2")
    assert gus(house).exposure_fen == 500_00
    assert_proved(house)


def test_who_may_guarantee_what(town: Callable[..., House]) -> None:
    house = town(lent=False)
    house.member("ned", Role.GUARANTOR)
    house.rated("L2", "bob", 100_00)
    guarantee = {"loan_id": "L2", "guarantor_id": "gus"}
    appoint = {"limit_fen": 1}
    assert house.refused(c.AppointGuarantor, guarantor_id="no1", **appoint) == "member_unknown"
    assert house.refused(c.AppointGuarantor, guarantor_id="bob", **appoint) == "role_missing"
    unknown = guarantee | {"guarantor_id": "ned"}
    assert house.refused(c.GuaranteeLoan, **unknown) == "guarantor_not_appointed"
    document = c.CounterGuaranteeGiven(
        kind=SecurityKind.PLEDGE, reference="ring-7", document_hash="a" * 64
    )
    house.do(c.GuaranteeLoan, counter_guarantee=document, **guarantee)
    named = only(LoanGuaranteed, house.events())
    assert named.counter_guarantee == (SecurityKind.PLEDGE, "ring-7", "a" * 64)
    assert house.refused(c.GuaranteeLoan, **guarantee) == "loan_guaranteed"
    house.rated("L3", "bob", 100_00)
    house.do(c.PublishLoan, loan_id="L3", deadline=date(2018, 2, 7))
    late = guarantee | {"loan_id": "L3"}
    assert house.refused(c.GuaranteeLoan, **late) == "loan_wrong_state"


# -- confirmation and obligation --------------------------------------------------------------


def test_a_named_person_confirms_where_the_reserve_comes_first(town: Callable[..., House]) -> None:
    house = town(providers=(Provider.RESERVE,), trigger_days=30)
    confirm = {"loan_id": "L1", "period": 1}
    assert house.refused(c.ConfirmOverdue, **confirm) == "instalment_not_overdue"
    house.roll_to(date(2018, 3, 2))
    assert refused_advance(house) == "obligation_unknown"
    house.do(c.ConfirmOverdue, **confirm)
    assert only(OverdueConfirmed, house.events()).confirmed_by == "ben"
    assert only(g.ObligationOpened, house.events()).deadline == date(2018, 3, 9)
    assert house.refused(c.ConfirmOverdue, **confirm) == "overdue_confirmed"
    house.roll_to(date(2018, 3, 12))
    # By this policy the reserve's turn has its own day.
    assert only(g.ObligationBreached, house.events()).next_payer is Provider.RESERVE
    assert len(told(house, ClaimFiled)) == 1
    house.roll_to(date(2018, 4, 2))
    assert len(told(house, ClaimFiled)) == 1
    assert_proved(house)


def test_the_borrower_pays_in_time_and_nothing_is_owed(town: Callable[..., House]) -> None:
    house = town()
    house.roll_to(date(2018, 3, 5))
    pay(house, "p1", 1_010_00)
    assert refused_advance(house) == "lines_moving"
    house.settle_all()
    assert len(told(house, g.ObligationDropped)) == 1
    assert refused_advance(house) == "nothing_to_advance"
    house.roll_to(date(2018, 3, 20))
    assert told(house, g.ObligationBreached) == []
    assert_proved(house)


# -- never double -----------------------------------------------------------------------------


def test_the_borrowers_money_that_comes_meanwhile_waits_and_is_the_guarantors(
    town: Callable[..., House],
) -> None:
    house = town()
    house.roll_to(CONFIRMED)
    advance(house)
    pay(house, "p1", 1_010_00)
    assert told(house, RepaymentRouted) == []
    house.settle("GH-a1")
    assert told(house, RepaymentRouted) == []
    house.settle("GA-a1")
    assert only(RepaymentRouted, house.events()).recourse == (
        Recourse(1, 1_000_00, 10_00, 0, "gus"),
    )
    house.settle_all()
    assert house.balances()[GUS] == (5_000_00, 0)
    assert received(house) == (606_00, 404_00)
    assert_proved(house)


@pytest.mark.parametrize("refused", ["GH-a1", "GA-a1"])
def test_what_the_bank_refuses_is_owed_still(town: Callable[..., House], refused: str) -> None:
    house = town()
    house.roll_to(DEADLINE)
    advance(house)
    if refused == "GA-a1":
        house.settle("GH-a1")
    pay(house, "p1", 10_00)  # Held until it is known.
    house.reject(refused)
    house.settle_all()
    assert house.balances()[GUS] == (5_000_00, 0)
    assert received(house) == (6_00, 4_00)
    assert list(gus(house).obligations) == ["L1.1"]
    house.roll_to(date(2018, 3, 9))
    assert only(g.ObligationBreached, house.events()).amount_fen == 1_000_00
    advance(house, "a2")
    house.settle_all()
    assert received(house) == (606_00, 404_00)
    assert_proved(house)


def test_an_advance_on_its_way_over_the_deadline_is_no_breach_unless_it_fails(
    town: Callable[..., House],
) -> None:
    house = town()
    house.roll_to(DEADLINE)
    advance(house)
    house.roll_to(date(2018, 3, 11))
    assert told(house, g.ObligationBreached) == []
    house.reject("GH-a1")
    house.roll_to(date(2018, 3, 12))
    assert len(told(house, g.ObligationBreached)) == 1
