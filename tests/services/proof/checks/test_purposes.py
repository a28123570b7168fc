"""Rule 5: each movement is for its purpose, and lending for its loan; falsified."""

from __future__ import annotations

from domain.cashbook import EntryRequested
from domain.loan_events import (
    LoanConcluded,
    LoanDisbursed,
    TenderSecured,
)
from services.proof.verify import verify
from tests.services.proof.auditor import broken
from tests.services.proof.forger import Forger
from tests.services.proof.town import PLATFORM


def test_rule_5_a_movement_outside_the_matrix(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRequested, entry_id="S-seed")
    line.data["purpose"] = line.data["movements"][0]["purpose"] = "bank_interest"
    forger.save()
    assert broken(town_url) == {"purposes"}


def test_rule_5_roles_that_do_not_fit(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRequested, entry_id="P-1")
    for movement in line.data["movements"]:
        movement["payer"] = "platform:marketing"
    forger.save()
    assert "purposes" in broken(town_url)


def test_rule_5_a_borrowers_own_money_taken_for_an_advance(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRequested, entry_id="P-1")
    line.data["purpose"] = "advance_passed_on"
    for movement in line.data["movements"]:
        movement |= {"purpose": "advance_passed_on", "payer": "bob:borrower"}
    forger.save()
    findings = {each.name: each for each in verify(town_url, PLATFORM).findings}
    told = [each.what for each in findings["purposes"].violations]
    assert told == ["P-1 does not pass its advance on"]


def test_rule_4_a_freeze_that_was_never_made(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRequested, entry_id="R-p3")
    line.data["movements"][0]["freeze"] = "H-p1.1"
    forger.save()
    assert broken(town_url) == {"freezes"}


def test_rule_5_lending_to_somebody_else(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRequested, entry_id="D-L1-1")
    line.data["movements"][0]["payee"] = "dan:borrower"
    forger.save()
    # The legs of the settlement show it, too.
    assert broken(town_url) == {"lending", "balances"}


def test_rule_5_lending_with_another_loans_freeze(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRequested, entry_id="D-L1-1")
    line.data["movements"][0]["freeze"] = "T-t2.1"
    forger.save()
    assert broken(town_url) == {"lending", "freezes"}


def test_rule_5_lending_before_the_contract(town_url: str) -> None:
    forger = Forger(town_url)
    forger.drop(forger.first(LoanConcluded, loan_id="L1"))
    forger.save()
    assert "lending" in broken(town_url)


def test_rule_5_claims_that_are_not_what_was_lent(town_url: str) -> None:
    forger = Forger(town_url)
    claims = forger.first(LoanDisbursed, loan_id="L2").data["claims"]
    claims[0][1] = "ann"
    forger.save()
    assert "lending" in broken(town_url)


def test_a_tender_secured_twice_is_no_more_money(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(TenderSecured, tender_id="t2")
    line.data["tender_id"] = "t1"
    forger.save()
    assert "lending" in broken(town_url)
