"""The client against a bank that answers what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import orjson
import pytest

from adapters.custody.batch_family.client import BatchFamilyBank
from domain.accounts import RESERVE_ACCOUNT
from domain.bank_requests import BankRequest, ChangeProject, ProjectStage
from domain.bank_statement import BankBalance, StatementNotReady
from domain.ports import BankOutcome, CustodianUntrusted
from infra.clock import ManualClock
from tests.adapters.custody.batch_family import scenes
from tests.adapters.custody.batch_family.conftest import HEADER, NOTIFY_URL, Message, ScriptedBank

QUERY = "transactionStatusQuery"
DONE = {"orderId": scenes.TENDER.request_no, "state": "S", "relDate": "20180105"}


def seq_of(message: Message) -> str:
    return message["txDate"] + message["txTime"] + message["seqNo"]


def test_an_order_goes_out_under_a_header_of_its_own(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("bidAutoApply", DONE)
    for _ in range(2):
        answer = custodian.send(scenes.TENDER)
    assert (answer.outcome, answer.bank_date) == (BankOutcome.SUCCEEDED, scenes.DAY)
    first, second = scripted.sent("bidAutoApply")
    assert first["instCode"] == scenes.INST_CODE
    assert seq_of(first) < seq_of(second)
    business = [
        {n: v for n, v in each.items() if n not in (*HEADER, "sign")} for each in scripted.got
    ]
    assert (
        business[1]
        == business[2]
        == {
            "orderId": "T-1.1",
            "accountId": f"no-{scenes.ANN}",
            "txAmount": "600.00",
            "productId": "L1",
            "frzFlag": "1",
        }
    )
    assert len(scripted.sent("accountIdQuery")) == 1  # What was told once is kept.


def test_a_page_says_where_its_end_is_to_be_told(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("directRechargePage", {"orderId": "r-recharge", "state": "A"})
    assert custodian.send(scenes.RECHARGE).outcome is BankOutcome.PENDING
    (sent,) = scripted.sent("directRechargePage")
    assert (sent["notifyUrl"], sent["txAmount"]) == (NOTIFY_URL, "1234.50")


@pytest.mark.parametrize(
    "code",
    [
        *("CE999028", "CT9903", "CT990300", "CE999999", "510000", "502", "504"),
        *("JX900014", "JX900032", "JX900663", "JX900001", ""),
    ],
)
def test_a_code_that_is_no_verdict_leaves_it_unknown(
    scripted: ScriptedBank, custodian: BatchFamilyBank, code: str
) -> None:
    scripted.says("bidAutoApply", {"retCode": code})
    answer = custodian.send(scenes.TENDER)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, code or "unreadable")


def test_any_other_code_is_the_banks_no(scripted: ScriptedBank, custodian: BatchFamilyBank) -> None:
    scripted.says("bidAutoApply", {"retCode": "CA100014", "retMsg": "余额不足"})
    answer = custodian.send(scenes.TENDER)
    assert (answer.outcome, answer.code) == (BankOutcome.REFUSED, "CA100014")


def _to_another(bank: ScriptedBank) -> None:
    bank.echoes = False


def _for_another(bank: ScriptedBank) -> None:
    bank.says("bidAutoApply", DONE | {"orderId": "T-2.1"})


def _stateless(bank: ScriptedBank) -> None:
    bank.says("bidAutoApply", {"orderId": "T-1.1"})


def _forged(bank: ScriptedBank) -> None:
    bank.spoil = lambda body: body.replace(b"20180105", b"20180106")


def _not_json(bank: ScriptedBank) -> None:
    bank.spoil = lambda _: b"<html>"


def _failing(bank: ScriptedBank) -> None:
    bank.status = 502


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (_to_another, "contradiction"),
        (_for_another, "contradiction"),
        (_stateless, "contradiction"),
        (_forged, "bad_signature"),
        (_not_json, "unreadable"),
        (_failing, "http_502"),
    ],
)
def test_an_answer_that_cannot_be_trusted_leaves_it_unknown(
    scripted: ScriptedBank,
    custodian: BatchFamilyBank,
    trouble: Callable[[ScriptedBank], None],
    code: str,
) -> None:
    scripted.says("bidAutoApply", DONE)
    # Her number is learnt: the trouble is with the order.
    scripted.says("balanceQuery", {"availBal": "0.00", "currBal": "0.00"})
    custodian.balances([scenes.ANN])
    trouble(scripted)
    answer = custodian.send(scenes.TENDER)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, code)


def test_after_too_fast_nothing_is_sent_until_its_time_has_come(
    scripted: ScriptedBank, custodian: BatchFamilyBank, clock: ManualClock
) -> None:
    scripted.says("bidAutoApply", {"retCode": "JX900032"}, DONE)
    scripted.says(QUERY, {"state": "N"})
    assert custodian.send(scenes.TENDER).outcome is BankOutcome.UNKNOWN
    clock.advance(timedelta(milliseconds=2_499))
    held = custodian.query(scenes.TENDER)
    assert (held.outcome, held.code) == (BankOutcome.UNKNOWN, "JX900032")
    assert not scripted.sent(QUERY)
    clock.advance(timedelta(milliseconds=1))
    assert custodian.query(scenes.TENDER).outcome is BankOutcome.NOT_FOUND
    assert custodian.send(scenes.TENDER).outcome is BankOutcome.SUCCEEDED


def test_a_header_that_was_seen_is_left_behind(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("bidAutoApply", {"retCode": "JX900014"}, DONE)
    custodian.send(scenes.TENDER)
    custodian.send(scenes.TENDER)
    first, second = (int(seq_of(each)[8:]) for each in scripted.sent("bidAutoApply"))
    assert second - first > 10_000


@pytest.mark.parametrize(
    ("record", "request_", "outcome", "code"),
    [
        ({"state": "N"}, scenes.TENDER, BankOutcome.NOT_FOUND, ""),
        (DONE, scenes.TENDER, BankOutcome.SUCCEEDED, ""),
        (DONE | {"state": "D"}, scenes.TENDER, BankOutcome.PENDING, ""),
        (DONE | {"state": "A"}, scenes.TENDER, BankOutcome.PENDING, ""),
        (DONE | {"state": "F", "failCode": "CA1"}, scenes.TENDER, BankOutcome.REFUSED, "CA1"),
        (DONE | {"state": "F", "failCode": "CE999028"}, scenes.TENDER, BankOutcome.UNKNOWN, None),
        (DONE | {"state": "Z"}, scenes.TENDER, BankOutcome.UNKNOWN, "contradiction"),
        (DONE | {"orderId": "T-2.1"}, scenes.TENDER, BankOutcome.UNKNOWN, "contradiction"),
        (
            DONE | {"orderId": "r-recharge", "txAmount": "1234.51"},
            scenes.RECHARGE,
            BankOutcome.UNKNOWN,
            "contradiction",
        ),
        ({"retCode": "CA1"}, scenes.TENDER, BankOutcome.UNKNOWN, "CA1"),
    ],
)
def test_what_a_query_is_worth(
    scripted: ScriptedBank,
    custodian: BatchFamilyBank,
    record: Message,
    request_: BankRequest,
    outcome: BankOutcome,
    code: str | None,
) -> None:
    scripted.says(QUERY, record)
    answer = custodian.query(request_)
    assert answer.outcome is outcome
    assert code is None or answer.code == code


@pytest.mark.parametrize(
    ("freeze_code", "service"),
    [("bidAutoApply", "bidCancel"), ("balanceFreeze", "balanceUnfreeze")],
)
def test_a_freeze_is_given_back_by_the_order_that_goes_with_it(
    scripted: ScriptedBank, custodian: BatchFamilyBank, freeze_code: str, service: str
) -> None:
    scripted.says(QUERY, DONE | {"accountId": "77", "reqTxCode": freeze_code})
    scripted.says(service, {"state": "S", "relDate": "20180105"})
    assert custodian.send(scenes.RELEASE).outcome is BankOutcome.SUCCEEDED
    (sent,) = scripted.sent(service)
    told = (sent["accountId"], sent["orgOrderId"], sent["txAmount"])
    assert told == ("77", "T-1.1", "2.00")


def test_nothing_is_given_back_of_a_freeze_that_the_bank_does_not_know(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says(QUERY, {"state": "N"})
    answer = custodian.send(scenes.RELEASE)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, "freeze_unknown")


def test_money_for_an_account_that_is_not_open_yet_is_not_sent(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("accountIdQuery", {})
    answer = custodian.send(scenes.RECHARGE)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, "account_unknown")
    assert not scripted.sent("directRechargePage")


@pytest.mark.parametrize("bound", ["", "6222000000009999"])
def test_a_withdrawal_goes_to_the_bound_card_alone(
    scripted: ScriptedBank, custodian: BatchFamilyBank, bound: str
) -> None:
    scripted.says("cardBindDetailsQuery", {"cardNo": bound})
    scripted.says(QUERY, {"state": "N"})
    answer = custodian.send(scenes.WITHDRAW)
    assert (answer.outcome, answer.code) == (BankOutcome.REFUSED, "card_not_bound")
    assert not scripted.sent("withdraw")


def test_a_withdrawal_that_the_bank_has_is_what_it_is_there(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("cardBindDetailsQuery", {"cardNo": ""})
    scripted.says(QUERY, {"state": "D", "orderId": "r-withdraw", "txAmount": "5.00"})
    assert custodian.send(scenes.WITHDRAW).outcome is BankOutcome.PENDING


@pytest.mark.parametrize("stage", [ProjectStage.REPAYING, ProjectStage.FINISHED])
def test_of_a_stage_that_the_bank_knows_by_itself_it_is_told_nothing(
    scripted: ScriptedBank, custodian: BatchFamilyBank, stage: ProjectStage
) -> None:
    change = ChangeProject("L-L1.x", "L1", stage)
    for answer in (custodian.send(change), custodian.query(change)):
        assert (answer.outcome, answer.code) == (BankOutcome.SUCCEEDED, "not_needed")
    assert not scripted.got


def test_balances_leave_out_whom_the_bank_does_not_know(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("accountIdQuery", {"accountId": "77"}, {})
    scripted.says("balanceQuery", {"availBal": "3.00", "currBal": "10.00"})
    assert custodian.balances([scenes.ANN, scenes.BEA]) == {scenes.ANN: BankBalance(300, 700)}


def test_balances_that_cannot_be_had_are_an_error(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("balanceQuery", {"availBal": "3", "currBal": "x"})
    with pytest.raises(ConnectionError, match="currBal"):
        custodian.balances([RESERVE_ACCOUNT])
    _forged(scripted)
    scripted.says("balanceQuery", {"availBal": "3.00", "currBal": "3.00", "relDate": "20180105"})
    with pytest.raises(CustodianUntrusted):
        custodian.balances([RESERVE_ACCOUNT])


def test_a_day_that_is_not_published_is_not_ready(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("fileDownload", {"state": "N"})
    with pytest.raises(StatementNotReady):
        custodian.statement(date(2018, 1, 5))
    assert custodian.confirm_statement("c1", date(2018, 1, 5)).outcome is BankOutcome.REFUSED


def test_a_confirmation_that_was_not_answered_is_unknown(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("fileDownload", {"retCode": "CE999999"})
    assert custodian.confirm_statement("c1", date(2018, 1, 5)).outcome is BankOutcome.UNKNOWN


def test_personal_data_is_in_the_message_and_in_no_repr(
    scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("cardBindDetailsQuery", {"cardNo": scenes.CARD})
    scripted.says("withdraw", {"state": "A"})
    custodian.send(scenes.WITHDRAW)
    (sent,) = scripted.sent("withdraw")
    assert sent["cardNo"] == scenes.CARD
    assert scenes.CARD not in repr(scenes.WITHDRAW)
    assert orjson.dumps(sent)
