"""Claims that change hands: offered, bought, paid at the bank, and who is paid from then on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from adapters.read_models.reading import ReadModels
from domain import commands as c
from domain import investment
from domain.accounts import Role
from domain.assignment import Assignment, AssignmentEnded, Reason, Status
from domain.authorisation import Kind
from domain.cashbook import EntryRequested
from domain.loan import Status as LoanStatus
from domain.streams import assignment_stream
from services.day_end.day_end import DayEnd
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import TODAY
from tests.house import House

INVESTOR, BORROWER = Role.INVESTOR, Role.BORROWER
FIRST_DUE = date(2018, 2, 28)
LAST_DAY = TODAY + timedelta(days=40)


@pytest.fixture
def lent(house: House) -> House:
    """Lucy has 6,000.00 of 10,000.00 in L1, Max the rest; Nina has 3,000.00 to spend."""
    house.open(policy={"assignment_fee": "1"})
    house.member("bob", BORROWER, 1_000_00)
    house.member("lucy", INVESTOR, 6_000_00)
    house.member("max", INVESTOR, 4_000_00)
    house.member("nina", INVESTOR, 3_000_00)
    house.lend("L1", "bob", {"lucy": 6_000_00, "max": 4_000_00})
    return house


def an_offer(**changes: Any) -> dict[str, Any]:
    usual = {
        "assignment_id": "S1",
        "loan_id": "L1",
        "claim_id": "L1-lucy",
        "seller_id": "lucy",
        "principal_fen": 2_000_00,
        "price_fen": 1_950_00,
        "valid_until": LAST_DAY,
    }
    return usual | changes


def listed(house: House, **changes: Any) -> None:
    offer = an_offer(**changes)
    house.do(c.OfferClaim, **offer)
    house.do(c.ConfirmOffer, assignment_id=offer["assignment_id"])


def buy(house: House, name: str = "S1", buyer_id: str = "nina", most_fen: int = 3_000_00) -> None:
    house.do(c.BuyClaim, assignment_id=name, buyer_id=buyer_id, amount_max_fen=most_fen)


def sale(house: House, name: str = "S1") -> Assignment:
    state: Assignment = house.state(assignment_stream(name))
    return state


def is_whole(house: House) -> None:
    """Every rule holds, and the views fold live and anew to the same bytes."""
    with Projector(house.url, house.platform) as projector:
        projector.catch_up()
        assert all(projector.compare().values())
    findings = verify(house.url, house.platform).findings
    # No bank is there: the journal has nothing, and neither have the reconciled days.
    wrong = [each for each in findings if not each.ok and each.name not in {"mirror", "bank_word"}]
    assert not wrong, wrong


def test_a_part_of_a_claim_is_bought_and_pays_its_buyer(lent: House) -> None:
    lent.roll_to(TODAY + timedelta(days=7))
    listed(lent)
    buy(lent)
    assert lent.balances()["nina:investor"] == (3_000_00 - 1_955_00, 1_955_00)  # 7 of 28 days.
    lent.settle("AH-S1")
    transfer = next(x for x in lent.of(EntryRequested) if x.entry_id == "AS-S1")
    assert [(m.payer, m.payee, m.amount_fen, m.interest_fen) for m in transfer.movements] == [
        ("nina:investor", "lucy:investor", 1_955_00, 5_00),
        ("lucy:investor", "platform:income", 19_50, 0),
    ]
    lent.settle("AS-S1")
    assert lent.balances()["lucy:investor"] == (1_955_00 - 19_50, 0)
    assert lent.balances()["nina:investor"] == (1_045_00, 0)
    assert sale(lent).status is Status.SETTLED

    lent.roll_to(FIRST_DUE)
    lent.repay("p1", "L1", 888_49)
    lent.settle_all()
    assert lent.available("max:investor") == 315_39 + 40_00
    assert lent.available("nina:investor") == 1_045_00 + 157_70 + 20_00
    assert lent.available("lucy:investor") == 1_935_50 + 315_40 + 40_00
    is_whole(lent)


def test_a_claim_is_sold_to_several_by_an_offer_each(lent: House) -> None:
    """All of it in three parts, at the bank at once; of one the bank will hear nothing."""
    for name, buyer in (("S1", "nina"), ("S2", "olga"), ("S3", "pia")):
        if buyer != "nina":
            lent.member(buyer, INVESTOR, 3_000_00)
        listed(lent, assignment_id=name, price_fen=1_900_00 + len(buyer))
        buy(lent, name, buyer)
    lent.settle("AH-S1", "AH-S2", "AH-S3", "AS-S2", "AS-S1")
    lent.reject("AS-S3")
    lent.settle_all()
    assert [sale(lent, name).status for name in ("S1", "S2", "S3")] == [
        Status.SETTLED,
        Status.SETTLED,
        Status.ENDED,
    ]
    assert lent.balances()["pia:investor"] == (3_000_00, 0)
    loan = lent.loan("L1")
    held = {claim.investor_id: loan.unbilled[place] for place, claim in enumerate(loan.claims)}
    thirds = dict.fromkeys(("lucy", "nina", "olga"), 2_000_00)
    assert held == {"max": 4_000_00} | thirds
    is_whole(lent)


def test_who_held_a_claim_on_any_day(lent: House) -> None:
    lent.roll_to(TODAY + timedelta(days=7))
    listed(lent)
    buy(lent)
    lent.settle("AH-S1", "AS-S1")
    lent.roll_to(TODAY + timedelta(days=9))
    lent.member("olga", INVESTOR, 5_000_00)
    listed(lent, assignment_id="S2", claim_id="A.S1", seller_id="nina")
    buy(lent, "S2", "olga")
    lent.settle("AH-S2", "AS-S2")
    with Projector(lent.url, lent.platform) as projector:
        projector.catch_up()
    views = ReadModels(lent.url, lent.platform)

    def holders(days: int) -> dict[str, tuple[str, int]]:
        seen = views.holders("L1", TODAY + timedelta(days=days)).value
        return {each.claim_id: (each.investor_id, each.principal_fen) for each in seen}

    at_first = {"L1-lucy": ("lucy", 6_000_00), "L1-max": ("max", 4_000_00)}
    assert holders(-1) == {}
    assert holders(0) == holders(6) == at_first
    after = at_first | {"L1-lucy": ("lucy", 4_000_00)}
    assert holders(7) == holders(8) == after | {"A.S1": ("nina", 2_000_00)}
    assert holders(9) == after | {"A.S2": ("olga", 2_000_00)}
    (position,) = views.positions_of("nina").value
    assert (position.open_principal_fen, position.assigned_fen) == (0, 2_000_00)
    lender = (position.lent_on, position.repaid_on)  # As the disclosure counts her.
    assert lender == (TODAY + timedelta(days=7), TODAY + timedelta(days=9))
    assert [each.status for each in views.assignments().value] == ["settled", "settled"]
    views.close()
    is_whole(lent)


def test_money_that_comes_while_a_claim_is_at_the_bank_goes_to_the_holder_of_the_day(
    lent: House,
) -> None:
    lent.roll_to(FIRST_DUE)
    listed(lent)
    buy(lent)
    lent.repay("p1", "L1", 888_49)
    assert lent.at_bank() == ["AH-S1"]
    lent.settle("AH-S1")
    assert lent.at_bank() == ["AS-S1"]
    lent.settle("AS-S1")
    assert lent.at_bank() == ["R-p1"]
    lent.settle("R-p1")
    assert lent.available("nina:investor") == 3_000_00 - 1_950_00 - 20_00 + 157_70 + 20_00


@pytest.mark.parametrize("refused", ["AH-S1", "AS-S1"])
def test_what_the_bank_refuses_leaves_all_as_it_was(lent: House, refused: str) -> None:
    before, balances = lent.loan("L1"), lent.balances()
    listed(lent)
    buy(lent)
    if refused == "AS-S1":
        lent.settle("AH-S1")
    lent.reject(refused)
    lent.settle_all()
    assert (lent.loan("L1"), lent.balances()) == (before, balances)
    (ended,) = lent.of(AssignmentEnded)
    assert (ended.reason, ended.bank_code) == (Reason.REJECTED, "E1")
    listed(lent, assignment_id="S2", principal_fen=6_000_00)


def test_an_offer_is_refused_by_the_bank_or_withdrawn(lent: House) -> None:
    before = lent.loan("L1")
    lent.do(c.OfferClaim, **an_offer())
    buying = {"assignment_id": "S1", "buyer_id": "nina", "amount_max_fen": 3_000_00}
    assert lent.refused(c.BuyClaim, **buying) == "assignment_not_open"
    lent.do(c.RefuseOffer, assignment_id="S1", bank_code="E1")
    lent.do(c.OfferClaim, **an_offer(assignment_id="S2"))
    lent.do(c.WithdrawOffer, assignment_id="S2")
    lent.do(c.ConfirmOffer, assignment_id="S2")  # It comes too late, and changes nothing.
    assert [each.reason for each in lent.of(AssignmentEnded)] == [
        Reason.NOT_LISTED,
        Reason.WITHDRAWN,
    ]
    assert lent.refused(c.BuyClaim, **buying | {"assignment_id": "S2"}) == "assignment_not_open"
    assert lent.loan("L1") == before


def test_what_may_not_be_sold_or_bought(lent: House) -> None:
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"loan_id": "L9"}, "loan_unknown"),
        ({"claim_id": "L1-zoe"}, "claim_unknown"),
        ({"claim_id": "L1-max"}, "claim_not_own"),
        ({"seller_id": "max"}, "claim_not_own"),
        ({"seller_id": "zoe"}, "member_unknown"),
        ({"seller_id": "bob"}, "role_missing"),
        ({"principal_fen": 6_000_01}, "assignment_above_open"),
        ({"valid_until": TODAY - timedelta(days=1)}, "deadline_in_past"),
    ]
    for changes, code in refusals:
        assert lent.refused(c.OfferClaim, **an_offer(**changes)) == code
    listed(lent)
    assert lent.refused(c.OfferClaim, **an_offer()) == "id_taken"
    buying = {"assignment_id": "S1", "buyer_id": "nina", "amount_max_fen": 1_950_00}
    assert lent.refused(c.BuyClaim, **buying | {"assignment_id": "S9"}) == "assignment_unknown"
    assert lent.refused(c.BuyClaim, **buying | {"buyer_id": "lucy"}) == "assignment_to_self"
    assert lent.refused(c.BuyClaim, **buying | {"buyer_id": "bob"}) == "role_missing"
    less = {"amount_max_fen": 1_949_99}
    assert lent.refused(c.BuyClaim, **buying | less) == "assignment_above_agreed"
    lent.member("olga", INVESTOR, 1_949_99)
    poor = {"buyer_id": "olga"}
    assert lent.refused(c.BuyClaim, **buying | poor) == "insufficient_balance"
    buy(lent)
    assert lent.refused(c.WithdrawOffer, assignment_id="S1") == "assignment_not_open"
    assert lent.refused(c.BuyClaim, **buying) == "assignment_not_open"


def test_a_buyer_has_authorised_it(lent: House) -> None:
    listed(lent)
    nina = {"member_id": "nina", "number": 1}
    lent.do(
        c.RequestAuthorisation,
        member_id="nina",
        kind=Kind.CREDIT_ASSIGNMENT,
        ends_on=LAST_DAY,
        limit_fen=1_949_99,
    )
    lent.do(c.ConfirmAuthorisation, **nina)
    buying = {"assignment_id": "S1", "buyer_id": "nina", "amount_max_fen": 3_000_00}
    assert lent.refused(c.BuyClaim, **buying) == "authorisation_exceeded"
    lent.do(c.SetMemberRules, authorisations_required=True)
    lent.member("olga", INVESTOR, 3_000_00)
    other = buying | {"buyer_id": "olga"}
    assert lent.refused(c.BuyClaim, **other) == "authorisation_missing"


def test_a_late_claim_may_not_be_bought(lent: House) -> None:
    listed(lent)
    lent.roll_to(FIRST_DUE + timedelta(days=1))
    buying = {"assignment_id": "S1", "buyer_id": "nina", "amount_max_fen": 3_000_00}
    assert lent.refused(c.BuyClaim, **buying) == "claim_overdue"


def test_a_loan_that_is_paid_off_ends_what_is_on_sale_of_it(lent: House) -> None:
    listed(lent)
    buy(lent)
    lent.settle("AH-S1", "AS-S1")
    listed(lent, assignment_id="S2", claim_id="A.S1", seller_id="nina", principal_fen=1_00)
    lent.recharge("bob", BORROWER, 500_00)
    lent.roll_to(TODAY + timedelta(days=3))
    lent.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=10_100_00, in_full=True)
    lent.settle_all()
    assert lent.loan("L1").status is LoanStatus.SETTLED
    assert [each.reason for each in lent.of(AssignmentEnded)] == [Reason.LOAN_ENDED]
    closed = {each.tender_id for each in lent.of(investment.InvestmentClosed)}
    assert closed == {"L1-lucy", "L1-max", "A.S1"}
    assert lent.available("nina:investor") == 1_050_00 + 2_020_00
    is_whole(lent)


def test_the_day_end_ends_what_nobody_bought_in_time(lent: House) -> None:
    listed(lent, valid_until=TODAY + timedelta(days=1))
    listed(lent, assignment_id="S2", valid_until=TODAY + timedelta(days=2))
    with Projector(lent.url, lent.platform) as projector:
        day_end = DayEnd(lent.url, lent.platform, lent.writer, projector.catch_up)
        for _ in range(2):
            day_end.roll()
        day_end.run(day_end.business_date())
        day_end.close()
    (ended,) = lent.of(AssignmentEnded)
    assert (ended.assignment_id, ended.reason) == ("S1", Reason.EXPIRED)
    assert sale(lent, "S2").status is Status.LISTED
