"""Who may act by hand: two keys behind each command, never one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.signing import NOT_YET, Signer, by_two, verified
from domain import commands as c
from domain import operators
from domain.model import Refused
from domain.operators import (
    INITIAL,
    NewOperator,
    OperatorRole,
    Operators,
    Part,
    Signature,
    bytes_to_sign,
)
from domain.refusals import Code
from tests.exemplars import ANN, BEN, CUI, TODAY, command

WEB = Signer.made_up("web", "tests")  # A publisher.
DAN = Signer.made_up("dan", "tests")  # Retired.
EVE = Signer.made_up("eve", "tests")  # Registered a day later than the others.
MALLORY = Signer.made_up("mallory", "tests")  # Never registered.
EVERYBODY = (ANN, BEN, CUI, WEB, DAN, EVE, MALLORY)

SEED = command(c.SeedReserve, seed_id="s1", amount_fen=100_00)


def after(events: Iterable[operators.OperatorEvent], state: Operators = INITIAL) -> Operators:
    for event in events:
        state = operators.evolve(state, event)
    return state


def new(signer: Signer, role: OperatorRole = OperatorRole.OPERATOR) -> NewOperator:
    return signer.operator.model_copy(update={"role": role})


def appointed(*first: NewOperator, signers: tuple[Signer, Signer] = (ANN, BEN)) -> Operators:
    sent = by_two(c.AppointOperators, *signers, id="a", platform="p1", actor="ops", operators=first)
    return after(
        operators.appoint(
            INITIAL, first, sent.text_to_sign(), sent.maker, sent.checker, TODAY, verified
        )
    )


def registered() -> Operators:
    state = appointed(new(ANN), new(BEN), new(CUI))
    state = after(operators.register(state, new(WEB, OperatorRole.PUBLISHER), TODAY), state)
    state = after(operators.register(state, new(DAN), TODAY), state)
    state = after(operators.retire(state, "dan"), state)
    return after(operators.register(state, new(EVE), TODAY + timedelta(days=1)), state)


def approved(
    sent: c.Command, maker: Signature, checker: Signature, on: date = TODAY
) -> operators.CommandApproved:
    [event] = operators.approve(registered(), sent.text_to_sign(), maker, checker, on, verified)
    assert isinstance(event, operators.CommandApproved)
    return event


def refusal(
    sent: c.Command, maker: Signature, checker: Signature, on: date = TODAY
) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        approved(sent, maker, checker, on)
    return caught.value.code, caught.value.field


def made(signer: Signer, sent: c.Command = SEED) -> Signature:
    return signer.sign(sent, Part.MAKER)


def checked(signer: Signer, sent: c.Command = SEED) -> Signature:
    return signer.sign(sent, Part.CHECKER)


def under(operator_id: str, signature: Signature) -> Signature:
    return signature.model_copy(update={"operator_id": operator_id})


# -- two keys -----------------------------------------------------------------------------


def test_two_keys_are_in_the_event_with_what_they_signed() -> None:
    event = approved(SEED, made(ANN), checked(BEN))
    assert event.text == SEED.text_to_sign()
    assert (event.maker.operator_id, event.maker.public_key) == ("ann", ANN.public_key)
    assert (event.checker.operator_id, event.checker.public_key) == ("ben", BEN.public_key)
    for part, signed in ((Part.MAKER, event.maker), (Part.CHECKER, event.checker)):
        assert verified(signed.public_key, bytes_to_sign(part, event.text), signed.signature)


def test_a_publisher_makes_and_an_operator_checks() -> None:
    assert approved(SEED, made(WEB), checked(ANN)).maker.operator_id == "web"
    assert refusal(SEED, made(ANN), checked(WEB)) == (
        Code.CHECKER_NOT_OPERATOR,
        "checker.operator_id",
    )


@pytest.mark.parametrize(
    ("maker", "checker", "code", "field"),
    [
        (made(ANN), checked(ANN), Code.SECOND_PERSON_REQUIRED, "checker.operator_id"),
        (made(MALLORY), checked(ANN), Code.OPERATOR_UNKNOWN, "maker.operator_id"),
        (made(ANN), checked(MALLORY), Code.OPERATOR_UNKNOWN, "checker.operator_id"),
        (made(DAN), checked(ANN), Code.OPERATOR_RETIRED, "maker.operator_id"),
        (made(ANN), checked(DAN), Code.OPERATOR_RETIRED, "checker.operator_id"),
        (checked(ANN), checked(BEN), Code.SIGNATURE_WRONG, "maker.signature"),
        (made(ANN), made(BEN), Code.SIGNATURE_WRONG, "checker.signature"),
        (under("ann", NOT_YET), checked(BEN), Code.SIGNATURE_WRONG, "maker.signature"),
        (made(ANN), under("ben", checked(CUI)), Code.SIGNATURE_WRONG, "checker.signature"),
    ],
    ids=[
        "one for both",
        "unregistered maker",
        "unregistered checker",
        "retired maker",
        "retired checker",
        "checked is not made",
        "made is not checked",
        "no signature",
        "another's signature",
    ],
)
def test_anything_less_is_refused(
    maker: Signature, checker: Signature, code: Code, field: str
) -> None:
    assert refusal(SEED, maker, checker) == (code, field)


def test_who_came_later_cannot_sign_for_the_day_before() -> None:
    assert refusal(SEED, made(ANN), checked(EVE)) == (
        Code.OPERATOR_UNKNOWN,
        "checker.operator_id",
    )
    assert approved(SEED, made(ANN), checked(EVE), TODAY + timedelta(days=1))


def test_who_is_retired_cannot_sign_for_a_day_before_that() -> None:
    assert refusal(SEED, made(DAN), checked(BEN), TODAY)[0] == Code.OPERATOR_RETIRED


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 100_01},
        {"seed_id": "s2"},
        {"id": "another"},
        {"platform": "p2"},
        {"actor": "somebody"},
        {"reason": "because"},
        {"effective_on": TODAY},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_signature_is_for_one_command_as_it_stands(changes: dict[str, object]) -> None:
    other = SEED.model_copy(update=changes)
    assert refusal(other, made(ANN), checked(BEN, other)) == (
        Code.SIGNATURE_WRONG,
        "maker.signature",
    )
    assert refusal(other, made(ANN, other), checked(BEN)) == (
        Code.SIGNATURE_WRONG,
        "checker.signature",
    )


def test_a_signature_is_for_one_type_of_command() -> None:
    surplus = command(c.RetireOperator, id=SEED.id, operator_id="ann")
    other = command(c.BlacklistMember, id=SEED.id, member_id="ann", evidence="x")
    assert refusal(other, made(ANN, surplus), checked(BEN, other))[0] == Code.SIGNATURE_WRONG


def test_two_ids_with_one_key_are_one_person() -> None:
    """The register takes no key twice; if it had, two ids would not make two people."""
    state = registered()
    twin = Signer("twin", ANN.key)
    state = Operators({**state.by_id, "twin": state.by_id["ann"]})
    text = SEED.text_to_sign()
    with pytest.raises(Refused) as caught:
        operators.approve(state, text, made(ANN), checked(twin), TODAY, verified)
    assert caught.value.code == Code.SECOND_PERSON_REQUIRED


OTHERS = (
    command(c.SeedReserve, seed_id="s1", amount_fen=100_00),  # The same under another id.
    SEED.model_copy(update={"platform": "p2"}),
    SEED.model_copy(update={"amount_fen": 1}),
)
SEEN = [
    signer.sign(sent, part).signature for signer in EVERYBODY for sent in OTHERS for part in Part
]
MINE = {
    signer.operator_id: [signer.sign(SEED, part).signature for part in Part] for signer in EVERYBODY
}
ids = st.sampled_from([signer.operator_id for signer in EVERYBODY])


@given(who=ids, maker_id=ids, checker_id=ids, data=st.data())
def test_no_single_key_moves_money_by_hand(
    who: str, maker_id: str, checker_id: str, data: st.DataObject
) -> None:
    """Whoever holds one key, has seen every signature that was ever made of other commands, and
    may name whom he likes."""
    pool = st.sampled_from(MINE[who]) | st.sampled_from(SEEN)
    maker = Signature(operator_id=maker_id, signature=data.draw(pool, "maker"))
    checker = Signature(operator_id=checker_id, signature=data.draw(pool, "checker"))
    with pytest.raises(Refused):
        approved(SEED, maker, checker, TODAY + timedelta(days=1))


# -- the register -------------------------------------------------------------------------


def test_a_key_is_registered_once() -> None:
    for signer, operator_id in ((ANN, "ann2"), (DAN, "dan2")):  # Also a retired one.
        twin = new(Signer(operator_id, signer.key))
        with pytest.raises(Refused) as caught:
            operators.register(registered(), twin, TODAY)
        assert (caught.value.code, caught.value.field) == (Code.KEY_TAKEN, "public_key")


@pytest.mark.parametrize("operator_id", ["ann", "dan"])
def test_an_id_is_registered_once(operator_id: str) -> None:
    twin = new(Signer(operator_id, MALLORY.key))
    with pytest.raises(Refused) as caught:
        operators.register(registered(), twin, TODAY)
    assert (caught.value.code, caught.value.field) == (Code.ID_TAKEN, "operator_id")


@pytest.mark.parametrize(
    ("first", "code", "field"),
    [
        ((new(ANN), new(WEB, OperatorRole.PUBLISHER)), Code.OPERATORS_TOO_FEW, "operators"),
        (
            (new(ANN), new(Signer("ann2", ANN.key))),
            Code.KEY_TAKEN,
            "operators.1.public_key",
        ),
        (
            (new(ANN), new(Signer("ann", BEN.key))),
            Code.ID_TAKEN,
            "operators.1.operator_id",
        ),
        ((new(ANN), new(CUI)), Code.OPERATOR_UNKNOWN, "checker.operator_id"),
    ],
    ids=["one operator", "one key", "one id", "not by themselves"],
)
def test_the_first_are_two_who_sign_for_themselves(
    first: tuple[NewOperator, ...], code: Code, field: str
) -> None:
    with pytest.raises(Refused) as caught:
        appointed(*first)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_first_are_appointed_once() -> None:
    sent = command(c.AppointOperators, operators=(MALLORY.operator, EVE.operator))
    with pytest.raises(Refused) as caught:
        operators.appoint(
            registered(),
            sent.operators,
            sent.text_to_sign(),
            sent.maker,
            sent.checker,
            TODAY,
            verified,
        )
    assert caught.value.code == Code.OPERATORS_APPOINTED


def test_two_are_left_who_can_check() -> None:
    state = appointed(new(ANN), new(BEN), new(CUI), new(WEB, OperatorRole.PUBLISHER))
    state = after(operators.retire(state, "cui"), state)
    for operator_id, code in (
        ("ann", Code.OPERATORS_TOO_FEW),
        ("cui", Code.OPERATOR_RETIRED),
        ("ghost", Code.OPERATOR_UNKNOWN),
    ):
        with pytest.raises(Refused) as caught:
            operators.retire(state, operator_id)
        assert (caught.value.code, caught.value.field) == (code, "operator_id")
    assert after(operators.retire(state, "web"), state).by_id["web"].retired
