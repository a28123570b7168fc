from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.custody.service_family.accounts import account_named, user_no, user_role
from domain.accounts import MEMBER_ROLES, OUTSIDE, PLATFORM, PLATFORM_ACCOUNTS, Role, account_of

MEMBER_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True).filter(lambda i: i != PLATFORM)


@given(MEMBER_IDS, st.sampled_from(sorted(MEMBER_ROLES)))
def test_a_members_number_fits_and_names_the_account_again(member: str, role: Role) -> None:
    account = account_of(member, role)
    assert len(user_no(account)) <= 50
    assert account_named(user_no(account)) == account


def test_the_platforms_accounts_have_the_banks_fixed_numbers() -> None:
    numbers = [user_no(account) for account in PLATFORM_ACCOUNTS]
    assert numbers == ["SYS_GENERATE_001", "SYS_GENERATE_004", "SYS_GENERATE_002"]
    assert [account_named(number) for number in numbers] == list(PLATFORM_ACCOUNTS)


@pytest.mark.parametrize("number", ["SYS_GENERATE_000", "m1", "_INVESTOR", "m1_SUPPLIER", ""])
def test_a_number_that_is_none_of_ours_is_kept_as_it_is(number: str) -> None:
    assert account_named(number) == number


@pytest.mark.parametrize("account", [OUTSIDE, "m1:reserve", "m1:landlord", ":investor", "m1"])
def test_what_has_no_account_at_the_bank_is_refused(account: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        user_no(account)


def test_a_member_cannot_pose_as_the_platform() -> None:
    with pytest.raises(ValueError, match="not held at the bank"):
        user_no("platform:investor")


def test_roles_in_the_banks_words() -> None:
    words = [user_role(f"m1:{role}") for role in ("investor", "borrower", "guarantor")]
    assert words == ["INVESTOR", "BORROWERS", "GUARANTEECORP"]
