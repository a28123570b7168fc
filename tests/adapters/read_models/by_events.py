"""What the domain makes of a story's events, for a look at what the views made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from adapters.codec import Recorded
from domain import cashbook
from domain.streams import fold_of

S = TypeVar("S")


def folded(past: Sequence[Recorded], kind: str, _: type[S]) -> dict[str, S]:
    """The domain's states of the streams of a kind, by the id in their name."""
    states: dict[str, Any] = {}
    for recorded in past:
        if recorded.stream.partition("-")[0] == kind:
            fold = fold_of(recorded.stream)
            name = recorded.stream.partition("-")[2] or kind
            states[name] = fold.evolve(states.get(name, fold.initial), recorded.event)
    return states


def summed(past: Sequence[Recorded]) -> dict[str, list[int]]:
    sums: dict[str, list[int]] = {}
    for recorded in past:
        for account, available_fen, frozen_fen in getattr(recorded.event, "legs", ()):
            fen = sums.setdefault(account, [0, 0])
            fen[0] += available_fen
            fen[1] += frozen_fen
    return sums


def settled_movements(past: Sequence[Recorded]) -> list[tuple[str, cashbook.Movement]]:
    """(subject, movement) by the events, not by the view."""
    return [
        (entry.requested.subject, movement)
        for entry in folded(past, "entry", cashbook.Entry).values()
        if entry.requested and entry.status is cashbook.Status.SETTLED
        for movement in entry.requested.movements
    ]
