"""The cash book (资金账): entries of movements, each a step of double-entry legs.

    request(movements)   -> EntryRequested   holds what the movements need
    Settle               -> EntrySettled     posts
    Reject               -> EntryRejected    gives the holds back
    record(bank's fact)  -> BankMovementRecorded    never refused
    a withdrawal's last word, see withdrawal.py

An *entry* groups movements that are decided together and succeed or fail together. Every step
carries its legs, so that any balance is the plain sum of legs up to a position.

Invariant: the legs of a step sum to zero (`outside` and `shortfall` included), and no member's or
platform's balance is ever below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import ClassVar, NamedTuple

from msgspec.structs import replace

from domain import withdrawal
from domain.accounts import OUTSIDE, role_of
from domain.model import Event, Fact, Fen, InvariantBroken, Refused, State
from domain.purposes import MATRIX, Purpose, Shape, allowed
from domain.refusals import Code
from domain.withdrawal import LastWord, WithdrawalEvent

SHORTFALL = "shortfall"
"""Where a bank's forced debit goes that an account could not bear: a claim on its owner."""

UNBOUNDED = frozenset({OUTSIDE, SHORTFALL})


class Leg(NamedTuple):
    """What one step changes on one account, in fen, signed."""

    account: str
    available_fen: int
    frozen_fen: int


class Movement(Fact):
    """One payer -> payee transfer. `id` is the bank's request / custom number."""

    id: str
    purpose: Purpose
    payer: str
    payee: str
    amount_fen: Fen
    interest_fen: int = 0  # The part of amount_fen that is interest.
    freeze: str | None = None  # The movement id of the freeze that this one consumes.


# -- events -----------------------------------------------------------------------------


class EntryRequested(Event, omit_defaults=True):
    """`subject` is what the entry is for: the loan, or the member for recharge and withdrawal.
    `reference` is the thing within it: tender, payment, payout, binding. `by_member`: does he do it
    himself at the bank's page? None: as ever, recharges and withdrawals he does, nothing else."""

    TOPIC: ClassVar[str] = "cash.entry-requested.v1"
    entry_id: str
    purpose: Purpose  # The leading one.
    subject: str
    reference: str
    movements: tuple[Movement, ...]
    legs: tuple[Leg, ...]
    by_member: bool | None = None


class EntrySettled(Event):
    TOPIC: ClassVar[str] = "cash.entry-settled.v1"
    entry_id: str
    movement_ids: tuple[str, ...]
    bank_date: date
    legs: tuple[Leg, ...]


class EntryRejected(Event):
    TOPIC: ClassVar[str] = "cash.entry-rejected.v1"
    entry_id: str
    movement_ids: tuple[str, ...]
    bank_code: str
    legs: tuple[Leg, ...]


class BankMovementRecorded(Event):
    """A movement that the bank made by itself, final from the start."""

    TOPIC: ClassVar[str] = "cash.bank-movement-recorded.v1"
    entry_id: str
    movement: Movement
    bank_record: str
    bank_date: date
    origin: str | None
    shortfall_fen: int
    legs: tuple[Leg, ...]


CashEvent = EntryRequested | EntrySettled | EntryRejected | BankMovementRecorded
EVENTS = (EntryRequested, EntrySettled, EntryRejected, BankMovementRecorded)


# -- state ------------------------------------------------------------------------------


class Status(StrEnum):
    NONE = "none"
    REQUESTED = "requested"
    SETTLED = "settled"
    REJECTED = "rejected"


class Entry(State):
    status: Status = Status.NONE
    requested: EntryRequested | None = None
    word: LastWord = withdrawal.SILENT

    @property
    def open(self) -> EntryRequested:
        if self.requested is None or self.status is not Status.REQUESTED:
            raise InvariantBroken("the entry is not open")
        return self.requested


INITIAL = Entry()


def movement_id(entry_id: str, number: int) -> str:
    """At most 40 characters: what the strictest bank takes as a number."""
    return f"{entry_id}.{number}"


def entry_of(movement_id: str) -> str:
    """The entry of a movement."""
    return movement_id.rpartition(".")[0]


def request(
    entry: Entry,
    entry_id: str,
    subject: str,
    reference: str,
    movements: Sequence[Movement],
    id_field: str | None = None,
    *,
    by_member: bool | None = None,
) -> EntryRequested:
    """`id_field` is the command's field that makes the entry's id."""
    if entry.status is not Status.NONE:
        raise Refused(Code.ID_TAKEN, field=id_field)
    together = False
    for movement in movements:
        _check(movement)
        together = together or movement.purpose in _TOGETHER
    if together:
        _check_advances(movements)
        _check_sellers_fees(movements)
    return EntryRequested(
        entry_id=entry_id,
        purpose=movements[0].purpose,
        subject=subject,
        reference=reference,
        movements=tuple(movements),
        legs=holds(movements),
        by_member=by_member,
    )


def settle(entry: Entry, bank_date: date) -> EntrySettled:
    requested = still_open(entry)
    return EntrySettled(
        entry_id=requested.entry_id,
        movement_ids=tuple(movement.id for movement in requested.movements),
        bank_date=bank_date,
        legs=posts(requested.movements),
    )


def reject(entry: Entry, bank_code: str) -> EntryRejected:
    requested = still_open(entry)
    return EntryRejected(
        entry_id=requested.entry_id,
        movement_ids=tuple(movement.id for movement in requested.movements),
        bank_code=bank_code,
        legs=net((account, -available, -frozen) for account, available, frozen in requested.legs),
    )


def record(
    entry: Entry,
    entry_id: str,
    movement: Movement,
    *,
    bank_record: str,
    bank_date: date,
    origin: str | None,
    payer_available_fen: int,
) -> BankMovementRecorded:
    """A bank's own fact. A debit takes what is there; the rest is a shortfall."""
    if entry.status is not Status.NONE:
        raise Refused(Code.ID_TAKEN, field="bank_record")
    _check(movement)
    amount_fen = movement.amount_fen
    borne_fen = amount_fen if movement.payer == OUTSIDE else min(amount_fen, payer_available_fen)
    changes = [(movement.payer, -borne_fen, 0), (movement.payee, amount_fen, 0)]
    if borne_fen < amount_fen:
        changes.append((SHORTFALL, borne_fen - amount_fen, 0))
    return BankMovementRecorded(
        entry_id=entry_id,
        movement=movement,
        bank_record=bank_record,
        bank_date=bank_date,
        origin=origin,
        shortfall_fen=amount_fen - borne_fen,
        legs=net(changes),
    )


def evolve(entry: Entry, event: CashEvent | WithdrawalEvent) -> Entry:
    match event:
        case EntryRequested():
            return Entry(Status.REQUESTED, event)
        case EntrySettled():
            return replace(entry, status=Status.SETTLED)
        case EntryRejected():
            return replace(entry, status=Status.REJECTED)
        case BankMovementRecorded():
            return Entry(Status.SETTLED)
        case _:
            return replace(entry, word=withdrawal.evolve(entry.word, event))


# -- legs -------------------------------------------------------------------------------

Change = tuple[str, int, int]
"""A leg that may still meet others of its account."""

# Each movement asks for them, and Python 3.11 is slow to look up an enum's member.
_FREEZE, _RELEASE, _TRANSFER = Shape.FREEZE, Shape.RELEASE, Shape.TRANSFER
_INFLOW, _OUTFLOW = Shape.INFLOW, Shape.OUTFLOW
_ASSIGNMENT, _SELLERS_FEE = Purpose.ASSIGNMENT, Purpose.ASSIGNMENT_FEE
_ADVANCE, _PASSED_ON = Purpose.GUARANTEE_ADVANCE, Purpose.ADVANCE_PASSED_ON
_TOGETHER = frozenset({_ADVANCE, _PASSED_ON, _ASSIGNMENT, _SELLERS_FEE})


def holds(movements: Sequence[Movement]) -> tuple[Leg, ...]:
    """What a request sets aside. Money that only arrives within the entry is not held."""
    arriving = _arriving(movements)
    changes: list[Change] = []
    for movement in movements:
        shape = MATRIX[movement.purpose].shape
        spends = shape is _TRANSFER and movement.freeze is None and movement.payer not in arriving
        if spends or shape is _FREEZE or shape is _OUTFLOW:
            changes.append((movement.payer, -movement.amount_fen, movement.amount_fen))
    return net(changes)


def posts(movements: Sequence[Movement]) -> tuple[Leg, ...]:
    """What a settlement moves, given that `holds` was done before."""
    arriving = _arriving(movements)
    changes: list[Change] = []
    for movement in movements:
        shape = MATRIX[movement.purpose].shape
        payer, amount_fen = movement.payer, movement.amount_fen
        if shape is _FREEZE:
            continue
        if shape is _RELEASE:
            changes.append((payer, amount_fen, -amount_fen))
            continue
        passes_on = shape is _TRANSFER and movement.freeze is None and payer in arriving
        if passes_on or shape is _INFLOW:
            changes.append((payer, -amount_fen, 0))
        else:
            changes.append((payer, 0, -amount_fen))
        changes.append((movement.payee, amount_fen, 0))
    return net(changes)


def _arriving(movements: Sequence[Movement]) -> set[str]:
    return {m.payee for m in movements if MATRIX[m.purpose].shape is _TRANSFER}


def net(changes: Iterable[Change]) -> tuple[Leg, ...]:
    """One leg an account, in order of first appearance, none that changes nothing."""
    sums: dict[str, Change] = {}
    for change in changes:
        account, available_fen, frozen_fen = change
        before = sums.get(account)
        if before is None:
            sums[account] = change
        else:
            sums[account] = account, before[1] + available_fen, before[2] + frozen_fen
    return tuple([Leg(*change) for change in sums.values() if change[1] or change[2]])


def _check(movement: Movement) -> None:
    payer, payee = role_of(movement.payer), role_of(movement.payee)
    if not allowed(movement.purpose, payer, payee):
        raise Refused(Code.MOVEMENT_NOT_ALLOWED, f"{movement.purpose}: {payer} -> {payee}")
    needs = MATRIX[movement.purpose].needs
    if needs is not None and movement.freeze is None:
        raise InvariantBroken(f"{movement.purpose} must name the {needs} that it consumes")
    if not 0 <= movement.interest_fen <= movement.amount_fen:
        raise InvariantBroken("interest is a part of the amount")


def _check_advances(movements: Sequence[Movement]) -> None:
    """间接代偿: what a guarantor advances passes through the borrower, each advance whole to one
    investor, and nothing else is in the entry: of the borrower's own nothing moves."""
    advanced = [m for m in movements if m.purpose is _ADVANCE]
    passed_on = [m for m in movements if m.purpose is _PASSED_ON]
    if not advanced and not passed_on:
        return
    came = [(m.payee, m.amount_fen, m.interest_fen) for m in advanced]
    went = [(m.payer, m.amount_fen, m.interest_fen) for m in passed_on]
    if came != went or len(advanced) + len(passed_on) != len(movements):
        raise Refused(Code.MOVEMENT_NOT_ALLOWED, "an advance is passed on whole, and alone")


def _check_sellers_fees(movements: Sequence[Movement]) -> None:
    """转让管理费: of what a buyer pays an investor, and of nothing else that is his."""
    fees = [m for m in movements if m.purpose is _SELLERS_FEE]
    if not fees:
        return
    left_fen = {m.payee: m.amount_fen for m in movements if m.purpose is _ASSIGNMENT}
    for fee in fees:
        left_fen[fee.payer] = left_fen.get(fee.payer, 0) - fee.amount_fen
    if min(left_fen.values()) < 0:
        raise Refused(Code.MOVEMENT_NOT_ALLOWED, "a seller's fee is of what he is paid with it")


def still_open(entry: Entry, id_field: str = "entry_id") -> EntryRequested:
    if entry.status is Status.NONE:
        raise Refused(Code.ENTRY_UNKNOWN, field=id_field)
    if entry.status is not Status.REQUESTED:
        raise Refused(Code.ENTRY_CLOSED, field=id_field)
    return entry.open
