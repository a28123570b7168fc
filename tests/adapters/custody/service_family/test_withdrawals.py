"""Withdrawals: to the card that is bound right then, and stopped by how far they are."""

from __future__ import annotations

import orjson
import pytest

from adapters.custody.service_family.client import ServiceFamilyBank
from domain.ports import BankAnswer, BankOutcome
from tests.adapters.custody.service_family import scenes
from tests.adapters.custody.service_family.conftest import ScriptedBank
from tests.adapters.custody.service_family.said import USER, YES, no


@pytest.mark.parametrize(
    ("status", "service"),
    [
        ("INIT", "CANCEL_WITHDRAW"),
        ("CONFIRMING", "CANCEL_WITHDRAW"),
        ("ACCEPT", "INTERCEPT_WITHDRAW"),
        ("REMITING", "INTERCEPT_WITHDRAW"),
        ("SUCCESS", "INTERCEPT_WITHDRAW"),
    ],
)
def test_how_a_withdrawal_is_stopped_depends_on_how_far_it_is(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, status: str, service: str
) -> None:
    scripted.will_say(**YES, records=[{"requestNo": "r-withdraw", "status": status}])
    scripted.will_say(**YES, requestNo="r-stop")
    assert custodian.send(scenes.STOP).outcome is BankOutcome.SUCCEEDED
    assert scripted.got[1][1]["serviceName"] == service
    asked = {"requestNo": "r-stop", "withdrawRequestNo": "r-withdraw"}
    assert asked.items() <= scripted.asked().items()


def test_a_withdrawal_that_the_bank_does_not_know_yet_is_not_stopped_blindly(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_say(code="1", status="INIT", errorCode="100007", errorMessage="no")
    assert custodian.send(scenes.STOP).outcome is BankOutcome.UNKNOWN
    assert len(scripted.got) == 1


def test_a_withdrawal_asks_for_the_bound_card_right_before_it_is_sent(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_say(**YES, **USER)
    scripted.will_say(code="0", status="INIT")
    assert custodian.send(scenes.WITHDRAW).outcome is BankOutcome.PENDING
    services = [form["serviceName"] for _, form in scripted.got]
    assert services == ["QUERY_USER_INFORMATION", "WITHDRAW"]


@pytest.mark.parametrize("bound", [{"bankcardNo": "6222000000009999"}, {"bankcardNo": ""}, None])
def test_a_withdrawal_to_another_card_is_never_sent(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, bound: dict[str, str] | None
) -> None:
    scripted.will_say(**(no("100009") if bound is None else YES | USER | bound))
    scripted.will_say(**no("100007"))
    answer = custodian.send(scenes.WITHDRAW)
    assert (answer.outcome, answer.code) == (BankOutcome.REFUSED, "card_not_bound")
    services = [form["serviceName"] for _, form in scripted.got]
    assert services == ["QUERY_USER_INFORMATION", "QUERY_TRANSACTION"]
    assert scenes.CARD not in answer.message


def test_a_withdrawal_sent_before_the_card_changed_is_what_the_bank_says_it_is(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_say(**YES | USER | {"bankcardNo": ""})
    scripted.will_say(**YES, records=[{"requestNo": "r-withdraw", "status": "SUCCESS"}])
    assert custodian.send(scenes.WITHDRAW).outcome is BankOutcome.SUCCEEDED


def test_a_withdrawal_whose_card_cannot_be_asked_is_not_sent(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_send(orjson.dumps(YES | USER), signature="")
    assert custodian.send(scenes.WITHDRAW) == BankAnswer(BankOutcome.UNKNOWN, "bad_signature")
    assert len(scripted.got) == 1
