"""Questions: what became of an order or a batch, who an account is, what it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from services.sandbox_bank.batch_family.batches import batch_key
from services.sandbox_bank.batch_family.words import BATCH, LINE, facts, state_of
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields, money
from services.sandbox_bank.rows import Account, Request

_PAGE = 1000


def transaction_status(book: Book, fields: Fields) -> dict[str, str]:
    """查询交易状态 by order number: a single order's, or a batch line's."""
    fields.choice("reqType", ["2"])
    no = fields.text("reqOrderId", 50)
    request = book.requests.get(no)
    if request is None or request.kind == BATCH:
        return {"state": "N"}
    told = facts(request)
    if request.kind == LINE and request.batch_no:
        told["batchTxDate"], _, told["batchNo"] = request.batch_no.partition("/")
    held = book.freezes.get(no)
    if held is not None:
        told["reqTxCode"] = "bidAutoApply" if held.biz_type == "TENDER" else "balanceFreeze"
    return told


def batch_status(book: Book, fields: Fields) -> dict[str, str]:
    batch, data = _batch(book, fields)
    lines = [book.requests.get(line["orderId"]) for line in data["lines"]]
    done = [each for each in lines if each and each.status == "SUCCESS"]
    return {
        "batchState": batch.status,
        "txCounts": data["txCounts"],
        "relCounts": str(len(done)),
        "relAmount": money(sum(each.amount_fen or 0 for each in done)),
        "acqRes": data["acqRes"],
        "failMsg": batch.error_message or "",
    }


def batch_details(book: Book, fields: Fields) -> dict[str, str]:
    """The lines in their order, a page at a time."""
    fields.choice("type", ["0"])
    page, size = _count(fields, "pageNum", 1_000_000), _count(fields, "pageSize", _PAGE)
    _, data = _batch(book, fields)
    shown = data["lines"][(page - 1) * size : page * size]
    lines = [request for line in shown if (request := book.requests.get(line["orderId"]))]
    packs = [
        {name: value for name, value in facts(line).items() if name != "state"}
        | {"txState": state_of(line)}
        for line in lines
    ]
    return {"totalItems": data["txCounts"], "subPacks": orjson.dumps(packs).decode()}


def _count(fields: Fields, name: str, limit: int) -> int:
    text = fields.text(name, 7)
    if not text.isdecimal() or not 1 <= int(text) <= limit:
        raise fields.bad(name, f"must be 1 to {limit}")
    return int(text)


def _batch(book: Book, fields: Fields) -> tuple[Request, dict[str, Any]]:
    batch = book.requests.get(batch_key(fields.text("batchTxDate", 8), fields.text("batchNo", 6)))
    if batch is None or batch.data is None:
        raise Refused(Code.NOT_FOUND, "批次不存在")
    book.requests.fetch([line["orderId"] for line in batch.data["lines"]])
    return batch, batch.data


def account_id(book: Book, fields: Fields) -> dict[str, str]:
    """The bank's number for the platform's, or the platform's for the bank's. Reads the table."""
    user_no, number = fields.optional("userNo", 50), fields.optional("accountId", 19)
    row = book.db.execute(
        "SELECT no, user_no FROM account WHERE user_no = %s OR no = %s", (user_no, number)
    ).fetchone()
    return {} if row is None else {"accountId": row[0], "userNo": row[1] or ""}


def balance(book: Book, fields: Fields) -> dict[str, str]:
    account = _account(book, fields)
    return {
        "accountId": account.no,
        "availBal": money(account.available_fen),
        "currBal": money(account.available_fen + account.frozen_fen),
    }


def card(book: Book, fields: Fields) -> dict[str, str]:
    account = _account(book, fields)
    return {"accountId": account.no, "cardNo": account.card_no or ""}


def _account(book: Book, fields: Fields) -> Account:
    return book.account(fields.text("accountId", 19))


QUERIES: dict[str, Callable[[Book, Fields], dict[str, str]]] = {
    "transactionStatusQuery": transaction_status,
    "batchQuery": batch_status,
    "batchDetailsQuery": batch_details,
    "accountIdQuery": account_id,
    "balanceQuery": balance,
    "cardBindDetailsQuery": card,
}
READ_TABLES = frozenset({"accountIdQuery"})
