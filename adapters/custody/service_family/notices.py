"""Callbacks: the signature covers respData alone, so that nothing else in the form is believed."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.custody.service_family.accounts import account_named
from adapters.custody.service_family.answers import Fields, verdict
from adapters.custody.service_family.envelope import read_object
from adapters.custody.service_family.words import AUTHORISATIONS
from adapters.custody.wire import NoAnswer, Signer, read_day
from domain.money import fen_from_yuan
from domain.ports import AuthorisedAtBank, BankNotice, CustodianUntrusted, ReturnedWithdrawal

BACKROLL = "BACKROLL_RECHARGE"
_KINDS = {word: kind for kind, word in AUTHORISATIONS.items()}
_COUNT_DIGITS = 18  # A whole number of the database's.
TAKEN = "SUCCESS"  # What a notice is answered with once it is written down.


def read_notice(signer: Signer, platform_no: str, form: Mapping[str, str]) -> BankNotice:
    """Raises CustodianUntrusted for a bad signature, and for signed content that is no notice."""
    content = form.get("respData", "")
    if not signer.is_from_bank(content.encode(), form.get("sign"), form.get("keySerial", "")):
        raise CustodianUntrusted("respData: signature or its key's serial is missing or wrong")
    if form.get("platformNo") != platform_no:
        raise CustodianUntrusted("platformNo: not ours")
    try:
        fields = read_object(content)
        if fields.get("platformNo", platform_no) != platform_no:
            raise NoAnswer("contradiction", "a notice to another platform")
        request_no = _text(fields, "requestNo")
        answer = verdict(fields, request_no)
        # serviceName is not signed: what kind of notice this is must show in respData too.
        if ("withdrawRequestNo" in fields) != (form.get("serviceName") == BACKROLL):
            raise NoAnswer("contradiction", "serviceName does not go with respData")
        returned = _returned(fields, request_no) if "withdrawRequestNo" in fields else None
        authorised = _authorised(fields) if "authNo" in fields else None
    except NoAnswer as reason:
        raise CustodianUntrusted(f"respData: {reason}") from None
    return BankNotice(request_no, answer, returned, authorised)


def _returned(fields: Fields, bank_request_no: str) -> ReturnedWithdrawal:
    try:
        amount_fen = fen_from_yuan(_text(fields, "amount"))
    except ValueError:
        amount_fen = 0
    if amount_fen <= 0:
        raise NoAnswer("unreadable", "amount is no amount")
    return ReturnedWithdrawal(
        bank_request_no=bank_request_no,
        withdrawal_request_no=_text(fields, "withdrawRequestNo"),
        account=account_named(_text(fields, "platformUserNo")),
        amount_fen=amount_fen,
    )


def _authorised(fields: Fields) -> AuthorisedAtBank:
    """By the member himself; without terms he has ended it."""
    kind, count = _KINDS.get(_text(fields, "authList")), _text(fields, "authNo")
    if kind is None or not count.isdecimal() or len(count) > _COUNT_DIGITS:
        raise NoAnswer("unreadable", "authList is no kind, or authNo no count")
    account = account_named(_text(fields, "platformUserNo"))
    if "failTime" not in fields:
        return AuthorisedAtBank(account, kind, int(count), None, None)
    ends_on = read_day(_text(fields, "failTime"))
    try:
        limit_fen = fen_from_yuan(_text(fields, "amount"))
    except ValueError:
        limit_fen = 0
    if ends_on is None or limit_fen <= 0:
        raise NoAnswer("unreadable", "failTime is no day, or amount no amount")
    return AuthorisedAtBank(account, kind, int(count), ends_on, limit_fen)


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise NoAnswer("unreadable", f"{name} is missing")
    return value
