"""What the bank took and an account could not bear is a claim, and later money covers it first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain.cashbook import (
    SHORTFALL,
    BankMovementRecorded,
    EntryRejected,
    EntryRequested,
    EntrySettled,
)
from domain.model import Event
from domain.shortfall import ShortfallClaimed, ShortfallCovered
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.checks.money import Balances
from services.proof.snapshot import Snapshot

RECONCILED = "SELECT bank_date, position FROM {reconciliation}.day WHERE verdict <> 'incomplete'"
OPEN_BREAKS = (
    "SELECT reference FROM {reconciliation}.break"
    " WHERE class = 'shortfall' AND status = 'open' AND owner <> ''"
)


class _Claim(NamedTuple):
    claimed: ShortfallClaimed
    position: int
    left_fen: int


class Shortfalls(Check):
    """Closes before Balances does, whose sums it asks for."""

    NAME = "shortfalls"
    RULE = 4
    TITLE = (
        "What the bank took and an account lacked is a claim with a break; money covers it first"
    )

    def __init__(self, balances: Balances) -> None:
        super().__init__()
        self._balances = balances
        self._lacked: BankMovementRecorded | None = None  # The claim on it comes next.
        self._open: dict[str, _Claim] = {}
        self._moved_last = ""

    def looks(self) -> Mapping[type[Event], Look]:
        return looks_of(
            ((BankMovementRecorded,), self._recorded),
            ((EntrySettled, EntryRejected), self._moved),
            ((EntryRequested,), self._requested),
            ((ShortfallClaimed,), self._claimed),
            ((ShortfallCovered,), self._covered),
        )

    def _recorded(self, fact: Fact) -> None:
        self._moved(fact)
        self._all_claimed()
        self._lacked = fact.event if fact.event.shortfall_fen else None

    def _moved(self, fact: Fact) -> None:
        self._moved_last = fact.event.entry_id

    def _claimed(self, fact: Fact) -> None:
        event, lacked = fact.event, self._lacked
        self._lacked = None
        self.looked_at["claims"] += 1
        if lacked is None or (
            (lacked.entry_id, lacked.movement.payer, lacked.shortfall_fen)
            != (event.entry_id, event.account, event.amount_fen)
            or (lacked.bank_record, lacked.bank_date) != (event.bank_record, event.bank_date)
            or not event.owner
        ):
            self.violated(
                f"{event.entry_id}: a claim that its bank fact does not make", fact.position
            )
        self._open[event.entry_id] = _Claim(event, fact.position, event.amount_fen)

    def _covered(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["covers"] += 1
        oldest = next(
            (n for n, c in self._open.items() if c.claimed.account == event.account), None
        )
        if oldest != event.entry_id or event.covered_by != self._moved_last:
            self.violated(
                f"{event.entry_id}: {event.covered_by} did not bring it this cover", fact.position
            )
        before = self._open.pop(event.entry_id)
        left_fen = before.left_fen - event.amount_fen
        if left_fen != event.left_fen or left_fen < 0:
            self.violated(f"{event.entry_id}: {left_fen} fen are left", fact.position)
        if left_fen:
            rest = {event.entry_id: before._replace(left_fen=left_fen)}
            self._open = rest | self._open  # It is the oldest still.

    def _requested(self, fact: Fact) -> None:
        if not self._open:
            return
        owing = {claim.claimed.account for claim in self._open.values()}
        for leg in fact.event.legs:
            if leg.available_fen < 0 and leg.account in owing:
                entry_id = fact.event.entry_id
                self.violated(f"{entry_id} spends before the shortfall is covered", fact.position)

    def _all_claimed(self) -> None:
        if self._lacked is not None:
            self.violated(f"{self._lacked.entry_id}: nobody claims what was lacking")

    def finish(self, snapshot: Snapshot) -> None:
        self._all_claimed()
        open_fen = sum(claim.left_fen for claim in self._open.values())
        self.looked_at["open_fen"] = open_fen
        lacking_fen = -self._balances.available_fen(SHORTFALL)
        if open_fen != lacking_fen:
            self.violated(f"claims of {open_fen} fen are open, the book lacks {lacking_fen}")
        for entry_id, claim in self._open.items():
            if there_fen := self._balances.available_fen(claim.claimed.account):
                self.violated(f"{entry_id} is open, and its account has {there_fen} fen")
        if self._open and snapshot.has("reconciliation"):
            self._look_for_breaks(snapshot)

    def _look_for_breaks(self, snapshot: Snapshot) -> None:
        reconciled = dict(snapshot.stream(RECONCILED))
        breaks = {claim for (claim,) in snapshot.stream(OPEN_BREAKS)}
        for entry_id, claim in self._open.items():
            looked = reconciled.get(claim.claimed.bank_date, 0) >= claim.position
            if looked and entry_id not in breaks:
                self.violated(f"{entry_id} is open, and no owned break says so", claim.position)
