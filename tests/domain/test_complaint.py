from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from domain import commands as c
from domain.complaint import complaint
from tests.exemplars import NAME, PHONE, command


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"role": "owner"}, "role", "'investor', 'borrower' or 'guarantor'"),
        ({"amount_fen": 0}, "amount_fen", "greater than 0"),
        ({"recharge_id": NAME}, "recharge_id", "pattern"),
    ],
)
def test_it_names_field_and_rule_in_the_words_of_the_command(
    fields: dict[str, object], field: str, rule: str
) -> None:
    usual = {"recharge_id": "r", "member_id": "m", "role": "investor", "amount_fen": 1}
    with pytest.raises(ValidationError) as caught:
        command(c.RequestRecharge, **(usual | fields))
    said = complaint(caught.value)
    assert said.field == field
    assert rule in said.rule
    assert "Role" not in said.rule
    assert NAME not in said.rule


@pytest.mark.parametrize("message", [{"type": NAME}, {"type": 7}, {}])
def test_a_type_that_is_none_is_not_told(message: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(c.AnyCommand).validate_python(message)
    said = complaint(caught.value)
    assert said == ("type", "must name a command: see zhuanhu commands")
    assert str(said) == "type: must name a command: see zhuanhu commands"


@pytest.mark.parametrize(
    ("made_up", "told"), [("colour", "colour"), (NAME, "?"), (PHONE, "?"), ("x" * 41, "?")]
)
def test_a_made_up_field_is_named_only_where_it_could_be_one_of_ours(
    made_up: str, told: str
) -> None:
    usual = {"recharge_id": "r", "member_id": "m", "role": "investor", "amount_fen": 1}
    with pytest.raises(ValidationError) as caught:
        command(c.RequestRecharge, **(usual | {made_up: 1}))
    assert complaint(caught.value).field == told
