"""The day's statement as SWIFT MT940: one message an account, in UTF-8."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from services.sandbox_bank.clock import compact
from services.sandbox_bank.fields import money
from services.sandbox_bank.statements import AccountDay, Item

_REFERENCE = re.compile(r"(?!.*//)[A-Za-z0-9/?:().,'+ -]{1,16}")
_INFORMATION = 65
_KINDS = {"COMMISSION": "NCOM", "INTEREST": "NINT"}


def mt940(accounts: Sequence[AccountDay], day: date) -> bytes:
    lines = (line for account in accounts for line in _message(account, day))
    return "".join(f"{line}\r\n" for line in lines).encode()


def _message(account: AccountDay, day: date) -> Iterator[str]:
    yield f":20:{compact(day)}"
    yield f":25:{account.member_no}"
    yield f":28C:{day:%j}/1"
    yield f":60F:{_balance(account.opening_fen, day - timedelta(days=1))}"
    for item in account.items:
        yield from _entry(item, day)
    yield f":62F:{_balance(account.closing_fen, day)}"
    yield f":64:{_balance(account.closing_available_fen, day)}"
    yield "-"


def _entry(item: Item, day: date) -> Iterator[str]:
    reference = item.reference if _REFERENCE.fullmatch(item.reference) else "NONREF"
    kind = _KINDS.get(item.biz_type, "NTRF")
    moved = f"{_side(item.amount_fen)}{_amount(item.amount_fen)}"
    yield f":61:{day:%y%m%d}{day:%m%d}{moved}{kind}{reference}//{item.order_no}"
    yield f":86:{item.reference[:_INFORMATION]}"


def _balance(fen: int, on: date) -> str:
    return f"{_side(fen)}{on:%y%m%d}CNY{_amount(fen)}"


def _side(fen: int) -> str:
    return "D" if fen < 0 else "C"


def _amount(fen: int) -> str:
    return money(abs(fen)).replace(".", ",")
