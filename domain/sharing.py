"""One amount shared over many in proportion to whole weights. The shares add up to it, always."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from operator import le
from typing import assert_never

from domain.model import InvariantBroken
from domain.money import BadFigure


class ShareMethod(StrEnum):
    LARGEST_REMAINDER = "largest-remainder"
    LAST_TAKES_REST = "last-takes-rest"


def share(amount_fen: int, weights: Sequence[int], method: ShareMethod) -> list[int]:
    match method:
        case ShareMethod.LARGEST_REMAINDER:
            return largest_remainder(amount_fen, weights)
        case ShareMethod.LAST_TAKES_REST:
            return last_takes_rest(amount_fen, weights)
        case _:
            assert_never(method)


def largest_remainder(
    amount_fen: int, weights: Sequence[int], *, larger_weight_first: bool = True
) -> list[int]:
    """Floor, then one fen each by largest remainder, so every share is within a fen of exact.

    Ties go to the larger weight, then the earlier place; else to the earlier place alone.
    """
    total = _total(amount_fen, weights)
    parts = [divmod(amount_fen * weight, total) for weight in weights]
    shares = [floored_fen for floored_fen, _ in parts]
    left_fen = amount_fen - sum(shares)
    if left_fen:
        ranked = sorted(
            (-remainder, -weight if larger_weight_first else 0, place)
            for place, ((_, remainder), weight) in enumerate(zip(parts, weights, strict=True))
        )
        for _, _, place in ranked[:left_fen]:
            shares[place] += 1
    return shares


def last_takes_rest(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """All but the last positive weight are floored; that one takes what is left."""
    total = _total(amount_fen, weights)
    shares = [amount_fen * weight // total for weight in weights]
    last = max(place for place, weight in enumerate(weights) if weight)
    shares[last] += amount_fen - sum(shares)
    return shares


def _total(amount_fen: int, weights: Sequence[int]) -> int:
    if amount_fen < 0:
        raise BadFigure("amount_fen", "must not be negative")
    if min(weights, default=0) < 0:
        raise BadFigure("weights", "must not be negative")
    total = sum(weights)
    if total == 0:
        raise BadFigure("weights", "must not all be zero")
    return total


def within(shares: Sequence[int], limits: Sequence[int]) -> tuple[int, ...]:
    """Move what a share exceeds its limit by to the first others with room."""
    if all(map(le, shares, limits)):
        return tuple(shares)
    excess_fen = sum(max(0, fen - limit) for fen, limit in zip(shares, limits, strict=True))
    kept = [min(fen, limit) for fen, limit in zip(shares, limits, strict=True)]
    for place, limit in enumerate(limits):
        moved_fen = min(excess_fen, limit - kept[place])
        kept[place] += moved_fen
        excess_fen -= moved_fen
    if excess_fen:
        raise InvariantBroken("more is shared than is open")
    return tuple(kept)
