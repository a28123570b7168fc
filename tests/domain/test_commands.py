"""The published language: what may arrive, and what is bad input before anybody decides."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from domain import commands as c
from domain.accounts import Role
from domain.complaint import complaint
from domain.purposes import Purpose
from domain.schedule import MAX_PERIODS, Method
from tests.exemplars import CARD, ID_NO, NAME, PHONE, TODAY, command

READER: TypeAdapter[c.Command] = TypeAdapter(c.AnyCommand)

RECHARGE = command(
    c.RequestRecharge, recharge_id="r1", member_id="lucy", role=Role.INVESTOR, amount_fen=1
)
LUCY = command(
    c.RegisterMember,
    member_id="lucy",
    kind="person",
    roles=(Role.INVESTOR,),
    name=NAME,
    id_no=ID_NO,
    phone=PHONE,
)
BINDING = command(
    c.BindBankAccount,
    member_id="lucy",
    role=Role.INVESTOR,
    binding_id="b1",
    card_no=CARD,
    bank_code="ICBC",
    phone=PHONE,
)


def test_types_are_unique_and_permanent() -> None:
    assert len(c.COMMANDS) == len(get_args(get_args(c.AnyCommand)[0])) == 91


def test_our_own_services_commands_are_told_apart() -> None:
    inner = set(c.COMMANDS.values()) - set(c.FROM_OUTSIDE.values())
    assert inner == {k for k in c.COMMANDS.values() if issubclass(k, c.FromBank | c.FromDayEnd)}
    assert c.SettleEntry in inner
    assert c.RollBusinessDate in inner
    assert c.RepayLoan not in inner


def test_what_a_wind_down_ends() -> None:
    """New loans, tenders and assignments; offers that are out may still be withdrawn."""
    assert {kind for kind in c.COMMANDS.values() if kind.NEW_BUSINESS} == {
        c.RequestLoan,
        c.PublishLoan,
        c.PlaceTender,
        c.SpreadLoan,
        c.SpreadTonight,
        c.OfferClaim,
        c.BuyClaim,
    }


@pytest.mark.parametrize("kind", [c.ConfirmOverdue, c.RequestAdvance, c.ReimburseAdvance])
def test_a_part_paid_early_of_the_longest_loan_has_a_number(kind: type[c.Command]) -> None:
    """After its last instalment."""
    assert kind.model_json_schema()["properties"]["period"]["maximum"] > MAX_PERIODS


@pytest.mark.parametrize("sent", [RECHARGE, LUCY, BINDING], ids=lambda sent: sent.type)
def test_there_and_back_as_json(sent: c.Command) -> None:
    assert READER.validate_json(sent.model_dump_json()) == sent


@pytest.mark.parametrize(
    ("sent", "change"),
    [
        (RECHARGE, {"amount_fen": 0}),
        (RECHARGE, {"amount_fen": -1}),
        (RECHARGE, {"amount_fen": 1.0}),
        (RECHARGE, {"amount_fen": "1"}),
        (RECHARGE, {"amount_fen": True}),
        (RECHARGE, {"amount_fen": 10**15 + 1}),
        (RECHARGE, {"role": "reserve"}),
        (RECHARGE, {"role": "platform"}),
        (RECHARGE, {"member_id": ""}),
        (RECHARGE, {"member_id": "a b"}),
        (RECHARGE, {"member_id": "a\n"}),
        (RECHARGE, {"member_id": "a.b"}),
        (RECHARGE, {"member_id": "x" * 33}),
        (RECHARGE, {"id": "x" * 65}),
        (RECHARGE, {"id": 'a"b'}),
        (RECHARGE, {"actor": 'a"b'}),
        (RECHARGE, {"correlation_id": 'a"b'}),
        (RECHARGE, {"effective_on": "2018-02-30"}),
        (RECHARGE, {"effective_on": 1517356800}),
        (RECHARGE, {"reason": ""}),
        (RECHARGE, {"surprise": 1}),
        (RECHARGE, {"type": "steal"}),
        (LUCY, {"roles": []}),
        (LUCY, {"roles": ["outside"]}),
        (LUCY, {"roles": ["investor", "investor"]}),
        (LUCY, {"kind": "dog"}),
        (LUCY, {"id_no": "12"}),
        (LUCY, {"phone": "+86 138"}),
        (BINDING, {"card_no": "6222x"}),
        (BINDING, {"bank_code": "icbc"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_bad_input_names_its_field(sent: c.Command, change: dict[str, Any]) -> None:
    message = sent.model_dump(mode="json") | change
    with pytest.raises(ValidationError) as caught:
        READER.validate_json(json.dumps(message))
    [field] = change
    assert field in str(caught.value)


@pytest.mark.parametrize("name", ['王"小明"', "Ant, Ltd.", "a\\b"])
def test_a_name_that_the_bank_bars_is_turned_away_before_it(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        READER.validate_python(LUCY.model_dump() | {"name": name})
    said = complaint(caught.value)
    assert said.field == "register_member.name"
    assert said.rule.startswith("may not hold a comma, a double quote or a backslash")
    pattern = c.RegisterMember.model_json_schema()["properties"]["name"]["pattern"]
    assert re.search(pattern, name) is None


@pytest.mark.parametrize("name", ["O'Neil", "王·小明", "王小明（北京）有限公司", "x" * 100])
def test_other_names_are_taken(name: str) -> None:
    assert READER.validate_python(LUCY.model_dump() | {"name": name})


@pytest.mark.parametrize("rate", ["", "-1", "1.", ".5", "1e3", "1,5", "1234", "１２", "12%"])
def test_rates_are_plain_decimals(rate: str) -> None:
    with pytest.raises(ValidationError, match="annual_rate"):
        command(
            c.RequestLoan,
            loan_id="L1",
            borrower_id="bob",
            amount_fen=1,
            annual_rate=rate,
            periods=1,
            method=Method.FLAT,
            purpose="stock",
        )


def test_a_command_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RECHARGE.amount_fen = 2  # type: ignore[misc]


@pytest.mark.parametrize("account", ["lucy:investor", "a-b_1:guarantor", "platform:reserve"])
def test_accounts_that_the_bank_may_name(account: str) -> None:
    assert command(
        c.RecordBankMovement,
        bank_record="2018.1-7:x",
        purpose=Purpose.BANK_INTEREST,
        account=account,
        amount_fen=1,
        bank_date=TODAY,
    )
