"""What happened at the bank and is on record even where book and bank agree about it: told once, on
its bank day, and ended by what explains it. Pure.

    a withdrawal came back (退票)        ended as soon as the book has the money back
    the bank said two things            ended when its statements bear the book out, or by a person
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from adapters.read_models.movements import MovementRow
from domain.bank_statement import LineKind, StatementLine
from domain.cashbook import Status
from domain.contradictions import Contradiction
from services.reconciliation.breaks import BreakClass, Difference
from services.reconciliation.matching import UNLISTED, key_of_line, key_of_movement


def came_back(lines: Iterable[StatementLine]) -> Iterator[Difference]:
    for line in lines:
        if line.kind is LineKind.RETURNED_WITHDRAWAL:
            detail = f"{line.origin or 'a withdrawal'} came back to {line.payee}"
            figures = (line.amount_fen, line.amount_fen)
            yield Difference(BreakClass.RETURNED, key_of_line(line), *figures, detail)


def said_twice(told: Contradiction, rows: Sequence[MovementRow]) -> Difference:
    """`rows`: the movements that it is about."""
    book_fen: int | None = None
    bank_fen: int | None = None
    if rows:
        moved_fen = sum(row.amount_fen for row in rows)
        done = told.said == Status.SETTLED
        book_fen, bank_fen = (moved_fen, 0) if done else (0, moved_fen)
    code = f" ({told.code})" if told.code else ""
    detail = (
        f"{told.kind}: the bank said {told.said} at {told.said_at.isoformat()},"
        f" then {told.then}{code} at {told.then_at.isoformat()}"
    )
    return Difference(BreakClass.CONTRADICTION, told.request_no, book_fen, bank_fen, detail)


def bears_out(
    rows: Sequence[MovementRow], listed: Collection[str], differing: Collection[str]
) -> str | None:
    """What the bank's statements say of these movements, where the book agrees with every one; else
    None. `listed`: keys that some day's statement lists as done; `differing`: accounts whose
    balances are apart, which speak for freezes and releases."""
    if not rows:
        return None
    for row in rows:
        done = row.status == Status.SETTLED
        if row.status == Status.REQUESTED:
            return None
        if row.purpose in UNLISTED:
            if row.payer in differing:
                return None
        elif (key_of_movement(row) in listed) is not done:
            return None
    if all(row.purpose in UNLISTED for row in rows):
        return f"the balance of {rows[0].payer} says that it is {rows[0].status}"
    return f"the bank's statements say that it is {rows[0].status}"
