"""Recourse (追偿权): what the borrower owes the guarantors who paid an instalment in his place, and
what of a payment goes back to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.model import InvariantBroken


class Advanced(NamedTuple):
    """What the borrower owes a guarantor of one instalment, since he advanced it for him."""

    guarantor_id: str
    principal_fen: int
    interest_fen: int

    @property
    def total_fen(self) -> int:
        return self.principal_fen + self.interest_fen


class Recourse(NamedTuple):
    """What one payment brings to a guarantor, of what he advanced on one instalment."""

    period: int
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    guarantor_id: str | None = None  # None where it was written while a loan had one only.

    @property
    def total_fen(self) -> int:
        return self.principal_fen + self.interest_fen + self.penalty_fen


def with_more(advances: tuple[Advanced, ...], more: Advanced) -> tuple[Advanced, ...]:
    """With another, or with more of one of them; who has nothing open any more stands no longer."""
    sums = {each.guarantor_id: each for each in advances}
    before = sums.get(more.guarantor_id, Advanced(more.guarantor_id, 0, 0))
    after = before._replace(
        principal_fen=before.principal_fen + more.principal_fen,
        interest_fen=before.interest_fen + more.interest_fen,
    )
    if min(after.principal_fen, after.interest_fen) < 0:
        raise InvariantBroken(f"{more.guarantor_id} would get back more than he advanced")
    sums[more.guarantor_id] = after
    return tuple([each for each in sums.values() if each.total_fen])


def paid_back(advances: tuple[Advanced, ...], recourse: Sequence[Recourse]) -> tuple[Advanced, ...]:
    for _, principal_fen, interest_fen, _, named in recourse:
        guarantor_id = named or advances[0].guarantor_id
        advances = with_more(advances, Advanced(guarantor_id, -principal_fen, -interest_fen))
    return advances
