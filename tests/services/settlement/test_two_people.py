"""Through the writer: what is done by hand needs two people, however it comes."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from adapters.blacklist import signed
from adapters.commanding import Outcome, Receipt
from adapters.signing import NOT_YET, Signer, by_two
from domain import commands as c
from domain.accounts import Role
from domain.cashbook import EntryRequested
from domain.commands import Manual
from domain.operators import CommandApproved, OperatorRegistered, OperatorRole, Part, Signature
from domain.purposes import Purpose
from domain.refusals import Code
from domain.reserve import ReserveSeeded
from domain.streams import OPERATORS
from services.settlement.intake import Intake
from tests.exemplars import ANN, BEN, CUI, TODAY, command
from tests.house import SEAL, House
from tests.services.settlement.whole import assert_whole

DAN, WEB = (Signer.made_up(name, "tests") for name in ("dan", "web"))
PAPER = {"evidence_hash": "0" * 64}
[LIST] = signed("p2", TODAY, [], SEAL, Signer.made_up("p2", "tests"))
BY_HAND: dict[type[Manual], dict[str, Any]] = {
    c.SeedReserve: {"seed_id": "s1", "amount_fen": 100},
    c.MoveReserveSurplus: {"surplus_id": "z1", "amount_fen": 100},
    c.ReverseMovement: {
        "reversal_id": "v1",
        "movement_id": "D-L1-1.2",
        "amount_fen": 1,
        "reason": "by mistake",
    },
    c.RecordBankReversal: {
        "movement_id": "D-L1-1.1",
        "bank_date": TODAY,
        "reason": "the bank wrote so",
    },
    c.CoverShortfall: {"cover_id": "g1", "entry_id": "B-1", "amount_fen": 1},
    c.FreezeFunds: {
        "freeze_id": "k1",
        "member_id": "bob",
        "role": Role.BORROWER,
        "amount_fen": 1,
        "evidence": "order 17",
    },
    c.UnfreezeFunds: {
        "release_id": "o1",
        "freeze_id": "k0",
        "amount_fen": 1,
        "evidence": "order 18",
    },
    c.AppointGuarantor: {"guarantor_id": "gus", "limit_fen": 5_000_00},
    c.ConfirmOverdue: {"loan_id": "L1", "period": 1},
    c.BlacklistMember: {"member_id": "bob", "evidence": "judgement"},
    c.RegisterRelatedParty: {"member_id": "lucy", "evidence": "register"},
    c.RegisterOperator: {
        "operator_id": "dan",
        "role": OperatorRole.OPERATOR,
        "public_key": DAN.public_key,
    },
    c.RejectAppeal: {"member_id": "kim", **PAPER},
    c.RemoveFromBlacklist: {"member_id": "kim", **PAPER},
    c.ImportBlacklist: LIST.model_dump(),
    c.RetireOperator: {"operator_id": "cui"},
    c.WindDown: {"plan_hash": "0" * 64},
}


@pytest.fixture
def town(house: House) -> House:
    """A reserve with money, a borrower who is to pay and his guarantor, an account that lacks
    something, one of which a part stands still, somebody who appeals against the blacklist, and
    operators Ann, Ben and Cui."""
    house.open(policy={"cap": "0"})
    house.member("lucy", Role.INVESTOR, 1_000_00)
    house.member("bob", Role.BORROWER, 1_000_00)
    house.guarantor("gus", 0)
    house.lend("L1", "bob", {"lucy": 1_000_00}, guarantor="gus")
    house.seed(500_00)
    house.do(
        c.RecordBankMovement,
        bank_record="1",
        purpose=Purpose.BANK_ADJUSTMENT,
        account="platform:marketing",
        amount_fen=1,
        credit=False,
        bank_date=TODAY,
    )
    still: dict[str, Any] = {"freeze_id": "k0", "member_id": "bob", "role": Role.BORROWER}
    house.do(c.FreezeFunds, amount_fen=2, evidence="order 16", **still)
    house.settle("K-k0")
    house.member("kim", Role.BORROWER)
    house.do(c.BlacklistMember, member_id="kim", evidence="judgement")
    house.do(c.AppealBlacklisting, member_id="kim", **PAPER)
    return house


def signature(signer: Signer) -> Signature:
    """What he never signed."""
    return NOT_YET.model_copy(update={"operator_id": signer.operator_id})


def sent(town: House, *commands: c.Command) -> list[Receipt]:
    return town.writer.submit(commands)


def refused(town: House, sent: c.Command) -> tuple[str, str | None]:
    """The code and the field; and nothing but the receipt was written."""
    before = town.log.head(), town.balances()
    [receipt] = town.writer.submit([sent])
    assert receipt.outcome is Outcome.REFUSED, receipt
    assert (town.log.head(), town.balances()) == before
    return receipt.code, receipt.field


def seed(town: House, maker: Signer, checker: Signer, **fields: Any) -> c.SeedReserve:
    usual: dict[str, Any] = {"id": f"seed-{town.log.head()}", "platform": town.platform}
    usual |= {"actor": "ops", "seed_id": "s1", "amount_fen": 100}
    return by_two(c.SeedReserve, maker, checker, **(usual | fields))


# -- every command that is done by hand -----------------------------------------------------


def until_it_can_be_asked(town: House, kind: type[Manual]) -> None:
    if kind is c.ConfirmOverdue:
        town.roll_to(TODAY + timedelta(days=29))


def test_these_are_the_commands() -> None:
    assert set(Manual.__subclasses__()) == set(BY_HAND)


@pytest.mark.parametrize("kind", BY_HAND, ids=lambda kind: kind.__name__)
def test_one_person_can_do_nothing_by_hand(town: House, kind: type[Manual]) -> None:
    fields = BY_HAND[kind]
    until_it_can_be_asked(town, kind)
    for two, code, field in (
        ((ANN, ANN), Code.SECOND_PERSON_REQUIRED, "checker.operator_id"),
        ((ANN, DAN), Code.OPERATOR_UNKNOWN, "checker.operator_id"),
        ((DAN, ANN), Code.OPERATOR_UNKNOWN, "maker.operator_id"),
    ):
        usual: dict[str, Any] = {"id": f"{code}-{field}", "platform": town.platform, "actor": "ops"}
        assert refused(town, by_two(kind, two[0], two[1], **usual, **fields)) == (code, field)
    for part, signer in ((Part.MAKER, ANN), (Part.CHECKER, BEN)):
        forged = command(kind, platform=town.platform, **fields).model_copy(
            update={part: signature(signer)}
        )
        assert refused(town, forged) == (Code.SIGNATURE_WRONG, f"{part}.signature")
    town.do(kind, **fields)  # Ann and Ben.


@pytest.mark.parametrize("kind", BY_HAND, ids=lambda kind: kind.__name__)
def test_both_keys_are_on_record_before_what_follows(town: House, kind: type[Manual]) -> None:
    until_it_can_be_asked(town, kind)
    receipt = town.do(kind, **BY_HAND[kind])
    events = town.recorded(after=receipt.first_position - 1)
    first = events[0].event
    assert isinstance(first, CommandApproved)
    assert (events[0].stream, events[0].cause) == (OPERATORS, receipt.command_id)
    assert (first.maker.public_key, first.checker.public_key) == (ANN.public_key, BEN.public_key)
    assert len(events) > 1
    assert_whole(town)


def test_the_checker_is_named_where_a_name_stood(town: House) -> None:
    assert {event.approved_by for event in town.of(ReserveSeeded)} == {"ben"}


# -- what was signed is what is done --------------------------------------------------------


def test_a_command_that_was_changed_after_it_was_signed(town: House) -> None:
    signed = seed(town, ANN, BEN)
    changed = signed.model_copy(update={"amount_fen": 100_000})
    assert refused(town, changed) == (Code.SIGNATURE_WRONG, "maker.signature")


def test_signatures_are_used_once(town: House) -> None:
    signed = seed(town, ANN, BEN)
    assert sent(town, signed, signed)[1].replayed
    again = signed.model_copy(update={"id": "again", "seed_id": "s2"})
    assert refused(town, again) == (Code.SIGNATURE_WRONG, "maker.signature")
    assert [e.entry_id for e in town.of(EntryRequested)].count("S-s1") == 1


def test_signatures_are_of_one_platform(town: House) -> None:
    other = seed(town, ANN, BEN, platform="p2")
    assert refused(town, other) == (Code.PLATFORM_UNKNOWN, "platform")
    moved = other.model_copy(update={"platform": town.platform, "id": "moved"})
    assert refused(town, moved) == (Code.SIGNATURE_WRONG, "maker.signature")


def test_by_the_inbox_it_is_the_same(town: House) -> None:
    """There it has its nulls and defaults."""
    signed = seed(town, ANN, BEN)
    forged = signed.model_copy(update={"id": "forged"})
    for message in (signed.model_dump_json(), forged.model_dump_json()):
        town.query("INSERT INTO {}.inbox (message) VALUES (%s) RETURNING 1", message.encode())
    with closing(Intake(town.url, town.platform, town.writer)) as intake:
        intake.step()
    assert town.query("SELECT command_id, code FROM {}.inbox_answer ORDER BY position") == [
        (signed.id, ""),
        ("forged", Code.SIGNATURE_WRONG),
    ]


# -- who may sign -----------------------------------------------------------------------


def test_a_retired_key_counts_for_nothing_from_then_on(town: House) -> None:
    signed = seed(town, ANN, CUI)
    town.do(c.RetireOperator, operator_id="cui")
    assert refused(town, signed) == (Code.OPERATOR_RETIRED, "checker.operator_id")
    town.writer.close()
    town.writer = town.new_writer()  # It knows only what is stored.
    again = seed(town, ANN, CUI, id="again")
    assert refused(town, again) == (Code.OPERATOR_RETIRED, "checker.operator_id")


def test_one_key_under_two_ids_is_not_two_people(town: House) -> None:
    twin = BY_HAND[c.RegisterOperator] | {"public_key": ANN.public_key}
    receipt = town.ask(c.RegisterOperator, **twin)
    assert (receipt.code, receipt.field) == (Code.KEY_TAKEN, "public_key")


def test_a_publisher_may_ask_and_not_check(town: House) -> None:
    web = {"operator_id": "web", "role": OperatorRole.PUBLISHER, "public_key": WEB.public_key}
    town.do(c.RegisterOperator, **web)
    assert refused(town, seed(town, ANN, WEB)) == (
        Code.CHECKER_NOT_OPERATOR,
        "checker.operator_id",
    )
    [receipt] = sent(town, seed(town, WEB, ANN, id="asked"))
    assert receipt.outcome is Outcome.ACCEPTED


def test_nobody_registers_himself(town: House) -> None:
    """Else one person could make the second one up."""
    usual = {"id": "dan", "platform": town.platform, "actor": "ops"}
    dan = by_two(c.RegisterOperator, ANN, DAN, **usual, **BY_HAND[c.RegisterOperator])
    assert refused(town, dan) == (Code.OPERATOR_UNKNOWN, "checker.operator_id")


def test_before_the_first_are_appointed_nothing_is_done_by_hand(house: House) -> None:
    house.do(c.OpenPlatform, business_date=TODAY, law_table="none")
    assert refused(house, seed(house, ANN, BEN)) == (Code.OPERATOR_UNKNOWN, "maker.operator_id")
    house.appoint(ANN, BEN)
    assert [event.operator_id for event in house.of(OperatorRegistered)] == ["ann", "ben"]
    [receipt] = sent(house, seed(house, ANN, BEN, id="now"))
    assert receipt.outcome is Outcome.ACCEPTED
    again = house.ask(c.AppointOperators, operators=(DAN.operator, WEB.operator))
    assert again.code == Code.OPERATORS_APPOINTED
    assert_whole(house)


# -- backdated payments -----------------------------------------------------------------


def test_a_payment_is_backdated_by_two(town: House) -> None:
    town.roll_to(TODAY + timedelta(days=35))
    day = town.today - timedelta(days=3)
    usual = {"platform": town.platform, "actor": "ops", "loan_id": "L1", "amount_fen": 100}
    backdated = usual | {"effective_on": day, "reason": "the bank was late", "payment_id": "p1"}
    alone = c.RepayLoan.model_validate(backdated | {"id": "1"})
    assert refused(town, alone) == (Code.SECOND_PERSON_REQUIRED, "maker")
    half = alone.model_copy(update={"id": "2", "maker": signature(ANN)})
    assert refused(town, half) == (Code.SECOND_PERSON_REQUIRED, "checker")
    one = by_two(c.RepayLoan, ANN, ANN, **backdated, id="3")
    assert refused(town, one) == (Code.SECOND_PERSON_REQUIRED, "checker.operator_id")
    later = by_two(c.RepayLoan, ANN, BEN, **backdated, id="4").model_copy(
        update={"effective_on": day - timedelta(days=3)}
    )
    assert refused(town, later) == (Code.SIGNATURE_WRONG, "maker.signature")
    [receipt] = sent(town, by_two(c.RepayLoan, ANN, BEN, **backdated, id="5"))
    assert receipt.outcome is Outcome.ACCEPTED
    assert isinstance(town.recorded(after=receipt.first_position - 1)[0].event, CommandApproved)


def test_a_payment_of_today_needs_nobody_but_no_false_name_either(town: House) -> None:
    town.roll_to(TODAY + timedelta(days=35))
    usual = {"platform": town.platform, "actor": "ops", "loan_id": "L1", "amount_fen": 100}
    today = c.RepayLoan.model_validate(usual | {"id": "1", "payment_id": "p1"})
    two = {"maker": signature(ANN), "checker": signature(BEN)}
    assert refused(town, today.model_copy(update=two))[0] == Code.SIGNATURE_WRONG
    [receipt] = sent(town, today.model_copy(update={"id": "2"}))
    assert receipt.outcome is Outcome.ACCEPTED
    events = [each.event for each in town.recorded(after=receipt.first_position - 1)]
    assert not any(isinstance(event, CommandApproved) for event in events)
