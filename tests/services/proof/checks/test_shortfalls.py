"""Rule 4: what an account lacks at the bank is claimed and covered; falsified."""

from __future__ import annotations

from typing import Any

import pytest

from domain.cashbook import BankMovementRecorded
from domain.shortfall import ShortfallClaimed, ShortfallCovered
from tests.services.proof.auditor import audit, broken
from tests.services.proof.forger import Forger
from tests.services.proof.reconciled import reconcile


def test_rule_4_a_shortfall_that_hides_money(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(BankMovementRecorded, bank_record="778")
    line.data["shortfall_fen"] = 400
    forger.save()
    assert broken(town_url) == {"balances", "shortfalls"}


def test_rule_4_a_shortfall_that_nobody_claims(town_url: str) -> None:
    forger = Forger(town_url)
    forger.drop(forger.first(ShortfallClaimed))
    forger.save()
    assert broken(town_url) == {"shortfalls"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_fen", 499),
        ("account", "platform:income"),
        ("bank_record", "779"),
        ("bank_date", "2018-01-02"),
        ("owner", ""),
    ],
)
def test_rule_4_a_claim_that_its_fact_does_not_make(
    town_url: str, field: str, value: object
) -> None:
    forger = Forger(town_url)
    forger.first(ShortfallClaimed).data[field] = value
    forger.save()
    assert broken(town_url) == {"shortfalls"}


def cover(**changes: Any) -> ShortfallCovered:
    usual: dict[str, Any] = {
        "entry_id": "B-778",
        "account": "platform:marketing",
        "amount_fen": 500,
        "left_fen": 0,
        "covered_by": "B-778",
        "legs": (),
    }
    return ShortfallCovered(**usual | changes)


@pytest.mark.parametrize(
    "wrong",
    [
        cover(amount_fen=400, left_fen=50),
        cover(amount_fen=600, left_fen=0),
        cover(covered_by="C-first-ann", amount_fen=1, left_fen=499),
        cover(account="platform:income", amount_fen=1, left_fen=499),
    ],
    ids=["left", "too much", "by another", "of another account"],
)
def test_rule_4_a_cover_that_is_none(town_url: str, wrong: ShortfallCovered) -> None:
    forger = Forger(town_url)
    forger.insert_after(forger.first(ShortfallClaimed), "shortfall", wrong)
    forger.save()
    assert "shortfalls" in broken(town_url)


def test_rule_4_money_that_was_spent_before_the_claim_was_covered(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(ShortfallClaimed).data["account"] = "ben:investor"
    forger.save()
    [found] = [each for each in audit(town_url).findings if each.name == "shortfalls"]
    assert any("spends before" in violation.what for violation in found.violations)


@pytest.mark.parametrize(
    ("status", "owner", "found"),
    [
        ("open", "finance", set()),
        ("open", "", {"shortfalls"}),
        ("resolved", "finance", {"shortfalls"}),
        (None, "", {"shortfalls"}),
    ],
)
def test_rule_4_an_open_claim_has_an_owned_break(
    town_url: str, status: str | None, owner: str, found: set[str]
) -> None:
    forger = reconcile(town_url)
    forger.run("UPDATE {reconciliation}.day SET position = 1000 WHERE bank_date = '2018-01-01'")
    if status is not None:
        forger.run(
            "INSERT INTO {reconciliation}.break VALUES ('s', 'shortfall', 'B-778', %s,"
            " %s, %s, '2018-01-01', '2018-01-01', %s)",
            owner,
            status,
            *(("auto", "2018-01-02") if status == "resolved" else (None, None)),
        )
    forger.commit()
    assert broken(town_url) == found
