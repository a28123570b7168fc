"""One open movement on each line, and the outstanding principal; falsified."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.loan_events import (
    AdvanceOpened,
    ClaimSold,
    RepaymentSettled,
)
from tests.services.proof.auditor import audit, broken
from tests.services.proof.forger import Forger


def test_a_line_with_two_open_movements(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(AdvanceOpened)
    twice = replace(line.event, payout_id="2")
    forger.insert_after(line, line.stream, twice)
    forger.save()
    assert broken(town_url) == {"lines"}


def test_a_line_that_is_paid_while_its_claim_is_being_sold(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(ClaimSold)
    late = forger.first(AdvanceOpened)
    forger.insert_after(late, late.stream, replace(line.event, loan_id="L1"))
    forger.save()
    told = {each.name: each for each in audit(town_url).findings if not each.ok}
    assert "lines" in told


@pytest.mark.parametrize("table", ["shard", "log"])
def test_outstanding_principal_that_does_not_add_up(town_url: str, table: str) -> None:
    forger = Forger(town_url)
    if table == "shard":
        forger.run("UPDATE {shard}.shard SET outstanding_principal_fen = 0")
    else:
        forger.first(RepaymentSettled, payment_id="p3").data["principal_fen"] -= 1
    forger.save()
    assert broken(town_url) == {"principal"}
