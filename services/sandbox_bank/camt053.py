"""The day's statement as an ISO 20022 message, camt.053.001.02 or .08: one Stmt an account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from lxml import etree

from services.sandbox_bank.clock import compact, start_of
from services.sandbox_bank.fields import money
from services.sandbox_bank.statements import AccountDay, Item

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
_END_TO_END_ID = 35
_REMITTANCE = 140
_ONE_DAY = timedelta(days=1)


def camt053(accounts: Sequence[AccountDay], day: date, version: str) -> bytes:
    """`version` is "02" or "08"."""
    namespace = _NAMESPACE + version
    document = etree.Element(f"{{{namespace}}}Document", nsmap={None: namespace})
    message = _add(document, "BkToCstmrStmt")
    made_at = start_of(day + _ONE_DAY).isoformat()
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", compact(day))
    _add(header, "CreDtTm", made_at)
    for account in accounts:
        _statement(_add(message, "Stmt"), account, day, version)
    written: bytes = etree.tostring(
        document, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return written


def _statement(stmt: etree._Element, account: AccountDay, day: date, version: str) -> None:
    ends_at = start_of(day + _ONE_DAY).isoformat()
    _add(stmt, "Id", f"{compact(day)}-{account.member_no}")
    _add(stmt, "CreDtTm", ends_at)
    period = _add(stmt, "FrToDt")
    _add(period, "FrDtTm", start_of(day).isoformat())
    _add(period, "ToDtTm", ends_at)
    acct = _add(stmt, "Acct")
    _add(acct, "Id/Othr/Id", str(account.member_no))
    _add(acct, "Ccy", "CNY")
    _add(acct, "Nm", account.no)
    for kind, fen, on in (
        ("OPBD", account.opening_fen, day - _ONE_DAY),
        ("CLBD", account.closing_fen, day),
        ("CLAV", account.closing_available_fen, day),
    ):
        balance = _add(stmt, "Bal")
        _add(balance, "Tp/CdOrPrtry/Cd", kind)
        _amount(balance, fen)
        _add(balance, "Dt/Dt", on.isoformat())
    _summary(_add(stmt, "TxsSummry"), [item.amount_fen for item in account.items], version)
    for item in account.items:
        _entry(_add(stmt, "Ntry"), item, day, version)


def _summary(summary: etree._Element, amounts: list[int], version: str) -> None:
    total = _add(summary, "TtlNtries")
    _counted(total, amounts)
    net_fen = sum(amounts)
    if version == "02":
        _add(total, "TtlNetNtryAmt", money(abs(net_fen)))
        _add(total, "CdtDbtInd", _side(net_fen))
    else:
        net = _add(total, "TtlNetNtry")
        _add(net, "Amt", money(abs(net_fen)))
        _add(net, "CdtDbtInd", _side(net_fen))
    _counted(_add(summary, "TtlCdtNtries"), [each for each in amounts if each > 0])
    _counted(_add(summary, "TtlDbtNtries"), [each for each in amounts if each < 0])


def _counted(total: etree._Element, amounts: list[int]) -> None:
    _add(total, "NbOfNtries", str(len(amounts)))
    _add(total, "Sum", money(sum(map(abs, amounts))))


def _entry(entry: etree._Element, item: Item, day: date, version: str) -> None:
    _add(entry, "NtryRef", str(item.order_no))
    _amount(entry, item.amount_fen)
    _add(entry, "Sts" if version == "02" else "Sts/Cd", "BOOK")
    _add(entry, "BookgDt/Dt", day.isoformat())
    _add(entry, "ValDt/Dt", day.isoformat())
    _add(entry, "AcctSvcrRef", str(item.order_no))
    _add(entry, "BkTxCd/Prtry/Cd", item.biz_type)
    details = _add(entry, "NtryDtls/TxDtls")
    fits = len(item.reference) <= _END_TO_END_ID
    _add(details, "Refs/EndToEndId", item.reference if fits else "NOTPROVIDED")
    if item.other is not None:
        side = "DbtrAcct" if item.amount_fen > 0 else "CdtrAcct"
        _add(details, f"RltdPties/{side}/Id/Othr/Id", str(item.other))
    _add(details, "RmtInf/Ustrd", item.reference[:_REMITTANCE])


def _amount(parent: etree._Element, fen: int) -> None:
    _add(parent, "Amt", money(abs(fen))).set("Ccy", "CNY")
    _add(parent, "CdtDbtInd", _side(fen))


def _side(fen: int) -> str:
    return "DBIT" if fen < 0 else "CRDT"


def _add(parent: etree._Element, path: str, text: str | None = None) -> etree._Element:
    """A new element at the end of a new branch, in its parent's namespace."""
    namespace = etree.QName(parent).namespace
    for name in path.split("/"):
        parent = etree.SubElement(parent, f"{{{namespace}}}{name}")
    parent.text = text
    return parent
