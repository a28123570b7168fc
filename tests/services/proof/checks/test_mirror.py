"""Rule 2: an instruction for each movement, and the bank's word for each settlement; falsified."""

from __future__ import annotations

from itertools import pairwise

from domain.cashbook import (
    EntryRequested,
    EntrySettled,
)
from domain.loan_events import (
    AdvanceOpened,
    AdvancePaid,
)
from tests.services.proof.auditor import broken
from tests.services.proof.forger import Forger


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
