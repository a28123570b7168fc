"""What was known at a position of the log, or at the close of a business date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from adapters.codec import Recorded, decode_event, recorded
from domain import shortfall
from domain.platform import BusinessDateRolled, PlatformOpened
from domain.streams import PLATFORM, fold_of
from services.proof.snapshot import Snapshot

_EVENTS = (
    "SELECT notification_id, topic, state FROM {shard}.stored_events"
    " WHERE originator_id = %s AND notification_id <= %s ORDER BY originator_version"
)
_RECORDED = (
    "SELECT notification_id, originator_id, originator_version, topic, state"
    " FROM {shard}.stored_events"
    " WHERE originator_id = %s AND notification_id <= %s ORDER BY originator_version"
)
_STREAMS = (
    "SELECT originator_id, topic, state FROM {shard}.stored_events"
    " WHERE originator_id = ANY(%s) AND notification_id <= %s"
    " ORDER BY originator_id, originator_version"
)
_STEPS = (
    "SELECT topic, state FROM {shard}.stored_events WHERE topic = ANY(%s) AND notification_id <= %s"
)
_CASH = [event.TOPIC for event in shortfall.POSTING]
_END = 2**63 - 1


class NotOnRecord(ValueError):
    """The log has no such date or position: bad input, nothing is wrong with the log. `field` names
    what asked for it."""

    def __init__(self, what: str, field: str = "as_of") -> None:
        super().__init__(f"{field}: {what}")
        self.field = field


class Balance(NamedTuple):
    available_fen: int
    frozen_fen: int


def position_at_close(url: str, platform: str, day: date) -> int:
    """The last position of a business date: the one before the event that closed it.

    Raises NotOnRecord for a day before the platform's first, and for one that is not closed yet.
    """
    with Snapshot(url, platform) as snapshot:
        days = list(business_days(snapshot))
    for (running, _), (_, closed_by) in pairwise(days):
        if running == day:
            return closed_by - 1
    if days and day >= days[-1][0]:
        raise NotOnRecord(f"{day} is not closed, the business date is {days[-1][0]}")
    raise NotOnRecord(f"the platform's books do not reach back to {day}")


def business_days(snapshot: Snapshot) -> Iterator[tuple[date, int]]:
    """Each business date with the position of the event that opened it, oldest first."""
    for position, topic, state in snapshot.stream(_EVENTS, (PLATFORM, _END)):
        event = decode_event(topic, state)
        if isinstance(event, PlatformOpened | BusinessDateRolled):
            yield event.business_date, position


def state_as_of(url: str, platform: str, stream: str, position: int) -> Any:
    """The aggregate of `stream` (see domain.streams) after the event at `position`; its initial
    state where it had none by then. Raises NotOnRecord beyond the log's end."""
    state, evolve = fold_of(stream)
    with Snapshot(url, platform) as snapshot:
        _within(snapshot, position)
        for _, topic, raw in snapshot.stream(_EVENTS, (stream, position)):
            state = evolve(state, decode_event(topic, raw))
    return state


def events_of(url: str, platform: str, stream: str, position: int) -> list[Recorded]:
    """The events of a stream up to `position`, oldest first."""
    with Snapshot(url, platform) as snapshot:
        return [recorded(*row) for row in snapshot.stream(_RECORDED, (stream, position))]


def states_as_of(url: str, platform: str, streams: Sequence[str], position: int) -> dict[str, Any]:
    """The same of several streams in one query; a stream that has no event by then is not in it."""
    states: dict[str, Any] = {}
    with Snapshot(url, platform) as snapshot:
        _within(snapshot, position)
        for stream, topic, raw in snapshot.stream(_STREAMS, (list(streams), position)):
            initial, evolve = fold_of(stream)
            states[stream] = evolve(states.get(stream, initial), decode_event(topic, raw))
    return states


def balances_as_of(url: str, platform: str, position: int) -> dict[str, Balance]:
    """Every account's balance after the event at `position`, `outside` and `shortfall` included."""
    fen: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    with Snapshot(url, platform) as snapshot:
        _within(snapshot, position)
        for topic, state in snapshot.stream(_STEPS, (_CASH, position)):
            event: Any = decode_event(topic, state)
            for account, available_fen, frozen_fen in event.legs:
                fen[account][0] += available_fen
                fen[account][1] += frozen_fen
    return {account: Balance(*pair) for account, pair in fen.items()}


def _within(snapshot: Snapshot, position: int) -> None:
    (head,) = snapshot.one("SELECT head_position FROM {shard}.shard")
    if not 0 <= position <= head:
        raise NotOnRecord(f"position {position} is not in the log of 0 to {head}")
