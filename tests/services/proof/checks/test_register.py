"""Claims, instalments and payments in the register of each loan; falsified."""

from __future__ import annotations

from domain.cashbook import EntryRequested
from domain.loan_events import (
    InstalmentBilled,
    RepaymentSettled,
)
from tests.services.proof.auditor import broken
from tests.services.proof.forger import Forger


def test_an_instalment_that_was_billed_higher(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(InstalmentBilled, loan_id="L2", period=1).data["interest"][0] += 1
    forger.save()
    assert "register" in broken(town_url)


def test_a_payout_that_moves_other_sums_than_are_owed(town_url: str) -> None:
    forger = Forger(town_url)
    movements = forger.first(EntryRequested, entry_id="P-1").data["movements"]
    movements[0]["interest_fen"] += 1
    forger.save()
    assert broken(town_url) == {"register"}


def test_a_payment_that_settles_without_having_been_routed(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(RepaymentSettled, payment_id="p1")
    line.data["payment_id"] = "p9"
    forger.save()
    assert "register" in broken(town_url)
