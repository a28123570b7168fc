from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from infra.clock import SHANGHAI, ManualClock, SystemClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(timedelta(days=1))
    assert clock.now() == NOON + timedelta(days=1)


def test_a_manual_clock_tells_utc_whatever_it_is_set_in() -> None:
    clock = ManualClock(NOON)
    clock.set(datetime(2026, 3, 2, 1, tzinfo=SHANGHAI))
    assert clock.now().isoformat() == "2026-03-01T17:00:00+00:00"


def test_a_manual_clock_does_not_go_back() -> None:
    clock = ManualClock(NOON)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(timedelta(seconds=-1))
    assert clock.now() == NOON


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ManualClock(NOON.replace(tzinfo=None))


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
