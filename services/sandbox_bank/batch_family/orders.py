"""Single orders, put into the first front's terms and done at its desk: one book, one set of rules.

`ORDERS` at the foot lists them by txCode. A page that no browser
came for is accepted, and its result comes by notice or query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.sandbox_bank import desk, freezes
from services.sandbox_bank.batch_family.codes import RetCode, ret_code
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.kinds import Fault

ROLES = {"1": "INVESTOR", "2": "BORROWERS", "3": "GUARANTEECORP"}
_PERSON, _COMPANY = "01", "25"
_ORDINARY = "00000"
_ISSUER = "6212461"  # The first digits of every account number here.
_OPENED = "SELECT 1 FROM account WHERE user_no = %s"
_REPAYMENT_WAYS = {"0": "ONE_TIME_SERVICING", "1": "FIXED_PAYMENT_MORTGAGE"}

_AUTHORISED = {  # flag -> kind, and how the names of its terms begin
    "autoBid": ("TENDER", "autoBid"),
    "repayAuth": ("REPAYMENT", "repay"),
    "autoCredit": ("CREDIT_ASSIGNMENT", "autoCredit"),
    "bailAuth": ("COMPENSATORY", "bail"),
}

Data = dict[str, Any]
_SERVICE = "serviceName"  # In Data: another one of the first front's than the order's usual.


@dataclass(frozen=True, slots=True)
class Order:
    """`service` is the first front's. `alone`: it reads a table in which the rows of others would
    not be written yet."""

    service: str
    translate: Callable[[Book, Fields], Data]
    page: bool = False
    alone: bool = False


def give(
    book: Book, order: Order, fields: Fields, fault: Fault | None, *, auto_complete: bool
) -> dict[str, str]:
    """Do one order, or refuse it. The answer's own fields."""
    no = fields.text("orderId", 50)
    answer = desk.serve(book, call_of(book, order, fields, fault), auto_complete=auto_complete)
    if answer["code"] != "0":
        refused = {"retCode": ret_code(answer["errorCode"]), "retMsg": answer["errorMessage"]}
        return refused | {"orderId": no}
    told = {"retCode": RetCode.SUCCESS.value, "retMsg": "", "orderId": no, "state": "A"}
    if answer["status"] == "SUCCESS":
        told |= {"state": "S", "relDate": answer["transactionDate"]}
    return told


def call_of(book: Book, order: Order, fields: Fields, fault: Fault | None = None) -> desk.Call:
    """The order in the first front's terms. Raises Refused."""
    data = {"requestNo": fields.text("orderId", 50), **order.translate(book, fields)}
    service = data.pop(_SERVICE, order.service)
    return desk.Call(
        desk.GATEWAY if order.page else desk.SERVICE,
        service,
        Fields(data),
        fault,
        fields.text("notifyUrl", 500) if order.page else None,
    )


def _open(book: Book, fields: Fields) -> Data:
    """The bank gives the number; the platform's own is kept beside it."""
    fields.choice("acctUse", [_ORDINARY])
    id_type = fields.choice("idType", [_PERSON, _COMPANY])
    user_no = fields.text("userNo", 50)
    known = book.requests.get(fields.text("orderId", 50))  # A page that is shown again.
    if known is None and book.db.execute(_OPENED, (user_no,)).fetchone():
        raise Refused(Code.REFUSED, "用户已存在")
    number = ((known and known.data) or {}).get("platformUserNo")
    data = {
        "platformUserNo": number or f"{_ISSUER}{book.number():012d}",
        "userNo": user_no,
        "userRole": ROLES[fields.choice("identity", frozenset(ROLES))],
    }
    name, id_no, mobile = fields.text("name"), fields.text("idNo"), fields.text("mobile")
    if id_type == _COMPANY:
        company = {"enterpriseName": name, "unifiedCode": id_no, "contactPhone": mobile}
        return data | company | {_SERVICE: "ENTERPRISE_REGISTER"}
    return data | {"realName": name, "idCardType": "PRC_ID", "idCardNo": id_no, "mobile": mobile}


def _bind(_book: Book, fields: Fields) -> Data:
    return {
        "platformUserNo": _account(fields),
        "bankcardNo": fields.text("cardNo", 30),
        "bankcode": fields.text("cardBankCode", 20),
        "mobile": fields.text("mobile"),
    }


def _unbind(_book: Book, fields: Fields) -> Data:
    return {"platformUserNo": _account(fields), "bankcardNo": fields.text("cardNo", 30)}


def _authorise(_book: Book, fields: Fields) -> Data:
    """One kind a page here; the names of its terms begin as its own."""
    data, prefix = _kind_of(fields)
    terms = {
        "failTime": fields.text(f"{prefix}Deadline"),
        "amount": fields.text(f"{prefix}MaxAmt"),
    }
    return data | terms


def _authorisation(_book: Book, fields: Fields) -> Data:
    return _kind_of(fields)[0]


def _kind_of(fields: Fields) -> tuple[Data, str]:
    kinds = [kind for flag, kind in _AUTHORISED.items() if fields.optional(flag) == "1"]
    if len(kinds) != 1:
        raise fields.bad(" or ".join(_AUTHORISED), "must be 1, and one of them alone")
    kind, prefix = kinds[0]
    return {"platformUserNo": _account(fields), "authList": kind}, prefix


def _phone(_book: Book, fields: Fields) -> Data:
    return {"platformUserNo": _account(fields), "mobile": fields.text("mobile")}


def _password(_book: Book, fields: Fields) -> Data:
    return {"platformUserNo": _account(fields)}


def _recharge(_book: Book, fields: Fields) -> Data:
    return {"platformUserNo": _account(fields), "amount": fields.text("txAmount")}


def _withdraw(book: Book, fields: Fields) -> Data:
    if book.account(_account(fields)).card_no != fields.text("cardNo", 30):
        raise Refused(Code.REFUSED, "银行卡与绑定卡不一致")
    return _recharge(book, fields) | {"withdrawType": "NORMAL"}


def _bid(_book: Book, fields: Fields) -> Data:
    return _freeze(fields) | {"bizType": "TENDER"}


def _balance_freeze(book: Book, fields: Fields) -> Data:
    """frzType 0: a borrower's for his repayment, a guarantor's for his advance; anybody's, for no
    product. 1: a lender's, for a claim that he buys."""
    if fields.choice("frzType", ["0", "1"]) == "1":
        return _freeze(fields) | {"bizType": "CREDIT_ASSIGNMENT"}
    if fields.optional("productId", 50) is None:
        account = {"platformUserNo": _account(fields), "amount": fields.text("txAmount")}
        return account | {_SERVICE: "FREEZE"}
    guarantor = book.account(_account(fields)).role == "GUARANTEECORP"
    return _freeze(fields) | {"bizType": "COMPENSATORY" if guarantor else "REPAYMENT"}


def _freeze(fields: Fields) -> Data:
    return {
        "platformUserNo": _account(fields),
        "amount": fields.text("txAmount"),
        "projectNo": fields.text("productId", 50),
    }


def _bid_cancel(book: Book, fields: Fields) -> Data:
    return _unfreeze(book, fields, frozenset({"TENDER"}))


def _balance_unfreeze(book: Book, fields: Fields) -> Data:
    data = _unfreeze(
        book, fields, frozenset({"REPAYMENT", "COMPENSATORY", "CREDIT_ASSIGNMENT", "FREEZE"})
    )
    no = data["preTransactionNo"]
    if freezes.find(book, no).project_no is None:
        amount = {"amount": data["amount"]}
        return amount | {"originalFreezeRequestNo": no, _SERVICE: "UNFREEZE"}
    return data


def _unfreeze(book: Book, fields: Fields, biz_types: frozenset[str]) -> Data:
    no = fields.text("orgOrderId", 50)
    held = freezes.find(book, no)
    if held.biz_type not in biz_types or held.account_no != _account(fields):
        raise Refused(Code.REFUSED, "原订单不符")
    return {"preTransactionNo": no, "amount": fields.text("txAmount")}


def _register(_book: Book, fields: Fields) -> Data:
    fields.text("duration")
    return {
        "projectNo": fields.text("productId", 50),
        "platformUserNo": _account(fields),
        "projectAmount": fields.text("txAmount"),
        "projectName": fields.text("productDesc"),
        "projectType": "STANDARDPOWDER",
        "annnualInterestRate": fields.text("rate"),
        "repaymentWay": _REPAYMENT_WAYS[fields.choice("intType", frozenset(_REPAYMENT_WAYS))],
    }


def _cancel_registration(_book: Book, fields: Fields) -> Data:
    return {"projectNo": fields.text("productId", 50), "status": "MISCARRY"}


def _account(fields: Fields) -> str:
    return fields.text("accountId", 19)


ORDERS = {
    "accountOpenPage": Order("PERSONAL_REGISTER_EXPAND", _open, page=True, alone=True),
    "bindCardPage": Order("PERSONAL_BIND_BANKCARD", _bind, page=True),
    "cardUnbind": Order("UNBIND_BANKCARD", _unbind),
    "termsAuthPage": Order("USER_AUTHORIZATION", _authorise, page=True),
    "termsAuthCancel": Order("CANCEL_USER_AUTHORIZATION", _authorisation),
    "directRechargePage": Order("RECHARGE", _recharge, page=True),
    "withdraw": Order("WITHDRAW", _withdraw, page=True),
    "mobileModifyPage": Order("MODIFY_MOBILE_EXPAND", _phone, page=True),
    "passwordResetPage": Order("RESET_PASSWORD", _password, page=True),
    "bidApply": Order("USER_PRE_TRANSACTION", _bid, page=True),
    "bidAutoApply": Order("USER_AUTO_PRE_TRANSACTION", _bid),
    "bidCancel": Order("CANCEL_PRE_TRANSACTION", _bid_cancel),
    "balanceFreeze": Order("USER_AUTO_PRE_TRANSACTION", _balance_freeze),
    "balanceUnfreeze": Order("CANCEL_PRE_TRANSACTION", _balance_unfreeze),
    "debtRegister": Order("ESTABLISH_PROJECT", _register),
    "debtRegisterCancel": Order("MODIFY_PROJECT", _cancel_registration),
}
