"""From an event to the bank and back, one kind of request after the other."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT
from domain.assignment import AssignmentEnded, AssignmentOffered, Reason
from domain.bank_requests import (
    ChangeProject,
    EndOffer,
    EstablishProject,
    Execute,
    Freeze,
    FreezeFunds,
    Leg,
    Offered,
    OfferShare,
    ProjectStage,
    Recharge,
    Release,
    UnfreezeFunds,
)
from domain.cashbook import Movement
from domain.commands import (
    ConfirmOffer,
    ConfirmProject,
    RefuseOffer,
    RejectEntry,
    SettleEntry,
)
from domain.ports import BankAnswer, BankOutcome
from domain.purposes import Purpose
from infra.clock import ManualClock
from tests.services.custody import world as w
from tests.services.custody.conftest import House


def test_a_loan_that_is_admitted_again_is_another_request(house: House) -> None:
    house.bank.answers["L-L1"] = [w.REFUSED]
    house.log.append(*w.loan("L1"))
    custody = house.run()
    house.log.append(w.admitted("L1"))
    house.run(custody)
    assert house.bank.numbers == ["L-L1", "L-L1.2"]
    project = house.bank.sent[1]
    assert isinstance(project, EstablishProject)
    assert (project.project_no, project.borrower, project.method) == (
        "L1",
        "bob:borrower",
        "bullet",
    )
    assert house.writer.ids == ["project:L1:1", "project:L1:2"]
    assert isinstance(house.writer.taken["project:L1:2"], ConfirmProject)


def test_money_is_settled_with_the_banks_date(house: House) -> None:
    stated = date(2018, 1, 4)
    house.bank.always = BankAnswer(BankOutcome.SUCCEEDED, bank_date=stated)
    house.log.append(w.recharge("1"))
    house.run()
    (sent,) = house.bank.sent
    assert sent == Recharge("C-1.1", "ann:investor", 500)
    settled = house.writer.taken["settle:C-1"]
    assert isinstance(settled, SettleEntry)
    assert (settled.entry_id, settled.bank_date, settled.actor) == ("C-1", stated, "custody")


def test_where_the_bank_states_no_date_it_is_the_day_in_shanghai(house: House) -> None:
    house.clock = ManualClock(w.NOON.replace(hour=17))  # One in the morning of the next day.
    house.bank.always = BankAnswer(BankOutcome.SUCCEEDED)
    house.log.append(w.recharge("1"))
    house.run()
    settled = house.writer.taken["settle:C-1"]
    assert isinstance(settled, SettleEntry)
    assert settled.bank_date == date(2018, 1, 6)


def test_a_refusal_rejects_the_entry_with_the_banks_code(house: House) -> None:
    house.bank.always = w.REFUSED
    house.log.append(w.recharge("1"))
    house.run()
    rejected = house.writer.taken["reject:C-1"]
    assert isinstance(rejected, RejectEntry)
    assert (rejected.entry_id, rejected.bank_code) == ("C-1", "100014")


def test_a_disbursement_is_one_call_and_an_instruction_a_movement(house: House) -> None:
    house.log.append(*w.loan("L1"), w.tender("1"), w.tender("2"))
    custody = house.run()
    house.log.append(w.disbursement())
    house.run(custody)
    call = house.bank.sent[-1]
    assert isinstance(call, Execute)
    assert (call.request_no, call.purpose, call.project_no) == (
        "D-L1-1",
        Purpose.DISBURSEMENT,
        "L1",
    )
    assert [(leg.movement_id, leg.amount_fen, leg.freeze_request_no) for leg in call.legs] == [
        ("D-L1-1.1", 100, "T-1.1"),
        ("D-L1-1.2", 100, "T-2.1"),
        ("D-L1-1.3", 7, None),
    ]
    query = "SELECT movement_id, request_no, amount_fen FROM instruction WHERE entry_id = 'D-L1-1'"
    assert sorted(house.rows(query)) == [
        ("D-L1-1.1", "D-L1-1", 100),
        ("D-L1-1.2", "D-L1-1", 100),
        ("D-L1-1.3", "D-L1-1", 7),
    ]
    assert house.writer.ids.count("settle:D-L1-1") == 1


@pytest.mark.parametrize(
    ("purpose", "payer", "payee"),
    [
        (Purpose.RESERVE_SURPLUS, RESERVE_ACCOUNT, INCOME_ACCOUNT),
        (Purpose.REVERSAL, INCOME_ACCOUNT, "bob:borrower"),
        (Purpose.SHORTFALL_COVER, INCOME_ACCOUNT, "ann:investor"),
    ],
)
def test_what_the_platform_moves_by_hand_belongs_to_no_project(
    house: House, purpose: Purpose, payer: str, payee: str
) -> None:
    moved = Movement(id="Z-1.1", purpose=purpose, payer=payer, payee=payee, amount_fen=9)
    house.log.append(w.entry("Z-1", "platform", moved))
    house.run()
    leg = Leg("Z-1.1", purpose, payer, payee, 9)
    assert house.bank.sent == [Execute("Z-1", purpose, None, (leg,))]


def test_an_indirect_advance_is_one_call_and_its_holds_are_others(house: House) -> None:
    gus, bob, ann = "gus:guarantor", "bob:borrower", "ann:investor"

    def moved(
        number: str, purpose: Purpose, payer: str, payee: str, freeze: str | None = None
    ) -> Movement:
        return Movement(
            id=number, purpose=purpose, payer=payer, payee=payee, amount_fen=9, freeze=freeze
        )

    house.log.append(
        *w.loan("L1"),
        w.entry("GH-1", "L1", moved("GH-1.1", Purpose.GUARANTEE_HOLD, gus, gus)),
        w.entry(
            "GA-1",
            "L1",
            moved("GA-1.1", Purpose.GUARANTEE_ADVANCE, gus, bob, freeze="GH-1.1"),
            moved("GA-1.2", Purpose.ADVANCE_PASSED_ON, bob, ann),
        ),
        w.entry(
            "GX-1", "L1", moved("GX-1.1", Purpose.GUARANTEE_RELEASE, gus, gus, freeze="GH-1.1")
        ),
    )
    house.run()
    advanced = Leg("GA-1.1", Purpose.GUARANTEE_ADVANCE, gus, bob, 9, freeze_request_no="GH-1.1")
    passed_on = Leg("GA-1.2", Purpose.ADVANCE_PASSED_ON, bob, ann, 9)
    assert house.bank.sent[1:] == [
        Freeze("GH-1.1", gus, Purpose.GUARANTEE_HOLD, 9, "L1"),
        Execute("GA-1", Purpose.GUARANTEE_ADVANCE, "L1", (advanced, passed_on)),
        Release("GX-1.1", "GH-1.1", 9),
    ]
    assert {"settle:GH-1", "settle:GA-1", "settle:GX-1"} <= set(house.writer.ids)


def an_offer(name: str) -> AssignmentOffered:
    return AssignmentOffered(
        assignment_id=name,
        loan_id="L1",
        claim_id="t1",
        seller_id="ann",
        principal_fen=10,
        price_fen=9,
        valid_until=w.DAY,
    )


def test_an_offer_is_put_on_record_and_what_is_paid_for_it_names_it(house: House) -> None:
    ann, ben = "ann:investor", "ben:investor"
    held = Movement(
        id="AH-S1.1", purpose=Purpose.ASSIGNMENT_HOLD, payer=ben, payee=ben, amount_fen=9
    )
    paid = Movement(
        id="AS-S1.1",
        purpose=Purpose.ASSIGNMENT,
        payer=ben,
        payee=ann,
        amount_fen=9,
        interest_fen=1,
        freeze="AH-S1.1",
    )
    house.log.append(*w.loan("L1"), an_offer("S1"))
    custody = house.run()
    assert isinstance(house.writer.taken["offer:S1"], ConfirmOffer)
    house.log.append(  # In another transaction: the offer is remembered.
        w.entry("AH-S1", "L1", held, reference="S1"), w.entry("AS-S1", "L1", paid, reference="S1")
    )
    house.run(custody)
    leg = Leg("AS-S1.1", Purpose.ASSIGNMENT, ben, ann, 9, 1, "AH-S1.1")
    offered = Offered("AO-S1", 10)
    assert house.bank.sent[1:] == [
        OfferShare("AO-S1", ann, "L1", 10),
        Freeze("AH-S1.1", ben, Purpose.ASSIGNMENT_HOLD, 9, "L1", offered=offered),
        Execute("AS-S1", Purpose.ASSIGNMENT, "L1", (leg,), offered),
    ]


def test_the_end_of_an_offer_is_told_to_the_bank_and_to_nobody_else(house: House) -> None:
    house.bank.answers["AO-S2"] = [w.REFUSED]
    house.bank.answers["AO-S1.end"] = [w.REFUSED]
    house.log.append(*w.loan("L1"), an_offer("S1"), an_offer("S2"))
    custody = house.run()
    assert isinstance(house.writer.taken["offer:S2"], RefuseOffer)
    for name, reason in (("S1", Reason.WITHDRAWN), ("S2", Reason.NOT_LISTED)):
        ended = AssignmentEnded(assignment_id=name, reason=reason, bank_code="")
        house.log.append(ended)
    house.run(custody)
    assert house.bank.sent[3:] == [EndOffer("AO-S1.end", "AO-S1")]
    assert house.writer.ids == ["project:L1:1", "offer:S1", "offer:S2"]
    assert house.troubles() == [("AO-S1.end", "offer_not_ended")]


def test_a_code_that_is_too_long_is_cut(house: House) -> None:
    house.bank.always = BankAnswer(BankOutcome.REFUSED, "x" * 80)
    house.log.append(w.recharge("1"))
    house.run()
    rejected = house.writer.taken["reject:C-1"]
    assert isinstance(rejected, RejectEntry)
    assert rejected.bank_code == "x" * 64


def test_freezes_and_releases_name_project_and_freeze(house: House) -> None:
    house.log.append(*w.loan("L1"), w.tender("1"))
    custody = house.run()
    house.log.append(w.release("1"))
    house.run(custody)
    assert house.bank.sent[-2:] == [
        Freeze("T-1.1", "ann:investor", Purpose.TENDER, 100, "L1"),
        Release("X-1.1", "T-1.1", 100),
    ]


def test_what_the_member_does_or_does_not_do_himself_reaches_the_bank(house: House) -> None:
    house.log.append(
        *w.loan("L1"),
        *w.member_with_card("ann"),
        replace(w.tender("1"), by_member=True),
        replace(w.recharge("1"), by_member=False),
        replace(w.withdrawal("1"), by_member=False),
    )
    house.run()
    sent = {each.request_no: each for each in house.bank.sent}
    by_member = [getattr(sent[no], "by_member", None) for no in ("T-1.1", "C-1.1", "W-1.1")]
    assert by_member == [True, False, False]


def test_funds_stand_still_and_are_given_back(house: House) -> None:
    ann = "ann:investor"
    kept = Movement(
        id="K-k1.1",
        purpose=Purpose.ADMINISTRATIVE_FREEZE,
        payer=ann,
        payee=ann,
        amount_fen=300,
    )
    freed = replace(
        kept, id="O-o1.1", purpose=Purpose.ADMINISTRATIVE_RELEASE, amount_fen=100, freeze=kept.id
    )
    house.log.append(w.entry("K-k1", "ann", kept, reference="k1"))
    custody = house.run()
    house.log.append(w.entry("O-o1", "ann", freed, reference="k1"))
    house.run(custody)
    assert house.bank.sent == [
        FreezeFunds("K-k1.1", ann, 300),
        UnfreezeFunds("O-o1.1", ann, "K-k1.1", 100),
    ]
    assert {"settle:K-k1", "settle:O-o1"} <= house.writer.taken.keys()


def test_a_stage_is_told_to_the_bank_and_to_nobody_else(house: House) -> None:
    house.log.append(*w.loan("L1"), w.disbursed("L1"))
    custody = house.run()
    assert house.bank.sent[-1] == ChangeProject("L-L1.repaying", "L1", ProjectStage.REPAYING)
    assert house.writer.ids == ["project:L1:1"]
    assert custody.idle()


def test_a_refused_stage_is_a_trouble(house: House) -> None:
    house.bank.answers["L-L1.repaying"] = [w.REFUSED]
    house.log.append(*w.loan("L1"), w.disbursed("L1"))
    assert house.run().idle()
    assert house.troubles() == [("L-L1.repaying", "project_not_changed")]


def test_what_the_writer_refuses_is_a_trouble_and_said_once(house: House) -> None:
    house.writer.refuse.add("settle:C-1")
    house.log.append(w.recharge("1"))
    custody = house.run()
    assert house.troubles() == [("C-1.1", "writer_refused:entry_closed")]
    assert custody.idle()
