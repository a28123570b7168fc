"""Releases that the bank finally refused: the money stays frozen until it is asked for again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.cashbook import EntryRequested
from domain.investment import Status
from domain.policy import Provider
from domain.schedule import Method
from domain.streams import investment_stream
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import TODAY
from tests.house import House

INVESTOR, BORROWER = Role.INVESTOR, Role.BORROWER
FIRST_DUE = date(2018, 2, 28)


@pytest.fixture
def town(house: House) -> House:
    """bob borrowed 1,000.00 of lucy, and gus stands for him; max has 400.00."""
    policy = {"providers": (Provider.GUARANTOR, Provider.RESERVE), "trigger_days": 0}
    house.open(policy=policy)
    house.member("bob", BORROWER, 2_000_00)
    house.member("lucy", INVESTOR, 1_000_00)
    house.member("max", INVESTOR, 400_00)
    house.guarantor("gus", 5_000_00)
    terms: dict[str, Any] = {"periods": 1, "method": Method.BULLET, "guarantor": "gus"}
    house.lend("L1", "bob", {"lucy": 1_000_00}, **terms)
    return house


def again(house: House, entry_id: str) -> None:
    house.do(c.AskReleaseAgain, entry_id=entry_id)


def assert_proved(house: House) -> None:
    """But for what custody's journal would show; and the views are what a rebuild gives."""
    report = verify(house.url, house.platform)
    wrong = {each.name for each in report.findings if not each.ok}
    assert wrong <= {"mirror", "bank_word", "reconciled_days"}, report
    with Projector(house.url, house.platform) as projector:
        projector.catch_up()
        assert all(projector.compare().values())


def miscarried(house: House) -> str:
    house.published("L2", "bob", 1_000_00)
    house.tender("t1", "L2", "max", 300_00)
    house.settle("T-t1")
    house.roll_to(TODAY + timedelta(days=8))
    house.do(c.MiscarryLoan, loan_id="L2")
    return "X-t1"


def miscarried_before_the_bank_froze(house: House) -> str:
    house.published("L2", "bob", 1_000_00)
    house.tender("t1", "L2", "max", 300_00)
    house.roll_to(TODAY + timedelta(days=8))
    house.do(c.MiscarryLoan, loan_id="L2")
    house.settle("T-t1")
    return "X-t1"


def paid_too_much(house: House) -> str:
    house.roll_to(FIRST_DUE)
    house.repay("p1", "L1", 1_500_00)
    house.settle("R-p1")
    return "Y-p1"


def paid_in_vain(house: House) -> str:
    house.roll_to(FIRST_DUE)
    house.repay("p1", "L1", 500_00)
    house.reject("R-p1")
    return "V-p1"


def advanced_in_vain(house: House) -> str:
    house.roll_to(FIRST_DUE + timedelta(days=1))
    house.do(c.RequestAdvance, advance_id="a1", guarantor_id="gus", loan_id="L1", period=1)
    house.settle("GH-a1")
    house.reject("GA-a1")
    return "GX-a1"


def bought_in_vain(house: House) -> str:
    offer = {"assignment_id": "S1", "loan_id": "L1", "claim_id": "L1-lucy", "seller_id": "lucy"}
    sums = {"principal_fen": 300_00, "price_fen": 290_00}
    house.do(c.OfferClaim, **offer, **sums, valid_until=FIRST_DUE)
    house.do(c.ConfirmOffer, assignment_id="S1")
    house.do(c.BuyClaim, assignment_id="S1", buyer_id="max", amount_max_fen=400_00)
    house.settle("AH-S1")
    house.reject("AS-S1")
    return "AX-S1"


@pytest.mark.parametrize(
    ("happens", "account"),
    [
        (miscarried, "max:investor"),
        (miscarried_before_the_bank_froze, "max:investor"),
        (paid_too_much, "bob:borrower"),
        (paid_in_vain, "bob:borrower"),
        (advanced_in_vain, "gus:guarantor"),
        (bought_in_vain, "max:investor"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_the_bank_did_not_give_back_stays_frozen_until_it_does(
    town: House, happens: Callable[[House], str], account: str
) -> None:
    first = happens(town)
    kind, _, named = first.partition("-")
    second, third = f"{kind}2-{named}", f"{kind}3-{named}"
    assert town.at_bank() == [first]
    available_fen, frozen_fen = town.balances()[account]
    assert frozen_fen > 0
    assert town.refused(c.AskReleaseAgain, entry_id=first) == "release_not_refused"
    town.reject(first)
    again(town, first)
    assert town.at_bank() == [second]
    assert town.refused(c.AskReleaseAgain, entry_id=first) == "release_asked_again"
    assert town.refused(c.AskReleaseAgain, entry_id=second) == "release_not_refused"
    town.reject(second)
    assert town.balances()[account] == (available_fen, frozen_fen)
    assert town.refused(c.AskReleaseAgain, entry_id=first) == "release_asked_again"
    again(town, second)
    town.settle(third)
    assert town.at_bank() == []
    assert town.balances()[account] == (available_fen + frozen_fen, 0)
    assert town.refused(c.AskReleaseAgain, entry_id=third) == "release_not_refused"
    asked = {each.entry_id: each for each in town.of(EntryRequested)}
    for entry_id in (second, third):
        assert asked[entry_id].movements[0].id == f"{entry_id}.1"
        assert asked[entry_id].movements[0].freeze == asked[first].movements[0].freeze
    assert_proved(town)


def test_a_tender_is_released_with_the_request_that_the_bank_does(town: House) -> None:
    stream = investment_stream("t1")
    town.reject(miscarried(town))
    assert town.state(stream).status is Status.FROZEN
    again(town, "X-t1")
    assert town.state(stream).status is Status.FROZEN
    town.settle("X2-t1")
    assert town.state(stream).status is Status.RELEASED


def test_rest_and_whole_of_a_payment_are_asked_for_apart(town: House) -> None:
    """Both out of one freeze, and each keeps to its part."""
    town.roll_to(FIRST_DUE)
    town.repay("p1", "L1", 1_500_00)
    whole_fen, _ = town.balances()["bob:borrower"]
    town.reject("Y-p1", "R-p1", "V-p1")
    assert town.balances()["bob:borrower"] == (whole_fen, 1_500_00)
    again(town, "V-p1")
    again(town, "Y-p1")
    town.settle("Y2-p1", "V2-p1")
    assert town.balances()["bob:borrower"] == (whole_fen + 1_500_00, 0)
    assert_proved(town)


def test_what_is_no_release_of_ours(town: House) -> None:
    ordered: dict[str, Any] = {"freeze_id": "k1", "amount_fen": 1, "evidence": "order 17"}
    town.do(c.FreezeFunds, member_id="max", role=INVESTOR, **ordered)
    town.settle("K-k1")
    town.do(c.UnfreezeFunds, release_id="o1", **ordered)
    town.reject("O-o1")
    for entry_id in ("O-o1", "T-L1-lucy", "D-L1-1"):
        assert town.refused(c.AskReleaseAgain, entry_id=entry_id) == "not_a_release"
    for entry_id in ("X-t9", "X2-t9", "nothing", "-", ".1"):
        assert town.refused(c.AskReleaseAgain, entry_id=entry_id) == "entry_unknown"


def test_a_platform_that_winds_down_goes_on_asking(town: House) -> None:
    town.reject(miscarried(town))
    town.do(c.WindDown, plan_hash="0" * 64)
    again(town, "X-t1")
