"""ISO 20022 camt.053 (BankToCustomerStatement), versions .02 and .08.

Held against the published schema first, then against what a schema cannot say: currency, whole fen,
ids that stand once, totals and balances that add up. What is refused names line, XPath and rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date, datetime

from lxml import etree

from adapters.statements.camt053_schema import place_of, valid_document
from adapters.statements.model import (
    CLOSING,
    OPENING,
    PREVIOUS_CLOSING,
    YUAN,
    Balance,
    Line,
    Statement,
    adds_up,
    currency_rule,
    unreadable,
)
from domain.bank_statement import StatementUnreadable
from domain.money import BadFigure, fen_from_yuan
from infra.clock import SHANGHAI

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_NO_REFERENCE = "NOTPROVIDED"


def read_camt053(content: bytes, currencies: Collection[str] = YUAN) -> tuple[Statement, ...]:
    """Every statement of one message. Raises StatementUnreadable."""
    document = valid_document(content)
    message = _only(document, "BkToCstmrStmt")
    _check_last_page(message, "GrpHdr/MsgPgntn/LastPgInd")
    statements = message.findall("Stmt")
    _check_unique(statements, "Id")
    return tuple(_statement(each, currencies) for each in statements)


def _statement(statement: etree._Element, currencies: Collection[str]) -> Statement:
    _check_last_page(statement, "StmtPgntn/LastPgInd")
    account = _text(statement, "Acct/Id/IBAN") or _text(statement, "Acct/Id/Othr/Id")
    entries = statement.findall("Ntry")
    _check_unique(entries, "NtryRef")
    _check_unique(entries, "AcctSvcrRef")
    lines = tuple(_line(entry, account, currencies) for entry in entries)
    balances = tuple(_balance(each, account, currencies) for each in statement.findall("Bal"))
    _check_totals(statement, entries, lines)
    _check_balances(statement, balances, lines)
    return Statement(_text(statement, "Id"), balances, lines)


def _line(entry: etree._Element, account: str, currencies: Collection[str]) -> Line:
    if (_text(entry, "Sts/Cd") or _text(entry, "Sts")) != "BOOK":
        raise unreadable(
            place_of(_only(entry, "Sts")), "must be BOOK: a statement lists booked entries"
        )
    booked = entry.find("BookgDt")
    if booked is None:
        raise unreadable(place_of(entry), "a booked entry must have its BookgDt")
    value = entry.find("ValDt")
    _check_batches(entry)
    details = entry.findall("NtryDtls/TxDtls")
    ids = (_text(each, "Refs/EndToEndId") for each in details)
    said = [each.text or "" for each in entry.findall("NtryDtls/TxDtls/RmtInf/Ustrd")]
    amount_fen, currency = _signed(entry, "Amt", currencies)
    return Line(
        line=entry.sourceline or 0,
        account=account,
        booked_on=_day(booked),
        value_on=_day(booked if value is None else value),
        amount_fen=amount_fen,
        currency=currency,
        reversal=_text(entry, "RvslInd") in ("true", "1"),
        references=tuple(each for each in ids if each not in ("", _NO_REFERENCE)),
        bank_ref=_text(entry, "AcctSvcrRef") or _text(entry, "NtryRef"),
        code=_code(entry),
        counterparty=_counterparty(details, amount_fen),
        text="\n".join(said) or _text(entry, "AddtlNtryInf"),
    )


def _code(entry: etree._Element) -> str:
    domain = [_text(entry, f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "/".join(domain) if domain[0] else _text(entry, "BkTxCd/Prtry/Cd")


def _counterparty(details: list[etree._Element], amount_fen: int) -> str:
    """The other side's account, where the entry is one transaction."""
    if len(details) != 1:
        return ""
    side = "DbtrAcct" if amount_fen > 0 else "CdtrAcct"
    within = f"RltdPties/{side}/Id"
    return _text(details[0], f"{within}/IBAN") or _text(details[0], f"{within}/Othr/Id")


def _balance(element: etree._Element, account: str, currencies: Collection[str]) -> Balance:
    kind = _text(element, "Tp/CdOrPrtry/Cd") or _text(element, "Tp/CdOrPrtry/Prtry")
    amount_fen, currency = _signed(element, "Amt", currencies)
    return Balance(kind, account, _day(_only(element, "Dt")), amount_fen, currency)


def _signed(parent: etree._Element, path: str, currencies: Collection[str]) -> tuple[int, str]:
    """The amount, below zero for a debit, and its currency."""
    amount = _only(parent, path)
    currency = amount.get("Ccy", "")
    if currency not in currencies:
        raise unreadable(place_of(amount), currency_rule(currencies))
    fen = _fen(amount)
    return (fen if _text(parent, "CdtDbtInd") == "CRDT" else -fen), currency


def _check_last_page(parent: etree._Element, path: str) -> None:
    page = parent.find(path)
    if page is not None and _text(parent, path) in ("false", "0"):
        raise unreadable(place_of(page), "is not the last page: pages are not put together")


def _check_unique(elements: list[etree._Element], path: str) -> None:
    seen: set[str] = set()
    for element in elements:
        for found in element.findall(path):
            if (found.text or "") in seen:
                raise unreadable(place_of(found), f"this {path} stands there twice")
            seen.add(found.text or "")


def _check_batches(entry: etree._Element) -> None:
    """Where a batch tells how many transactions are in it, and lists them, there are as many."""
    for details in entry.findall("NtryDtls"):
        told, listed = details.find("Btch/NbOfTxs"), len(details.findall("TxDtls"))
        if told is not None and listed and int(told.text or 0) != listed:
            raise unreadable(place_of(told), f"{listed} are listed")


def _check_totals(
    statement: etree._Element, entries: list[etree._Element], lines: tuple[Line, ...]
) -> None:
    """What the summary tells of number and sums, in all and by side."""
    sides = [_text(entry, "CdtDbtInd") for entry in entries]
    amounts = [line.amount_fen for line in lines]
    for name, counted in (
        ("TtlNtries", ("CRDT", "DBIT")),
        ("TtlCdtNtries", ("CRDT",)),
        ("TtlDbtNtries", ("DBIT",)),
    ):
        part = [abs(fen) for side, fen in zip(sides, amounts, strict=True) if side in counted]
        total = f"TxsSummry/{name}"
        _check_total(statement, f"{total}/NbOfNtries", lambda told: int(told.text or 0), len(part))
        _check_total(statement, f"{total}/Sum", _fen, sum(part))
    total, net_fen = "TxsSummry/TtlNtries", sum(amounts)
    for amount, side in (
        (f"{total}/TtlNetNtryAmt", _text(statement, f"{total}/CdtDbtInd")),  # .02
        (f"{total}/TtlNetNtry/Amt", _text(statement, f"{total}/TtlNetNtry/CdtDbtInd")),  # .08
    ):
        _check_total(statement, amount, _fen, -net_fen if side == "DBIT" else net_fen)


def _check_total(
    statement: etree._Element, path: str, read: Callable[[etree._Element], int], counted: int
) -> None:
    told = statement.find(path)
    if told is not None and read(told) != counted:
        raise unreadable(place_of(told), "is not what the entries come to")


def _check_balances(
    statement: etree._Element, balances: tuple[Balance, ...], lines: tuple[Line, ...]
) -> None:
    opening = [each for each in balances if each.kind in (OPENING, PREVIOUS_CLOSING)]
    closing = [each for each in balances if each.kind == CLOSING]
    if (len(opening), len(closing)) != (1, 1):
        rule = f"must have one {OPENING} or {PREVIOUS_CLOSING}, and one {CLOSING}"
        raise unreadable(place_of(statement), rule)
    if not adds_up(opening[0], closing[0], lines):
        rule = f"{opening[0].kind} and the entries do not come to {CLOSING}"
        raise unreadable(place_of(statement), rule)


def _fen(amount: etree._Element) -> int:
    try:
        return fen_from_yuan((amount.text or "").strip())
    except BadFigure as error:
        raise unreadable(place_of(amount), error.rule) from None


def _day(choice: etree._Element) -> date:
    """A date, or the date in Shanghai of a moment. One without offset is the bank's own."""
    text = _text(choice, "Dt") or _text(choice, "DtTm")
    try:
        if day := _DAY.fullmatch(text):
            return date.fromisoformat(day[1])
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(SHANGHAI) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        raise unreadable(place_of(choice), "must be a date of the calendar") from None


def _only(parent: etree._Element, path: str) -> etree._Element:
    """An element that the schema demands."""
    found = parent.find(path)
    if found is None:
        raise StatementUnreadable(f"{place_of(parent)}: {path} is missing")
    return found


def _text(parent: etree._Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()
