"""Rule 8: what the log says can be read and followed; falsified."""

from __future__ import annotations

from domain.investment import TenderFrozen
from domain.loan_events import LoanRated
from tests.services.proof.auditor import broken
from tests.services.proof.forger import Forger


def test_rule_8_an_event_of_another_stream(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(LoanRated, loan_id="L4").data["loan_id"] = "L3"
    forger.save()
    assert broken(town_url) == {"streams"}


def test_rule_8_an_event_that_cannot_be_read(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(LoanRated, loan_id="L4").data["colour"] = "red"
    forger.save()
    assert broken(town_url) == {"streams"}


def test_rule_8_an_event_of_no_known_kind(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(LoanRated, loan_id="L4").topic = "loan.painted.v1"
    forger.save()
    assert broken(town_url) == {"streams"}


def test_rule_8_a_step_that_cannot_follow(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(TenderFrozen, tender_id="t3")
    forger.insert_after(line, line.stream, line.event)
    forger.save()
    assert broken(town_url) == {"streams"}
