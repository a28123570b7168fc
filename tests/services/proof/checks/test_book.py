"""An entry closes the movements that it asked for; falsified."""

from __future__ import annotations

from domain.cashbook import (
    EntryRequested,
    EntrySettled,
)
from tests.services.proof.auditor import broken
from tests.services.proof.forger import Forger


def test_an_entry_that_closes_other_movements(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(EntrySettled, entry_id="R-p3").data["movement_ids"].pop()
    forger.save()
    assert broken(town_url) == {"entries"}


def test_an_entry_whose_movements_have_foreign_names(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(EntryRequested, entry_id="T-t8").data["movements"][0]["id"] = "T-t8.2"
    forger.run(
        "UPDATE {custody}.instruction SET movement_id = 'T-t8.2' WHERE movement_id = 'T-t8.1'"
    )
    forger.save()
    assert broken(town_url) == {"entries"}
