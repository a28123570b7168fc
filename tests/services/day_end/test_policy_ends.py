"""A policy that ends and has no follower: what was about to be lent goes back to the lenders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.loan import Status
from domain.refusals import Code
from tests.exemplars import TODAY, a_policy
from tests.house import House
from tests.services.day_end.conftest import Nights

AFTER = TODAY + timedelta(days=1)


@pytest.fixture
def ended(database: str) -> Iterator[Nights]:
    """The last day of the only policy: L1 and L2 lack one tender each, L2's is on its way."""
    house = House(database)
    house.open(policy={"valid_until": TODAY})
    house.member("bob", Role.BORROWER)
    house.guarantor("gus", 1)
    for lender in ("lucy", "max"):
        house.member(lender, Role.INVESTOR, 10_000_00)
    for loan_id in ("L1", "L2"):
        house.published(loan_id, "bob", 1_000_00, guarantor="gus")
        house.tender(f"{loan_id}-a", loan_id, "lucy", 600_00)
        house.settle(f"T-{loan_id}-a")
    house.tender("L2-b", "L2", "max", 400_00)
    nights = Nights(house)
    yield nights
    nights.close()


def test_nobody_puts_money_into_a_loan_on_a_day_without_a_policy(ended: Nights) -> None:
    ended.roll()
    wanted = {"tender_id": "L1-b", "loan_id": "L1", "investor_id": "max", "amount_fen": 400_00}
    assert ended.house.refused(c.PlaceTender, **wanted) == Code.POLICY_MISSING


def test_a_loan_that_was_filled_without_one_goes_back_to_its_lenders(ended: Nights) -> None:
    house = ended.house
    ended.roll()  # The bank freezes the last tender on the day after.
    assert house.loan("L2").status is Status.FILLED
    assert house.refused(c.ConcludeLoan, loan_id="L2", contract_hash="0" * 64) == (
        Code.POLICY_MISSING
    )
    assert house.refused(c.MiscarryLoan, loan_id="L2") == Code.LOAN_WRONG_STATE  # Not today yet.
    assert ended.roll().miscarried == 1
    assert house.loan("L2").status is Status.MISCARRIED
    assert house.balances()["lucy:investor"] == (9_400_00, 600_00)  # L1's, until its deadline.
    assert house.balances()["max:investor"] == (10_000_00, 0)
    assert house.state("member-bob").debts_fen == {"L1": 1_000_00}
    assert ended.roll().miscarried == 0


def test_a_follower_of_the_same_day_saves_it(ended: Nights) -> None:
    house = ended.house
    ended.roll()
    house.do(c.PublishPolicy, terms=a_policy(version="v2", valid_from=AFTER))
    assert ended.roll().miscarried == 0
    assert house.refused(c.MiscarryLoan, loan_id="L2") == Code.LOAN_WRONG_STATE
    house.do(c.ConcludeLoan, loan_id="L2", contract_hash="0" * 64)
    assert house.loan("L2").policy.version == "v2"
