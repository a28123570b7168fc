"""What the bank is asked after -> service name and reqData fields."""

from __future__ import annotations

from adapters.custody.service_family.accounts import user_no
from adapters.custody.service_family.calls import SERVICE, Call, NotCarried
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

_TRANSACTION_TYPES: dict[type[BankRequest], str] = {
    OpenAccount: "REGISTER",
    BindCard: "BIND_CARD",
    UnbindCard: "UNBIND_CARD",
    ChangePhone: "MODIFY_MOBILE",
    ResetPassword: "RESET_PASSWORD",
    CheckPassword: "CHECK_PASSWORD",
    Authorise: "AUTHORIZATION",
    EndAuthorisation: "CANCEL_AUTHORIZATION",
    EstablishProject: "PROJECT",
    ChangeProject: "MODIFY_PROJECT",
    Recharge: "RECHARGE",
    Withdraw: "WITHDRAW",
    ConfirmWithdrawal: "CONFIRM_WITHDRAW",
    StopWithdrawal: "STOP_WITHDRAW",
    OfferShare: "DEBENTURE_SALE",
    EndOffer: "CANCEL_DEBENTURE_SALE",
    Freeze: "PRETRANSACTION",
    Release: "CANCEL_PRETRANSACTION",
    FreezeFunds: "FREEZE",
    UnfreezeFunds: "UNFREEZE",
    Execute: "TRANSACTION",
}


def encode_query(request: BankRequest) -> Call:
    """Raises NotCarried for a batch: its trades are asked after one by one."""
    kind = _TRANSACTION_TYPES.get(type(request))
    if kind is None:
        raise NotCarried("a batch is asked after by its trades")
    fields = {"requestNo": request.request_no, "transactionType": kind}
    return Call(SERVICE, "QUERY_TRANSACTION", fields)


def encode_withdrawal_query(request_no: str) -> Call:
    fields = {"requestNo": request_no, "transactionType": _TRANSACTION_TYPES[Withdraw]}
    return Call(SERVICE, "QUERY_TRANSACTION", fields)


def encode_project_query(project_no: str) -> Call:
    return Call(SERVICE, "QUERY_PROJECT_INFORMATION", {"projectNo": project_no})


def encode_user_query(account: str) -> Call:
    return Call(SERVICE, "QUERY_USER_INFORMATION", {"platformUserNo": user_no(account)})
