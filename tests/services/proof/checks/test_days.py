"""Rule 3: every closed day was reconciled, or its breaks have owners; falsified."""

from __future__ import annotations

import pytest

from tests.services.proof.auditor import audit, broken
from tests.services.proof.reconciled import reconcile


def test_rule_3_every_day_reconciled(town_url: str) -> None:
    reconcile(town_url).commit()
    report = audit(town_url)
    assert report.ok
    [days] = [finding for finding in report.findings if finding.name == "reconciled_days"]
    assert days.looked_at["reconciled_days"] == days.looked_at["closed_days"] > 60


@pytest.mark.parametrize("verdict", ["incomplete", "breaks", None])
def test_rule_3_a_day_that_was_not_reconciled(town_url: str, verdict: str | None) -> None:
    forger = reconcile(town_url)
    if verdict is None:
        forger.run("DELETE FROM {reconciliation}.day WHERE bank_date = '2018-02-01'")
    else:
        forger.run(
            "UPDATE {reconciliation}.day SET verdict = %s WHERE bank_date = '2018-02-01'", verdict
        )
    forger.commit()
    assert broken(town_url) == {"reconciled_days"}


@pytest.mark.parametrize(("owner", "found"), [("finance", set()), ("", {"reconciled_days"})])
def test_rule_3_a_break_needs_an_owner(town_url: str, owner: str, found: set[str]) -> None:
    forger = reconcile(town_url)
    forger.run("UPDATE {reconciliation}.day SET verdict = 'breaks' WHERE bank_date = '2018-02-01'")
    forger.run(
        "INSERT INTO {reconciliation}.break (break_id, class, reference, owner, status, first_seen,"
        " last_seen) VALUES ('b1', 'amount', 'W-w1.1', %s, 'open', '2018-02-01', '2018-02-01')",
        owner,
    )
    forger.run(
        "INSERT INTO {reconciliation}.sighting (break_id, bank_date, detail)"
        " VALUES ('b1', '2018-02-01', '')"
    )
    forger.commit()
    assert broken(town_url) == found


def test_rule_3_the_last_closed_day_may_wait(town_url: str) -> None:
    forger = reconcile(town_url)
    forger.run(
        "DELETE FROM {reconciliation}.day WHERE bank_date ="
        " (SELECT max(bank_date) FROM {reconciliation}.day)"
    )
    forger.commit()
    assert broken(town_url) == set()
