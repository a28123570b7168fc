"""Whose money: account names, and the roles that the allow-matrix speaks of.

A member's account is `{member_id}:{role}`; the platform's own are `platform:{role}`. `outside` is
the rest of the world (other banks): money enters from it and leaves to it, and it has no balance.
"""

from __future__ import annotations

from enum import StrEnum

OUTSIDE = "outside"
PLATFORM = "platform"


class Role(StrEnum):
    INVESTOR = "investor"
    BORROWER = "borrower"
    GUARANTOR = "guarantor"
    RESERVE = "reserve"  # 风险准备金 (代偿 account at the bank)
    INCOME = "income"  # 平台收入
    MARKETING = "marketing"  # 营销款
    OUTSIDE = "outside"

    __hash__ = str.__hash__  # Enum's own is Python, and every movement asks for it.


MEMBER_ROLES = frozenset({Role.INVESTOR, Role.BORROWER, Role.GUARANTOR})
PLATFORM_ROLES = frozenset({Role.RESERVE, Role.INCOME, Role.MARKETING})


_ROLES = {role.value: role for role in Role}


def account_of(owner_id: str, role: Role) -> str:
    return f"{owner_id}:{role}"


def role_of(account: str) -> Role:
    """Raises ValueError for what is no account."""
    role = _ROLES.get(account.rpartition(":")[2])
    if role is None:
        raise ValueError(f"{account} is no account")
    return role


def owner_of(account: str) -> str:
    return account.rpartition(":")[0]


RESERVE_ACCOUNT = account_of(PLATFORM, Role.RESERVE)
INCOME_ACCOUNT = account_of(PLATFORM, Role.INCOME)
MARKETING_ACCOUNT = account_of(PLATFORM, Role.MARKETING)
PLATFORM_ACCOUNTS = (RESERVE_ACCOUNT, INCOME_ACCOUNT, MARKETING_ACCOUNT)
