"""What the bank says when it is asked after a request, and what that is worth."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.custody.service_family.client import ServiceFamilyBank
from domain.ports import BankAnswer, BankOutcome
from tests.adapters.custody.service_family import scenes
from tests.adapters.custody.service_family.conftest import ScriptedBank
from tests.adapters.custody.service_family.said import YES, no


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("SUCCESS", BankOutcome.SUCCEEDED),
        ("FREEZED", BankOutcome.SUCCEEDED),
        ("UNFREEZED", BankOutcome.SUCCEEDED),
        ("FAIL", BankOutcome.REFUSED),
        ("ACCEPT_FAIL", BankOutcome.REFUSED),
        ("INIT", BankOutcome.PENDING),
        ("PENDDING", BankOutcome.PENDING),
        ("PROCESSING", BankOutcome.PENDING),
        ("CONFIRMING", BankOutcome.HELD),
        ("ACCEPT", BankOutcome.PENDING),
        ("REMITING", BankOutcome.PENDING),
        ("ERROR", BankOutcome.UNKNOWN),
        ("success", BankOutcome.UNKNOWN),
        ("", BankOutcome.UNKNOWN),
    ],
)
def test_what_a_query_says(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, status: str, outcome: BankOutcome
) -> None:
    record = {"requestNo": "r-withdraw", "status": status, "amount": "0.05"}
    scripted.will_say(**YES, records=[record])
    assert custodian.query(scenes.WITHDRAW).outcome is outcome


def test_a_queried_refusal_carries_the_banks_code_and_date(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    record = {"requestNo": "r-freeze", "status": "FAIL", "errorCode": "100014"}
    scripted.will_say(**YES, records=[record | {"transactionDate": "20180103"}])
    answer = custodian.query(scenes.FREEZE)
    assert answer == BankAnswer(BankOutcome.REFUSED, "100014", "", date(2018, 1, 3))


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("100007", BankOutcome.NOT_FOUND),
        ("100001", BankOutcome.UNKNOWN),
        ("100008", BankOutcome.UNKNOWN),
        ("100009", BankOutcome.UNKNOWN),
    ],
)
def test_only_not_found_is_not_found(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, code: str, outcome: BankOutcome
) -> None:
    scripted.will_say(**no(code))
    assert custodian.query(scenes.FREEZE) == BankAnswer(outcome, code, "不行")


@pytest.mark.parametrize(
    "said",
    [
        {
            "code": "0",
            "status": "INIT",
            "records": [{"requestNo": "r-recharge", "status": "SUCCESS"}],
        },
        YES,
        {**YES, "records": []},
        {**YES, "records": ["SUCCESS"]},
        {**YES, "records": [{"requestNo": "r-recharge", "status": "SUCCESS"}] * 2},
        {**YES, "records": [{"requestNo": "r-other", "status": "SUCCESS"}]},
        {**YES, "records": [{"status": "SUCCESS"}]},
        *(
            {**YES, "records": [{"requestNo": "r-recharge", "status": "SUCCESS", "amount": amount}]}
            for amount in ("1234.51", "x")
        ),
    ],
)
def test_a_query_that_contradicts_itself_or_us_is_unknown(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, said: dict[str, object]
) -> None:
    scripted.will_say(**said)
    answer = custodian.query(scenes.RECHARGE)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, "contradiction")


def test_a_query_without_an_answer_is_unknown(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_send(b"{}", status=502)
    assert custodian.query(scenes.FREEZE) == BankAnswer(BankOutcome.UNKNOWN, "http_502")
