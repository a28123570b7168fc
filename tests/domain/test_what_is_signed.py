"""What is signed, and what a key and a signature look like: one text each."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from pydantic import ValidationError

from adapters.signing import verified
from domain import commands as c
from domain.operators import NewOperator, Part, Signature, bytes_to_sign
from tests.exemplars import ANN, TODAY, command

SIGNED = ANN.sign(command(c.SeedReserve, seed_id="s1", amount_fen=100_00), Part.MAKER)


def test_what_is_signed_does_not_hang_on_how_it_was_sent() -> None:
    """By Kafka, by the inbox and by file a command has its nulls and defaults, or has not."""
    sent = command(
        c.RepayLoan,
        payment_id="p1",
        loan_id="L1",
        amount_fen=1,
        effective_on=TODAY,
        reason='银行晚了, "so"',
    )
    text = sent.text_to_sign()
    assert text == (
        f'{{"actor":"ops","amount_fen":1,"effective_on":"2018-01-31","id":"{sent.id}",'
        '"loan_id":"L1","payment_id":"p1","platform":"p1","reason":"银行晚了, \\"so\\"",'
        '"type":"repay_loan"}'
    )
    said = json.loads(sent.model_dump_json())
    assert said["in_full"] is False
    for form in (said, dict(reversed(said.items())), json.loads(text)):
        read = c.RepayLoan.model_validate_json(json.dumps(form, indent=1))
        assert read.text_to_sign() == text


def test_nothing_personal_is_signed() -> None:
    """What is signed lies in the log, readable."""
    signed = [kind for kind in c.COMMANDS.values() if "maker" in kind.model_fields]
    assert len(signed) == len(c.Manual.__subclasses__()) + 2
    for kind in signed:
        assert all(each.repr for each in kind.model_fields.values()), kind


def another_last_letter(text: str) -> str:
    """Other text in base64 that decodes to the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = text.rstrip("=")
    other = body[:-1] + letters[letters.index(body[-1]) + 1] + "=" * (len(text) - len(body))
    assert b64decode(other, validate=True) == b64decode(text)
    return other


@pytest.mark.parametrize(
    "key", [another_last_letter(ANN.public_key), ANN.public_key[:-2] + "=", "A" * 44, ""]
)
def test_a_key_has_one_text(key: str) -> None:
    with pytest.raises(ValidationError, match="public_key"):
        NewOperator(operator_id="ann", public_key=key)


def test_a_signature_has_one_text() -> None:
    signature = SIGNED.signature
    with pytest.raises(ValidationError, match="signature"):
        Signature(operator_id="ann", signature=another_last_letter(signature))


def test_what_is_no_key_verifies_nothing() -> None:
    nonsense = "/" * 42 + "8="  # No point of the curve.
    message = bytes_to_sign(Part.MAKER, "x")
    assert not verified(nonsense, message, SIGNED.signature)
