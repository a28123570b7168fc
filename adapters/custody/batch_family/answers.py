"""The bank's verified words -> outcomes. What is not plainly a yes or a no stays unknown."""

from __future__ import annotations

from datetime import date

from adapters.custody.batch_family import codes
from adapters.custody.batch_family.message import Fields
from adapters.custody.wire import NoAnswer, read_day
from domain.bank_requests import BankRequest, Recharge, Withdraw
from domain.bank_statement import BankBalance
from domain.money import fen_from_yuan
from domain.ports import BankAnswer, BankOutcome

_STATES = {
    "S": BankOutcome.SUCCEEDED,
    "F": BankOutcome.REFUSED,
    "A": BankOutcome.PENDING,
    "D": BankOutcome.PENDING,
    "N": BankOutcome.NOT_FOUND,
}


def unknown(reason: NoAnswer) -> BankAnswer:
    outcome = BankOutcome.CLOSED if reason.code == codes.CLOSED else BankOutcome.UNKNOWN
    return BankAnswer(outcome, reason.code, reason.message)


def verdict(fields: Fields, request_no: str) -> BankAnswer:
    """What an answer or a notice says of the order `request_no`. Raises NoAnswer."""
    if fields.get("orderId", request_no) != request_no:
        raise NoAnswer("contradiction", "the answer names another order")
    code = fields["retCode"]
    if code != codes.SUCCESS:
        return BankAnswer(BankOutcome.REFUSED, code, fields.get("retMsg", ""), bank_date(fields))
    outcome = _STATES.get(fields.get("state", ""))
    if outcome not in (BankOutcome.SUCCEEDED, BankOutcome.PENDING):
        raise NoAnswer("contradiction", "retCode and state do not go together")
    return BankAnswer(outcome, bank_date=bank_date(fields))


def queried(fields: Fields, request: BankRequest) -> BankAnswer:
    """What transactionStatusQuery says of a single order. Raises NoAnswer."""
    require_success(fields)
    outcome = _STATES.get(fields.get("state", ""))
    if outcome is None:
        raise NoAnswer("contradiction", "a state that has no clear meaning")
    if outcome is BankOutcome.NOT_FOUND:
        return BankAnswer(outcome)
    if fields.get("orderId") != request.request_no:
        raise NoAnswer("contradiction", "the record names another order")
    if isinstance(request, Recharge | Withdraw) and (
        fen_of(fields, "txAmount") != request.amount_fen
    ):
        raise NoAnswer("contradiction", "the record has another amount")
    if outcome is BankOutcome.REFUSED:
        return failure(fields)
    return BankAnswer(outcome, bank_date=bank_date(fields))


def failure(fields: Fields) -> BankAnswer:
    """Of an order that ended F. Raises NoAnswer where the reason says that nothing is known."""
    code = fields.get("failCode", "")
    if code and codes.is_unknown(code):
        raise NoAnswer(code, fields.get("failMsg", ""))
    return BankAnswer(
        BankOutcome.REFUSED, code or "failed", fields.get("failMsg", ""), bank_date(fields)
    )


def balance(fields: Fields) -> BankBalance:
    """Raises NoAnswer."""
    require_success(fields)
    available_fen = fen_of(fields, "availBal")
    return BankBalance(available_fen, fen_of(fields, "currBal") - available_fen)


def require_success(fields: Fields) -> None:
    if fields["retCode"] != codes.SUCCESS:
        raise NoAnswer(fields["retCode"], fields.get("retMsg", ""))


def fen_of(fields: Fields, name: str) -> int:
    try:
        return fen_from_yuan(fields[name])
    except (KeyError, ValueError):
        raise NoAnswer("unreadable", f"{name} is missing or no amount") from None


def bank_date(fields: Fields) -> date | None:
    stated = fields.get("relDate")
    if not stated:
        return None
    day = read_day(stated)
    if day is None:
        raise NoAnswer("unreadable", "relDate is no yyyyMMdd date")
    return day
