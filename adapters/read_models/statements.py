"""The statement (对账单) of every account: one line a step, with what the account had after it.

A business day is a range of positions (see the view `days`), and so a stretch of these lines. The
balance of any account at any position is the last line up to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.balances import Balance, legs_of
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import cashbook, shortfall
from domain.purposes import Purpose
from infra.arrays import array


@dataclass(slots=True)
class StatementLine:
    """`step` is requested, settled, rejected, recorded (the bank's own), or covered: what came
    paid a shortfall of the bank's `entry_id` first."""

    account: str
    position: int
    business_date: date
    entry_id: str
    step: str
    purpose: str
    available_fen: int
    frozen_fen: int
    available_after_fen: int
    frozen_after_fen: int


@dataclass(slots=True)
class OpenEntry:
    """An entry that is not closed yet: its closing does not repeat its purpose."""

    entry_id: str
    purpose: str


STATEMENT_LINES = Table("statement_line", StatementLine, key=["account", "position"])
OPEN_ENTRIES = Table("statement_open_entry", OpenEntry, key=["entry_id"])


class Statements(View):
    NAME = "statements"
    TABLES = (STATEMENT_LINES, OPEN_ENTRIES)
    EVENTS = shortfall.POSTING

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._lines = self.open(STATEMENT_LINES)
        self._entries = self.open(
            OPEN_ENTRIES, named(batch, "entry_id", made_by=cashbook.EntryRequested)
        )
        accounts = {leg.account for r in batch for leg in legs_of(r)}
        self._asked = last_lines(tables.cursor, accounts)

    @cached_property
    def _last(self) -> dict[str, Balance]:
        return {balance.account: balance for balance in self._asked}

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case cashbook.EntryRequested(entry_id=entry_id, purpose=purpose):
                self._entries.add(OpenEntry(entry_id, purpose.value))
                self._write(recorded, entry_id, "requested", purpose.value)
            case cashbook.EntrySettled(entry_id=entry_id):
                self._write(recorded, entry_id, "settled", self._entries.pop(entry_id).purpose)
            case cashbook.EntryRejected(entry_id=entry_id):
                self._write(recorded, entry_id, "rejected", self._entries.pop(entry_id).purpose)
            case cashbook.BankMovementRecorded(entry_id=entry_id, movement=movement):
                self._write(recorded, entry_id, "recorded", movement.purpose.value)
            case shortfall.ShortfallCovered(entry_id=entry_id):
                self._write(recorded, entry_id, "covered", Purpose.BANK_ADJUSTMENT.value)

    def _write(self, recorded: Recorded, entry_id: str, step: str, purpose: str) -> None:
        for account, available_fen, frozen_fen in legs_of(recorded):
            last = self._last.setdefault(account, Balance(account, 0, 0))
            last.available_fen += available_fen
            last.frozen_fen += frozen_fen
            self._lines.add(
                StatementLine(
                    account,
                    recorded.position,
                    recorded.business_date,
                    entry_id,
                    step,
                    purpose,
                    available_fen,
                    frozen_fen,
                    last.available_fen,
                    last.frozen_fen,
                )
            )


def last_lines(cursor: Cursor[Any], accounts: Collection[str]) -> Iterator[Balance]:
    """What each of `accounts` had after its last line; none for one without lines. Asked at once,
    and taken from the cursor when looked at."""
    cursor.execute(
        "SELECT account, available_after_fen, frozen_after_fen"
        " FROM unnest(%b::text[]) AS wanted (account) CROSS JOIN LATERAL ("
        "  SELECT available_after_fen, frozen_after_fen FROM statement_line AS line"
        "  WHERE line.account = wanted.account ORDER BY position DESC LIMIT 1) AS last",
        (array("text", list(accounts)),),
    )
    return (Balance(*row) for row in cursor)
