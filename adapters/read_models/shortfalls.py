"""What the bank took and an account could not bear: each claim, and the entries that covered it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import shortfall


@dataclass(slots=True)
class ShortfallRow:
    """`entry_id` is the bank fact's entry. `owner` is who worked the break at first. The dates are
    business dates, but for the bank's own `bank_date`."""

    entry_id: str
    account: str
    amount_fen: int
    left_fen: int
    bank_record: str
    bank_date: date
    owner: str
    claimed_on: date
    closed_on: date | None


@dataclass(slots=True)
class CoverRow:
    """`covered_by` is the entry that brought the money."""

    entry_id: str
    position: int
    amount_fen: int
    covered_by: str


SHORTFALLS = Table("shortfall", ShortfallRow, key=["entry_id"])
COVERS = Table("shortfall_cover", CoverRow, key=["entry_id", "position"])


class Shortfalls(View):
    NAME = "shortfalls"
    TABLES = (SHORTFALLS, COVERS)
    BY_KEY = True
    EVENTS = shortfall.EVENTS
    PROMPT = True

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._claims = self.open(SHORTFALLS, named(batch, "entry_id"))
        self._covers = self.open(COVERS)

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case shortfall.ShortfallClaimed() as event:
                self._claims.add(
                    ShortfallRow(
                        entry_id=event.entry_id,
                        account=event.account,
                        amount_fen=event.amount_fen,
                        left_fen=event.amount_fen,
                        bank_record=event.bank_record,
                        bank_date=event.bank_date,
                        owner=event.owner,
                        claimed_on=recorded.business_date,
                        closed_on=None,
                    )
                )
            case shortfall.ShortfallCovered() as event:
                claim = self._claims[event.entry_id]
                claim.left_fen = event.left_fen
                if not event.left_fen:
                    claim.closed_on = recorded.business_date
                self._covers.add(
                    CoverRow(event.entry_id, recorded.position, event.amount_fen, event.covered_by)
                )
