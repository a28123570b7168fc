"""What the published layouts of ALEVE and EVE leave open, as it is agreed with each bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class FileChoices:
    """`money_in` is the CRFLAG of what an account gains: the layout says "C < 0, D >= 0".
    `currencies` are CUR_NUM numbers with their codes. `chained` says that an account's entries
    stand in the order in which they were booked, so that each CURR_BAL follows from the one
    before."""

    newline: bytes = b"\n"
    money_in: Literal["C", "D"] = "D"
    currencies: Mapping[str, str] = field(default_factory=lambda: {"156": "CNY"})
    chained: bool = True

    def signed(self, flag: str, amount_fen: int) -> int:
        return amount_fen if flag == self.money_in else -amount_fen


USUAL = FileChoices()
