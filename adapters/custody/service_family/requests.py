"""Domain request -> service name, path and reqData fields, together with trades.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_never

from adapters.custody.service_family import words
from adapters.custody.service_family.accounts import user_no, user_role
from adapters.custody.service_family.calls import (
    GATEWAY,
    REQUEST_NO_MAX,
    SERVICE,
    Call,
    Choices,
    NotCarried,
)
from adapters.custody.service_family.envelope import bank_time
from adapters.custody.service_family.trades import batch, hold, trade
from adapters.custody.service_family.words import RechargeWay
from adapters.custody.wire import bank_day
from domain.bank_requests import (
    Authorise,
    BankRequest,
    BindCard,
    ChangePhone,
    ChangeProject,
    CheckPassword,
    ConfirmWithdrawal,
    EndAuthorisation,
    EndOffer,
    EstablishProject,
    Execute,
    ExecuteBatch,
    Freeze,
    FreezeFunds,
    OfferShare,
    OpenAccount,
    Recharge,
    Release,
    ResetPassword,
    StopWithdrawal,
    UnbindCard,
    UnfreezeFunds,
    Withdraw,
)
from domain.money import yuan
from domain.purposes import Purpose

_ADVANCE_BATCH = ".b"  # Behind the number of an indirect advance: its batch's.


def encode(request: BankRequest, choices: Choices, now: datetime) -> Call:
    """Raises NotCarried, and ValueError for a request number that the bank cannot hold."""
    if not 0 < len(request.request_no) <= REQUEST_NO_MAX:
        raise ValueError(f"request_no: 1 to {REQUEST_NO_MAX} characters")
    match request:
        case OpenAccount():
            return _register(request, choices, now)
        case BindCard():
            return _bind(request, choices, now)
        case UnbindCard():
            card = {"bankcardNo": request.card_no}
            return _direct("UNBIND_BANKCARD", request, _user(request) | card)
        case ChangePhone():
            phone = {"mobile": request.phone, "checkType": choices.check_type}
            return _page("MODIFY_MOBILE_EXPAND", request, _user(request) | phone, choices, now)
        case ResetPassword():
            return _page("RESET_PASSWORD", request, _user(request), choices, now)
        case CheckPassword():
            return _page("CHECK_PASSWORD", request, _user(request), choices, now)
        case Authorise():
            terms = {"failTime": bank_day(request.ends_on), "amount": yuan(request.limit_fen)}
            return _page(
                "USER_AUTHORIZATION", request, _authorisation(request) | terms, choices, now
            )
        case EndAuthorisation():
            return _direct("CANCEL_USER_AUTHORIZATION", request, _authorisation(request))
        case EstablishProject():
            return _direct("ESTABLISH_PROJECT", request, _project(request, choices))
        case ChangeProject():
            fields = {"projectNo": request.project_no, "status": words.STAGES[request.stage]}
            return _direct("MODIFY_PROJECT", request, fields)
        case Recharge() | Withdraw():
            return _cash(request, choices, now)
        case ConfirmWithdrawal():
            return _direct("CONFIRM_WITHDRAW", request, _about_withdrawal(request))
        case StopWithdrawal():
            raise NotCarried("which order stops a withdrawal depends on how far it is")
        case OfferShare():
            return _direct("DEBENTURE_SALE", request, _sale(request))
        case EndOffer():
            fields = {"creditsaleRequestNo": request.offer_request_no}
            return _direct("CANCEL_DEBENTURE_SALE", request, fields)
        case Freeze():
            if request.by_member:
                return _page("USER_PRE_TRANSACTION", request, hold(request), choices, now)
            return _direct("USER_AUTO_PRE_TRANSACTION", request, hold(request))
        case Release():
            amount = yuan(request.amount_fen)
            fields = {"preTransactionNo": request.freeze_request_no, "amount": amount}
            return _direct("CANCEL_PRE_TRANSACTION", request, fields)
        case FreezeFunds():
            fields = _user(request) | {"amount": yuan(request.amount_fen)}
            return _direct("FREEZE", request, fields)
        case UnfreezeFunds():
            amount = yuan(request.amount_fen)
            fields = {"originalFreezeRequestNo": request.freeze_request_no, "amount": amount}
            return _direct("UNFREEZE", request, fields)
        case Execute(purpose=Purpose.GUARANTEE_ADVANCE):
            return batch(f"{request.request_no}{_ADVANCE_BATCH}", [request])
        case Execute():
            return Call(SERVICE, "SYNC_TRANSACTION", trade(request))
        case ExecuteBatch():
            return batch(request.request_no, request.trades)
        case _:
            assert_never(request)


def encode_stop(request: StopWithdrawal, state: object) -> Call:
    """取消 while the bank waits for the member or for us, 拦截 from then on. `state`: the bank's
    word for how far the withdrawal is."""
    waits = state in ("INIT", "CONFIRMING")
    service = "CANCEL_WITHDRAW" if waits else "INTERCEPT_WITHDRAW"
    return _direct(service, request, _about_withdrawal(request))


def _register(request: OpenAccount, choices: Choices, now: datetime) -> Call:
    user = {"platformUserNo": user_no(request.account), "userRole": user_role(request.account)}
    if request.company:
        company = {
            "enterpriseName": request.name,
            "unifiedCode": request.id_no,
            "contactPhone": request.phone,
        }
        return _page("ENTERPRISE_REGISTER", request, user | company, choices, now)
    person = {
        "realName": request.name,
        "idCardType": choices.id_card_type,
        "idCardNo": request.id_no,
        "mobile": request.phone,
    }
    return _page("PERSONAL_REGISTER_EXPAND", request, user | person, choices, now)


def _user(
    request: UnbindCard
    | ChangePhone
    | ResetPassword
    | CheckPassword
    | Authorise
    | EndAuthorisation
    | Recharge
    | Withdraw
    | FreezeFunds,
) -> dict[str, str]:
    return {"platformUserNo": user_no(request.account)}


def _bind(request: BindCard, choices: Choices, now: datetime) -> Call:
    fields = {
        "platformUserNo": user_no(request.account),
        "bankcardNo": request.card_no,
        "bankcode": request.bank_code,
        "mobile": request.phone,
    }
    service = "ENTERPRISE_BIND_BANKCARD" if request.company else "PERSONAL_BIND_BANKCARD"
    return _page(service, request, fields, choices, now)


def _authorisation(request: Authorise | EndAuthorisation) -> dict[str, str]:
    kind = words.AUTHORISATIONS[request.kind]
    return _user(request) | {"authList": kind}


def _sale(request: OfferShare) -> dict[str, str]:
    return {
        "platformUserNo": user_no(request.account),
        "projectNo": request.project_no,
        "saleShare": yuan(request.share_fen),
    }


def _project(request: EstablishProject, choices: Choices) -> dict[str, Any]:
    way = words.REPAYMENT_WAYS.get(request.method)
    if way is None:
        raise NotCarried(f"method: no repaymentWay for {request.method}")
    return {
        "platformUserNo": user_no(request.borrower),
        "projectNo": request.project_no,
        "projectAmount": yuan(request.amount_fen),
        "projectName": request.name,
        "projectType": choices.project_type,
        "projectPeriod": str(request.periods),
        "annnualInterestRate": request.annual_rate,
        "repaymentWay": way,
    }


def _cash(request: Recharge | Withdraw, choices: Choices, now: datetime) -> Call:
    fields = _user(request) | {"amount": yuan(request.amount_fen)}
    if isinstance(request, Withdraw):
        way = {"withdrawType": choices.withdraw_type, "withdrawForm": choices.withdraw_form}
        if request.by_member:
            return _page("WITHDRAW", request, fields | way, choices, now)
        return _direct("AUTO_WITHDRAW", request, fields | way)
    company = {"expectPayCompany": choices.pay_company}
    if request.by_member:
        way = {"rechargeWay": choices.recharge_way, "payType": choices.pay_type}
        return _page("RECHARGE", request, fields | company | way, choices, now)
    return _direct(
        "DIRECT_RECHARGE", request, fields | company | {"rechargeWay": RechargeWay.PROXY}
    )


def _about_withdrawal(request: ConfirmWithdrawal | StopWithdrawal) -> dict[str, str]:
    return {"withdrawRequestNo": request.withdrawal_request_no}


def _direct(service: str, request: BankRequest, fields: dict[str, Any]) -> Call:
    return Call(SERVICE, service, {"requestNo": request.request_no, **fields})


def _page(
    service: str, request: BankRequest, fields: dict[str, Any], choices: Choices, now: datetime
) -> Call:
    page = {
        "requestNo": request.request_no,
        "redirectUrl": choices.redirect_url,
        "expired": bank_time(now + timedelta(minutes=choices.page_minutes)),
    }
    return Call(GATEWAY, service, page | fields)
