"""How this family words what became of an order: `state` S done, F failed, A accepted, D working,
N unknown here; `relDate` is the bank's date of the fact."""

from __future__ import annotations

from services.sandbox_bank.batch_family.codes import RetCode, ret_code
from services.sandbox_bank.clock import compact
from services.sandbox_bank.fields import money
from services.sandbox_bank.rows import Request

WITHDRAWAL_RETURNED = "withdrawReturn"
LINE = "LINE"  # The kind of a batch's line among the bank's requests.
BATCH = "LINES"  # And of a batch.

TX_CODES = {
    "PERSONAL_REGISTER_EXPAND": "accountOpenPage",
    "ENTERPRISE_REGISTER": "accountOpenPage",
    "PERSONAL_BIND_BANKCARD": "bindCardPage",
    "UNBIND_BANKCARD": "cardUnbind",
    "MODIFY_MOBILE_EXPAND": "mobileModifyPage",
    "RESET_PASSWORD": "passwordResetPage",
    "USER_PRE_TRANSACTION": "bidApply",
    "USER_AUTHORIZATION": "termsAuthPage",
    "CANCEL_USER_AUTHORIZATION": "termsAuthCancel",
    "RECHARGE": "directRechargePage",
    "WITHDRAW": "withdraw",
    "BACKROLL_RECHARGE": WITHDRAWAL_RETURNED,
    "ESTABLISH_PROJECT": "debtRegister",
    "MODIFY_PROJECT": "debtRegisterCancel",
}

_STATES = {
    **dict.fromkeys(("SUCCESS", "FREEZED", "UNFREEZED"), "S"),
    **dict.fromkeys(("FAIL", "ACCEPT_FAIL"), "F"),
    **dict.fromkeys(("INIT", "PENDDING", "CONFIRMING"), "A"),
    **dict.fromkeys(("ACCEPT", "REMITING", "WAITING"), "D"),
}


def state_of(request: Request) -> str:
    return _STATES[request.status]


def facts(request: Request) -> dict[str, str]:
    """What a query or a notice tells of an order."""
    told = {"orderId": request.request_no, "state": state_of(request)}
    if request.account_no is not None:
        told["accountId"] = request.account_no
    if request.amount_fen is not None:
        told["txAmount"] = money(request.amount_fen)
    if told["state"] in "SF":
        told["relDate"] = compact(request.bank_date)
    if request.error_code is not None:
        told["failCode"] = ret_code(request.error_code)
        told["failMsg"] = request.error_message or ""
    return told


def notice_of(request: Request, user_no: str | None, origin_no: str | None) -> dict[str, str]:
    """The notice of a single order's end. `origin_no`: the withdrawal whose money is back."""
    told = {"txCode": TX_CODES[request.service], "retCode": RetCode.SUCCESS.value, "retMsg": ""}
    told |= facts(request)
    if request.error_code is not None:
        told |= {"retCode": told["failCode"], "retMsg": told["failMsg"]}
    if user_no is not None:
        told["userNo"] = user_no
    if origin_no is not None:
        told["orgOrderId"] = origin_no
    return told
