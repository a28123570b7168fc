"""The reserve's payouts and its queue; falsified."""

from __future__ import annotations

from typing import Any

import pytest

from domain.reserve import (
    ClaimDropped,
    ClaimQueued,
    PayoutHeld,
    PayoutRunDecided,
)
from tests.services.proof.auditor import broken
from tests.services.proof.forger import Forger


def test_a_payout_run_over_another_balance(town_url: str) -> None:
    forger = Forger(town_url)
    data = forger.first(PayoutRunDecided).data
    data["balance_before_fen"] += 5
    data["balance_after_fen"] += 5
    forger.save()
    assert broken(town_url) == {"reserve"}


def test_a_payout_that_its_run_did_not_give(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(PayoutRunDecided).data["considered"][0][3] -= 1
    forger.save()
    assert broken(town_url) == {"reserve"}


@pytest.mark.parametrize("kind", [ClaimQueued, ClaimDropped, PayoutHeld])
def test_a_queue_that_lost_an_event(town_url: str, kind: Any) -> None:
    forger = Forger(town_url)
    line = forger.first(kind)
    forger.drop(line)
    for version, other in enumerate((e for e in forger.lines if e.stream == "reserve"), start=1):
        other.version = version
    forger.save()
    assert "reserve" in broken(town_url)
