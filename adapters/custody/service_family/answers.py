"""The bank's words -> outcomes. What is not plainly a yes or a no stays unknown.

Only bodies whose signature was verified come here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.custody.service_family.errors import NO_VERDICT, ErrorCode
from adapters.custody.wire import NoAnswer, read_day
from domain.bank_requests import BankRequest, Recharge, Withdraw
from domain.bank_statement import BankBalance
from domain.money import fen_from_yuan
from domain.ports import BankAnswer, BankOutcome

Fields = Mapping[str, Any]

_PENDING = ["INIT", "PROCESSING", "PENDDING", "ACCEPT", "REMITING"]
_OUTCOMES = {
    **dict.fromkeys(_PENDING, BankOutcome.PENDING),
    "CONFIRMING": BankOutcome.HELD,  # 待确认: until we confirm or cancel the withdrawal.
    "SUCCESS": BankOutcome.SUCCEEDED,
    "FREEZED": BankOutcome.SUCCEEDED,
    "UNFREEZED": BankOutcome.SUCCEEDED,  # The freeze was made, and has been used or released.
    "FAIL": BankOutcome.REFUSED,
    "ACCEPT_FAIL": BankOutcome.REFUSED,
}


@dataclass(frozen=True, slots=True)
class BankUser:
    card_no: str  # "" where no card is bound.
    balance: BankBalance


def unknown(reason: NoAnswer) -> BankAnswer:
    outcome = BankOutcome.CLOSED if reason.code == ErrorCode.PLATFORM_STATE else BankOutcome.UNKNOWN
    return BankAnswer(outcome, reason.code, reason.message)


def verdict(fields: Fields, request_no: str) -> BankAnswer:
    """What an answer or a callback says of the request `request_no`. Raises NoAnswer."""
    stated = fields.get("requestNo") or fields.get("batchNo") or request_no
    if stated != request_no:
        raise NoAnswer("contradiction", "the answer names another request")
    match (str(fields.get("code")), fields.get("status")):
        case ("0", "SUCCESS"):
            return _answer(BankOutcome.SUCCEEDED, fields)
        case ("0", "INIT"):
            return _answer(BankOutcome.PENDING, fields)
        case ("1", status) if status != "SUCCESS" and error_code(fields):
            return _answer(_refusal(error_code(fields)), fields)
        case _:
            raise NoAnswer("contradiction", "code and status do not go together")


def queried(fields: Fields, request: BankRequest) -> BankAnswer:
    """What a query's answer says of `request`. Raises NoAnswer."""
    if str(fields.get("code")) == "1":
        code = error_code(fields)
        if code == ErrorCode.NOT_FOUND:
            return _answer(BankOutcome.NOT_FOUND, fields)
        closed = code == ErrorCode.PLATFORM_STATE
        return _answer(BankOutcome.CLOSED if closed else BankOutcome.UNKNOWN, fields)
    record = _only_record(fields, request.request_no)
    if isinstance(request, Recharge | Withdraw) and "amount" in record:
        _check_amount(str(record["amount"]), request.amount_fen)
    word = record.get("status")
    if not isinstance(word, str) or word not in _OUTCOMES:
        raise NoAnswer("contradiction", "a status word that has no clear meaning")
    return _answer(_OUTCOMES[word], record)


def state(fields: Fields, request_no: str) -> object:
    """The bank's word for how far the request `request_no` is. Raises NoAnswer, also where the bank
    does not know it yet."""
    if str(fields.get("code")) == "1":
        raise NoAnswer(error_code(fields) or "contradiction", error_message(fields))
    return _only_record(fields, request_no).get("status")


def user(fields: Fields) -> BankUser | None:
    """A user's card and balance, None for a user the bank does not know. Raises NoAnswer."""
    if str(fields.get("code")) == "1":
        if error_code(fields) in (ErrorCode.NO_SUCH_USER, ErrorCode.NOT_FOUND):
            return None
        raise NoAnswer(error_code(fields) or "contradiction", error_message(fields))
    require_success(fields)
    try:
        available = fen_from_yuan(str(fields["availableAmount"]))
        frozen = fen_from_yuan(str(fields["freezeAmount"]))
    except (KeyError, ValueError):
        raise NoAnswer("unreadable", "balance is missing or no amount") from None
    return BankUser(str(fields.get("bankcardNo") or ""), BankBalance(available, frozen))


def project_status(fields: Fields) -> object:
    """The bank's word for how far a project is. Raises NoAnswer."""
    if str(fields.get("code")) == "1":
        raise NoAnswer(error_code(fields) or "contradiction", error_message(fields))
    require_success(fields)
    return fields.get("projectStatus")


def require_success(fields: Fields) -> None:
    if str(fields.get("code")) != "0" or fields.get("status") != "SUCCESS":
        raise NoAnswer("contradiction", "code and status do not go together")


def error_code(fields: Fields) -> str:
    return str(fields.get("errorCode") or "")


def error_message(fields: Fields) -> str:
    return str(fields.get("errorMessage") or "")


def _refusal(code: str) -> BankOutcome:
    if code == ErrorCode.PLATFORM_STATE:
        return BankOutcome.CLOSED
    return BankOutcome.UNKNOWN if code in NO_VERDICT else BankOutcome.REFUSED


def _only_record(fields: Fields, request_no: str) -> Fields:
    require_success(fields)
    records = fields.get("records")
    if not isinstance(records, list) or len(records) != 1 or not isinstance(records[0], dict):
        raise NoAnswer("contradiction", "not exactly one record")
    record: Fields = records[0]
    if record.get("requestNo") != request_no:
        raise NoAnswer("contradiction", "the record names another request")
    return record


def _check_amount(stated: str, amount_fen: int) -> None:
    try:
        agrees = fen_from_yuan(stated) == amount_fen
    except ValueError:
        agrees = False
    if not agrees:
        raise NoAnswer("contradiction", "the record has another amount")


def _answer(outcome: BankOutcome, fields: Fields) -> BankAnswer:
    return BankAnswer(outcome, error_code(fields), error_message(fields), _bank_date(fields))


def _bank_date(fields: Fields) -> date | None:
    stated = fields.get("transactionDate")
    if not stated:
        return None
    day = read_day(str(stated))
    if day is None:
        raise NoAnswer("unreadable", "transactionDate is no yyyyMMdd date")
    return day
