"""Account by account: what the bank says each held at the end of its day. Pure.

The book's side is what it holds now, wound back by the bank's own dates: what is asked for and not
settled, and what the bank dated later, is taken out again; what the bank's lines show to be done
already is put in. What the bank took and an account could not bear stands against it, as at the
bank. So a fact that reached the book late counts on the bank's day, not on ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from adapters.read_models.movements import MovementRow
from adapters.read_models.shortfalls import ShortfallRow
from domain.accounts import OUTSIDE
from domain.bank_statement import BankBalance, StatementLine
from domain.cashbook import SHORTFALL, Leg, Movement, Status, holds, net, posts
from domain.purposes import MATRIX, Purpose, Shape
from services.reconciliation.breaks import BreakClass, Difference
from services.reconciliation.matching import DaysSeen, key_of_movement

_NOTHING = BankBalance(0, 0)


@dataclass(frozen=True, slots=True)
class Cut:
    """How the day's end cuts through the movements that straddle it (ids).

    `done` the bank had done by then though the book says later or not yet; `undone` the book dates
    on the day and the bank lists later.
    """

    day: date
    done: Collection[str]
    undone: Collection[str]


def cut_at(
    day: date,
    lines: Mapping[str, Sequence[StatementLine]],
    rows: Iterable[MovementRow],
    seen: DaysSeen,
) -> Cut:
    """`lines` by key. `seen` tells of other days' lines."""
    done, undone = set(), set()
    for row in rows:
        key = key_of_movement(row)
        if row.bank_date != day:
            if _listed_by(day, key, lines, seen):
                done.add(row.movement_id)
        elif key not in lines and min(seen.get(key, ()), default=day) > day:
            undone.add(row.movement_id)
    return Cut(day, done, undone)


def _listed_by(
    day: date, key: str, lines: Mapping[str, Sequence[StatementLine]], seen: DaysSeen
) -> bool:
    """As done, on the day or before."""
    today = key in lines and lines[key][0].succeeded
    return today or any(other < day for other in seen.get(key, ()))


def at_the_bank(
    held: Mapping[str, BankBalance],
    later: Iterable[Movement],
    rows: Iterable[MovementRow],
    cut: Cut,
) -> dict[str, BankBalance]:
    """`held` is what the book has now; `later` all that the bank dated after the day. `rows`: every
    movement that is open now, or named by `cut`."""
    balances = dict(held)
    for account, available_fen, frozen_fen in net(_corrections(later, rows, cut)):
        before = balances.get(account, _NOTHING)
        balances[account] = BankBalance(
            before.available_fen + available_fen, before.frozen_fen + frozen_fen
        )
    return {name: each for name, each in balances.items() if name not in (OUTSIDE, SHORTFALL)}


def _corrections(later: Iterable[Movement], rows: Iterable[MovementRow], cut: Cut) -> Iterator[Leg]:
    for movement in later:
        yield from _minus(_effect(movement))
    open_entries: dict[str, list[Movement]] = defaultdict(list)
    for row in rows:
        if row.status == Status.REQUESTED:
            open_entries[row.entry_id].append(_movement(row))
        if row.movement_id in cut.done and _is_open_or_later(row, cut.day):
            yield from _effect(_movement(row))
        elif row.movement_id in cut.undone:
            yield from _minus(_effect(_movement(row)))
    for movements in open_entries.values():
        yield from _minus(holds(movements))


def _is_open_or_later(row: MovementRow, day: date) -> bool:
    return row.status == Status.REQUESTED or (row.bank_date is not None and row.bank_date > day)


def _movement(row: MovementRow) -> Movement:
    return Movement(
        id=row.movement_id,
        purpose=Purpose(row.purpose),
        payer=row.payer,
        payee=row.payee,
        amount_fen=row.amount_fen,
        freeze=row.freeze_id,
    )


def _effect(movement: Movement) -> Iterable[Leg]:
    return (*holds([movement]), *posts([movement]))


def _minus(legs: Iterable[Leg]) -> Iterator[Leg]:
    return (Leg(leg.account, -leg.available_fen, -leg.frozen_fen) for leg in legs)


# -- what is under way ------------------------------------------------------------------


@dataclass(slots=True)
class UnderWay:
    """By how much an account's frozen money at the bank may differ while instructions are out."""

    less_fen: int = 0
    more_fen: int = 0


def under_way(rows: Iterable[MovementRow], cut: Cut) -> Iterator[MovementRow]:
    """Asked for by the day's end and without a known end at the bank by then."""
    for row in rows:
        if row.requested_on > cut.day or row.movement_id in cut.done:
            continue
        outflow = MATRIX[Purpose(row.purpose)].shape is Shape.OUTFLOW
        # A withdrawal is frozen at the bank until it ends, and no date says since when.
        if row.status == Status.REQUESTED or outflow:
            yield row


def room_for(rows: Iterable[MovementRow]) -> dict[str, UnderWay]:
    room: dict[str, UnderWay] = defaultdict(UnderWay)
    for row in rows:
        match MATRIX[Purpose(row.purpose)].shape:
            case Shape.FREEZE | Shape.OUTFLOW:
                room[row.payer].more_fen += row.amount_fen
            case Shape.RELEASE:
                room[row.payer].less_fen += row.amount_fen
            case _:
                pass
    return room


# -- comparing --------------------------------------------------------------------------


def compare(
    bank: Mapping[str, BankBalance],
    book: Mapping[str, BankBalance],
    room: Mapping[str, UnderWay],
) -> Iterator[Difference]:
    """The total is equal, always; the frozen part is, but for what is under way."""
    for account in sorted(bank.keys() | book.keys()):
        theirs, ours = bank.get(account, _NOTHING), book.get(account, _NOTHING)
        if theirs == ours:
            continue
        total_fen = ours.available_fen + ours.frozen_fen
        bank_total_fen = theirs.available_fen + theirs.frozen_fen
        if total_fen != bank_total_fen:
            detail = "in all"
            yield Difference(BreakClass.BALANCE, account, total_fen, bank_total_fen, detail)
        elif not _explained(theirs.frozen_fen - ours.frozen_fen, room.get(account)):
            figures = (ours.frozen_fen, theirs.frozen_fen)
            yield Difference(BreakClass.BALANCE, account, *figures, "frozen")


def lacking(day: date, shortfalls: Iterable[ShortfallRow]) -> Iterator[Difference]:
    """What the bank took by force on `day` and the accounts still owe: one claim, one break, seen
    on its own day. The balances of all days count with it."""
    for claim in shortfalls:
        if claim.bank_date == day:
            figures = (claim.amount_fen - claim.left_fen, claim.amount_fen)
            detail = f"{claim.account} lacks {claim.left_fen} fen"
            yield Difference(
                BreakClass.SHORTFALL, claim.entry_id, *figures, detail, owner=claim.owner
            )


def _explained(frozen_fen: int, room: UnderWay | None) -> bool:
    return room is not None and -room.less_fen <= frozen_fen <= room.more_fen
