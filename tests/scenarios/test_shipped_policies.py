"""Every policy that comes with zhuanhu, played: the platform's published promise, to the fen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from adapters.policies import PolicyFile, shipped
from adapters.read_models.reading import ReadModels
from domain import commands as c
from domain import loan_events as e
from domain import policies
from domain import reserve as r
from domain.accounts import Role
from domain.disclosure import Book
from domain.guarantee import ObligationBreached, ObligationOpened
from domain.law import LAW_TABLES
from domain.lawful import check
from domain.loan import Status
from domain.loan_guarantee import SecurityKind
from domain.policies import Policies
from domain.policy import Provider
from domain.refusals import Code
from domain.repayment import due_fen
from domain.schedule import Method
from domain.streams import POLICY
from infra.clock import SHANGHAI
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import only
from tests.house import House

RESERVE = "platform:reserve"
POLICIES = shipped()
Town = Callable[..., House]


@pytest.fixture
def town(new_house: Callable[..., House]) -> Town:
    """`town(name, today)`: the platform under its law table and its policy; lucy lends to bob."""

    def build(name: str, today: date, *, published: bool = True) -> House:
        file = POLICIES[name]
        house = new_house(today=today)
        house.do(c.OpenPlatform, business_date=today, law_table=file.law_table)
        house.appoint()
        if published:
            publish(house, file)
        house.member("lucy", Role.INVESTOR, 50_000_00)
        house.member("bob", Role.BORROWER)
        return house

    return build


def publish(house: House, file: PolicyFile) -> None:
    for terms in file.versions:
        house.do(c.PublishPolicy, terms=terms)


def lend(house: House, loan_id: str, fen: int = 12_000_00, **terms: Any) -> None:
    """Three months, 4,000.00 of principal each, with 120.00, 80.00 and 40.00 of interest."""
    usual = {"periods": 3, "method": Method.EQUAL_PRINCIPAL}
    house.lend(loan_id, "bob", {"lucy": fen}, **(usual | terms))


def lent(house: House) -> int:
    """What lucy has, less what she did not lend."""
    disbursed = sum(claim.principal_fen for x in house.of(e.LoanDisbursed) for claim in x.claims)
    return house.available("lucy:investor") - 50_000_00 + disbursed


def due(house: House, period: int, loan_id: str = "A") -> date:
    return house.loan(loan_id).rows[period - 1].due_on


def late(house: House, days: int, period: int = 1, loan_id: str = "A") -> None:
    """Day by day until that instalment is so late, and the bank does what it is asked."""
    house.roll_to(due(house, period, loan_id) + timedelta(days=days))
    house.settle_all()


def test_every_platform_of_the_mission_is_here() -> None:
    assert set(POLICIES) >= {
        "weidai",
        "zhubaoedai",
        "minrongtong-none",
        "minrongtong-principal",
        "minrongtong-principal-and-interest",
        "renrendai",
        "ppmoney",
        "iqianjin",
        "youliwang",
        "yirendai",
    }


@pytest.mark.parametrize("name", POLICIES)
def test_its_versions_follow_one_another_as_the_law_allows(name: str) -> None:
    file, state = POLICIES[name], policies.INITIAL
    today = file.versions[0].valid_from
    for terms in file.versions:
        check(terms, LAW_TABLES[file.law_table], terms.valid_from)
        [published] = policies.decide(state, terms, today)
        state = policies.evolve(state, published)
    days = (file.versions[-1].valid_from - today).days
    assert all(state.in_force(today + timedelta(days=each)) for each in range(days + 400))


def test_weidai_pays_principal_and_interest_and_says_by_which_rule(town: Town) -> None:
    house = town("weidai", date(2016, 9, 1))
    lend(house, "A")
    house.seed(10_000_00)
    late(house, 0)
    assert lent(house) == 0
    late(house, 1)
    assert lent(house) == 4_120_00
    payout = only(r.PayoutHeld, house.events())
    assert (payout.policy_version, payout.rules) == ("weidai-1", (1, 2, 5))
    late(house, 1, period=2)
    assert lent(house) == 4_120_00 + 4_080_00
    # What bob pays later is the reserve's, whose claim it is by now.
    house.recharge("bob", Role.BORROWER, 1)
    before = house.available(RESERVE)
    house.repay("p1", "A", 4_000_00)
    house.settle_all()
    assert lent(house) == 8_200_00
    assert house.available(RESERVE) - before > 3_900_00


PLEDGED = c.CounterGuaranteeGiven(
    kind=SecurityKind.PLEDGE, reference="ring-7", document_hash="a" * 64
)


def test_zhubaoedai_within_five_working_days_the_guarantor_or_else_the_platform(
    town: Town,
) -> None:
    """Of an instalment due on Friday, 1 April 2016. The first three days after it are Qingming."""
    house = town("zhubaoedai", date(2016, 3, 1))
    for name in ("gus", "plat"):
        house.guarantor(name, 10_000_00)
    lend(
        house,
        "A",
        guarantors={
            "gus": {"counter_guarantee": PLEDGED},
            "plat": {"stands_as": Provider.PLATFORM},
        },
    )
    house.seed(10_000_00)
    house.roll_to(date(2016, 4, 11))
    assert house.of(ObligationBreached) == []
    house.roll_to(date(2016, 4, 12))
    [breached] = house.of(ObligationBreached)
    assert (breached.guarantor_id, breached.next_payer) == ("gus", Provider.PLATFORM)
    obliged = [(x.guarantor_id, x.amount_fen, x.deadline) for x in house.of(ObligationOpened)]
    assert obliged == [
        ("gus", 4_120_00, date(2016, 4, 11)),
        ("plat", 4_120_00, date(2016, 4, 19)),
    ]
    house.do(c.RequestAdvance, advance_id="a1", guarantor_id="plat", loan_id="A", period=1)
    house.settle_all()
    assert lent(house) == 4_120_00
    # Of the next one the guarantor thinks better: nobody else is called on.
    late(house, 1, period=2)
    house.do(c.RequestAdvance, advance_id="a2", guarantor_id="gus", loan_id="A", period=2)
    house.settle_all()
    assert lent(house) == 8_200_00
    assert (house.of(ObligationBreached), house.reserve.queue) == ([breached], {})
    # Recourse: each has back what he advanced, and the penalty on it.
    house.recharge("bob", Role.BORROWER, 1_000_00)
    house.repay("p1", "A", due_fen(house.loan("A"), house.today))
    house.settle_all()
    assert lent(house) == 8_200_00
    assert min(house.available(f"{name}:guarantor") for name in ("gus", "plat")) > 10_000_00
    # The platform's own money is none of a third party's.
    [loan] = known(house).loans
    assert (loan.advanced_fen, loan.advances) == (4_080_00, 1)
    findings = verify(house.url, house.platform).findings
    ok = {finding.name for finding in findings if finding.ok}
    assert ok >= {"guarantees", "register", "balances"}


def known(house: House) -> Book:
    """As the disclosure looks at it today."""
    with Projector(house.url, house.platform) as projector:
        projector.catch_up()
    with (
        closing(ReadModels(house.url, house.platform)) as views,
        views.as_known(house.today) as book,
    ):
        return Book(book.loans(), None)


def test_zhubaoedai_since_2016_08_24_the_guarantor_alone(town: Town) -> None:
    house = town("zhubaoedai", date(2016, 9, 1), published=False)
    joint, alone = POLICIES["zhubaoedai"].versions
    today = joint.model_copy(update={"valid_from": house.today, "valid_until": None})
    assert house.refused(c.PublishPolicy, terms=today) == Code.POLICY_UNLAWFUL
    house.do(c.PublishPolicy, terms=alone)
    house.guarantor("gus", 5_000_00)
    lend(house, "A", guarantor="gus")
    house.seed(10_000_00)
    late(house, 1)
    house.do(c.RequestAdvance, advance_id="a1", guarantor_id="gus", loan_id="A", period=1)
    house.settle_all()
    assert lent(house) == 4_120_00
    late(house, 14, period=2)  # And of the next one he breaks his word.
    [breached] = house.of(ObligationBreached)
    assert (breached.period, breached.next_payer) == (2, None)
    assert (house.reserve.queue, lent(house)) == ({}, 4_120_00)


@pytest.mark.parametrize(
    ("variant", "paid_fen"),
    [("none", 0), ("principal", 4_000_00), ("principal-and-interest", 4_120_00)],
)
def test_minrongtong_pays_what_its_variant_says(town: Town, variant: str, paid_fen: int) -> None:
    house = town(f"minrongtong-{variant}", date(2016, 9, 1))
    lend(house, "A")
    house.seed(10_000_00)
    late(house, 30)
    assert lent(house) == 0
    late(house, 31)
    assert lent(house) == paid_fen


def test_renrendai_a_second_decides_what_a_loan_keeps_for_ever(town: Town) -> None:
    """A is full at 23:59:59 on 29 November, B at 00:00:00 on the 30th, Shanghai time."""
    house = town("renrendai", date(2019, 11, 29))
    at = {
        "A": datetime(2019, 11, 29, 23, 59, 59, tzinfo=SHANGHAI),
        "B": datetime(2019, 11, 30, tzinfo=SHANGHAI),
    }
    for loan_id in at:
        house.published(loan_id, "bob", 12_000_00, periods=3, method=Method.EQUAL_PRINCIPAL)
        house.tender(f"T{loan_id}", loan_id, "lucy", 12_000_00)
    for loan_id, instant in at.items():
        house.clock.set(instant)
        house.settle(f"T-T{loan_id}")
        house.do(c.ConcludeLoan, loan_id=loan_id, contract_hash="0" * 64)
        house.do(c.DisburseLoan, loan_id=loan_id)
        house.settle(f"D-{loan_id}-1")
        house.loans.append(loan_id)
    assert [house.loan(x).policy.version for x in at] == ["rrd-1", "rrd-2"]
    contributed = [x.contribution_fen for x in house.of(e.DisbursementRequested)]
    assert contributed == [120_00, 0]
    house.seed(20_000_00)
    house.roll_to(date(2020, 1, 29))  # 31 days after 29 December.
    assert {x.loan_id for x in house.of(e.ClaimFiled)} == {"A"}
    house.roll_to(date(2020, 2, 1))  # The month is over: it is paid, all its claims together.
    house.settle_all()
    assert lent(house) == 12_000_00  # What remained of A's principal, and of B nothing.
    # And the reserve is for claims alone, until no loan is outstanding.
    assert (
        house.refused(c.MoveReserveSurplus, surplus_id="z", amount_fen=1) == Code.SURPLUS_BELOW_CAP
    )


def test_renrendai_a_month_that_the_reserve_does_not_cover_is_shared(town: Town) -> None:
    house = town("renrendai", date(2019, 1, 2))
    lend(house, "A", 12_000_00)
    lend(house, "B", 6_000_00)
    house.roll_to(date(2019, 3, 31))  # From 5 March on both wait: 31 days after 2 February.
    balance_fen = house.available(RESERVE)
    assert balance_fen == 180_00  # 1 % of both.
    house.roll_to(date(2019, 4, 1))
    house.settle_all()
    [run] = house.of(r.PayoutRunDecided)
    paid = dict.fromkeys("AB", 0)
    for each in run.considered:
        paid[each.claim_id[0]] += each.paid_fen
    assert paid == {"A": 120_00, "B": 60_00}
    assert (lent(house), house.available(RESERVE)) == (180_00, 0)


def test_ppmoney_withdrew_and_old_loans_keep_their_terms(town: Town) -> None:
    house = town("ppmoney", date(2019, 1, 31))
    lend(house, "A")
    house.seed(20_000_00)
    house.roll_to(date(2019, 2, 1))
    lend(house, "B")
    assert [x.contribution_fen for x in house.of(e.DisbursementRequested)] == [120_00, 0]
    late(house, 31, loan_id="B")
    assert {x.loan_id for x in house.of(e.ClaimFiled)} == {"A"}
    assert lent(house) == 4_120_00


def test_iqianjin_is_frozen_and_pays_what_is_there(town: Town) -> None:
    house = town("iqianjin", date(2019, 2, 28))
    lend(house, "A")
    house.roll_to(date(2019, 3, 1))
    lend(house, "B")
    assert [x.contribution_fen for x in house.of(e.DisbursementRequested)] == [120_00, 0]
    late(house, 31, loan_id="B")
    assert (lent(house), house.available(RESERVE)) == (120_00, 0)
    assert set(house.reserve.queue) == {"A.1", "B.1"}


def test_youliwang_renamed_its_reserve_and_nothing_else(town: Town) -> None:
    house = town("youliwang", date(2019, 3, 31))
    lend(house, "A")
    house.seed(20_000_00)
    house.roll_to(date(2019, 4, 1))
    lend(house, "B")
    policies: Policies = house.state(POLICY)
    latest = [policies.latest(day) for day in (date(2019, 3, 31), date(2019, 4, 1))]
    assert [terms and terms.fund for terms in latest] == ["风险准备金", "风险缓释金"]
    late(house, 31, loan_id="B")
    assert lent(house) == 2 * 4_120_00


def test_yirendai_two_stages_and_a_date_of_ones_own(town: Town) -> None:
    house = town("yirendai", date(2018, 1, 2), published=False)
    first, renamed = POLICIES["yirendai"].versions
    house.do(c.PublishPolicy, terms=first)
    house.do(c.PublishPolicy, terms=renamed.model_copy(update={"valid_from": date(2018, 7, 1)}))
    lend(house, "A", periods=6, fen=12_000_00)  # 2,000.00 each, and 120.00 of interest at first.
    house.seed(20_000_00)
    late(house, 14)
    assert lent(house) == 0
    late(house, 15)
    assert lent(house) == 2_120_00
    late(house, 15, period=2)
    late(house, 15, period=3)
    late(house, 89)
    assert lent(house) == 2_120_00 + 2_100_00 + 2_080_00
    late(house, 90)
    # The fourth is a day late, the fifth month has begun; the principal of the sixth comes too.
    assert lent(house) == 6_300_00 + 2_060_00 + 2_040_00 + 2_000_00
    # What bob owes now is the reserve's, and the proof agrees with the books.
    house.recharge("bob", Role.BORROWER, 5_000_00)
    house.repay("p1", "A", 14_000_00)
    house.settle_all()
    assert house.loan("A").status is Status.SETTLED
    findings = verify(house.url, house.platform).findings
    ok = {finding.name for finding in findings if finding.ok}
    assert ok >= {"register", "reserve", "two_people", "balances"}


def test_third_party_what_another_protects_is_not_the_reserves(town: Town) -> None:
    house = town("third-party", date(2018, 12, 31))
    house.guarantor("pat", 5_000_00)
    scheme: dict[str, Any] = {"guarantors": {"pat": {"stands_as": Provider.THIRD_PARTY}}}
    # It may be filled when the third party protects: somebody must be there then.
    house.rated("C", "bob", 1_00)
    unnamed = {"loan_id": "C", "deadline": date(2019, 1, 1)}
    assert house.refused(c.PublishLoan, **unnamed) == Code.PROVIDER_UNNAMED
    lend(house, "A", **scheme)  # As it is filled today the reserve's alone, all the same.
    house.seed(20_000_00)
    house.roll_to(date(2019, 1, 1))
    assert house.refused(c.PublishLoan, **unnamed) == Code.PROVIDER_UNNAMED
    lend(house, "B", **scheme)
    late(house, 31, loan_id="B")
    assert {x.loan_id for x in house.of(r.ClaimQueued)} == {"A"}
    assert lent(house) == 4_120_00
    # Pat has five working days, and has recourse on bob.
    obliged = only(ObligationOpened, house.events())
    assert (obliged.guarantor_id, obliged.amount_fen) == ("pat", 4_120_00)
    advance = {"guarantor_id": "pat", "loan_id": "B", "period": 1}
    house.do(c.RequestAdvance, advance_id="a1", **advance)
    house.settle_all()
    assert lent(house) == 2 * 4_120_00
    findings = {finding.name: finding for finding in verify(house.url, house.platform).findings}
    assert findings["guarantees"].ok, findings["guarantees"]
    assert findings["register"].ok, findings["register"]
