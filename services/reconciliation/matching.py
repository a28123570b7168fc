"""Line by line: what the bank lists on its day against what the book says of that day. Pure.

A line and a movement meet by *key*: the movement's id; for a commission, which the bank lists
under the request as a whole, `{entry_id}>{payee}`; for what the bank began, the id made from its
record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from adapters.read_models.movements import MovementRow
from domain.bank_statement import LineKind, StatementLine
from domain.cashbook import Status, movement_id
from domain.purposes import MATRIX, Purpose, Shape
from services.reconciliation.breaks import BreakClass, Difference

TOLERANCE = timedelta(days=3)
"""How long after the bank's day a difference of timing is borne."""

BANK_BEGAN = {
    LineKind.RETURNED_WITHDRAWAL: Purpose.RETURNED_WITHDRAWAL,
    LineKind.INTEREST: Purpose.BANK_INTEREST,
    LineKind.ADJUSTMENT: Purpose.BANK_ADJUSTMENT,
}
COMMISSIONS = frozenset({Purpose.FEE, Purpose.RESERVE_CONTRIBUTION, Purpose.ASSIGNMENT_FEE})
UNLISTED = frozenset(
    purpose for purpose, rule in MATRIX.items() if rule.shape in {Shape.FREEZE, Shape.RELEASE}
) | {Purpose.BANK_REVERSAL}
"""Freezes and releases are no lines: the frozen balances prove them. What the bank took back has no
line of its own."""

Group = tuple[StatementLine, ...]
"""The lines of one key: one, where the bank does not list it twice."""

DaysSeen = Mapping[str, Collection[date]]
"""Key -> the bank days on which a line of that key was taken in."""

_PENDING = Status.REQUESTED.value


def key_of_line(line: StatementLine) -> str:
    if line.kind is LineKind.COMMISSION:
        return f"{line.reference}>{line.payee}"
    if line.kind in BANK_BEGAN:
        return movement_id(f"B-{line.reference}", 1)
    return line.reference


def key_of_movement(row: MovementRow) -> str:
    return f"{row.entry_id}>{row.payee}" if row.purpose in COMMISSIONS else row.movement_id


def entry_of(key: str) -> str:
    entry_id, commission, _ = key.partition(">")
    return entry_id if commission else key.rpartition(".")[0]


@dataclass(slots=True)
class Lines:
    """A day's lines by key: those that stand alone, as nearly all do, and those that do not."""

    alone: dict[str, StatementLine]
    repeated: dict[str, Group]

    @classmethod
    def of(cls, lines: Iterable[StatementLine]) -> Lines:
        alone: dict[str, StatementLine] = {}
        repeated: dict[str, Group] = {}
        for line in lines:
            key = key_of_line(line)
            if key in alone:
                repeated[key] = (*repeated.get(key, (alone[key],)), line)
            else:
                alone[key] = line
        for key in repeated:
            del alone[key]
        return cls(alone, repeated)

    def agrees(self, day: date, key: str, row: MovementRow) -> bool:
        """Whether one line says just what the book says, which leaves nothing to find: it is taken
        out then."""
        line = self.alone.get(key)
        agrees = line is not None and _says_the_same(day, line, row)
        if agrees:
            del self.alone[key]
        return agrees

    def rest(self) -> dict[str, Group]:
        return {key: (line,) for key, line in self.alone.items()} | self.repeated


def done_keys(
    lines: Iterable[StatementLine], rest: Mapping[str, Sequence[StatementLine]]
) -> Iterator[str]:
    """Each key that the bank lists as done, once. `rest`: all lines that do not agree, by key."""
    for line in lines:
        key = key_of_line(line)
        if line.succeeded and key not in rest:
            yield key
    for key, group in rest.items():
        if group[0].succeeded:
            yield key


def suspects(
    day: date, lines: Mapping[str, Sequence[StatementLine]], movements: Mapping[str, MovementRow]
) -> set[str]:
    """Keys that the book and the bank do not put on the same day: other days' lines may explain."""
    return {key for key, row in movements.items() if (row.bank_date == day) is not (key in lines)}


def match(
    day: date,
    lines: Mapping[str, Sequence[StatementLine]],
    movements: Mapping[str, MovementRow],
    seen: DaysSeen,
    taken_back: Collection[str] = (),
) -> list[Difference]:
    """`lines` and `movements` by key, without those that agree: all that the book settled on `day`
    and the bank lists, and whatever else the lines name. `seen` tells of other days than `day`.
    `taken_back`: keys that the book knows the bank to have undone on `day`."""
    pairs, unknown, unlisted = _pair(lines, movements)
    found = [Difference(BreakClass.MISSING_IN_BOOK, *each) for each in unknown]
    for key, row in unlisted:
        settled = row.bank_date == day and row.status == Status.SETTLED
        if settled and key not in taken_back:
            found.append(_not_listed(day, key, row, seen))
    for key, line, row in pairs:
        if not (key in taken_back and _is_undone(line, row)):
            found += _compare(day, key, line, row, seen)
    for key, group in lines.items():
        if len(group) > 1:
            row_or_none = movements.get(key)
            book_fen = row_or_none.amount_fen if row_or_none else None
            bank_fen = sum(line.amount_fen for line in group)
            detail = f"{len(group)} lines on one day"
            found.append(Difference(BreakClass.DUPLICATE, key, book_fen, bank_fen, detail))
    return found


_Pair = tuple[str, StatementLine, MovementRow]
_Unknown = tuple[str, None, int, str]


def _pair(
    lines: Mapping[str, Sequence[StatementLine]], movements: Mapping[str, MovementRow]
) -> tuple[list[_Pair], list[_Unknown], list[tuple[str, MovementRow]]]:
    """Pairs; lines without a movement; movements without a line. A commission that went to a wrong
    payee has another key: what is left of its entry is its pair."""
    pairs: list[_Pair] = []
    unknown: list[_Unknown] = []
    rest = {key: row for key, row in movements.items() if key not in lines}
    commissions: dict[str, list[str]] = defaultdict(list)
    for key, row in rest.items():
        if row.purpose in COMMISSIONS:
            commissions[row.entry_id].append(key)
    for key, (line, *_) in lines.items():
        row_or_none = movements.get(key)
        if row_or_none is not None:
            pairs.append((key, line, row_or_none))
        elif line.kind is LineKind.COMMISSION and (left := commissions[line.reference]):
            nearest = min(left, key=lambda each: abs(rest[each].amount_fen - line.amount_fen))
            left.remove(nearest)
            pairs.append((nearest, line, rest.pop(nearest)))
        else:
            unknown.append((key, None, line.amount_fen, f"{line.payer} -> {line.payee}"))
    return pairs, unknown, list(rest.items())


def _not_listed(day: date, key: str, row: MovementRow, seen: DaysSeen) -> Difference:
    if others := seen.get(key):
        detail = f"settled on {day}, listed on {', '.join(map(str, sorted(others)))}"
        return _timing(day, key, row.amount_fen, row.amount_fen, detail)
    detail = f"{row.purpose}: {row.payer} -> {row.payee}"
    return Difference(BreakClass.MISSING_AT_BANK, key, row.amount_fen, None, detail)


def _compare(
    day: date, key: str, line: StatementLine, row: MovementRow, seen: DaysSeen
) -> Iterator[Difference]:
    if _says_the_same(day, line, row):
        return
    figures = (key, row.amount_fen, line.amount_fen)
    yield from _compare_standing(day, figures, line, row, seen)
    if (line.payer, line.payee) != (row.payer, row.payee):
        swapped = (line.payer, line.payee) == (row.payee, row.payer)
        kind = BreakClass.REVERSAL if swapped else BreakClass.WRONG_ACCOUNT
        detail = f"book {row.payer} -> {row.payee}, bank {line.payer} -> {line.payee}"
        yield Difference(kind, *figures, detail)
    if line.amount_fen != row.amount_fen:
        yield Difference(BreakClass.AMOUNT, *figures)


def _is_undone(line: StatementLine, row: MovementRow) -> bool:
    """Whether the line says so: failed, or done the other way round, of the same amount."""
    swapped = (line.payer, line.payee) == (row.payee, row.payer)
    return line.amount_fen == row.amount_fen and (swapped or not line.succeeded)


def _says_the_same(day: date, line: StatementLine, row: MovementRow) -> bool:
    return (
        line.amount_fen == row.amount_fen
        and line.succeeded
        and row.bank_date == day
        and line.payer == row.payer
        and line.payee == row.payee
    )


def _compare_standing(
    day: date,
    figures: tuple[str, int, int],
    line: StatementLine,
    row: MovementRow,
    seen: DaysSeen,
) -> Iterator[Difference]:
    key = figures[0]
    said = "succeeded" if line.succeeded else "failed"
    detail = f"book {row.status}, bank {said}"
    if row.status == _PENDING:
        yield _timing(day, *figures, detail)
    elif row.status == Status.REJECTED:
        if line.succeeded:
            yield Difference(BreakClass.STATUS, *figures, detail)
    elif not line.succeeded:
        yield Difference(BreakClass.REVERSAL, *figures, detail)
    elif row.bank_date != day:
        detail = f"settled on {row.bank_date}, listed on {day}"
        if row.bank_date in seen.get(key, ()):
            yield Difference(BreakClass.DUPLICATE, *figures, f"{detail} too")
        else:
            yield _timing(day, *figures, detail)


def _timing(day: date, key: str, book_fen: int, bank_fen: int, detail: str) -> Difference:
    return Difference(BreakClass.TIMING, key, book_fen, bank_fen, detail, day + TOLERANCE)
