"""Domain request -> txCode and fields of a single order. What the protocol has no order for is
`NotCarried`, what this bank need not be told is `NotNeeded`: neither is ever sent.

The pages that a member completes at the bank go to /escrow/p2p/page and name where the result is
told. `Execute` is a batch, see batches.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.custody.batch_family.accounts import IDENTITIES, ORDINARY, Accounts
from adapters.custody.batch_family.channel import ONLINE, PAGE, Call
from adapters.custody.wire import bank_day
from domain.accounts import role_of
from domain.authorisation import Kind as Authorised
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
    Freeze,
    FreezeFunds,
    OfferShare,
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
from domain.money import yuan
from domain.purposes import Purpose
from infra.clock import SHANGHAI

REQUEST_NO_MAX = 50
QUERY = "transactionStatusQuery"
TENDER_FREEZE, TENDER_BY_MEMBER = "bidAutoApply", "bidApply"
BALANCE_FREEZE, BALANCE_UNFREEZE = "balanceFreeze", "balanceUnfreeze"
_FREEZES = {
    Purpose.TENDER: TENDER_FREEZE,
    Purpose.REPAYMENT_HOLD: BALANCE_FREEZE,
    Purpose.GUARANTEE_HOLD: BALANCE_FREEZE,
    Purpose.ASSIGNMENT_HOLD: BALANCE_FREEZE,
}
_AUTHORISED = {  # Its flag, and how the names of its terms begin.
    Authorised.TENDER: ("autoBid", "autoBid"),
    Authorised.REPAYMENT: ("repayAuth", "repay"),
    Authorised.CREDIT_ASSIGNMENT: ("autoCredit", "autoCredit"),
    Authorised.COMPENSATORY: ("bailAuth", "bail"),
}
_PERSON, _COMPANY = "01", "25"  # 身份证, 统一社会信用代码
_INTEREST_TYPES = {"bullet": "0"}  # 到期一次还本付息; every other method pays by the month: 1.


class NotCarried(ValueError):
    """The protocol has no order for this request. It was not sent."""


class NotNeeded(Exception):
    """The bank knows it from other orders. It was not sent."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a bank of this family agrees with each platform; the protocol leaves it open."""

    notify_url: str  # Where notices go.
    reserve_account: str = "SYS_GENERATE_001"  # acctUse 00100
    marketing_account: str = "SYS_GENERATE_002"  # acctUse 10000
    income_account: str = "SYS_GENERATE_004"  # acctUse 01000
    raise_days: int = 30  # How long a product may collect.
    line_attempts: int = 9  # How often a line is ordered whose batch succeeded in part.


def encode(request: BankRequest, accounts: Accounts, choices: Choices, now: datetime) -> Call:
    """All single orders but Release, which needs the freeze. Raises NotCarried, NotNeeded, NoAnswer
    where an account's number can't be learnt, ValueError for a number the bank cannot hold."""
    if not 0 < len(request.request_no) <= REQUEST_NO_MAX:
        raise ValueError(f"request_no: 1 to {REQUEST_NO_MAX} characters")
    match request:
        case OpenAccount():
            return _page("accountOpenPage", request, choices, _identity(request))
        case BindCard():
            card = {
                "accountId": accounts.number(request.account),
                "cardNo": request.card_no,
                "cardBankCode": request.bank_code,
                "mobile": request.phone,
            }
            return _page("bindCardPage", request, choices, card)
        case UnbindCard():
            fields = {"accountId": accounts.number(request.account), "cardNo": request.card_no}
            return _direct("cardUnbind", request, fields)
        case Authorise():
            terms = {"Deadline": bank_day(request.ends_on), "MaxAmt": yuan(request.limit_fen)}
            return _page(
                "termsAuthPage", request, choices, _authorisation(request, accounts, terms)
            )
        case EndAuthorisation():
            return _direct("termsAuthCancel", request, _authorisation(request, accounts, {}))
        case ChangePhone():
            phone = {"accountId": accounts.number(request.account), "mobile": request.phone}
            return _page("mobileModifyPage", request, choices, phone)
        case ResetPassword():
            account = {"accountId": accounts.number(request.account)}
            return _page("passwordResetPage", request, choices, account)
        case CheckPassword():
            raise NotCarried("the password is asked for where something is done, and not by itself")
        case Recharge(by_member=False) | Withdraw(by_member=False):
            raise NotCarried("money comes and goes at the bank's page only")
        case Recharge():
            return _page("directRechargePage", request, choices, _cash(request, accounts))
        case Withdraw():
            fields = _cash(request, accounts) | {"cardNo": request.card_no}
            return _page("withdraw", request, choices, fields)
        case ConfirmWithdrawal() | StopWithdrawal():
            raise NotCarried("a withdrawal waits for no word of ours here, and cannot be stopped")
        case Freeze():
            return _freeze(request, accounts, choices)
        case FreezeFunds():
            amount = {"txAmount": yuan(request.amount_fen), "frzType": "0"}
            account = {"accountId": accounts.number(request.account)}
            return _direct(BALANCE_FREEZE, request, account | amount)
        case UnfreezeFunds():
            fields = {
                "accountId": accounts.number(request.account),
                "orgOrderId": request.freeze_request_no,
                "txAmount": yuan(request.amount_fen),
            }
            return _direct(BALANCE_UNFREEZE, request, fields)
        case EstablishProject():
            return _direct("debtRegister", request, _product(request, accounts, choices, now))
        case ChangeProject(stage=ProjectStage.MISCARRIED):
            return _direct("debtRegisterCancel", request, {"productId": request.project_no})
        case OfferShare() | EndOffer():
            raise NotNeeded("the bank learns of an assignment when it is paid")
        case ChangeProject():
            raise NotNeeded("the bank goes by the batches of a product")
        case _:
            raise NotCarried(f"{type(request).__name__} is no single order")


def encode_query(request_no: str) -> Call:
    return Call(ONLINE, QUERY, {"reqType": "2", "reqOrderId": request_no})


def encode_release(request: Release, account_id: str, freeze_code: str) -> Call:
    """`freeze_code`: the order that made the freeze."""
    fields = {
        "accountId": account_id,
        "orgOrderId": request.freeze_request_no,
        "txAmount": yuan(request.amount_fen),
    }
    tender = freeze_code in (TENDER_FREEZE, TENDER_BY_MEMBER)
    service = "bidCancel" if tender else BALANCE_UNFREEZE
    return _direct(service, request, fields)


def _identity(request: OpenAccount) -> dict[str, str]:
    return {
        "userNo": request.account,
        "acctUse": ORDINARY,
        "identity": IDENTITIES[role_of(request.account)],
        "idType": _COMPANY if request.company else _PERSON,
        "idNo": request.id_no,
        "name": request.name,
        "mobile": request.phone,
    }


def _authorisation(
    request: Authorise | EndAuthorisation, accounts: Accounts, terms: Mapping[str, str]
) -> dict[str, str]:
    """Each kind has fields of its own, told apart by how their names begin."""
    words = _AUTHORISED.get(request.kind)
    if words is None:
        raise NotCarried(f"kind: no {request.kind} without the member here")
    flag, prefix = words
    fields = {"accountId": accounts.number(request.account), flag: "1"}
    return fields | {prefix + name: value for name, value in terms.items()}


def _cash(request: Recharge | Withdraw, accounts: Accounts) -> dict[str, str]:
    return {"accountId": accounts.number(request.account), "txAmount": yuan(request.amount_fen)}


def _freeze(request: Freeze, accounts: Accounts, choices: Choices) -> Call:
    service = _FREEZES.get(request.purpose)
    if service is None:
        raise NotCarried(f"purpose: no freeze for {request.purpose.value} here")
    fields = {
        "accountId": accounts.number(request.account),
        "txAmount": yuan(request.amount_fen),
        "productId": request.project_no,
    }
    if service == BALANCE_FREEZE:
        if request.by_member:
            raise NotCarried("the member himself freezes for tenders only")
        frz_type = "1" if request.purpose is Purpose.ASSIGNMENT_HOLD else "0"
        return _direct(service, request, fields | {"frzType": frz_type})
    fields["frzFlag"] = "1"
    if request.by_member:
        return _page(TENDER_BY_MEMBER, request, choices, fields)
    return _direct(service, request, fields)


def _product(
    request: EstablishProject, accounts: Accounts, choices: Choices, now: datetime
) -> dict[str, str]:
    today = now.astimezone(SHANGHAI).date()
    return {
        "accountId": accounts.number(request.borrower),
        "productId": request.project_no,
        "productDesc": request.name,
        "raiseDate": bank_day(today),
        "raiseEndDate": bank_day(today + timedelta(days=choices.raise_days)),
        "intType": _INTEREST_TYPES.get(request.method, "1"),
        "duration": str(request.periods),
        "txAmount": yuan(request.amount_fen),
        "rate": request.annual_rate,
        "bailAccountId": choices.reserve_account,
    }


def _direct(service: str, request: BankRequest, fields: dict[str, str]) -> Call:
    return Call(ONLINE, service, {"orderId": request.request_no, **fields})


def _page(service: str, request: BankRequest, choices: Choices, fields: dict[str, str]) -> Call:
    page = {"orderId": request.request_no, "notifyUrl": choices.notify_url}
    return Call(PAGE, service, page | fields)
