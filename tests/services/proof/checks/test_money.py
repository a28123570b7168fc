"""Rules 1 and 4: whole fen, and balances that add up; falsified."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.kafka.contract import schemas
from domain.cashbook import (
    EntryRequested,
    EntrySettled,
)
from domain.loan_events import LoanDisbursed
from services.proof.verify import verify
from tests.services.proof.auditor import BOOK_TOTAL_FEN, broken
from tests.services.proof.forger import Forger
from tests.services.proof.town import PLATFORM


def test_no_event_has_a_field_for_a_fraction() -> None:
    for kind, schema in schemas().items():
        assert '"type": "number"' not in json.dumps(schema), kind


@pytest.mark.parametrize("amount", [300_000.0, 300_000.5, "300000", True])
def test_rule_1_an_amount_that_is_no_integer(town_url: str, amount: Any) -> None:
    forger = Forger(town_url)
    line = forger.first(LoanDisbursed, loan_id="L2")
    if isinstance(amount, float):  # Deep inside, where the field has no name of its own.
        line.data["claims"][0][2] = amount
    else:
        line = forger.first(EntryRequested, entry_id="T-t8")
        line.data["movements"][0]["amount_fen"] = amount
    forger.save()
    assert "integers" in broken(town_url)


def test_rule_4_a_live_balance_that_was_changed(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run(
        "UPDATE {shard}.account_balance SET available_fen = available_fen + 1"
        " WHERE account = 'ann:investor'"
    )
    forger.commit()
    assert broken(town_url) == {"balances"}


def test_rule_4_a_live_balance_that_was_deleted(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run("DELETE FROM {shard}.account_balance WHERE account = 'ann:investor'")
    forger.commit()
    assert broken(town_url) == {"balances"}


def test_rule_4_the_bank_holds_something_else(town_url: str) -> None:
    report = verify(town_url, PLATFORM, bank_total_fen=BOOK_TOTAL_FEN)
    assert [finding.name for finding in report.findings if not finding.ok] == ["balances"]


def test_rule_4_legs_that_do_not_add_up(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntrySettled, entry_id="C-first-ann")
    [outside, ann] = line.data["legs"]
    line.data["legs"] = [outside, [ann[0], ann[1] + 7, 0]]
    forger.run(
        "UPDATE {shard}.account_balance SET available_fen = available_fen + 7 WHERE account = %s",
        ann[0],
    )
    forger.save()
    assert broken(town_url) == {"balances"}


def test_rule_4_legs_that_favour_another_account(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntrySettled, entry_id="C-first-ann")
    [outside, ann] = line.data["legs"]
    line.data["legs"] = [outside, [ann[0], ann[1] - 100, 0], ["ben:investor", 100, 0]]
    for account, fen in (("ann:investor", -100), ("ben:investor", 100)):
        forger.run(
            "UPDATE {shard}.account_balance SET available_fen = available_fen + %s"
            " WHERE account = %s",
            fen,
            account,
        )
    forger.save()
    assert broken(town_url) == {"balances"}
