"""What was once written to the log is read for ever: a stored sample of every event's version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.codec import (
    EVENT_TYPES,
    GENESIS,
    Circumstances,
    circumstances_of,
    command_of,
    data_from,
    data_of,
    decode_event,
    enclosed,
    ends_of,
)
from domain.loan_events import TenderReserved
from domain.model import Event, InvariantBroken

SAMPLES = Path(__file__).parents[1] / "samples" / "events"
OPENING = Circumstances("2018-01-31T04:00:00.000+00:00", "2018-01-31", "c1", "c1", "ops").opening()
TOPICS = sorted(path.stem for path in SAMPLES.glob("*.json"))


def _enclosed(event: Event) -> bytes:
    return enclosed(event.TOPIC, data_from(event), OPENING, GENESIS)


def stored(topic: str) -> bytes:
    """The event's own JSON, as it was written once."""
    return (SAMPLES / f"{topic}.json").read_bytes().strip()


def read(topic: str) -> Event:
    return decode_event(topic, OPENING + b'","data":' + stored(topic) + b"}")


def test_there_is_a_sample_of_every_version() -> None:
    assert {kind.TOPIC for kind in EVENT_TYPES} <= set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_stored_version_is_still_read(topic: str) -> None:
    event = read(topic)
    assert decode_event(event.TOPIC, _enclosed(event)) == event


def test_what_surrounds_an_event_is_read_whole_and_in_part() -> None:
    known = Circumstances("2018-01-31T04:00:00.000+00:00", "2018-01-31", "c1:2", "c1", "ops")
    event = TenderReserved(loan_id="L1", tender_id="t1", investor_id="anna", amount_fen=1)
    state = enclosed(event.TOPIC, data_from(event), known.opening(), GENESIS)
    opening, prev = ends_of(state)
    assert (circumstances_of(state), command_of(opening)) == (known, ("c1:2", "ops"))
    assert (opening, prev) == (known.opening(), GENESIS.hex().encode())


@pytest.mark.parametrize("state", [b"", b"no envelope", b'{"data":{}}', b'{"at":"\xff","prev":"'])
def test_what_is_no_envelope_has_no_command(state: bytes) -> None:
    opening, _ = ends_of(state)
    with pytest.raises((ValueError, LookupError)):
        command_of(opening)


@pytest.mark.parametrize("amount", [1.0, "1", True, None, 0, -1, 10**15 + 1])
def test_what_could_not_be_read_again_is_never_written(amount: Any) -> None:
    event = TenderReserved(loan_id="L1", tender_id="t1", investor_id="anna", amount_fen=amount)
    with pytest.raises(InvariantBroken, match="tender-reserved"):
        _enclosed(event)


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.TOPIC)
def test_a_version_is_still_written_as_it_was(kind: type[Event]) -> None:
    """A field more, or another name or order: that is a new version."""
    assert data_of(_enclosed(read(kind.TOPIC))) == stored(kind.TOPIC)
