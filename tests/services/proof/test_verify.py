"""Each rule, broken in the database itself: exactly the checks that watch it must say so."""

from __future__ import annotations

import json
from base64 import b64encode
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from adapters.kafka.contract import schemas
from adapters.signing import Signer
from domain import commands as c
from domain.accounts import OUTSIDE
from domain.assignment import AssignmentOffered
from domain.cashbook import (
    BankMovementRecorded,
    EntryRejected,
    EntryRequested,
    EntrySettled,
    Movement,
    holds,
)
from domain.investment import TenderFrozen
from domain.loan_events import (
    AdvanceOpened,
    AdvancePaid,
    ClaimAssigned,
    ClaimSold,
    InstalmentBilled,
    LoanConcluded,
    LoanDisbursed,
    LoanRated,
    RepaymentAccepted,
    RepaymentSettled,
    TenderSecured,
)
from domain.operators import (
    CommandApproved,
    OperatorRegistered,
    OperatorRole,
    Part,
    bytes_to_sign,
)
from domain.platform import BusinessDateRolled
from domain.purposes import Purpose
from domain.reserve import (
    ClaimDropped,
    ClaimQueued,
    PayoutHeld,
    PayoutRunDecided,
    ReserveSeeded,
)
from domain.shortfall import ShortfallClaimed, ShortfallCovered
from domain.streams import OPERATORS
from infra.postgres import connect, migrate
from services.proof.report import VIOLATIONS_SHOWN, Report
from services.proof.verify import verify
from services.reconciliation.schema import MIGRATIONS as RECONCILIATION
from services.reconciliation.schema import reconciliation_schema
from tests.exemplars import ANN, BEN, CUI, TODAY, command
from tests.services.proof.forger import UNGUARDED, Forger, Line
from tests.services.proof.town import PLATFORM

BOOK_TOTAL_FEN = 4_450_000
SHORTFALL_FEN = 500
BANK_TOTAL_FEN = BOOK_TOTAL_FEN - SHORTFALL_FEN


def audit(url: str, **options: Any) -> Report:
    return verify(url, PLATFORM, bank_total_fen=BANK_TOTAL_FEN, **options)


def broken(url: str, **options: Any) -> set[str]:
    return {finding.name for finding in audit(url, **options).findings if not finding.ok}


# -- an honest log ----------------------------------------------------------------------


def test_an_honest_log_holds(town_url: str) -> None:
    reached: list[tuple[int, int]] = []
    report = audit(
        town_url,
        compare_views=lambda: {"balances": True},
        progress=lambda position, head: reached.append((position, head)),
    )
    assert [finding for finding in report.findings if not finding.ok] == []
    assert report.ok
    assert report.events == report.head_position == reached[-1][0] == reached[-1][1]


def test_every_rule_is_watched_and_looked_at_something(town_url: str) -> None:
    report = audit(town_url, compare_views=lambda: {"balances": True})
    assert {finding.rule for finding in report.findings} == {None, *range(1, 10)}
    unseen = {each.name for each in report.findings if not sum(each.looked_at.values())}
    assert unseen == {"guarantees"}  # They have a town of their own: test_guarantees.
    looked_at = {finding.name: finding.looked_at for finding in report.findings}
    assert looked_at["mirror"]["movements"] == looked_at["mirror"]["instructions"] == 43
    assert looked_at["balances"]["book_total_fen"] == BOOK_TOTAL_FEN
    assert looked_at["corrections"] == {"corrections": 1}


def test_what_is_over_is_forgotten(town_url: str) -> None:
    """So that memory does not grow with the log."""
    looked_at = {finding.name: finding.looked_at for finding in audit(town_url).findings}
    assert looked_at["entries"]["open"] == 1  # T-t8, which the bank has not answered.
    # The platform, its policy, its reserve, four members and their identities, three loans (L2 is
    # settled), the tenders t1 and t2 of the running loan and t8, what the bank took too much, and
    # who may act by hand.
    assert looked_at["streams"]["open"] == 19


def test_the_report_is_json(town_url: str) -> None:
    report = audit(town_url)
    told = json.loads(json.dumps(report.as_json()))
    assert told["ok"] is True
    assert told["head_hash"] == report.head_hash
    assert {check["name"] for check in told["checks"]} == {f.name for f in report.findings}


def test_violations_are_counted_beyond_those_shown(town_url: str) -> None:
    forger = Forger(town_url)
    for _ in range(3):
        forger.run(
            "INSERT INTO {shard}.account_balance SELECT 'ghost' || random(), 1, 0"
            " FROM generate_series(1, 50)"
        )
    forger.commit()
    [finding] = [finding for finding in audit(town_url).findings if not finding.ok]
    assert finding.violation_count == 150
    assert len(finding.violations) == VIOLATIONS_SHOWN


def test_an_empty_shard_holds(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run("TRUNCATE {shard}.stored_events, {shard}.receipt, {shard}.account_balance")
    forger.run("TRUNCATE {custody}.instruction")
    forger.run(
        "UPDATE {shard}.shard SET head_position = 0, receipts = 0, outstanding_principal_fen = 0,"
        " head_hash = decode(repeat('00', 32), 'hex')"
    )
    forger.commit()
    report = verify(town_url, PLATFORM)
    assert report.ok
    assert report.events == 0


# -- the forger's own tools do no harm --------------------------------------------------


def test_a_log_written_anew_without_a_change_holds(town_url: str) -> None:
    Forger(town_url).save()
    assert broken(town_url) == set()


# -- rule 1 -----------------------------------------------------------------------------


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


# -- rule 2 -----------------------------------------------------------------------------


def test_rule_2_an_instruction_that_no_movement_asked_for(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run(
        "INSERT INTO {custody}.instruction SELECT 'T-t1.2', request_no, entry_id, amount_fen,"
        " position FROM {custody}.instruction WHERE movement_id = 'T-t1.1'"
    )
    forger.commit()
    assert broken(town_url) == {"mirror"}


def test_rule_2_an_instruction_after_the_last_movement(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run(
        "INSERT INTO {custody}.instruction SELECT 'T-t1.2', request_no, entry_id, amount_fen,"
        " position + 100000 FROM {custody}.instruction WHERE movement_id = 'T-t1.1'"
    )
    forger.commit()
    assert broken(town_url) == {"mirror"}


def test_rule_2_two_instructions_for_one_movement(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run("ALTER TABLE {custody}.instruction DROP CONSTRAINT instruction_pkey")
    forger.run(
        "INSERT INTO {custody}.instruction SELECT * FROM {custody}.instruction"
        " WHERE movement_id = 'T-t1.1'"
    )
    forger.commit()
    assert broken(town_url) == {"mirror"}


def test_rule_2_a_movement_without_its_instruction(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run("DELETE FROM {custody}.instruction WHERE movement_id = 'R-p3.1'")
    forger.commit()
    assert broken(town_url) == {"mirror"}


def test_rule_2_an_instruction_over_another_amount(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run(
        "UPDATE {custody}.instruction SET amount_fen = amount_fen + 1 WHERE movement_id = 'W-w1.1'"
    )
    forger.commit()
    assert broken(town_url) == {"mirror"}


def test_rule_2_what_is_not_planned_yet_may_wait_and_may_not_be_settled(town_url: str) -> None:
    forger = Forger(town_url)
    waiting = forger.first(EntryRequested, entry_id="T-t8")
    forger.run("DELETE FROM {custody}.instruction WHERE entry_id = 'T-t8'")
    forger.run("UPDATE {custody}.follower SET position = %s", forger.position_of(waiting) - 1)
    forger.commit()
    assert broken(town_url) == set()
    forger = Forger(town_url)
    forger.run("DELETE FROM {custody}.instruction WHERE entry_id = 'C-first-ann'")
    forger.run("UPDATE {custody}.follower SET position = 0")
    forger.commit()
    assert broken(town_url) == {"bank_word"}


def test_rule_2_settled_without_the_banks_word(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run("DELETE FROM {custody}.request_step WHERE request_no = 'D-L1-1'")
    forger.commit()
    assert broken(town_url) == {"bank_word"}


def test_rule_2_settled_against_the_banks_word(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run("UPDATE {custody}.request_step SET state = 'refused' WHERE request_no = 'W-w1.1'")
    forger.commit()
    assert broken(town_url) == {"bank_word"}


def test_rule_2_rejected_against_the_banks_word(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run("UPDATE {custody}.request_step SET state = 'settled' WHERE request_no = 'W-w2.1'")
    forger.commit()
    assert broken(town_url) == {"bank_word"}


def test_rule_2_settled_by_somebody_else(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntrySettled, entry_id="W-w1")
    line.envelope["actor"] = "somebody"
    forger.run(
        "UPDATE {shard}.receipt SET actor = 'somebody' WHERE command_id = %s",
        line.envelope["cause"],
    )
    forger.save()
    assert broken(town_url) == {"bank_word"}


def test_rule_2_a_consequence_in_the_command_after_the_settlement(town_url: str) -> None:
    forger = Forger(town_url)
    last, following = next(
        (line, after)
        for line, after in pairwise(forger.lines)
        if line.topic == AdvancePaid.TOPIC and line.envelope["cause"] != after.envelope["cause"]
    )
    last.envelope |= {key: following.envelope[key] for key in ("cause", "corr", "actor")}
    forger.save()
    assert broken(town_url) == {"bank_word"}


def test_rule_2_a_consequence_without_the_settlement(town_url: str) -> None:
    forger = Forger(town_url)
    opened = forger.first(AdvanceOpened)
    paid = AdvancePaid(loan_id="L1", payout_id="1")
    forger.drop(forger.first(AdvancePaid))
    forger.insert_after(opened, "loan-L1", paid)
    for version, line in enumerate((e for e in forger.lines if e.stream == "loan-L1"), start=1):
        line.version = version
    forger.save()
    assert "bank_word" in broken(town_url)


# -- rule 3 -----------------------------------------------------------------------------


def reconcile(url: str) -> Forger:
    with connect(url, autocommit=True) as connection:
        migrate(connection, reconciliation_schema(PLATFORM), RECONCILIATION)
    forger = Forger(url)
    for line in forger.lines:
        if line.topic == BusinessDateRolled.TOPIC:
            forger.run(
                "INSERT INTO {reconciliation}.day SELECT (jsonb_populate_record("
                "NULL::{reconciliation}.day, %s::jsonb)).*",
                json.dumps(_day(line.data["closed"])),
            )
    return forger


def _day(on: str) -> dict[str, Any]:
    counts = ("lines", "matched", "accounts", "pending", "taken_in", "timing", "breaks", "position")
    return {
        "bank_date": on,
        "verdict": "reconciled",
        "reason": "",
        "digest": "",
        "reconciled_at": "2018-01-02T00:00:00Z",
        "confirm_code": "",
    } | dict.fromkeys(counts, 0)


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


# -- rule 4 -----------------------------------------------------------------------------


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


def test_rule_4_a_freeze_that_was_never_made(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRequested, entry_id="R-p3")
    line.data["movements"][0]["freeze"] = "H-p1.1"
    forger.save()
    assert broken(town_url) == {"freezes"}


# -- rule 5 -----------------------------------------------------------------------------


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


# -- rule 6 -----------------------------------------------------------------------------


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


# -- rule 7 -----------------------------------------------------------------------------


def change(url: str, query: str, *values: Any) -> None:
    with psycopg.connect(url, autocommit=True, options=UNGUARDED) as connection:
        connection.execute(query.format(shard=f"shard_{PLATFORM}").encode(), values)


@pytest.mark.parametrize("position", [1, 100])
def test_rule_7_one_byte_of_an_event(town_url: str, position: int) -> None:
    change(
        town_url,
        "UPDATE {shard}.stored_events SET state = set_byte(state, 10, 57)"
        " WHERE notification_id = %s",  # A digit of the time at which it was recorded.
        position,
    )
    assert broken(town_url) == {"chain"}


def test_rule_7_one_byte_of_the_last_event(town_url: str) -> None:
    change(
        town_url,
        "UPDATE {shard}.stored_events SET state = set_byte(state, 10, 57)"
        " WHERE notification_id = (SELECT max(notification_id) FROM {shard}.stored_events)",
    )
    assert broken(town_url) == {"chain"}


def test_rule_7_another_head(town_url: str) -> None:
    change(town_url, "UPDATE {shard}.shard SET head_hash = sha256('x')")
    assert broken(town_url) == {"chain"}


def test_rule_7_the_last_event_cut_off(town_url: str) -> None:
    change(
        town_url,
        "DELETE FROM {shard}.stored_events"
        " WHERE notification_id = (SELECT max(notification_id) FROM {shard}.stored_events)",
    )
    assert "chain" in broken(town_url)


def test_rule_7_two_events_that_changed_places(town_url: str) -> None:
    move = "UPDATE {shard}.stored_events SET notification_id = %s WHERE notification_id = %s"
    for to, position in ((-1, 3), (3, 4), (4, -1)):
        change(town_url, move, to, position)
    assert "chain" in broken(town_url)


def test_rule_7_an_event_deleted(town_url: str) -> None:
    change(town_url, "DELETE FROM {shard}.stored_events WHERE notification_id = 100")
    assert {"chain", "retention"} <= broken(town_url)


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


# -- rule 8 -----------------------------------------------------------------------------


def test_rule_8_a_view_that_differs(town_url: str) -> None:
    found = broken(town_url, compare_views=lambda: {"balances": True, "loans": False})
    assert found == {"views"}


def test_rule_8_an_event_of_another_stream(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(LoanRated, loan_id="L4").data["loan_id"] = "L3"
    forger.save()
    assert broken(town_url) == {"streams"}


def test_rule_8_a_step_that_cannot_follow(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(TenderFrozen, tender_id="t3")
    forger.insert_after(line, line.stream, line.event)
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


# -- rule 9 -----------------------------------------------------------------------------


def test_rule_9_an_event_that_was_taken_out(town_url: str) -> None:
    """All positions, hashes and receipts were made to fit."""
    forger = Forger(town_url)
    forger.drop(forger.first(LoanRated, loan_id="L4"))
    forger.save()
    assert broken(town_url) == {"retention"}


def test_rule_9_a_log_that_begins_later(town_url: str) -> None:
    change(town_url, "DELETE FROM {shard}.stored_events WHERE notification_id <= 2")
    assert "retention" in broken(town_url)


def test_rule_9_an_event_after_the_end_of_its_stream(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(EntryRejected, entry_id="T-t0")
    forger.insert_after(line, line.stream, line.event)
    forger.save()
    assert broken(town_url) >= {"retention", "entries"}


# -- receipts and entries ---------------------------------------------------------------


def test_a_receipt_that_was_made_up(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run(
        "INSERT INTO {shard}.receipt SELECT 'made-up', number + 1000, type, actor, payload_hash,"
        " outcome, code, message, field, 0, 0, recorded_at FROM {shard}.receipt WHERE number = 1"
    )
    forger.commit()
    assert broken(town_url) == {"receipts"}


@pytest.mark.parametrize(
    "forgery",
    [
        "SET outcome = 'refused' WHERE first_position = 1",
        "SET actor = 'somebody' WHERE first_position = 1",
        "SET command_id = 'c0' WHERE first_position = 1",
        "SET last_position = last_position + 1 WHERE first_position = 1",
        "SET first_position = 0, last_position = 0 WHERE first_position = 1",
        "SET first_position = 7, last_position = 7 WHERE outcome = 'refused'",
    ],
)
def test_a_receipt_that_was_changed(town_url: str, forgery: str) -> None:
    change(town_url, "UPDATE {shard}.receipt " + forgery)
    assert broken(town_url) == {"receipts"}


@pytest.mark.parametrize("outcome", ["accepted", "refused"])
def test_a_receipt_that_was_deleted(town_url: str, outcome: str) -> None:
    change(
        town_url,
        "DELETE FROM {shard}.receipt WHERE number ="
        " (SELECT max(number) FROM {shard}.receipt WHERE outcome = %s)",
        outcome,
    )
    assert broken(town_url) == {"receipts"}


def test_two_receipts_of_one_command(town_url: str) -> None:
    change(town_url, "ALTER TABLE {shard}.receipt DROP CONSTRAINT receipt_pkey")
    change(
        town_url,
        "INSERT INTO {shard}.receipt SELECT command_id, number + 1000, type, actor, payload_hash,"
        " outcome, code, message, field, 0, 0, recorded_at FROM {shard}.receipt WHERE number = 1",
    )
    change(town_url, "UPDATE {shard}.shard SET receipts = receipts + 1")
    assert broken(town_url) == {"receipts"}


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


# -- the register, the reserve ----------------------------------------------------------


def test_an_instalment_that_was_billed_higher(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(InstalmentBilled, loan_id="L2", period=1).data["interest"][0] += 1
    forger.save()
    assert "register" in broken(town_url)


def test_a_payout_that_moves_other_sums_than_are_owed(town_url: str) -> None:
    forger = Forger(town_url)
    movements = forger.first(EntryRequested, entry_id="P-1").data["movements"]
    movements[0]["interest_fen"] += 1
    forger.save()
    assert broken(town_url) == {"register"}


def test_a_payment_that_settles_without_having_been_routed(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(RepaymentSettled, payment_id="p1")
    line.data["payment_id"] = "p9"
    forger.save()
    assert "register" in broken(town_url)


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


def test_more_of_a_claim_is_assigned_than_is_open(town_url: str) -> None:
    forger = Forger(town_url)
    assigned = forger.first(ClaimAssigned).data
    assigned["claim"][2] += 200_001
    assigned["unbilled_fen"] += 200_001
    forger.save()
    found = broken(town_url)
    assert {"register", "assignments"} <= found


@pytest.mark.parametrize("table", ["shard", "log"])
def test_outstanding_principal_that_does_not_add_up(town_url: str, table: str) -> None:
    forger = Forger(town_url)
    if table == "shard":
        forger.run("UPDATE {shard}.shard SET outstanding_principal_fen = 0")
    else:
        forger.first(RepaymentSettled, payment_id="p3").data["principal_fen"] -= 1
    forger.save()
    assert broken(town_url) == {"principal"}


def test_a_payout_run_over_another_balance(town_url: str) -> None:
    forger = Forger(town_url)
    data = forger.first(PayoutRunDecided).data
    data["balance_before_fen"] += 5
    data["balance_after_fen"] += 5
    forger.save()
    assert broken(town_url) == {"reserve"}


def test_a_payout_that_its_run_did_not_give(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(PayoutRunDecided).data["considered"][0][3] -= 1
    forger.save()
    assert broken(town_url) == {"reserve"}


@pytest.mark.parametrize("kind", [ClaimQueued, ClaimDropped, PayoutHeld])
def test_a_queue_that_lost_an_event(town_url: str, kind: Any) -> None:
    forger = Forger(town_url)
    line = forger.first(kind)
    forger.drop(line)
    for version, other in enumerate((e for e in forger.lines if e.stream == "reserve"), start=1):
        other.version = version
    forger.save()
    assert "reserve" in broken(town_url)


def test_a_tender_secured_twice_is_no_more_money(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(TenderSecured, tender_id="t2")
    line.data["tender_id"] = "t1"
    forger.save()
    assert "lending" in broken(town_url)


# -- two people -------------------------------------------------------------------------


def approval(forger: Forger) -> Line:
    """That of the seed money."""
    lines = [line for line in forger.lines if line.topic == CommandApproved.TOPIC]
    assert [json.loads(line.data["text"])["type"] for line in lines] == [
        "appoint_operators",
        "seed_reserve",
    ]
    return lines[1]


def test_two_people_what_nobody_signed(town_url: str) -> None:
    forger = Forger(town_url)
    forger.drop(approval(forger))
    forger.save()
    assert broken(town_url) == {"two_people"}


def test_two_people_what_was_done_before_there_were_any(town_url: str) -> None:
    """As it stands in the logs of versions that asked for a name."""
    forger = Forger(town_url)
    for line in [line for line in forger.lines if line.stream == OPERATORS]:
        forger.drop(line)
    forger.first(ReserveSeeded).data["approved_by"] = "somebody"
    forger.save()
    report = audit(town_url)
    assert report.ok
    [found] = [finding for finding in report.findings if finding.name == "two_people"]
    assert found.looked_at == {"by_hand": 2, "before_operators": 2}


def test_two_people_one_for_both(town_url: str) -> None:
    forger = Forger(town_url)
    line = approval(forger)
    sent = command(c.SeedReserve, **json.loads(line.data["text"]))
    signed = ANN.sign(sent, Part.CHECKER)
    line.data["checker"] = signed.model_dump() | {"public_key": ANN.public_key}
    forger.first(ReserveSeeded).data["approved_by"] = "ann"
    forger.save()
    assert broken(town_url) == {"two_people"}


def test_two_people_a_key_that_was_never_registered(town_url: str) -> None:
    forger = Forger(town_url)
    line = approval(forger)
    sent = command(c.SeedReserve, **json.loads(line.data["text"]))
    forged = Signer("ben", CUI.key)
    signed = forged.sign(sent, Part.CHECKER)
    line.data["checker"] = signed.model_dump() | {"public_key": forged.public_key}
    forger.save()
    assert broken(town_url) == {"two_people"}


@pytest.mark.parametrize("part", ["maker", "checker"])
def test_two_people_another_public_key_in_the_event(town_url: str, part: str) -> None:
    forger = Forger(town_url)
    approval(forger).data[part]["public_key"] = CUI.public_key
    forger.save()
    assert broken(town_url) == {"two_people"}


@pytest.mark.parametrize(
    ("name", "value"), [("amount_fen", 49_999), ("id", "another"), ("platform", "p2")]
)
def test_two_people_what_was_signed_is_something_else(
    town_url: str, name: str, value: object
) -> None:
    """Really signed by both, but not what was done."""
    forger = Forger(town_url)
    line = approval(forger)
    sent = command(c.SeedReserve, **(json.loads(line.data["text"]) | {name: value}))
    line.data["text"] = sent.text_to_sign()
    for part in ("maker", "checker"):
        line.data[part] |= getattr(sent, part).model_dump()
    forger.save()
    assert broken(town_url) == {"two_people"}


def test_two_people_another_text_under_the_signatures(town_url: str) -> None:
    forger = Forger(town_url)
    line = approval(forger)
    line.data["text"] = line.data["text"].replace('"seed_id":"seed"', '"seed_id":"deed"')
    forger.save()
    assert broken(town_url) == {"two_people"}


def test_two_people_another_checker_than_the_one_who_signed(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(ReserveSeeded).data["approved_by"] = "ann"
    forger.save()
    assert broken(town_url) == {"two_people"}


def test_two_people_another_way_to_write_what_was_signed(town_url: str) -> None:
    """One command has one text: else two texts could be one command."""
    forger = Forger(town_url)
    line = approval(forger)
    text = json.dumps(json.loads(line.data["text"]))
    line.data["text"] = text
    for part, signer in ((Part.MAKER, ANN), (Part.CHECKER, BEN)):
        signature = signer.key.sign(bytes_to_sign(part, text))
        line.data[part]["signature"] = b64encode(signature).decode()
    forger.save()
    assert broken(town_url) == {"two_people"}


def test_two_people_more_money_than_was_signed(town_url: str) -> None:
    forger = Forger(town_url)
    forger.first(EntryRequested, entry_id="S-seed").data["movements"][0]["amount_fen"] += 1
    forger.save()
    assert "two_people" in broken(town_url)


def test_two_people_a_text_that_is_no_command(town_url: str) -> None:
    forger = Forger(town_url)
    approval(forger).data["text"] = "{}"
    forger.save()
    assert broken(town_url) == {"two_people"}


def test_two_people_an_operator_of_whom_nobody_knew(town_url: str) -> None:
    forger = Forger(town_url)
    line = [line for line in forger.lines if line.topic == OperatorRegistered.TOPIC][-1]
    mallory = Signer.made_up("mallory", "tests")
    registered = OperatorRegistered(
        operator_id="mallory",
        role=OperatorRole.OPERATOR,
        public_key=mallory.public_key,
        registered_on=TODAY,
    )
    forger.insert_after(line, OPERATORS, registered)
    forger.save()
    assert broken(town_url) == {"two_people"}


def test_two_people_a_payment_that_was_backdated_afterwards(town_url: str) -> None:
    forger = Forger(town_url)
    line = forger.first(RepaymentAccepted, payment_id="p3")
    line.data["effective_on"] = line.envelope["on"][:-2] + "01"
    forger.save()
    assert "two_people" in broken(town_url)
