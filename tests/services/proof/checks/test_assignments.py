"""Rule 5: claims pass from who held them, at the price agreed; falsified."""

from __future__ import annotations

from domain.assignment import AssignmentOffered
from domain.loan_events import ClaimAssigned
from tests.services.proof.auditor import broken
from tests.services.proof.forger import Forger


def test_rule_5_a_claim_that_was_not_its_sellers(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(AssignmentOffered).data["seller_id"] = "ann"
    forger.save()
    assert "assignments" in broken(town_url)


def test_rule_5_a_claim_for_another_price(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(AssignmentOffered).data["price_fen"] += 1
    forger.save()
    assert broken(town_url) == {"assignments"}


def test_rule_5_a_claim_that_goes_to_somebody_else(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(ClaimAssigned).data["claim"][1] = "ben"
    forger.save()
    assert {"assignments", "register"} <= broken(town_url)


def test_more_of_a_claim_is_assigned_than_is_open(town_url: str) -> None:
    forger = Forger(town_url)
    assigned = forger.first(ClaimAssigned).data
    assigned["claim"][2] += 200_001
    assigned["unbilled_fen"] += 200_001
    forger.save()
    found = broken(town_url)
    assert {"register", "assignments"} <= found
