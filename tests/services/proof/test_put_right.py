"""A story of shortfalls and reversals holds, and what is forged in it is found."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.cashbook import BankMovementRecorded, EntryRequested
from domain.funds_freeze import FundsFreezeOrdered, FundsReleaseOrdered
from domain.purposes import Purpose
from domain.reversal import MovementTakenBack, ReversalRequested
from domain.shortfall import ShortfallClaimed, ShortfallCovered
from services.proof.report import Report
from services.proof.verify import verify
from tests.exemplars import command
from tests.services.proof.forger import Forger
from tests.services.proof.town import FIRST_DAY, PLATFORM, Town


def debit(town: Town, record: str, account: str, fen: int) -> c.RecordBankMovement:
    return c.RecordBankMovement(
        **town.base("custody", f"bank:{record}"),
        bank_record=record,
        purpose=Purpose.BANK_ADJUSTMENT,
        account=account,
        amount_fen=fen,
        credit=False,
        bank_date=FIRST_DAY,
    )


def reverse(town: Town, reversal_id: str, fen: int) -> c.ReverseMovement:
    return command(
        c.ReverseMovement,
        **town.base(),
        reversal_id=reversal_id,
        movement_id="D-L1-1.2",
        amount_fen=fen,
        reason="by mistake",
    )


def give_back(town: Town, release_id: str, fen: int) -> c.UnfreezeFunds:
    about = {"freeze_id": "k1", "evidence": "order 18", "amount_fen": fen}
    return command(c.UnfreezeFunds, **town.base(), release_id=release_id, **about)


@pytest.fixture
def story_url(database: str) -> str:
    """The bank takes too much from an investor twice, and from a borrower: repayments, a refused
    tender and the platform cover it, the last claim in part. A fee goes back in two parts, of
    which the bank refuses one at first; so it does where a part of what stands still is given
    back."""
    with closing(Town(database)) as town:
        town.open()
        town.join("ann", Role.INVESTOR, 2_000_000)
        town.join("cui", Role.BORROWER, 100_000)
        town.publish("L1", "cui", 1_000_000)
        town.tender("t1", "L1", "ann", 1_000_000)
        town.disburse("L1")
        town.publish("L2", "cui", 1_000_000)
        town.delayed.add("T-t2")
        town.tender("t2", "L2", "ann", 999_000)
        town.ask(debit(town, "1", "ann:investor", 1_500))
        town.refused.add("T-t2")
        town.release("T-t2")
        town.ask(debit(town, "2", "ann:investor", 999_000), debit(town, "3", "cui:borrower", 2))
        town.recharge("r2", "ann", Role.INVESTOR, 300)
        town.ask(
            command(c.CoverShortfall, **town.base(), cover_id="g1", entry_id="B-2", amount_fen=100)
        )
        town.refused.add("Q-v1")
        for reversal_id, fen in (("v1", 15_000), ("v2", 10_000), ("v3", 9_000)):
            town.ask(reverse(town, reversal_id, fen))
        still = {"freeze_id": "k1", "member_id": "cui", "role": Role.BORROWER}
        town.ask(
            command(c.FreezeFunds, **town.base(), amount_fen=1_000, evidence="order 17", **still)
        )
        town.refused.add("O-o1")
        for release_id in ("o1", "o2"):
            town.ask(give_back(town, release_id, 600))
    return database


def broken(report: Report) -> set[str]:
    return {finding.name for finding in report.findings if not finding.ok}


def test_what_was_put_right_holds(story_url: str) -> None:
    report = verify(story_url, PLATFORM)
    assert broken(report) == set()
    looked_at = {finding.name: finding.looked_at for finding in report.findings}
    assert looked_at["shortfalls"] == {"claims": 2, "covers": 3, "open_fen": 100}
    assert looked_at["corrections"] == {"corrections": 3}
    assert looked_at["balances"]["shortfall_fen"] == 100


@pytest.mark.parametrize(
    ("kind", "field", "value", "found"),
    [
        (ReversalRequested, "amount_fen", 10_001, {"two_people"}),
        (ReversalRequested, "approved_by", "ann", {"two_people"}),
        (FundsFreezeOrdered, "amount_fen", 1_001, {"two_people"}),
        (FundsFreezeOrdered, "evidence", "none", {"two_people"}),
        (FundsReleaseOrdered, "approved_by", "ann", {"two_people"}),
        (ShortfallCovered, "left_fen", 1, {"shortfalls"}),
        (ShortfallCovered, "covered_by", "C-r1", {"shortfalls"}),
        (ShortfallClaimed, "owner", "", {"shortfalls"}),
    ],
)
def test_what_is_forged_is_found(
    story_url: str, kind: Any, field: str, value: object, found: set[str]
) -> None:
    forger = Forger(story_url)
    forger.first(kind).data[field] = value
    forger.save()
    assert found <= broken(verify(story_url, PLATFORM))


def test_a_cover_is_for_the_claim_that_was_signed(story_url: str) -> None:
    forger = Forger(story_url)
    forger.first(EntryRequested, entry_id="SC-g1").data["reference"] = "B-1"
    forger.save()
    assert broken(verify(story_url, PLATFORM)) == {"two_people"}


def test_a_cover_whose_money_is_not_the_platforms_own_by_two(story_url: str) -> None:
    """The signatures are gone."""
    forger = Forger(story_url)
    approved = forger.lines[forger.lines.index(forger.first(EntryRequested, entry_id="SC-g1")) - 1]
    forger.drop(approved)
    forger.save()
    assert "two_people" in broken(verify(story_url, PLATFORM))


def test_more_is_given_back_than_stands_still(story_url: str) -> None:
    forger = Forger(story_url)
    forger.first(EntryRequested, entry_id="K-k1").data["movements"][0]["amount_fen"] = 500
    forger.save()
    assert {"freezes", "two_people"} <= broken(verify(story_url, PLATFORM))


def test_more_than_was_moved_goes_back(story_url: str) -> None:
    forger = Forger(story_url)
    for line in forger.lines:
        if line.topic == EntryRequested.TOPIC and line.data["entry_id"] == "D-L1-1":
            line.data["movements"][1]["amount_fen"] = 15_000
    forger.save()
    assert "corrections" in broken(verify(story_url, PLATFORM))


@pytest.fixture
def undone_url(database: str) -> str:
    """The bank took back what a lender lent."""
    with closing(Town(database)) as town:
        town.open()
        town.join("ann", Role.INVESTOR, 2_000_000)
        town.join("cui", Role.BORROWER, 100_000)
        town.publish("L1", "cui", 1_000_000)
        town.tender("t1", "L1", "ann", 1_000_000)
        town.disburse("L1")
        fields = {"movement_id": "D-L1-1.1", "bank_date": FIRST_DAY, "reason": "the bank wrote so"}
        town.ask(command(c.RecordBankReversal, **town.base(), **fields))
    return database


def test_what_the_bank_took_back_holds(undone_url: str) -> None:
    report = verify(undone_url, PLATFORM)
    assert broken(report) == set()
    looked_at = {finding.name: finding.looked_at for finding in report.findings}
    assert looked_at["corrections"] == {"corrections": 1}


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (MovementTakenBack, "bank_date", "2017-12-31"),
        (MovementTakenBack, "movement_id", "D-L1-1.2"),
        (MovementTakenBack, "approved_by", "ann"),
        (BankMovementRecorded, "bank_date", "2017-12-31"),
        (BankMovementRecorded, "origin", "D-L1-1.2"),
    ],
)
def test_what_is_not_as_two_signed_it_is_found(
    undone_url: str, kind: Any, field: str, value: object
) -> None:
    forger = Forger(undone_url)
    forger.first(kind).data[field] = value
    forger.save()
    assert "two_people" in broken(verify(undone_url, PLATFORM))


def test_what_nobody_signed_is_found(undone_url: str) -> None:
    forger = Forger(undone_url)
    taken = forger.lines.index(forger.first(MovementTakenBack))
    forger.drop(forger.lines[taken - 1])
    forger.save()
    assert "two_people" in broken(verify(undone_url, PLATFORM))


def test_more_than_it_had_carried_out_is_found(undone_url: str) -> None:
    forger = Forger(undone_url)
    forger.first(BankMovementRecorded).data["movement"]["amount_fen"] += 1
    forger.save()
    assert "corrections" in broken(verify(undone_url, PLATFORM))
