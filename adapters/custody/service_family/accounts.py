"""Our account names and the bank's platformUserNo, one to one.

A member's `{member}:{role}` is `{member}_{ROLE}` at the bank (at most 46 of its 50 characters); the
platform's own accounts have the bank's fixed numbers. A number that is none of ours is kept as it
is: it can never equal an account of ours, so that reconciliation shows it instead of losing it.
"""

from __future__ import annotations

import sys

from domain.accounts import (
    INCOME_ACCOUNT,
    MARKETING_ACCOUNT,
    MEMBER_ROLES,
    PLATFORM,
    RESERVE_ACCOUNT,
    Role,
    account_of,
    owner_of,
    role_of,
)

USER_ROLES = {
    Role.INVESTOR: "INVESTOR",
    Role.BORROWER: "BORROWERS",
    Role.GUARANTOR: "GUARANTEECORP",
}
_ROLE_OF_WORD = {word: role for role, word in USER_ROLES.items()}
_FIXED = {
    RESERVE_ACCOUNT: "SYS_GENERATE_001",
    MARKETING_ACCOUNT: "SYS_GENERATE_002",
    INCOME_ACCOUNT: "SYS_GENERATE_004",
}
_ACCOUNT_OF_FIXED = {number: account for account, number in _FIXED.items()}


def user_no(account: str) -> str:
    """The bank's number of `account`. Raises ValueError for what has no account at the bank."""
    fixed = _FIXED.get(account)
    if fixed is not None:
        return fixed
    owner, role = owner_of(account), role_of(account)
    if not owner or owner == PLATFORM or role not in MEMBER_ROLES:
        raise ValueError(f"account: {account} is not held at the bank")
    return f"{owner}_{USER_ROLES[role]}"


def user_role(account: str) -> str:
    return USER_ROLES[role_of(account)]


def account_named(number: str) -> str:
    """Our name for the bank's number, or the number itself where it is none of ours."""
    fixed = _ACCOUNT_OF_FIXED.get(number)
    if fixed is not None:
        return fixed
    owner, _, word = number.rpartition("_")
    role = _ROLE_OF_WORD.get(word)
    # A day's file names each account many times: one text serves all its lines.
    return sys.intern(account_of(owner, role) if owner and role is not None else number)
