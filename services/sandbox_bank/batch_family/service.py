"""One verified message: its header is taken once, then what it asks for is done or refused."""

from __future__ import annotations

from services.sandbox_bank.batch_family import batches, files, lines, orders, queries
from services.sandbox_bank.batch_family.codes import RetCode, Turned, ret_code
from services.sandbox_bank.batch_family.message import Message
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import compact
from services.sandbox_bank.downloads import find_day
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.keys import Key
from services.sandbox_bank.kinds import Fault, Kind
from services.sandbox_bank.rows import Header

ONLINE, PAGE, FILE = "/escrow/p2p/online", "/escrow/p2p/page", "/escrow/p2p/file"


def is_served(path: str, tx_code: str) -> bool:
    order = orders.ORDERS.get(tx_code)
    if order is not None:
        return path == (PAGE if order.page else ONLINE)
    if path == FILE:
        return tx_code == "fileDownload"
    return path == ONLINE and (tx_code in lines.SERVICES or tx_code in queries.QUERIES)


def is_order(tx_code: str) -> bool:
    """Does it instruct, or ask?"""
    return tx_code in orders.ORDERS or tx_code in lines.SERVICES


def is_alone(tx_code: str) -> bool:
    order = orders.ORDERS.get(tx_code)
    reads = tx_code in queries.READ_TABLES or tx_code == "fileDownload"
    return reads or (order is not None and order.alone)


def keys_of(message: Message) -> frozenset[Key]:
    """What is worth reading ahead."""
    names = (("request", "orderId"), ("request", "reqOrderId"), ("freeze", "orgOrderId"))
    named = [*names, ("account", "accountId"), ("project", "productId")]
    return frozenset(
        Key(kind, no)  # type: ignore[arg-type]
        for kind, name in named
        if (no := message.data.get(name))
    )


def serve(
    book: Book, message: Message, fault: Fault | None, *, auto_complete: bool
) -> dict[str, str]:
    """The answer's own fields."""
    try:
        take_header(book, message)
        return _do(book, message, fault, auto_complete=auto_complete)
    except Refused as refusal:
        return {"retCode": ret_code(refusal.code), "retMsg": refusal.message}
    except Turned as reason:
        return {"retCode": reason.code.value, "retMsg": reason.message}


def take_header(book: Book, message: Message) -> None:
    """Once, for good. Raises Turned."""
    if book.headers.get(message.key):
        raise Turned(RetCode.DUPLICATE_HEADER, "instCode, txDate, txTime, seqNo 重复")
    book.headers.put(Header(message.key))
    book.keep()


def _do(
    book: Book, message: Message, fault: Fault | None, *, auto_complete: bool
) -> dict[str, str]:
    fields = Fields(message.data)
    if order := orders.ORDERS.get(message.tx_code):
        return orders.give(book, order, fields, fault, auto_complete=auto_complete)
    if fault and fault.kind is Kind.REFUSE:
        raise fault.refusal()
    if message.tx_code in lines.SERVICES:
        return batches.receive(book, message.tx_code, fields)
    if message.tx_code == "fileDownload":
        return _day_of(book, fields)
    if fault and fault.kind is Kind.NOT_FOUND and message.tx_code == "transactionStatusQuery":
        return {"retCode": RetCode.SUCCESS.value, "retMsg": "", "state": "N"}
    told = queries.QUERIES[message.tx_code](book, fields)
    return {"retCode": RetCode.SUCCESS.value, "retMsg": "", **told}


def _day_of(book: Book, fields: Fields) -> dict[str, str]:
    """Of which day a file is to be given, asked of the teller, so that nothing dated on it is still
    on its way to the tables. The file itself is made outside of his work."""
    fields.choice("fileType", files.FILE_TYPES)
    day = find_day(book, Fields({"fileDate": fields.date("fileDate")}))
    told = {"retCode": RetCode.SUCCESS.value, "retMsg": ""}
    if not isinstance(day, Refused):
        return told | {"state": "S", "fileDate": compact(day)}
    if day.code is not Code.NOT_FOUND:
        raise day
    return told | {"state": "N"}
