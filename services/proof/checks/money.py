"""Rules 1 and 4: whole fen, and balances that are the plain sum of the movements' legs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import orjson

from adapters.codec import Stored, data_of
from domain.accounts import OUTSIDE
from domain.cashbook import (
    SHORTFALL,
    UNBOUNDED,
    BankMovementRecorded,
    EntryRejected,
    EntryRequested,
    EntrySettled,
    Leg,
    holds,
    net,
    posts,
)
from domain.model import Event
from domain.shortfall import ShortfallCovered
from services.proof.checks.book import Book
from services.proof.checks.check import Check, Fact, Look
from services.proof.snapshot import Snapshot


class Integers(Check):
    """The typed reader takes nothing but integers for an amount: what it refuses is looked into."""

    NAME = "integers"
    RULE = 1
    TITLE = "Money is whole fen: no amount in the log is anything but an integer"

    def unreadable(self, row: Stored) -> bool:
        """Whether an amount is what the reader refused."""
        position, _, _, topic, state = row
        try:
            wrong = sorted(set(_not_whole(orjson.loads(data_of(state)))))
        except ValueError:
            return False
        for name in wrong:
            self.violated(f"{topic}: {name} is not whole fen", position)
        return bool(wrong)


def _not_whole(value: Any, name: str = "") -> list[str]:
    """The names of amounts that are no integers, and of whatever is a fraction."""
    match value:
        case dict():
            return [found for key, each in value.items() for found in _not_whole(each, key)]
        case list():
            return [found for each in value for found in _not_whole(each, name)]
        case float():
            return [name]
        case str() | bool() if name.endswith("_fen"):
            return [name]
        case _:
            return []


class Balances(Check):
    NAME = "balances"
    RULE = 4
    TITLE = "No account below zero at any position; the sum of accounts is what the bank holds"

    def __init__(self, book: Book, bank_total_fen: int | None) -> None:
        super().__init__()
        self._book = book
        self._bank_total_fen = bank_total_fen
        self._fen: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])

    def looks(self) -> Mapping[type[Event], Look]:
        return {
            EntryRequested: self._requested,
            EntrySettled: self._settled,
            EntryRejected: self._rejected,
            BankMovementRecorded: self._recorded,
            ShortfallCovered: self._covered,
        }

    def available_fen(self, account: str) -> int:
        return self._fen[account][0] if account in self._fen else 0

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        self._post(fact, holds(event.movements))

    def _settled(self, fact: Fact) -> None:
        event = fact.event
        requested = self._book.get(event.entry_id)
        self._post(fact, posts(requested.movements) if requested else None)

    def _rejected(self, fact: Fact) -> None:
        event = fact.event
        requested = self._book.get(event.entry_id)
        held = requested.legs if requested else None
        self._post(fact, held and tuple(Leg(leg[0], -leg[1], -leg[2]) for leg in held))

    def _recorded(self, fact: Fact) -> None:
        """A forced debit takes what is there, and names the rest."""
        event = fact.event
        movement = event.movement
        bearable_fen = movement.amount_fen
        if movement.payer != OUTSIDE:
            bearable_fen = min(bearable_fen, self.available_fen(movement.payer))
        shortfall_fen = movement.amount_fen - bearable_fen
        legs = [Leg(movement.payer, -bearable_fen, 0), Leg(movement.payee, movement.amount_fen, 0)]
        if shortfall_fen:
            legs.append(Leg(SHORTFALL, -shortfall_fen, 0))
        if event.shortfall_fen != shortfall_fen:
            self.violated(f"{event.entry_id}: the shortfall is {shortfall_fen}", fact.position)
        self._post(fact, net(legs))

    def _covered(self, fact: Fact) -> None:
        event = fact.event
        amount_fen = event.amount_fen
        self._post(fact, (Leg(event.account, -amount_fen, 0), Leg(SHORTFALL, amount_fen, 0)))

    def _post(self, fact: Fact, legs: tuple[Leg, ...] | None) -> None:
        """`legs` are those that the movements ask for, None where they are not known."""
        event = fact.event
        self.looked_at["steps"] += 1
        if legs is not None and event.legs != legs:
            self.violated(f"{event.entry_id}: legs and movements differ", fact.position)
        total_fen = 0
        for account, available_fen, frozen_fen in event.legs:
            total_fen += available_fen + frozen_fen
            fen = self._fen[account]
            fen[0] += available_fen
            fen[1] += frozen_fen
            if (fen[0] < 0 or fen[1] < 0) and account not in UNBOUNDED:
                self.violated(f"{account} falls below zero", fact.position)
        if total_fen:
            self.violated(f"{event.entry_id}: the legs add up to {total_fen}", fact.position)

    def finish(self, snapshot: Snapshot) -> None:
        outside_fen = sum(self._fen.pop(OUTSIDE, ()))
        shortfall_fen = sum(self._fen.pop(SHORTFALL, ()))
        self.looked_at["accounts"] = len(self._fen)
        book_total_fen = sum(map(sum, self._fen.values()))
        self.looked_at["book_total_fen"] = book_total_fen
        self.looked_at["shortfall_fen"] = -shortfall_fen
        if book_total_fen + shortfall_fen + outside_fen:
            self.violated(f"{-outside_fen} fen came from outside, the book has {book_total_fen}")
        if self._bank_total_fen is not None:
            # What the bank took by force and an account could not bear is gone at the bank.
            self.looked_at["bank_total_fen"] = self._bank_total_fen
            if self._bank_total_fen != book_total_fen + shortfall_fen:
                self.violated(
                    f"the bank holds {self._bank_total_fen} fen, the book {book_total_fen},"
                    f" shortfalls {-shortfall_fen}"
                )
        self._compare_live(snapshot)

    def _compare_live(self, snapshot: Snapshot) -> None:
        for account, *live in snapshot.stream(
            "SELECT account, available_fen, frozen_fen FROM {shard}.account_balance"
        ):
            folded = self._fen.pop(account, None)
            if live != folded:
                self.violated(f"{account}: the live balance is {live}, the events say {folded}")
        for account in self._fen:
            self.violated(f"{account} has no live balance")
