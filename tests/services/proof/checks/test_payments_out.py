"""Rules 6 and 7: money leaves to bound cards, and what comes back names what went; falsified."""

from __future__ import annotations

import pytest

from domain.accounts import OUTSIDE
from domain.cashbook import (
    BankMovementRecorded,
    EntryRequested,
    Movement,
    holds,
)
from domain.purposes import Purpose
from tests.services.proof.auditor import audit, broken
from tests.services.proof.forger import Forger


def test_rule_6_a_withdrawal_to_a_card_that_is_not_bound(town_url: str) -> None:
    """Everything fits, down to the hashes, receipts, instructions and balances."""
    forger = Forger(town_url)
    forger.first(EntryRequested, entry_id="W-w1").data["reference"] = "card-ben"
    forger.save()
    assert broken(town_url) == {"withdrawals"}


def test_rule_6_a_withdrawal_that_was_made_up(town_url: str) -> None:
    forger = Forger(town_url)
    movement = Movement(
        id="W-w9.1",
        purpose=Purpose.WITHDRAWAL,
        payer="ben:investor",
        payee=OUTSIDE,
        amount_fen=100,
    )
    asked = EntryRequested(
        entry_id="W-w9",
        purpose=Purpose.WITHDRAWAL,
        subject="ben",
        reference="card-unknown",
        movements=(movement,),
        legs=holds((movement,)),
    )
    line = forger.insert_after(forger.lines[-1], "entry-W-w9", asked)
    forger.save()
    forger = Forger(town_url)
    forger.run(
        "INSERT INTO {custody}.request VALUES ('W-w9.1', 'withdraw', %s, 1, 'key', 'W-w9', 'c',"
        " '{{}}', now())",
        len(forger.lines),
    )
    forger.run(
        "INSERT INTO {custody}.instruction VALUES ('W-w9.1', 'W-w9.1', 'W-w9', 100, %s)",
        len(forger.lines),
    )
    forger.run(
        "UPDATE {shard}.account_balance SET available_fen = available_fen - 100,"
        " frozen_fen = frozen_fen + 100 WHERE account = 'ben:investor'"
    )
    forger.commit()
    assert line.version == 1
    report = audit(town_url)
    [finding] = [finding for finding in report.findings if not finding.ok]
    assert finding.name == "withdrawals"
    assert [violation.position for violation in finding.violations] == [report.head_position]


def test_rule_6_a_withdrawal_to_another_members_account(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(EntryRequested, entry_id="W-w1").data["subject"] = "ben"
    forger.save()
    assert broken(town_url) == {"withdrawals"}


@pytest.mark.parametrize("origin", ["W-w2.1", "W-never.1", "T-t1.1", None])
def test_rule_7_a_returned_withdrawal_that_names_no_settled_one(
    town_url: str, origin: str | None
) -> None:
    forger = Forger(town_url)
    forger.first(BankMovementRecorded, bank_record="777").data["origin"] = origin
    forger.save()
    assert broken(town_url) == {"corrections"}


def test_rule_7_more_comes_back_than_went(town_url: str) -> None:
    forger = Forger(town_url)
    data = forger.first(BankMovementRecorded, bank_record="777").data
    data["movement"]["amount_fen"] = 10_001
    data["legs"] = [["outside", -10_001, 0], ["ann:investor", 10_001, 0]]
    forger.run(
        "UPDATE {shard}.account_balance SET available_fen = available_fen + 1"
        " WHERE account = 'ann:investor'"
    )
    forger.save()
    assert broken(town_url) == {"corrections", "balances"}  # The bank's total shows it, too.
