"""交易密码, the bank's own password of a member: kept as scrypt makes it, and locked for the rest
of the bank's day once it was wrong three times on it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import date

from services.sandbox_bank.rows import Account

SALT_BYTES = 16
_TRIES = 3
_SHORTEST, _LONGEST = 6, 20


class WrongPassword(Exception):
    """It is not the member's; its text is for the member. `account` counts the try."""

    def __init__(self, said: str, account: Account | None = None) -> None:
        super().__init__(said)
        self.account = account


def new(password: str, again: str, salt: bytes) -> str:
    """As it is kept. Raises WrongPassword."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise WrongPassword(
            f"密码须为{_SHORTEST}至{_LONGEST}位 · {_SHORTEST} to {_LONGEST} characters, please"
        )
    if password != again:
        raise WrongPassword("两次输入不一致 · The two are not the same")
    return _made(password, salt)


def check(account: Account, password: str, today: date) -> None:
    """Raises WrongPassword."""
    tries = account.wrong_tries if account.wrong_on == today else 0
    if tries >= _TRIES:
        raise WrongPassword("密码已锁定，请明日再试 · Locked until tomorrow")
    salt = bytes.fromhex((account.password or "").partition("$")[0])
    if len(password) <= _LONGEST and hmac.compare_digest(
        _made(password, salt), account.password or ""
    ):
        return
    left = _TRIES - tries - 1
    said = f"密码错误，还可尝试{left}次 · Wrong; tries left today: {left}"
    raise WrongPassword(said, replace(account, wrong_tries=tries + 1, wrong_on=today))


def _made(password: str, salt: bytes) -> str:
    return f"{salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()}"
