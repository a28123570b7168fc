"""What every account has: the plain sum of all legs, `outside` and `shortfall` included.

Invariant: all rows add up to zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View
from domain import cashbook, shortfall


@dataclass(slots=True)
class Balance:
    account: str
    available_fen: int
    frozen_fen: int


BALANCES = Table("account", Balance, key=["account"])


class Balances(View):
    NAME = "balances"
    TABLES = (BALANCES,)
    BY_KEY = True
    EVENTS = shortfall.POSTING
    PROMPT = True

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._balances = self.open(BALANCES, {leg.account for r in batch for leg in legs_of(r)})

    def fold(self, recorded: Recorded) -> None:
        for account, available_fen, frozen_fen in legs_of(recorded):
            balance = self._balances.get(account)
            if balance is None:
                self._balances.add(Balance(account, available_fen, frozen_fen))
            else:
                balance.available_fen += available_fen
                balance.frozen_fen += frozen_fen


def legs_of(recorded: Recorded) -> tuple[cashbook.Leg, ...]:
    event: Any = recorded.event
    legs: tuple[cashbook.Leg, ...] = event.legs
    return legs
