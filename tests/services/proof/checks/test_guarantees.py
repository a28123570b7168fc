"""What guarantors stand for and advance, falsified in the database: the proof must say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.cashbook import EntryRequested
from domain.guarantee import (
    AdvanceMade,
    AdvanceRequested,
    GuaranteeGiven,
    GuarantorAppointed,
    LoanRepaid,
    ObligationBreached,
    ObligationOpened,
    RecourseArose,
    Reimbursed,
)
from domain.loan_events import RepaymentRouted
from domain.loan_guarantee import OverdueConfirmed, ReimbursementOpened
from services.proof.verify import verify
from tests.services.proof.forger import Forger
from tests.services.proof.town import PLATFORM


def broken(url: str) -> set[str]:
    return {finding.name for finding in verify(url, PLATFORM).findings if not finding.ok}


def _changed(kind: type[Any], **values: Any) -> Callable[[Forger], None]:
    def change(forger: Forger) -> None:
        forger.first(kind).data.update(values)

    return change


def _to_another_investor(forger: Forger) -> None:
    advance = forger.first(EntryRequested, purpose="guarantee_advance", reference="a2")
    advance.data["movements"][1]["payee"] = "ben:investor"


def _recourse_to_the_reserve(forger: Forger) -> None:
    recourse = forger.first(RepaymentRouted, payment_id="p1").data
    [[_, principal_fen, interest_fen, _, _]] = recourse.pop("recourse")
    recourse["parts"][0][4:6] = [principal_fen, interest_fen]


def test_an_honest_log_holds_and_all_of_it_was_looked_at(guaranteed_url: str) -> None:
    report = verify(guaranteed_url, PLATFORM)
    assert report.ok, report
    [finding] = [each for each in report.findings if each.name == "guarantees"]
    assert finding.looked_at == {
        "loans": 1,
        "obligations": 2,
        "advances": 2,
        "breaches": 1,
        "recourse": 1,
        "reimbursements": 1,
    }


@pytest.mark.parametrize(
    ("forge", "found"),
    [
        (_changed(GuaranteeGiven, exposure_fen=90_000), {"guarantees"}),
        (_changed(GuaranteeGiven, limit_fen=90_000), {"guarantees"}),
        (_changed(GuarantorAppointed, limit_fen=90_000), {"guarantees", "two_people"}),
        (_changed(LoanRepaid, principal_fen=1), {"guarantees"}),
        (_changed(ObligationOpened, deadline="2018-02-12"), {"guarantees"}),
        (_changed(ObligationOpened, confirmed_on="2018-02-01"), {"guarantees"}),
        (_changed(ObligationBreached, deadline="2018-03-13"), {"guarantees"}),
        (_changed(OverdueConfirmed, confirmed_by="cui"), {"two_people"}),
        (_changed(AdvanceRequested, amount_fen=1), {"guarantees"}),
        (_changed(AdvanceMade, amount_fen=1), {"guarantees"}),
        (_changed(RecourseArose, amount_fen=1), {"guarantees"}),
        (_changed(RecourseArose, to="gus"), {"guarantees"}),
        (_changed(Reimbursed, amount_fen=1), {"guarantees"}),
        (_changed(ReimbursementOpened, to="gus"), {"register", "streams"}),
        (_to_another_investor, {"balances", "register"}),
        (_recourse_to_the_reserve, {"principal", "register", "streams"}),
    ],
    ids=[
        "exposure",
        "limit at the time",
        "limit",
        "repaid",
        "deadline",
        "confirmed on",
        "breach",
        "confirmed by",
        "asked for",
        "made",
        "recourse of another sum",
        "recourse of another",
        "reimbursed",
        "reimbursed to another",
        "to another investor",
        "recourse",
    ],
)
def test_what_was_falsified(
    guaranteed_url: str, forge: Callable[[Forger], None], found: set[str]
) -> None:
    forger = Forger(guaranteed_url)
    forge(forger)
    forger.save()
    assert broken(guaranteed_url) == found


def test_an_obligation_of_which_the_log_lost_the_confirmation(guaranteed_url: str) -> None:
    forger = Forger(guaranteed_url)
    forger.drop(forger.first(OverdueConfirmed))
    for version, line in enumerate((e for e in forger.lines if e.stream == "loan-L5"), start=1):
        line.version = version
    forger.save()
    assert "guarantees" in broken(guaranteed_url)
