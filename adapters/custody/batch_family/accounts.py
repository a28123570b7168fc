"""Our account names and the bank's account numbers (电子账号).

The bank gives the numbers when it opens accounts, and is asked for them by our own name, `userNo`.
They never change, so that what was once told is kept for the life of the process. `fixed` names
the platform's own by their numbers.
"""

from __future__ import annotations

from adapters.custody.batch_family.channel import ONLINE, Call, Channel
from adapters.custody.wire import NoAnswer
from domain.accounts import (
    INCOME_ACCOUNT,
    MARKETING_ACCOUNT,
    MEMBER_ROLES,
    PLATFORM,
    RESERVE_ACCOUNT,
    Role,
    owner_of,
    role_of,
)

IDENTITIES = {Role.INVESTOR: "1", Role.BORROWER: "2", Role.GUARANTOR: "3"}
ORDINARY = "00000"  # acctUse of every member's account.


class Accounts:
    """`reserve`, `marketing`, `income`: the platform's own, by agreement with the bank (acctUse
    00100, 10000, 01000). Safe to call from several threads."""

    def __init__(self, channel: Channel, *, reserve: str, marketing: str, income: str) -> None:
        self._channel = channel
        self.fixed = {
            reserve: RESERVE_ACCOUNT,
            marketing: MARKETING_ACCOUNT,
            income: INCOME_ACCOUNT,
        }
        self._numbers = {account: number for number, account in self.fixed.items()}

    def find(self, account: str) -> str | None:
        """None where the bank has no such account. Raises NoAnswer, and ValueError for what has no
        account at the bank."""
        known = self._numbers.get(account)
        if known is not None:
            return known
        owner, role = owner_of(account), role_of(account)
        if not owner or owner == PLATFORM or role not in MEMBER_ROLES:
            raise ValueError(f"account: {account} is not held at the bank")
        told = self._channel.exchange(Call(ONLINE, "accountIdQuery", {"userNo": account}))
        number = told.get("accountId")
        if not number:
            return None
        self._numbers[account] = number
        return number

    def number(self, account: str) -> str:
        """Raises NoAnswer also where the bank has no such account: it may still be on its way."""
        number = self.find(account)
        if number is None:
            raise NoAnswer("account_unknown", "the bank has no account under this name yet")
        return number
