"""One payout of the reserve, as its events tell it: by which run, policy and rules."""

from __future__ import annotations

from typing import NamedTuple

from adapters.codec import decode_event
from domain.reserve import PayoutHeld, PayoutPaid, PayoutReleased, PayoutRunDecided
from domain.streams import RESERVE
from services.proof.snapshot import Snapshot

_EVENTS = (
    "SELECT topic, state FROM {shard}.stored_events"
    " WHERE originator_id = %s AND topic = ANY(%s) ORDER BY originator_version"
)
_TOPICS = [event.TOPIC for event in (PayoutRunDecided, PayoutHeld, PayoutPaid, PayoutReleased)]


class Explained(NamedTuple):
    held: PayoutHeld
    run: PayoutRunDecided
    status: str  # held, paid, released


def explained(url: str, platform: str, payout_id: str) -> Explained | None:
    """None where there is no such payout."""
    run: PayoutRunDecided | None = None
    found: Explained | None = None
    with Snapshot(url, platform) as snapshot:
        for topic, state in snapshot.stream(_EVENTS, (RESERVE, _TOPICS)):
            event = decode_event(topic, state)
            match event:
                case PayoutRunDecided():
                    run = event
                case PayoutHeld() if event.payout_id == payout_id and run is not None:
                    found = Explained(event, run, "held")
                case PayoutPaid() if found and event.payout_id == payout_id:
                    found = found._replace(status="paid")
                case PayoutReleased() if found and event.payout_id == payout_id:
                    found = found._replace(status="released")
                case _:
                    pass
    return found
