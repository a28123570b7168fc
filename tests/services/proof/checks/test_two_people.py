"""What is done by hand was signed by two people; falsified."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from adapters.signing import Signer
from domain import commands as c
from domain.cashbook import EntryRequested
from domain.loan_events import RepaymentAccepted
from domain.operators import (
    CommandApproved,
    OperatorRegistered,
    OperatorRole,
    Part,
    bytes_to_sign,
)
from domain.reserve import ReserveSeeded
from domain.streams import OPERATORS
from tests.exemplars import ANN, BEN, CUI, TODAY, command
from tests.services.proof.auditor import audit, broken
from tests.services.proof.forger import Forger, Line


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
