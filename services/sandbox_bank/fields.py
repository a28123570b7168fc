"""Read the fields of a reqData object. Every fault is 100002, naming the field and the rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.sandbox_bank.errors import Code, Refused

_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,12})\.[0-9]{2}")
_DATE = re.compile(r"[0-9]{8}")
# These separate columns and lines in the check files, or escape there.
_BARRED = re.compile(r'[,"\\\x00-\x1f\x7f]')


def money(amount_fen: int) -> str:
    """Whole fen as the protocol's yuan with two decimals."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"


class Fields:
    """One JSON object. `place` is where it stands, for the error's wording."""

    def __init__(self, data: Mapping[str, Any], place: str = "") -> None:
        self.data = data
        self._place = place

    def text(self, name: str, limit: int = 200) -> str:
        value = self.optional(name, limit)
        if value is None:
            raise self.bad(name, "is missing")
        return value

    def optional(self, name: str, limit: int = 200) -> str | None:
        value = self.data.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.bad(name, "must be text")
        if len(value) > limit:
            raise self.bad(name, f"must be at most {limit} characters")
        if _BARRED.search(value):
            raise self.bad(name, "must not hold a comma, quote, backslash or control character")
        return value

    def choice(self, name: str, allowed: Sequence[str] | frozenset[str]) -> str:
        value = self.text(name)
        if value not in allowed:
            raise self.bad(name, f"must be one of {', '.join(sorted(allowed))}")
        return value

    def amount(self, name: str) -> int:
        """A yuan text with two decimals, more than nothing, as fen."""
        amount_fen = self._fen(name, self.text(name))
        if amount_fen == 0:
            raise self.bad(name, "must be more than 0.00")
        return amount_fen

    def amount_or_zero(self, name: str) -> int:
        value = self.optional(name)
        return 0 if value is None else self._fen(name, value)

    def date(self, name: str) -> str:
        value = self.text(name)
        if not _DATE.fullmatch(value):
            raise self.bad(name, "must be yyyyMMdd")
        return value

    def items(self, name: str, limit: int) -> list[Fields]:
        value = self.data.get(name)
        if not isinstance(value, list) or not 1 <= len(value) <= limit:
            raise self.bad(name, f"must be a list of 1 to {limit} objects")
        if not all(isinstance(item, dict) for item in value):
            raise self.bad(name, "must hold objects only")
        return [Fields(item, f"{self._place}{name}[{i}].") for i, item in enumerate(value)]

    def absent(self, name: str, why: str) -> None:
        """Refuse a published field that this bank does not serve."""
        if self.data.get(name) not in (None, "", "0.00"):
            raise Refused(Code.REFUSED, f"{self._place}{name}: {why}")

    def bad(self, name: str, rule: str) -> Refused:
        return Refused(Code.BAD_REQUEST, f"{self._place}{name} {rule}")

    def _fen(self, name: str, value: str) -> int:
        if not _AMOUNT.fullmatch(value):
            raise self.bad(name, "must be yuan with two decimals, such as 1234.50")
        return int(value.replace(".", ""))
