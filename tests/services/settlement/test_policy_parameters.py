"""What the writer holds loans, tenders and collectors to by the policy: limits, and when an action
may begin."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.collection_events import LawsuitStep
from domain.collection_rules import Stage, StageFrom
from domain.collection_steps import Action, ActionFrom
from domain.conduct import Means, Outcome, Party
from domain.refusals import Code
from tests.exemplars import TODAY
from tests.house import House

LIMITS = {
    "person_fen": 1_000_00,
    "loan_fen": 800_00,
    "lender_fen": 500_00,
    "auto_tender_fen": 200_00,
}
STEPS = tuple(
    ActionFrom(action=action, from_days=days)
    for action, days in ((Action.CALL, 2), (Action.AGENCY, 4), (Action.LAWSUIT, 5))
)


@pytest.fixture
def town(house: House) -> House:
    house.open(tender_max_fen=600_00, policy={"limits": LIMITS})
    house.member("bob", Role.BORROWER)
    for lender in ("ann", "dan"):
        house.member(lender, Role.INVESTOR, 1_000_00)
    return house


def test_a_loan_is_published_within_the_limits_of_the_policy(town: House) -> None:
    for loan_id, fen in (("L1", 800_01), ("L2", 800_00), ("L3", 200_01)):
        town.rated(loan_id, "bob", fen)
    deadline = TODAY + timedelta(days=7)
    refused = {"loan_id": "L1", "deadline": deadline}
    assert town.refused(c.PublishLoan, **refused) == Code.POLICY_LIMIT_EXCEEDED
    town.do(c.PublishLoan, loan_id="L2", deadline=deadline)
    refused = {"loan_id": "L3", "deadline": deadline}
    assert town.refused(c.PublishLoan, **refused) == Code.POLICY_LIMIT_EXCEEDED


def test_a_lender_has_no_more_in_a_loan_than_the_policy_lets_him(town: House) -> None:
    town.published("L1", "bob", 800_00)
    wanted: dict[str, Any] = {"tender_id": "t1", "loan_id": "L1", "investor_id": "ann"}
    code = town.refused(c.PlaceTender, **wanted, amount_fen=500_01)
    assert code == Code.TENDER_ABOVE_LIMIT
    town.do(c.PlaceTender, **wanted, amount_fen=500_00)


def test_auto_tender_places_no_more_than_the_policy_lets_it(town: House) -> None:
    town.published("L1", "bob", 800_00)
    for lender in ("ann", "dan"):
        town.do(c.SetAutoTender, member_id=lender, per_loan_fen=10**6, per_borrower_fen=10**6)
    town.do(c.SpreadLoan, spread_id="s1", loan_id="L1", investors=1)
    placed = {each.investor_id: each.amount_fen for each in town.loan("L1").tenders.values()}
    assert placed == {"ann": 200_00, "dan": 200_00}


def test_who_buys_a_claim_is_held_to_the_limit_of_the_loan(town: House) -> None:
    town.lend("L1", "bob", {"ann": 400_00, "dan": 400_00})
    for number, fen in enumerate((100_01, 100_00)):
        offered = {"assignment_id": f"a{number}", "loan_id": "L1", "claim_id": "L1-ann"}
        town.do(
            c.OfferClaim,
            **offered,
            seller_id="ann",
            principal_fen=fen,
            price_fen=fen,
            valid_until=TODAY + timedelta(days=9),
        )
        town.do(c.ConfirmOffer, assignment_id=f"a{number}")
    bought: dict[str, Any] = {"buyer_id": "dan", "amount_max_fen": 10**6}
    code = town.refused(c.BuyClaim, assignment_id="a0", **bought)
    assert code == Code.ASSIGNMENT_ABOVE_LIMIT
    town.do(c.BuyClaim, assignment_id="a1", **bought)


def test_collectors_wait_for_the_day_of_the_policy(house: House) -> None:
    house.open(policy={"collections": STEPS})
    lend_for_collectors(house)
    due_on = house.loan("L1").rows[0].due_on
    house.roll_to(due_on + timedelta(days=1))
    house.do(c.AssessCase, borrower_id="bob")
    early = Code.COLLECTION_TOO_EARLY
    assert house.refused(c.RecordCollectionAction, **contact(house, Means.CALL)) == early
    house.do(c.RecordCollectionAction, **contact(house, Means.SMS))
    house.roll_to(due_on + timedelta(days=2))
    house.do(c.RecordCollectionAction, **contact(house, Means.CALL))
    hand_over = {"borrower_id": "bob", "agency_id": "g1"}
    house.roll_to(due_on + timedelta(days=3))
    assert house.refused(c.HandOverCase, **hand_over) == early
    house.roll_to(due_on + timedelta(days=4))
    house.do(c.HandOverCase, **hand_over)
    assert house.refused(c.RecordLawsuit, **suit(house.today)) == early
    house.roll_to(due_on + timedelta(days=5))
    house.do(c.RecordLawsuit, **suit(house.today))


def test_nobody_is_sued_for_a_loan_that_is_not_late(house: House) -> None:
    """The first suit fixes for ever by which day's rate the loan's late charges are capped."""
    house.open()
    lend_for_collectors(house)
    house.roll_to(house.loan("L1").rows[0].due_on + timedelta(days=1))
    house.do(c.AssessCase, borrower_id="bob")
    house.lend("L2", "bob", {"ann": 1_000_00}, periods=1)
    early = suit(house.today) | {"loan_id": "L2"}
    assert house.refused(c.RecordLawsuit, **early) == Code.INSTALMENT_NOT_OVERDUE
    house.do(c.RecordLawsuit, **suit(house.today))


def lend_for_collectors(house: House) -> None:
    """To bob; whoever is a day late is in the last stage, in which anything may be done."""
    house.member("bob", Role.BORROWER)
    house.member("ann", Role.INVESTOR, 2_000_00)
    house.do(
        c.SetCollectionRules,
        valid_from=TODAY,
        conduct_table="none",
        stages=(StageFrom(Stage.ACTION, 1),),
    )
    house.lend("L1", "bob", {"ann": 1_000_00}, periods=1)


def contact(house: House, means: Means) -> dict[str, Any]:
    return {
        "borrower_id": "bob",
        "action_id": f"{means}{house.today}",
        "means": means,
        "party": Party.DEBTOR,
        "at": house.clock.now(),
        "outcome": Outcome.DELIVERED if means is Means.SMS else Outcome.REACHED,
    }


def suit(on: date) -> dict[str, Any]:
    return {
        "borrower_id": "bob",
        "lawsuit_id": "s1",
        "step": LawsuitStep.FILED,
        "loan_id": "L1",
        "on": on,
        "document_hash": "0" * 64,
    }
