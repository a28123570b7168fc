"""A loan that is spread by lenders' rules: one command, one decision, a tender for each part."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.auto_tender import LoanSpread
from domain.loan import Status
from tests.house import House


@pytest.fixture
def town(house: House) -> House:
    """ann, dan and eve have set rules, in this order; bob asks for 1,000 yuan."""
    house.open(tender_max_fen=600_00)
    house.member("bob", Role.BORROWER)
    for lender, fen in (("ann", 1_000_00), ("dan", 350_00), ("eve", 5_000_00)):
        house.member(lender, Role.INVESTOR, fen)
        willing(house, lender)
    house.published("L1", "bob", 1_000_00)
    return house


def willing(house: House, lender: str, **changes: Any) -> None:
    usual: dict[str, Any] = {"per_loan_fen": 10**9, "per_borrower_fen": 10**9}
    house.do(c.SetAutoTender, member_id=lender, **usual | changes)


def spread(house: House, spread_id: str, **fields: Any) -> dict[str, int]:
    house.do(c.SpreadLoan, spread_id=spread_id, **{"loan_id": "L1", "investors": 2} | fields)
    return {offer.investor_id: offer.amount_fen for offer in house.of(LoanSpread)[-1].offers}


def test_a_loan_is_filled_in_turns_and_what_the_bank_refused_is_spread_again(town: House) -> None:
    assert spread(town, "s1") == {"ann": 500_00, "dan": 300_00, "eve": 200_00}
    assert town.at_bank() == ["T-s1-1", "T-s1-2", "T-s1-3"]
    assert town.balances()["dan:investor"] == (50_00, 300_00)
    town.settle("T-s1-1", "T-s1-3")
    town.reject("T-s1-2")
    town.member("max", Role.INVESTOR, 1_000_00)
    willing(town, "max")
    assert spread(town, "s2", investors=1) == {"dan": 300_00}
    town.settle("T-s2-1")
    loan = town.loan("L1")
    assert loan.status is Status.FILLED
    assert loan.reserved_fen == loan.secured_fen == 1_000_00
    town.published("L2", "bob", 100_00)
    assert spread(town, "s3", loan_id="L2", investors=1) == {"ann": 100_00}  # Served before eve.


def test_the_platforms_limit_and_the_authorisation_at_the_bank_cut_a_part(town: House) -> None:
    town.do(
        c.RequestAuthorisation,
        member_id="eve",
        kind=Kind.TENDER,
        ends_on=date(2030, 1, 1),
        limit_fen=250_00,
    )
    town.do(c.ConfirmAuthorisation, member_id="eve", number=1)
    town.do(c.CancelAuthorisation, member_id="eve", kind=Kind.TENDER)
    town.do(c.RefuseAuthorisationEnd, member_id="eve", number=1, bank_code="E9")
    assert spread(town, "s1", investors=1) == {"ann": 600_00, "dan": 300_00, "eve": 100_00}


def test_who_took_his_authorisation_back_is_passed_over(town: House) -> None:
    town.do(
        c.RequestAuthorisation,
        member_id="ann",
        kind=Kind.TENDER,
        ends_on=date(2030, 1, 1),
        limit_fen=250_00,
    )
    town.do(c.ConfirmAuthorisation, member_id="ann", number=1)
    town.do(c.CancelAuthorisation, member_id="ann", kind=Kind.TENDER)
    assert spread(town, "s1") == {"dan": 300_00, "eve": 500_00}


def test_what_was_lent_to_the_borrower_before_counts(town: House) -> None:
    town.lend("L0", "bob", {"eve": 400_00})
    willing(town, "eve", per_loan_fen=300_00, per_borrower_fen=500_00)
    assert spread(town, "s1")["eve"] == 100_00


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        (c.SpreadLoan, {"loan_id": "L9"}, "loan_unknown"),
        (c.SpreadLoan, {"loan_id": "L2"}, "loan_not_open"),
        (c.SpreadLoan, {"loan_id": "L3"}, "auto_tender_nobody"),
        (c.SpreadLoan, {"loan_id": "L1", "spread_id": "s0"}, "id_taken"),
        (c.StopAutoTender, {"member_id": "bob"}, "auto_tender_not_set"),
        (c.SetAutoTender, {"member_id": "nobody"}, "member_unknown"),
        (c.SetAutoTender, {"member_id": "bob"}, "role_missing"),
        (c.SetAutoTender, {"member_id": "ann", "per_borrower_fen": 1}, "limits_contradict"),
    ],
)
def test_what_is_refused_changes_nothing(
    town: House, kind: type[c.Command], fields: dict[str, Any], code: str
) -> None:
    town.rated("L2", "bob", 100_00)
    for lender in ("ann", "dan", "eve"):
        willing(town, lender, periods_max=12)
    town.published("L3", "bob", 100_00, periods=13)
    town.published("L4", "bob", 100_00)
    spread(town, "s0", loan_id="L4", investors=1)
    usual: dict[type[c.Command], dict[str, Any]] = {
        c.SpreadLoan: {"spread_id": "s9", "investors": 1},
        c.SetAutoTender: {"per_loan_fen": 2, "per_borrower_fen": 2},
        c.StopAutoTender: {},
    }
    assert town.refused(kind, **usual[kind] | fields) == code
