from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.custody.service_family.calls import Call, Choices, NotCarried
from adapters.custody.service_family.queries import encode_query
from adapters.custody.service_family.requests import encode
from domain.accounts import INCOME_ACCOUNT, MARKETING_ACCOUNT
from domain.bank_requests import BankRequest, Execute, ExecuteBatch, Leg, ProjectStage, Recharge
from domain.purposes import Purpose
from tests.adapters.custody.service_family import scenes

CHOICES = Choices(redirect_url="https://example.test/back")
PAGE = {"redirectUrl": "https://example.test/back", "expired": "20180105123000"}


def call(request: BankRequest) -> Call:
    return encode(request, CHOICES, scenes.NOON)


@pytest.mark.parametrize(
    ("request_", "service", "fields"),
    [
        (
            scenes.OPEN,
            "PERSONAL_REGISTER_EXPAND",
            {
                "requestNo": "r-open",
                "platformUserNo": "m1_INVESTOR",
                "userRole": "INVESTOR",
                "realName": "张三",
                "idCardType": "PRC_ID",
                "idCardNo": "110101199001011237",
                "mobile": "13800000000",
            },
        ),
        (
            replace(scenes.OPEN, account="c1:guarantor", company=True, name="某公司"),
            "ENTERPRISE_REGISTER",
            {
                "requestNo": "r-open",
                "platformUserNo": "c1_GUARANTEECORP",
                "userRole": "GUARANTEECORP",
                "enterpriseName": "某公司",
                "unifiedCode": "110101199001011237",
                "contactPhone": "13800000000",
            },
        ),
        (
            scenes.BIND,
            "PERSONAL_BIND_BANKCARD",
            {
                "requestNo": "r-bind",
                "platformUserNo": "m1_INVESTOR",
                "bankcardNo": scenes.CARD,
                "bankcode": "ICBC",
                "mobile": "13800000000",
            },
        ),
        (
            scenes.AUTHORISE,
            "USER_AUTHORIZATION",
            {
                "requestNo": "r-auth",
                "platformUserNo": "m1_INVESTOR",
                "authList": "TENDER",
                "failTime": "20181231",
                "amount": "500.00",
            },
        ),
        (
            scenes.RECHARGE,
            "RECHARGE",
            {
                "requestNo": "r-recharge",
                "platformUserNo": "m1_INVESTOR",
                "amount": "1234.50",
                "expectPayCompany": "BANK",
                "rechargeWay": "SWIFT",
                "payType": "B2C",
            },
        ),
        (
            scenes.WITHDRAW,
            "WITHDRAW",
            {
                "requestNo": "r-withdraw",
                "platformUserNo": "m1_INVESTOR",
                "amount": "0.05",
                "withdrawType": "NORMAL",
                "withdrawForm": "IMMEDIATE",
            },
        ),
        (
            scenes.CHANGE_PHONE,
            "MODIFY_MOBILE_EXPAND",
            {
                "requestNo": "r-phone",
                "platformUserNo": "m1_INVESTOR",
                "mobile": "13900000000",
                "checkType": "LIMIT",
            },
        ),
        (
            scenes.RESET_PASSWORD,
            "RESET_PASSWORD",
            {"requestNo": "r-reset", "platformUserNo": "m1_INVESTOR"},
        ),
        (
            scenes.CHECK_PASSWORD,
            "CHECK_PASSWORD",
            {"requestNo": "r-check", "platformUserNo": "m1_INVESTOR"},
        ),
        (
            scenes.TENDER_BY_MEMBER,
            "USER_PRE_TRANSACTION",
            {
                "requestNo": "r-page",
                "platformUserNo": "m1_INVESTOR",
                "bizType": "TENDER",
                "amount": "1000.00",
                "projectNo": "p1",
            },
        ),
    ],
)
def test_what_a_member_completes_goes_to_the_banks_page(
    request_: BankRequest, service: str, fields: dict[str, str]
) -> None:
    assert call(request_) == Call("/gateway", service, fields | PAGE)


@pytest.mark.parametrize(
    ("request_", "service", "fields"),
    [
        (
            scenes.UNBIND,
            "UNBIND_BANKCARD",
            {
                "requestNo": "r-unbind",
                "platformUserNo": "m1_INVESTOR",
                "bankcardNo": scenes.CARD,
            },
        ),
        (
            scenes.END_AUTHORISATION,
            "CANCEL_USER_AUTHORIZATION",
            {
                "requestNo": "r-auth-end",
                "platformUserNo": "m2_BORROWERS",
                "authList": "REPAYMENT",
            },
        ),
        (
            scenes.DIRECT_RECHARGE,
            "DIRECT_RECHARGE",
            {
                "requestNo": "r-direct",
                "platformUserNo": "m1_INVESTOR",
                "amount": "1234.50",
                "expectPayCompany": "BANK",
                "rechargeWay": "PROXY",
            },
        ),
        (
            scenes.AUTO_WITHDRAW,
            "AUTO_WITHDRAW",
            {
                "requestNo": "r-auto",
                "platformUserNo": "m1_INVESTOR",
                "amount": "0.05",
                "withdrawType": "NORMAL",
                "withdrawForm": "IMMEDIATE",
            },
        ),
        (
            scenes.FREEZE_FUNDS,
            "FREEZE",
            {"requestNo": "r-still", "platformUserNo": "m1_INVESTOR", "amount": "7.00"},
        ),
        (
            scenes.UNFREEZE_FUNDS,
            "UNFREEZE",
            {"requestNo": "r-free", "originalFreezeRequestNo": "r-still", "amount": "0.01"},
        ),
        (
            scenes.CONFIRM,
            "CONFIRM_WITHDRAW",
            {"requestNo": "r-confirm", "withdrawRequestNo": "r-withdraw"},
        ),
        (
            scenes.ESTABLISH,
            "ESTABLISH_PROJECT",
            {
                "requestNo": "r-project",
                "platformUserNo": "m2_BORROWERS",
                "projectNo": "p1",
                "projectAmount": "1000.00",
                "projectName": "loan p1",
                "projectType": "STANDARDPOWDER",
                "projectPeriod": "12",
                "annnualInterestRate": "12",
                "repaymentWay": "FIXED_PAYMENT_MORTGAGE",
            },
        ),
        (
            scenes.FREEZE,
            "USER_AUTO_PRE_TRANSACTION",
            {
                "requestNo": "r-freeze",
                "platformUserNo": "m1_INVESTOR",
                "bizType": "TENDER",
                "amount": "1000.00",
                "projectNo": "p1",
            },
        ),
        (
            scenes.RELEASE,
            "CANCEL_PRE_TRANSACTION",
            {"requestNo": "r-release", "preTransactionNo": "r-freeze", "amount": "0.01"},
        ),
    ],
)
def test_the_rest_goes_to_the_bank_directly(
    request_: BankRequest, service: str, fields: dict[str, str]
) -> None:
    assert call(request_) == Call("/service", service, fields)


def test_a_companys_card_is_bound_as_a_companys() -> None:
    assert call(replace(scenes.BIND, company=True)).service == "ENTERPRISE_BIND_BANKCARD"


@pytest.mark.parametrize(
    ("stage", "word"),
    [
        (ProjectStage.REPAYING, "REPAYING"),
        (ProjectStage.FINISHED, "FINISH"),
        (ProjectStage.MISCARRIED, "MISCARRY"),
    ],
)
def test_a_projects_stage_in_the_banks_words(stage: ProjectStage, word: str) -> None:
    sent = call(replace(scenes.CHANGE, stage=stage))
    assert sent.fields == {"requestNo": "r-change", "projectNo": "p1", "status": word}


@pytest.mark.parametrize(
    "request_",
    [
        replace(scenes.FREEZE, purpose=Purpose.FEE),
        replace(scenes.ESTABLISH, method="whenever"),
        replace(scenes.DISBURSE, purpose=Purpose.BANK_INTEREST),
        Execute(
            "r",
            Purpose.RESERVE_SURPLUS,
            None,
            (Leg("mv", Purpose.BANK_ADJUSTMENT, MARKETING_ACCOUNT, INCOME_ACCOUNT, 1),),
        ),
    ],
)
def test_what_the_bank_has_no_instruction_for_is_not_carried(request_: BankRequest) -> None:
    with pytest.raises(NotCarried, match=r"^(purpose|method): "):
        call(request_)


@pytest.mark.parametrize("request_no", ["", "x" * 51])
def test_a_request_number_that_the_bank_cannot_hold_is_a_bug(request_no: str) -> None:
    with pytest.raises(ValueError, match=r"^request_no: 1 to 50 characters$"):
        call(Recharge(request_no, scenes.INVESTOR, 1))


def test_every_request_is_asked_after_by_its_kind() -> None:
    kinds = [encode_query(request).fields["transactionType"] for request in scenes.EVERY_SINGLE]
    assert kinds == [
        "REGISTER",
        "BIND_CARD",
        "UNBIND_CARD",
        "AUTHORIZATION",
        "CANCEL_AUTHORIZATION",
        "PROJECT",
        "MODIFY_PROJECT",
        "RECHARGE",
        "WITHDRAW",
        "RECHARGE",
        "WITHDRAW",
        "MODIFY_MOBILE",
        "RESET_PASSWORD",
        "CHECK_PASSWORD",
        "FREEZE",
        "UNFREEZE",
        "PRETRANSACTION",
        "CONFIRM_WITHDRAW",
        "STOP_WITHDRAW",
        "PRETRANSACTION",
        "CANCEL_PRETRANSACTION",
        "TRANSACTION",
    ]
    assert encode_query(scenes.RECHARGE).fields["requestNo"] == "r-recharge"


def test_a_batch_is_asked_after_by_its_trades() -> None:
    with pytest.raises(NotCarried):
        encode_query(ExecuteBatch("b1", (scenes.DISBURSE,)))
