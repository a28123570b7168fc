"""What the book's views say, as far as a bank day needs it: one snapshot, few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection, Cursor

from adapters.read_models.balances import BALANCES, Balances
from adapters.read_models.members import MEMBERS
from adapters.read_models.movements import MOVEMENTS, MovementRow, Movements
from adapters.read_models.shortfalls import SHORTFALLS, ShortfallRow, Shortfalls
from adapters.read_models.store import ViewStore
from adapters.read_models.table import in_schema
from domain.accounts import PLATFORM_ACCOUNTS, Role, account_of, owner_of, role_of
from domain.bank_statement import BankBalance, LineKind, StatementLine
from domain.cashbook import Movement
from domain.purposes import Purpose
from services.reconciliation.matching import (
    BANK_BEGAN,
    COMMISSIONS,
    UNLISTED,
    Lines,
    entry_of,
    key_of_line,
    key_of_movement,
)


class ViewsApart(Exception):
    """The views of movements, balances and shortfalls do not stand at the same event."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The book at one event.

    `movements` by key, without those that agree with their lines: settled on the bank's day
    (freezes and releases left out), and whatever the day's lines name. `straddling`: what was out
    at the day's end, or may have been. `later`: all that the bank dated after the day, added up by
    purpose and parties. `balances` are today's, below zero where the bank took more than there was;
    `shortfalls`: the claims behind that. `taken_back`: keys of what the bank undid on its day.
    """

    position: int
    movements: dict[str, MovementRow]
    straddling: list[MovementRow]
    later: list[Movement]
    balances: dict[str, BankBalance]
    shortfalls: list[ShortfallRow]
    taken_back: set[str]


class Book:
    def __init__(self, connection: Connection, platform: str) -> None:
        self._connection = connection
        self._store = ViewStore(platform, ())

    def snapshot(self, day: date, lines: Lines, apart: Collection[str]) -> Snapshot:
        """Takes out of `lines` those that agree with the book, whose movements are not told.
        `apart`: keys that book and bank were found to date differently. Raises ViewsApart."""
        with self._snapshot() as cursor:
            stamps = self._store.stamps(cursor)
            positions = {stamps[view.NAME].position for view in (Movements, Balances, Shortfalls)}
            if len(positions) > 1:
                raise ViewsApart("the views of the cash book stand at different events")
            shortfalls = SHORTFALLS.select(cursor, "left_fen > 0")
            return Snapshot(
                positions.pop(),
                _movements(cursor, day, lines),
                _straddling(cursor, day, apart),
                _later(cursor, day),
                _balances(cursor, shortfalls),
                shortfalls,
                _taken_back(cursor, day),
            )

    def covered(self, claims: Collection[str]) -> dict[str, list[str]]:
        """Those of these shortfalls that are covered in full, each with what covered it."""
        if not claims:
            return {}
        with self._snapshot() as cursor:
            cursor.execute(
                "SELECT entry_id, array_agg(covered_by ORDER BY position) FROM shortfall_cover"
                " JOIN shortfall USING (entry_id)"
                " WHERE left_fen = 0 AND entry_id = ANY(%s) GROUP BY entry_id",
                (list(claims),),
            )
            return dict(cursor.fetchall())

    def of_entries(self, entry_ids: Collection[str]) -> dict[str, list[MovementRow]]:
        """The movements of these entries, by entry."""
        found: dict[str, list[MovementRow]] = {entry_id: [] for entry_id in entry_ids}
        if entry_ids:
            with self._snapshot() as cursor:
                for row in MOVEMENTS.select(cursor, "entry_id = ANY(%s)", list(entry_ids)):
                    found[row.entry_id].append(row)
        return found

    def not_recorded(self, lines: Sequence[StatementLine]) -> list[StatementLine]:
        """Those that the bank began and the book has no movement for."""
        begun = [line for line in lines if line.kind in BANK_BEGAN]
        if not begun:
            return []
        with self._snapshot() as cursor:
            known = MOVEMENTS.load(cursor, {key_of_line(line) for line in begun})
        return [line for line in begun if key_of_line(line) not in known]

    def accounts_among(self, accounts: Collection[str]) -> set[str]:
        """Those that are the platform's own, or that the bank opened for a member of ours."""
        with self._snapshot() as cursor:
            members = MEMBERS.load(cursor, {owner_of(account) for account in accounts})
        return {
            account
            for account in accounts
            if account in PLATFORM_ACCOUNTS
            or (
                owner_of(account) in members
                and role_of(account) in members[owner_of(account)].open_roles.split()
            )
        }

    def accounts(self) -> set[str]:
        """The platform's own, and those that the bank opened for members of ours."""
        with self._snapshot() as cursor:
            members = MEMBERS.select(cursor)
        return set(PLATFORM_ACCOUNTS) | {
            account_of(member.member_id, Role(role))
            for member in members
            for role in member.open_roles.split()
        }

    @contextmanager
    def _snapshot(self) -> Iterator[Cursor[Any]]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._store.lock_to_read(cursor)
            cursor.execute(in_schema(self._store.schema))
            yield cursor


def _balances(cursor: Cursor[Any], shortfalls: Iterable[ShortfallRow]) -> dict[str, BankBalance]:
    owed_fen: Counter[str] = Counter()
    for claim in shortfalls:
        owed_fen[claim.account] += claim.left_fen
    return {
        row.account: BankBalance(row.available_fen - owed_fen[row.account], row.frozen_fen)
        for row in BALANCES.stream(cursor)
    }


def _movements(cursor: Cursor[Any], day: date, lines: Lines) -> dict[str, MovementRow]:
    movements: dict[str, MovementRow] = {}
    listed = "bank_date = %s AND purpose <> ALL(%s)"
    for row in MOVEMENTS.stream(cursor, listed, day, list(UNLISTED)):
        key = key_of_movement(row)
        if not lines.agrees(day, key, row):
            movements[key] = row
    others = [line for key, (line, *_) in lines.rest().items() if key not in movements]
    named = {key_of_line(line) for line in others if line.kind is not LineKind.COMMISSION}
    for row in MOVEMENTS.load(cursor, named).values():
        movements[row.movement_id] = row
    entries = {line.reference for line in others if line.kind is LineKind.COMMISSION}
    if entries:
        condition = "entry_id = ANY(%s) AND purpose = ANY(%s) AND bank_date IS DISTINCT FROM %s"
        for row in MOVEMENTS.select(cursor, condition, list(entries), list(COMMISSIONS), day):
            movements[key_of_movement(row)] = row
    return movements


def _taken_back(cursor: Cursor[Any], day: date) -> set[str]:
    undone = "bank_date = %s AND purpose = %s"
    rows = MOVEMENTS.select(cursor, undone, day, Purpose.BANK_REVERSAL.value)
    origins = {row.origin for row in rows if row.origin}
    return {key_of_movement(row) for row in MOVEMENTS.load(cursor, origins).values()}


def _straddling(cursor: Cursor[Any], day: date, apart: Collection[str]) -> list[MovementRow]:
    """Open now; refused after the day; withdrawn after it; or dated after it, and listed before."""
    condition = (
        "(bank_date IS NULL AND (status = 'requested' OR closed_on > %s))"
        " OR (bank_date > %s AND"
        " ((purpose = 'withdrawal' AND requested_on <= %s) OR entry_id = ANY(%s)))"
    )
    entries = [entry_of(key) for key in apart]
    return MOVEMENTS.select(cursor, condition, day, day, day, entries)


def _later(cursor: Cursor[Any], day: date) -> list[Movement]:
    cursor.execute(
        "SELECT purpose, payer, payee, freeze_id IS NULL, sum(amount_fen)::bigint"
        " FROM movement WHERE bank_date > %s GROUP BY 1, 2, 3, 4",
        (day,),
    )
    return [
        Movement(
            id="",
            purpose=Purpose(purpose),
            payer=payer,
            payee=payee,
            amount_fen=amount_fen,
            freeze=None if freeze_is_null else "",
        )
        for purpose, payer, payee, freeze_is_null, amount_fen in cursor.fetchall()
    ]
