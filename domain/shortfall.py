"""Shortfalls (透支垫款): what a forced debit of the bank took that the account could not bear.

    the bank's fact -> ShortfallClaimed     the rest is a claim on the account's owner
    money comes     -> ShortfallCovered     it goes to the oldest claim on its account first

One stream for all of a platform's accounts, which holds only what is open: few ever are. A cover
is a late posting of the bank's own movement, which the bank made long ago: it has legs, and no
instruction.

Invariant: an account with an open claim has nothing available, and the claims that are open sum up
to what the cash book's `shortfall` stands below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, assert_never

from msgspec import field
from msgspec.structs import replace

from domain import cashbook
from domain.accounts import INCOME_ACCOUNT
from domain.cashbook import SHORTFALL, BankMovementRecorded, Leg
from domain.model import Event, Fen, Refused, State, without
from domain.refusals import Code

OWNER = "finance"
"""Who works the break of a new claim, until it is given to somebody else."""


# -- events -----------------------------------------------------------------------------


class ShortfallClaimed(Event):
    """`entry_id` is the bank fact's entry, and names the claim; `owner` is who works its break."""

    TOPIC: ClassVar[str] = "shortfall.claimed.v1"
    entry_id: str
    account: str
    amount_fen: Fen
    bank_record: str
    bank_date: date
    owner: str


class ShortfallCovered(Event):
    """`covered_by` is the entry that brought the money; `left_fen` of the claim stays open."""

    TOPIC: ClassVar[str] = "shortfall.covered.v1"
    entry_id: str
    account: str
    amount_fen: Fen
    left_fen: int
    covered_by: str
    legs: tuple[Leg, ...]


ShortfallEvent = ShortfallClaimed | ShortfallCovered
EVENTS = (ShortfallClaimed, ShortfallCovered)

POSTING = (*cashbook.EVENTS, ShortfallCovered)
"""Every event that has legs: any balance is their sum."""


# -- state ------------------------------------------------------------------------------


class Claim(State):
    account: str
    left_fen: int


class Shortfalls(State):
    open: Mapping[str, Claim] = field(default_factory=dict)
    """By the claim's entry, oldest first."""

    def owed_fen(self, account: str) -> int:
        return sum(claim.left_fen for claim in self.open.values() if claim.account == account)


INITIAL = Shortfalls()


# -- decide -----------------------------------------------------------------------------


def claim(recorded: BankMovementRecorded) -> tuple[ShortfallEvent, ...]:
    """Nothing, where the account could bear it."""
    if not recorded.shortfall_fen:
        return ()
    return (
        ShortfallClaimed(
            entry_id=recorded.entry_id,
            account=recorded.movement.payer,
            amount_fen=recorded.shortfall_fen,
            bank_record=recorded.bank_record,
            bank_date=recorded.bank_date,
            owner=OWNER,
        ),
    )


def cover(
    shortfalls: Shortfalls, account: str, available_fen: int, covered_by: str
) -> tuple[ShortfallCovered, ...]:
    """What the account has available, to the claims on it, oldest first."""
    covers = []
    for entry_id, open_claim in shortfalls.open.items():
        if open_claim.account != account or not available_fen:
            continue
        amount_fen = min(available_fen, open_claim.left_fen)
        available_fen -= amount_fen
        covers.append(
            ShortfallCovered(
                entry_id=entry_id,
                account=account,
                amount_fen=amount_fen,
                left_fen=open_claim.left_fen - amount_fen,
                covered_by=covered_by,
                legs=(Leg(account, -amount_fen, 0), Leg(SHORTFALL, amount_fen, 0)),
            )
        )
    return tuple(covers)


def to_cover(shortfalls: Shortfalls, entry_id: str, amount_fen: int) -> Claim:
    """The open claim that the platform pays from its own money, at most what it lacks."""
    claim = shortfalls.open.get(entry_id)
    if claim is None:
        raise Refused(Code.SHORTFALL_UNKNOWN, field="entry_id")
    if amount_fen > claim.left_fen:
        raise Refused(Code.SHORTFALL_BELOW, f"it lacks {claim.left_fen} fen", "amount_fen")
    if claim.account == INCOME_ACCOUNT:
        raise Refused(Code.MOVEMENT_NOT_ALLOWED, "income is what pays", "entry_id")
    return claim


# -- evolve -----------------------------------------------------------------------------


def evolve(shortfalls: Shortfalls, event: ShortfallEvent) -> Shortfalls:
    match event:
        case ShortfallClaimed():
            claimed = Claim(event.account, event.amount_fen)
            return Shortfalls({**shortfalls.open, event.entry_id: claimed})
        case ShortfallCovered(entry_id=entry_id, left_fen=left_fen):
            if not left_fen:
                return Shortfalls(without(shortfalls.open, entry_id))
            rest = replace(shortfalls.open[entry_id], left_fen=left_fen)
            return Shortfalls({**shortfalls.open, entry_id: rest})
        case _:
            assert_never(event)
