"""The allow-matrix: every purpose between every two roles, and nothing but what is listed."""

from __future__ import annotations

import itertools

import pytest

from domain import cashbook
from domain.accounts import OUTSIDE, Role, account_of, owner_of, role_of
from domain.model import Refused
from domain.purposes import MATRIX, Purpose, Shape, allowed
from domain.refusals import Code
from tests.exemplars import a_movement

MEMBERS = "investor borrower guarantor"
OWN = "reserve income marketing"
EVERYBODY = f"{MEMBERS} {OWN}"

# Written a second time, by hand: from -> to, one line a purpose.
MAY: dict[Purpose, tuple[str, str]] = {
    Purpose.RECHARGE: ("outside", EVERYBODY),
    Purpose.WITHDRAWAL: (f"{MEMBERS} income", "outside"),
    Purpose.RETURNED_WITHDRAWAL: ("outside", f"{MEMBERS} income"),
    Purpose.TENDER: ("investor", "investor"),
    Purpose.TENDER_RELEASE: ("investor", "investor"),
    Purpose.DISBURSEMENT: ("investor", "borrower"),
    Purpose.REPAYMENT_HOLD: ("borrower", "borrower"),
    Purpose.REPAYMENT_RELEASE: ("borrower", "borrower"),
    Purpose.REPAYMENT: ("borrower", "investor"),
    Purpose.FEE: ("borrower", "income"),
    Purpose.RESERVE_CONTRIBUTION: ("borrower", "reserve"),
    Purpose.RESERVE_PAYOUT: ("reserve", "investor"),
    Purpose.SUBROGATED_RECOVERY: ("borrower", "reserve"),
    Purpose.GUARANTEE_HOLD: ("guarantor", "guarantor"),
    Purpose.GUARANTEE_RELEASE: ("guarantor", "guarantor"),
    Purpose.GUARANTEE_ADVANCE: ("guarantor", "borrower"),
    Purpose.ADVANCE_PASSED_ON: ("borrower", "investor"),
    Purpose.GUARANTEE_RECOVERY: ("borrower", "guarantor"),
    Purpose.REIMBURSEMENT: ("guarantor", "reserve guarantor"),
    Purpose.ASSIGNMENT_HOLD: ("investor", "investor"),
    Purpose.ASSIGNMENT_RELEASE: ("investor", "investor"),
    Purpose.ASSIGNMENT: ("investor", "investor"),
    Purpose.ASSIGNMENT_FEE: ("investor", "income"),
    Purpose.RESERVE_SURPLUS: ("reserve", "income"),
    Purpose.ADMINISTRATIVE_FREEZE: (MEMBERS, MEMBERS),
    Purpose.ADMINISTRATIVE_RELEASE: (MEMBERS, MEMBERS),
    Purpose.BANK_INTEREST: ("outside", EVERYBODY),
    Purpose.BANK_ADJUSTMENT: (f"outside {EVERYBODY}", f"outside {EVERYBODY}"),
    Purpose.BANK_REVERSAL: (f"outside {EVERYBODY}", f"outside {EVERYBODY}"),
    Purpose.REVERSAL: ("income", "borrower investor reserve"),
    Purpose.SHORTFALL_COVER: ("income", f"{MEMBERS} reserve marketing"),
}


def account(role: Role) -> str:
    return OUTSIDE if role is Role.OUTSIDE else account_of("somebody", role)


# What goes with another movement only.
OTHER_HALF = {
    Purpose.GUARANTEE_ADVANCE: [
        a_movement(
            Purpose.ADVANCE_PASSED_ON,
            account(Role.BORROWER),
            account(Role.INVESTOR),
        )
    ],
    Purpose.ADVANCE_PASSED_ON: [
        a_movement(
            Purpose.GUARANTEE_ADVANCE,
            account(Role.GUARANTOR),
            account(Role.BORROWER),
            freeze="G-1.1",
        )
    ],
    Purpose.ASSIGNMENT_FEE: [
        a_movement(
            Purpose.ASSIGNMENT, account(Role.INVESTOR), account(Role.INVESTOR), freeze="M-1.1"
        )
    ],
}


@pytest.mark.parametrize("purpose", Purpose)
def test_money_moves_for_its_purpose_only(purpose: Purpose) -> None:
    payers, payees = (words.split() for words in MAY[purpose])
    for payer, payee in itertools.product(Role, Role):
        stays = MATRIX[purpose].shape in (Shape.FREEZE, Shape.RELEASE)
        may = payer in payers and payee in payees and (payer is payee or not stays)
        assert allowed(purpose, payer, payee) is may, (payer, payee)
        movement = a_movement(purpose, account(payer), account(payee), freeze="T-1.1")
        entry = [movement, *OTHER_HALF.get(purpose, ())]
        if may:
            assert cashbook.request(cashbook.INITIAL, "M-1", "s", "r", entry)
        else:
            with pytest.raises(Refused) as caught:
                cashbook.request(cashbook.INITIAL, "M-1", "s", "r", entry)
            assert caught.value.code == Code.MOVEMENT_NOT_ALLOWED


def test_lending_goes_from_investors_to_borrowers_and_through_nobody() -> None:
    """No purpose takes an investor's money to the platform, or the platform's to a borrower, but
    what two people put right, and the fee of one who sells his claim."""
    put_right = {Purpose.REVERSAL, Purpose.SHORTFALL_COVER}
    beside = {*put_right, Purpose.ASSIGNMENT_FEE}
    moving = {p for p in Purpose if MATRIX[p].shape is Shape.TRANSFER} - beside
    for purpose in moving:
        for own in OWN.split():
            assert not allowed(purpose, Role.INVESTOR, Role(own)), purpose
            assert not allowed(purpose, Role(own), Role.BORROWER), purpose
    lending = [p for p in moving if allowed(p, Role.INVESTOR, Role.BORROWER)]
    assert lending == [Purpose.DISBURSEMENT]


def test_what_only_the_bank_may_start() -> None:
    assert {p for p in Purpose if MATRIX[p].by_bank} == {
        Purpose.RETURNED_WITHDRAWAL,
        Purpose.BANK_INTEREST,
        Purpose.BANK_ADJUSTMENT,
        Purpose.BANK_REVERSAL,
    }


def test_what_consumes_a_freeze() -> None:
    assert {p: MATRIX[p].needs for p in Purpose if MATRIX[p].needs} == {
        Purpose.TENDER_RELEASE: Purpose.TENDER,
        Purpose.DISBURSEMENT: Purpose.TENDER,
        Purpose.REPAYMENT_RELEASE: Purpose.REPAYMENT_HOLD,
        Purpose.REPAYMENT: Purpose.REPAYMENT_HOLD,
        Purpose.SUBROGATED_RECOVERY: Purpose.REPAYMENT_HOLD,
        Purpose.GUARANTEE_RELEASE: Purpose.GUARANTEE_HOLD,
        Purpose.GUARANTEE_ADVANCE: Purpose.GUARANTEE_HOLD,
        Purpose.GUARANTEE_RECOVERY: Purpose.REPAYMENT_HOLD,
        Purpose.ADMINISTRATIVE_RELEASE: Purpose.ADMINISTRATIVE_FREEZE,
        Purpose.ASSIGNMENT_RELEASE: Purpose.ASSIGNMENT_HOLD,
        Purpose.ASSIGNMENT: Purpose.ASSIGNMENT_HOLD,
    }


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OUTSIDE])
def test_an_accounts_name_says_whose_it_is(role: Role) -> None:
    name = account_of("m-1_x", role)
    assert (owner_of(name), role_of(name)) == ("m-1_x", role)
    assert role_of(OUTSIDE) is Role.OUTSIDE
