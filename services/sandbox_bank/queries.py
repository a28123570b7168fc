"""What became of a request; and the platform's word that a day's check files match."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import compact
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.rows import Confirmation, Request
from services.sandbox_bank.words import record

CHECK_FILES = (
    "RECHARGE",
    "WITHDRAW",
    "TRANSACTION",
    "COMMISSION",
    "BACKROLL_RECHARGE",
    "USER",
    "ADJUST_BALANCE",
    "ALLBALANCE",
)
_KINDS = frozenset(
    {
        "REGISTER",
        "BIND_CARD",
        "UNBIND_CARD",
        "MODIFY_MOBILE",
        "RESET_PASSWORD",
        "CHECK_PASSWORD",
        "AUTHORIZATION",
        "CANCEL_AUTHORIZATION",
        "RECHARGE",
        "WITHDRAW",
        "CONFIRM_WITHDRAW",
        "STOP_WITHDRAW",
        "PRETRANSACTION",
        "CANCEL_PRETRANSACTION",
        "FREEZE",
        "UNFREEZE",
        "DEBENTURE_SALE",
        "CANCEL_DEBENTURE_SALE",
        "TRANSACTION",
        "PROJECT",
        "MODIFY_PROJECT",
        "BACKROLL_RECHARGE",
    }
)


def query_transaction(book: Book, fields: Fields) -> dict[str, Any]:
    kind = fields.choice("transactionType", _KINDS)
    no = fields.text("requestNo", 50)
    request = book.requests.get(no)
    if request is None or request.kind != kind:
        raise Refused(Code.NOT_FOUND, f"请求不存在: {no}")
    return {"records": [record(request)]}


def ended_day(book: Book, fields: Fields) -> date:
    """The fileDate, which must be over at the bank."""
    text = fields.date("fileDate")
    try:
        day = datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise fields.bad("fileDate", "must be a day of the calendar") from None
    if day >= book.today:
        raise Refused(Code.NOT_FOUND, f"对账文件未生成: {text}")
    return day


def confirm_check_files(book: Book, fields: Fields) -> dict[str, Any]:
    """对账确认. Each file of a day is confirmed once; a second time is 100008."""
    no = fields.text("requestNo", 50)
    types = [item.choice("fileType", CHECK_FILES) for item in fields.items("detail", 20)]
    day = ended_day(book, fields)
    if len(set(types)) != len(types) or _confirmed(book, day) & set(types):
        raise Refused(Code.REFUSED, f"对账文件已确认: {compact(day)}")
    if book.requests.get(no):
        raise Refused(Code.DUPLICATE, f"请求流水号重复: {no}")
    for file_type in types:
        book.confirmations.add(Confirmation(day, file_type, no))
    book.requests.put(Request(no, "CONFIRM_CHECKFILE", "CONFIRM_CHECKFILE", "SUCCESS", book.today))
    return {"requestNo": no, "transactionDate": compact(book.today)}


def _confirmed(book: Book, day: date) -> set[str]:
    rows = book.db.execute("SELECT file_type FROM confirmation WHERE file_date = %s", (day,))
    return {row[0] for row in rows}
