"""Balances and days as the bank tells them, and days confirmed to it."""

from __future__ import annotations

import orjson
import pytest

from adapters.custody.service_family.client import ServiceFamilyBank
from domain.bank_statement import BankBalance, StatementNotReady, StatementUnreadable
from domain.ports import BankOutcome, CustodianUntrusted
from tests.adapters.custody.service_family import scenes
from tests.adapters.custody.service_family.checkfiles import archive, empty_day
from tests.adapters.custody.service_family.conftest import ScriptedBank
from tests.adapters.custody.service_family.said import USER, YES, no


def test_balances_leave_out_whom_the_bank_does_not_know(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_say(**YES, **USER)
    scripted.will_say(**no("100009"))
    found = custodian.balances([scenes.INVESTOR, scenes.BORROWER])
    assert found == {scenes.INVESTOR: BankBalance(1230, 5)}


@pytest.mark.parametrize(
    "said",
    [
        YES,
        {**YES, **USER, "freezeAmount": "0.051"},
        {**USER, "code": "0", "status": "INIT"},
        no("100001"),
        no("100003"),
    ],
)
def test_balances_that_cannot_be_read_are_an_error(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, said: dict[str, str]
) -> None:
    scripted.will_say(**said)
    with pytest.raises(ConnectionError):
        custodian.balances([scenes.INVESTOR])


def test_unsigned_balances_are_not_believed(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_send(orjson.dumps(YES | USER), signature="")
    with pytest.raises(CustodianUntrusted):
        custodian.balances([scenes.INVESTOR])


def test_a_statement_is_downloaded_and_read(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_send(archive(empty_day()))
    statement = custodian.statement(scenes.DAY)
    assert (statement.bank_date, statement.lines, statement.balances) == (scenes.DAY, (), {})
    assert scripted.got[0][0] == "/download"
    assert scripted.asked()["fileDate"] == "20180105"


def test_a_statement_that_cannot_be_had(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_say(**no("100007"))
    with pytest.raises(StatementNotReady):
        custodian.statement(scenes.DAY)
    scripted.will_say(**no("100001"))
    with pytest.raises(ConnectionError):
        custodian.statement(scenes.DAY)
    scripted.will_send(b"", status=503)
    with pytest.raises(ConnectionError):
        custodian.statement(scenes.DAY)
    scripted.will_send(archive(empty_day()), signature="")
    with pytest.raises(CustodianUntrusted):
        custodian.statement(scenes.DAY)
    scripted.will_send(archive(empty_day())[:-30])
    with pytest.raises(StatementUnreadable):
        custodian.statement(scenes.DAY)


def test_a_day_is_confirmed_file_by_file(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_say(**YES)
    assert custodian.confirm_statement("c1", scenes.DAY).outcome is BankOutcome.SUCCEEDED
    asked = scripted.asked()
    assert (asked["requestNo"], asked["fileDate"]) == ("c1", "20180105")
    assert {"fileType": "TRANSACTION"} in asked["detail"]


def test_a_refused_confirmation_counts_as_a_second_one_only_for_a_published_day(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    scripted.will_say(**no("100008"))
    scripted.will_send(archive(empty_day()))
    assert custodian.confirm_statement("c1", scenes.DAY).outcome is BankOutcome.SUCCEEDED
    scripted.will_say(**no("100008"))
    scripted.will_say(**no("100007"))
    assert custodian.confirm_statement("c2", scenes.DAY).outcome is BankOutcome.REFUSED
    scripted.will_say(**no("100001"))
    assert custodian.confirm_statement("c3", scenes.DAY).outcome is BankOutcome.UNKNOWN
