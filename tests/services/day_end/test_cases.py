"""Collection cases and a wind-down through the writer and the real day end, over one borrower."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from adapters.blacklist import listed, signed
from adapters.credit_bureau import records_of
from adapters.read_models.reading import ReadModels
from adapters.shard_schema import shard_schema
from adapters.signing import Signer
from adapters.vault import Vault
from domain import collection_events as e
from domain import commands as c
from domain.accounts import Role
from domain.blacklist import Ground
from domain.collection_rules import Stage, StageFrom
from domain.conduct import Means, Outcome, Party
from domain.loan_events import SuitFiled
from domain.platform import AccountsEmptied
from domain.schedule import Method
from infra.clock import SHANGHAI
from services.proof.verify import verify
from tests.house import SEAL, House
from tests.services.day_end.conftest import Nights

START = date(2025, 3, 3)
DUE = date(2025, 4, 3)
STAGES = (
    StageFrom(Stage.REMINDER, 1),
    StageFrom(Stage.WARNING, 3),
    StageFrom(Stage.ACTION, 5),
)
NOTE = "says that the shop opens again on Monday"


@pytest.fixture
def late(database: str) -> Iterator[Nights]:
    """bob owes lucy 1,000 yuan on 3 April, without fees or penalty."""
    house = House(database, today=START)
    house.open(policy={"fee_by_grade": {}, "contribution_by_grade": {}, "penalty_bands": "1-:0"})
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 1_000_00)
    house.guarantor("gus", 0)
    once: dict[str, Any] = {
        "periods": 1,
        "method": Method.BULLET,
        "annual_rate": "0",
        "guarantor": "gus",
    }
    house.lend("L1", "bob", {"lucy": 1_000_00}, **once)
    nights = Nights(house)
    yield nights
    nights.close()


def ruled(nights: Nights) -> House:
    nights.house.do(
        c.SetCollectionRules,
        valid_from=START,
        conduct_table="cn-consumer",
        stages=STAGES,
        unreachable_after=1,
    )
    return nights.house


def at(nights: Nights, hour: int) -> datetime:
    """Yesterday, so that it is past in any case."""
    yesterday = nights.house.today - timedelta(days=1)
    return datetime.combine(yesterday, time(hour), SHANGHAI)


def call(nights: Nights, action_id: str, hour: int = 10, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "borrower_id": "bob",
        "action_id": action_id,
        "means": Means.CALL,
        "party": Party.DEBTOR,
        "at": at(nights, hour),
        "outcome": Outcome.REACHED,
    }
    return usual | changes


def proved(house: House) -> bool:
    """Without custody nothing is mirrored; all else holds."""
    found = {finding.name: finding.ok for finding in verify(house.url, house.platform).findings}
    return found["streams"] and found["two_people"] and found["register"]


def case_events(house: House) -> list[Any]:
    return [type(each.event) for each in house.recorded() if each.stream == "case-bob"]


def test_without_rules_a_late_borrower_has_no_case(late: Nights) -> None:
    late.roll_to(DUE + timedelta(days=6))
    assert case_events(late.house) == []
    assert late.asked(c.AssessCase) == []
    assert late.house.refused(c.RecordCollectionAction, **call(late, "a1")) == "case_not_open"


def test_a_case_from_the_first_late_day_to_the_last_fen(late: Nights) -> None:
    house = ruled(late)
    late.roll_to(DUE)
    assert late.asked(c.AssessCase) == []
    late.roll()
    assert case_events(house) == [e.CaseOpened, e.CaseStaged]

    # What breaks a rule is on record by its receipt alone.
    late.roll()
    assert house.refused(c.RecordCollectionAction, **call(late, "a1", 23)) == "contact_at_night"
    visit = call(late, "a1", means=Means.VISIT)
    assert house.refused(c.RecordCollectionAction, **visit) == "stage_too_early"
    [record] = house.query(
        "SELECT code, actor, message FROM {}.receipt WHERE type = 'record_collection_action'"
        " ORDER BY number LIMIT 1"
    )
    assert record == (
        "contact_at_night",
        "ops",
        "call to bob, case bob, 2025-04-04 23:00: not from 22:00 to 08:00, Asia/Shanghai",
    )
    tomorrow = at(late, 10) + timedelta(days=2)
    early = call(late, "a1", at=tomorrow)
    assert house.refused(c.RecordCollectionAction, **early) == "action_in_future"
    stranger = call(late, "a1", party=Party.GUARANTOR, person_id="ned")
    assert house.refused(c.RecordCollectionAction, **stranger) == "not_guarantor"

    house.do(c.RecordCollectionAction, **call(late, "a1", note=NOTE))
    [ref] = [each.note_ref for each in house.of(e.ActionTaken)]
    vault = Vault(house.url, shard_schema(house.platform), SEAL)
    assert vault.open(ref or "") == {"note": NOTE}
    vault.close()
    stored = house.query("SELECT state FROM {}.stored_events")
    assert not [state for (state,) in stored if b"Monday" in state]

    house.do(c.RecordCollectionAction, **call(late, "g1", party=Party.GUARANTOR, person_id="gus"))

    # A promise, kept by two payments.
    late.roll()
    house.do(
        c.RecordPromise,
        borrower_id="bob",
        promise_id="p1",
        amount_fen=300_00,
        pay_by=house.today + timedelta(days=3),
    )
    house.repay("r1", "L1", 100_00)
    house.repay("r2", "L1", 200_00)
    house.settle_all()
    late.roll()
    assert case_events(house)[-3:] == [e.PromisePaid, e.PromisePaid, e.PromiseKept]
    house.do(c.RecordPromise, borrower_id="bob", promise_id="p2", amount_fen=1, pay_by=house.today)
    late.roll()
    broken, staged = case_events(house)[-2:]
    assert (broken, staged) == (e.PromiseBroken, e.CaseStaged)

    # Action: an agency, a lawsuit; and the money comes.
    house.do(c.HandOverCase, borrower_id="bob", agency_id="x")
    house.do(c.RecordCollectionAction, **call(late, "a2", agency_id="x", means=Means.VISIT))
    papers: dict[str, Any] = {"borrower_id": "bob", "lawsuit_id": "s1", "document_hash": "0" * 64}
    house.do(c.RecordLawsuit, step=e.LawsuitStep.FILED, loan_id="L1", on=house.today, **papers)
    house.do(
        c.RecordLawsuit, step=e.LawsuitStep.JUDGED, on=house.today, court_costs_fen=50_00, **papers
    )
    [suit] = house.of(SuitFiled)
    assert (suit.loan_id, suit.lawsuit_id, suit.filed_on) == ("L1", "s1", house.today)
    before = late.written()
    late.day_end.run(house.today)
    assert late.written() == before
    house.repay("r3", "L1", 700_00)
    house.settle_all()
    late.roll()
    assert e.CaseClosed not in case_events(house)
    house.recharge("bob", Role.BORROWER, 50_00)
    house.repay("r4", "L1", 50_00)
    house.settle_all()
    assert house.available("platform:income") == 50_00
    late.roll()
    assert case_events(house)[-1] is e.CaseClosed
    asked = late.asked(c.AssessCase)
    late.roll()
    assert late.asked(c.AssessCase) == asked

    late.projector.catch_up()
    views = ReadModels(house.url, house.platform)
    shown = views.case("bob").value
    assert views.cases().value == []
    views.close()
    assert (shown.case.number, shown.case.actions, shown.case.closed_on) == (
        1,
        3,
        house.today - timedelta(days=1),
    )
    assert [(each.status, each.paid_fen) for each in shown.promises] == [
        ("kept", 300_00),
        ("broken", 0),
    ]
    assert [(each.step, each.court_costs_fen) for each in shown.lawsuits] == [("judged", 50_00)]
    assert proved(house)

    # And what the credit bureau is told of it: the same, as often as it is asked.
    told = [list(records_of(house.log, START, house.today)) for _ in range(2)]
    assert json.dumps(told[0]) == json.dumps(told[1])
    assert [(each["record"], each["op_code"]) for each in told[0]][:3] == [
        ("loan_open", "A"),
        ("repayment_status", "A"),
        ("overdue", "A"),
    ]
    assert told[0][-1]["overdue_fen"] == 0
    assert [x for x in told[0] if x["record"] != "loan_open"] == list(
        records_of(house.log, START + timedelta(days=1), house.today)
    )


def test_whom_another_platform_lists_is_lent_nothing(late: Nights) -> None:
    house = late.house
    house.do(
        c.BlacklistMember,
        member_id="bob",
        evidence="case 17",
        ground=Ground.LONG_OVERDUE,
        evidence_hash="0" * 64,
    )
    late.projector.catch_up()
    views = ReadModels(house.url, house.platform)
    vault = Vault(house.url, shard_schema(house.platform), SEAL)
    people = listed(views.blacklist().value.entries, vault, SEAL)
    [ours] = signed("p2", house.today, people, SEAL, Signer.made_up("p2", "tests"))
    house.do(c.RemoveFromBlacklist, member_id="bob", evidence_hash="0" * 64)
    house.member("kim", Role.BORROWER)
    house.rated("L2", "bob", 100_00)
    house.rated("L3", "kim", 100_00)
    house.do(c.ImportBlacklist, **ours.model_dump())
    deadline = house.today + timedelta(days=7)
    receipt = house.ask(c.PublishLoan, loan_id="L2", deadline=deadline)
    assert (receipt.code, receipt.message) == (
        "blacklisted_elsewhere",
        f"list p2, entry {people[0].entry_id}",
    )
    house.do(c.PublishLoan, loan_id="L3", deadline=deadline)
    late.projector.catch_up()
    shown = views.blacklist().value
    assert listed(shown.entries, vault, SEAL) == []
    assert [(each.issuer, each.entries) for each in shown.of_others] == [("p2", 1)]
    views.close()
    vault.close()
    assert proved(house)


def test_a_wind_down_ends_with_empty_accounts(late: Nights) -> None:
    house = late.house
    house.rated("L2", "bob", 100_00)
    house.do(c.WindDown, plan_hash="0" * 64)
    assert house.refused(c.WindDown, plan_hash="0" * 64) == "winding_down"
    deadline = house.today + timedelta(days=7)
    assert house.refused(c.PublishLoan, loan_id="L2", deadline=deadline) == "winding_down"
    late.roll_to(DUE)
    assert house.of(AccountsEmptied) == []
    house.repay("r1", "L1", 1_000_00)
    house.settle_all()
    house.bind("lucy", Role.INVESTOR, "b1")
    fields: dict[str, Any] = {"member_id": "lucy", "role": Role.INVESTOR, "binding_id": "b1"}
    house.do(c.RequestWithdrawal, withdrawal_id="w1", amount_fen=1_000_00, **fields)
    house.settle_all()
    late.roll()
    assert [each.emptied_on for each in house.of(AccountsEmptied)] == [house.today]
    late.roll()
    assert len(house.of(AccountsEmptied)) == 1
