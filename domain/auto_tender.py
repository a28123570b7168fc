"""智能分散投标: spread the money that waits over many loans, in fair order.

Everybody's turn comes round: who was given something stands at the end of the line. No investor
puts more than one part into one loan.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

ROUND_FEN = 100_00
"""Parts are whole hundreds of yuan where the loan allows it."""


class Wanted(NamedTuple):
    """A loan that takes tenders: how much is left, over how many investors it shall be spread, and
    who has a part in it already."""

    loan_id: str
    left_fen: int
    investors: int
    holders: frozenset[str] = frozenset()


class Offer(NamedTuple):
    loan_id: str
    investor_id: str
    amount_fen: int


def spread(
    loans: Iterable[Wanted], line: deque[str], free_fen: Mapping[str, int]
) -> tuple[Offer, ...]:
    """Offers for `loans`, in order. `line` is turned; `free_fen` is what each may still place."""
    free = dict(free_fen)
    offers: list[Offer] = []
    for loan in loans:
        part_fen = _part(loan)
        left_fen = loan.left_fen
        taken = set(loan.holders)
        for _ in range(len(line)):
            if not left_fen:
                break
            investor = line[0]
            line.rotate(-1)
            amount_fen = min(part_fen, left_fen)
            if investor in taken or free.get(investor, 0) < amount_fen:
                continue
            free[investor] -= amount_fen
            left_fen -= amount_fen
            taken.add(investor)
            offers.append(Offer(loan.loan_id, investor, amount_fen))
    return tuple(offers)


def _part(loan: Wanted) -> int:
    """At most the loan's n-th part, so that at least n investors stand behind it."""
    part_fen = max(1, loan.left_fen // max(1, loan.investors))
    return part_fen // ROUND_FEN * ROUND_FEN or part_fen
