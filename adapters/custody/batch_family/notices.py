"""Notices: `bgData`, a signed message. Of a batch come two: its legality, which decides nothing,
and its result, which does where the batch is all of its request and did not succeed in part."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.custody.batch_family import codes
from adapters.custody.batch_family.answers import bank_date, fen_of, verdict
from adapters.custody.batch_family.batches import request_named
from adapters.custody.batch_family.message import Fields, opened
from adapters.custody.wire import NoAnswer, Signer
from domain.ports import (
    BankAnswer,
    BankNotice,
    BankOutcome,
    CustodianUntrusted,
    ReturnedWithdrawal,
)

TAKEN = "success"  # What a notice is answered with once it is written down.
_RETURNED = "withdrawReturn"


def read_notice(signer: Signer, inst_code: str, form: Mapping[str, str]) -> BankNotice:
    """Raises CustodianUntrusted for a bad signature, and for signed content that is no notice."""
    try:
        fields = opened(signer, form.get("bgData", ""))
        if fields.get("instCode") != inst_code:
            raise NoAnswer("contradiction", "a notice to another platform")
        return _batch(fields) if "batchNo" in fields else _order(fields)
    except NoAnswer as reason:
        raise CustodianUntrusted(f"bgData: {reason}") from None


def _order(fields: Fields) -> BankNotice:
    order_no = _text(fields, "orderId")
    _text(fields, "retCode")
    answer = verdict(fields, order_no)
    returned = _returned(fields, order_no) if fields.get("txCode") == _RETURNED else None
    return BankNotice(order_no, answer, returned)


def _returned(fields: Fields, order_no: str) -> ReturnedWithdrawal:
    amount_fen = fen_of(fields, "txAmount")
    if amount_fen <= 0:
        raise NoAnswer("unreadable", "txAmount is no amount")
    withdrawal_no, account = _text(fields, "orgOrderId"), _text(fields, "userNo")
    return ReturnedWithdrawal(order_no, withdrawal_no, account, amount_fen)


def _batch(fields: Fields) -> BankNotice:
    """What does not decide says UNKNOWN: the query does."""
    request_no, whole = request_named(_text(fields, "acqRes"))
    code = _text(fields, "retCode")
    undecided = BankNotice(request_no, BankAnswer(BankOutcome.UNKNOWN, code))
    if "sucCounts" not in fields:
        legal = BankNotice(request_no, BankAnswer(BankOutcome.PENDING))
        return legal if code == codes.SUCCESS else undecided
    if not whole or code != codes.SUCCESS:
        return undecided
    done, failed = _text(fields, "sucCounts"), _text(fields, "failCounts")
    if failed == "0" and done != "0":
        answer = BankAnswer(BankOutcome.SUCCEEDED, bank_date=bank_date(fields))
        return BankNotice(request_no, answer)
    code = fields.get("failCode", "")
    if done == "0" and failed != "0" and not codes.is_unknown(code):
        return BankNotice(request_no, BankAnswer(BankOutcome.REFUSED, code or "failed"))
    return undecided


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not value:
        raise NoAnswer("unreadable", f"{name} is missing")
    return value
