"""Requests that the tests of this folder share."""

from __future__ import annotations

from datetime import UTC, date, datetime

from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT
from domain.authorisation import Kind as Authorised
from domain.bank_requests import (
    Authorise,
    BindCard,
    ChangePhone,
    ChangeProject,
    CheckPassword,
    ConfirmWithdrawal,
    EndAuthorisation,
    EstablishProject,
    Execute,
    Freeze,
    FreezeFunds,
    Leg,
    OpenAccount,
    ProjectStage,
    Recharge,
    Release,
    ResetPassword,
    StopWithdrawal,
    UnbindCard,
    UnfreezeFunds,
    Withdraw,
)
from domain.purposes import Purpose

PLATFORM_NO = "5000001"
NOON = datetime(2018, 1, 5, 4, 0, tzinfo=UTC)  # 12:00 at the bank.
DAY = date(2018, 1, 5)

INVESTOR = "m1:investor"
BORROWER = "m2:borrower"
CARD = "6222000000001234"

OPEN = OpenAccount("r-open", INVESTOR, False, "张三", "110101199001011237", "13800000000")
BIND = BindCard("r-bind", INVESTOR, CARD, "ICBC", "13800000000")
UNBIND = UnbindCard("r-unbind", INVESTOR, CARD)
AUTHORISE = Authorise("r-auth", INVESTOR, Authorised.TENDER, date(2018, 12, 31), 50_000)
END_AUTHORISATION = EndAuthorisation("r-auth-end", BORROWER, Authorised.REPAYMENT)
ESTABLISH = EstablishProject(
    "r-project", "p1", BORROWER, 100_000, "loan p1", "12", "equal-instalment", 12
)
CHANGE = ChangeProject("r-change", "p1", ProjectStage.REPAYING)
RECHARGE = Recharge("r-recharge", INVESTOR, 123_450)
WITHDRAW = Withdraw("r-withdraw", INVESTOR, 5, CARD)
DIRECT_RECHARGE = Recharge("r-direct", INVESTOR, 123_450, by_member=False)
AUTO_WITHDRAW = Withdraw("r-auto", INVESTOR, 5, CARD, by_member=False)
CHANGE_PHONE = ChangePhone("r-phone", INVESTOR, "13900000000")
RESET_PASSWORD = ResetPassword("r-reset", INVESTOR)
CHECK_PASSWORD = CheckPassword("r-check", INVESTOR)
FREEZE_FUNDS = FreezeFunds("r-still", INVESTOR, 700)
UNFREEZE_FUNDS = UnfreezeFunds("r-free", INVESTOR, "r-still", 1)
CONFIRM = ConfirmWithdrawal("r-confirm", "r-withdraw")
STOP = StopWithdrawal("r-stop", "r-withdraw")
FREEZE = Freeze("r-freeze", INVESTOR, Purpose.TENDER, 100_000, "p1")
TENDER_BY_MEMBER = Freeze("r-page", INVESTOR, Purpose.TENDER, 100_000, "p1", by_member=True)
RELEASE = Release("r-release", "r-freeze", 1)
DISBURSE = Execute(
    "r-disburse",
    Purpose.DISBURSEMENT,
    "p1",
    (
        Leg(
            "mv1",
            Purpose.DISBURSEMENT,
            INVESTOR,
            BORROWER,
            100_000,
            freeze_request_no="r-freeze",
        ),
        Leg("mv2", Purpose.FEE, BORROWER, INCOME_ACCOUNT, 1_000),
        Leg("mv3", Purpose.RESERVE_CONTRIBUTION, BORROWER, RESERVE_ACCOUNT, 2_000),
    ),
)
EVERY_SINGLE = (
    OPEN,
    BIND,
    UNBIND,
    AUTHORISE,
    END_AUTHORISATION,
    ESTABLISH,
    CHANGE,
    RECHARGE,
    WITHDRAW,
    DIRECT_RECHARGE,
    AUTO_WITHDRAW,
    CHANGE_PHONE,
    RESET_PASSWORD,
    CHECK_PASSWORD,
    FREEZE_FUNDS,
    UNFREEZE_FUNDS,
    TENDER_BY_MEMBER,
    CONFIRM,
    STOP,
    FREEZE,
    RELEASE,
    DISBURSE,
)
