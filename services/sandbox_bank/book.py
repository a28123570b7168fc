"""The book: what a batch of calls reads and writes.

Records are read through once a batch. Each call writes into a draft that is either kept or dropped
whole, so a refusal in the middle of a transaction leaves nothing behind. Invariant: every entry's
postings sum to zero, and no balance is ever below zero (the tables check it again).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar

import orjson

from services.sandbox_bank import store
from services.sandbox_bank.clock import bank_date
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.hours import Hours
from services.sandbox_bank.keys import Key, Kind
from services.sandbox_bank.kinds import Fault
from services.sandbox_bank.plan import Plan, injection_id
from services.sandbox_bank.rows import (
    OUTSIDE,
    Account,
    Confirmation,
    Entry,
    Freeze,
    Header,
    Injected,
    Notice,
    Page,
    Posting,
    Pot,
    Project,
    Request,
)

T = TypeVar("T")


def _jsonb(plan: Plan | None) -> str | None:
    return None if plan is None else orjson.dumps(plan.as_row()).decode()


class Shelf(Generic[T]):
    """The records of one table that this batch has touched, by key."""

    def __init__(self, db: store.Db, table: store.Table[T]) -> None:
        self._db = db
        self._table = table
        self._key: Callable[[T], str] = attrgetter(str(table.key))
        self._read: dict[str, T | None] = {}
        self._draft: dict[str, T] = {}
        self._kept: dict[str, T] = {}

    def fetch(self, keys: Collection[str]) -> None:
        """Read these ahead in one statement."""
        missing = [key for key in keys if key not in self._read]
        if missing:
            self._read.update(dict.fromkeys(missing))
            self._read.update((self._key(row), row) for row in self._table.load(self._db, missing))

    def get(self, key: str) -> T | None:
        if key in self._draft:
            return self._draft[key]
        if key not in self._read:
            self.fetch([key])
        return self._read[key]

    def put(self, row: T) -> None:
        self._draft[self._key(row)] = row

    def keep(self) -> None:
        self._read.update(self._draft)
        self._kept.update(self._draft)
        self._draft.clear()

    def drop(self) -> None:
        self._draft.clear()

    def flush(self) -> None:
        if self._kept:
            self._table.write(self._db, self._kept.values())


class Pile(Generic[T]):
    """Rows that this batch adds to a table."""

    def __init__(self, db: store.Db, table: store.Table[T]) -> None:
        self._db = db
        self._table = table
        self._draft: list[T] = []
        self._kept: list[T] = []

    def add(self, row: T) -> None:
        self._draft.append(row)

    def keep(self) -> None:
        self._kept += self._draft
        self._draft.clear()

    def drop(self) -> None:
        self._draft.clear()

    def flush(self) -> None:
        if self._kept:
            self._table.write(self._db, self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class Book:
    """One batch's view of the bank. `now` is the bank's clock, `today` its date, `last_no` the
    last of the numbers that orders, members and notices are given. `stands_at` is where the clock
    has been set to stand. `plan`: of the faults to come. `authorised_only`: see authorisations.py.
    """

    def __init__(
        self,
        db: store.Db,
        now: datetime,
        stands_at: datetime | None,
        last_no: int,
        faults: Faults,
        hours: Hours,
        *,
        authorised_only: bool = False,
    ) -> None:
        self.db = db
        self.hours = hours
        self.faults = faults
        self.plan: Plan | None = faults.plan
        self.now = now
        self.today = bank_date(now)
        self.stands_at = stands_at
        self.last_no = last_no
        self.authorised_only = authorised_only
        self._opening = self._mark()
        self.accounts: Shelf[Account] = Shelf(db, store.ACCOUNT)
        self.projects: Shelf[Project] = Shelf(db, store.PROJECT)
        self.freezes: Shelf[Freeze] = Shelf(db, store.FREEZE)
        self.requests: Shelf[Request] = Shelf(db, store.REQUEST)
        self.headers: Shelf[Header] = Shelf(db, store.HEADER)
        self.pages: Shelf[Page] = Shelf(db, store.PAGE)
        self.injected: Shelf[Injected] = Shelf(db, store.INJECTED)
        self.entries: Pile[Entry] = Pile(db, store.ENTRY)
        self.postings: Pile[Posting] = Pile(db, store.POSTING)
        self.notices: Pile[Notice] = Pile(db, store.NOTICE)
        self.confirmations: Pile[Confirmation] = Pile(db, store.CONFIRMATION)
        # Parents before children: the tables refer to each other.
        self._parts = (
            self.accounts,
            self.projects,
            self.freezes,
            self.requests,
            self.headers,
            self.pages,
            self.injected,
            self.entries,
            self.postings,
            self.notices,
            self.confirmations,
        )

    def keep(self) -> None:
        for part in self._parts:
            part.keep()

    def drop(self) -> None:
        for part in self._parts:
            part.drop()

    def flush(self) -> None:
        with self.db.pipeline():
            for part in self._parts:
                part.flush()
            if self._mark() == self._opening:
                return
            self.db.execute(
                "UPDATE bank SET last_no = %s, rolled_to = greatest(rolled_to, %s), stands_at = %s,"
                " plan = %s",
                (self.last_no, self.today, self.stands_at, _jsonb(self.plan)),
            )

    def fetch(self, keys: frozenset[Key]) -> None:
        """Read ahead whatever these keys name, and what the freezes among them belong to."""
        nos: dict[Kind, set[str]] = defaultdict(set)
        for kind, no in keys:
            nos[kind].add(no)
        self.freezes.fetch(nos["freeze"])
        owners = {row.account_no for no in nos["freeze"] if (row := self.freezes.get(no))}
        self.accounts.fetch(nos["account"] | owners)
        self.projects.fetch(nos["project"])
        self.requests.fetch(nos["request"] | nos["freeze"])

    def _mark(self) -> tuple[object, ...]:
        return self.last_no, self.today, self.stands_at, self.plan

    def number(self) -> int:
        self.last_no += 1
        return self.last_no

    def account(self, no: str) -> Account:
        account = self.accounts.get(no)
        if account is None:
            raise Refused(Code.NO_SUCH_USER, f"用户不存在: {no}")
        return account

    def move(
        self,
        kind: str,
        request_no: str,
        payer: tuple[str, Pot],
        payee: tuple[str, Pot],
        amount_fen: int,
        *,
        biz_type: str = "",
        **details: Any,
    ) -> Entry:
        """Write one entry with its two postings. Raises Refused 100014 where the payer is short.
        `details` are further columns of Entry."""
        self._add(*payer, -amount_fen)
        self._add(*payee, amount_fen)
        entry = Entry(
            order_no=self.number(),
            kind=kind,
            request_no=request_no,
            biz_type=biz_type or kind,
            amount_fen=amount_fen,
            payer=payer[0],
            payee=payee[0],
            bank_date=self.today,
            happened_at=self.now,
            **details,
        )
        self.entries.add(entry)
        for (no, pot), signed_fen in ((payer, -amount_fen), (payee, amount_fen)):
            self.postings.add(Posting(entry.order_no, no, pot, signed_fen, self.today))
        return entry

    def notify(self, service: str, body: dict[str, Any], url: str | None = None) -> None:
        text = orjson.dumps(body).decode()
        self.notices.add(Notice(self.number(), service, text, 0, self.now, url))

    def record(self, fault: Fault, detail: str = "", day: date | None = None) -> None:
        """Put on record that it has struck; `day`: where that is not today's."""
        self.injected.put(
            Injected(
                injection_id(fault.kind, fault.subject),
                fault.kind,
                fault.subject,
                detail,
                day or self.today,
                self.now,
            )
        )

    def _add(self, no: str, pot: Pot, amount_fen: int) -> None:
        if pot == "outside":
            if no != OUTSIDE:
                raise ValueError("only the other banks are outside")
            return
        account = self.account(no)
        column = f"{pot}_fen"
        balance_fen = getattr(account, column) + amount_fen
        if balance_fen < 0:
            raise Refused(Code.INSUFFICIENT, "余额不足")
        self.accounts.put(replace(account, **{column: balance_fen}))
