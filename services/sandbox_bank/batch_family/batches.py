"""Batches (批次): taken with a receipt, then looked at for format and legality (told to notifyURL),
then worked off line by line (result to retNotifyURL). Each line comes to its own end.

Batch states: A waiting, D working, S done, F illegal as a whole. A batch is moved on by `advance`
alone, from where its record stands, so that a crash only delays it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import orjson

from services.sandbox_bank.batch_family.codes import RetCode, Turned, ret_code
from services.sandbox_bank.batch_family.lines import keys_of, settle
from services.sandbox_bank.batch_family.words import BATCH, LINE
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.fields import Fields, money
from services.sandbox_bank.rows import Request
from services.sandbox_bank.teller import Job
from services.sandbox_bank.words import failed

_LINES = 2000
_AT_ONCE = 200
_AGAIN_S = 1.0

Submit = Callable[[Job], Future[Any]]


def batch_key(day: str, batch_no: str) -> str:
    return f"{day}/{batch_no}"


def receive(book: Book, tx_code: str, fields: Fields) -> dict[str, str]:
    """收到: the batch is here, and no more than that. One number a day, whatever it holds."""
    batch_no = fields.text("batchNo", 6)
    if len(batch_no) != 6 or not batch_no.isdigit():
        raise fields.bad("batchNo", "must be 6 digits")
    key = batch_key(fields.text("txDate"), batch_no)
    if book.requests.get(key):
        raise Turned(RetCode.DUPLICATE_BATCH, "批次号重复")
    data: dict[str, Any] = {
        name: fields.text(name, 500)
        for name in ("txAmount", "txCounts", "notifyURL", "retNotifyURL", "acqRes")
    }
    lines = _lines(fields)
    data |= {"batchNo": batch_no, "lines": lines}
    batch = Request(key, tx_code, BATCH, "A", book.today, data=data)
    book.requests.put(batch)
    nos = {line["orderId"] for line in lines}
    book.requests.fetch(nos)
    for no in nos:
        if book.requests.get(no) is None:
            book.requests.put(_line(book, batch, no))
    book.keep()
    return {"retCode": RetCode.SUCCESS.value, "retMsg": "", "received": "success"}


def _lines(fields: Fields) -> list[dict[str, str]]:
    try:
        lines = orjson.loads(fields.data.get("subPacks", ""))
    except orjson.JSONDecodeError:
        lines = None
    if not isinstance(lines, list) or not 1 <= len(lines) <= _LINES:
        raise fields.bad("subPacks", f"must be a list of 1 to {_LINES} lines")
    for line in lines:
        if not isinstance(line, dict) or not isinstance(line.get("orderId"), str):
            raise fields.bad("subPacks", "must hold objects with a text orderId")
    return lines


def unfinished(book: Book) -> list[str]:
    """Batches that a crash left undone. Reads the table itself."""
    rows = book.db.execute(
        "SELECT request_no FROM request WHERE kind = %s AND status IN ('A', 'D') ORDER BY 1",
        (BATCH,),
    )
    return [row[0] for row in rows]


def advance(submit: Submit, faults: Faults, key: str) -> None:
    """Have the teller move this batch on until it has ended, some lines at a time."""

    def run(book: Book) -> bool:
        batch = book.requests.get(key)
        if batch is None or batch.data is None:
            raise LookupError("a batch has lost its lines")
        nos = [line["orderId"] for line in batch.data["lines"]]
        book.requests.fetch(nos)
        if batch.status == "A":
            _check(book, batch, nos)
        elif batch.status == "D":
            _work(book, faults, batch, nos)
        return batch.status in "AD"

    def go_on(done: Future[Any]) -> None:
        if done.exception() is not None:  # The database is away: the batch is owed all the same.
            again = threading.Timer(_AGAIN_S, advance, (submit, faults, key))
            again.daemon = True
            again.start()
        elif done.result():
            advance(submit, faults, key)

    submit(Job(run)).add_done_callback(go_on)


def _check(book: Book, batch: Request, nos: list[str]) -> None:
    """合法性: all of it is well-formed and new, or none of it is taken."""
    data = batch.data or {}
    own = [each for no in nos if (each := book.requests.get(no)) and _is_of(each, batch)]
    try:
        if len(set(nos)) < len(nos) or len(own) < len(nos):
            raise Refused(Code.DUPLICATE, "订单号重复")
        amounts = [Fields(line).amount_or_zero("txAmount") for line in data["lines"]]
        if data["txAmount"] != money(sum(amounts)) or data["txCounts"] != str(len(nos)):
            raise Refused(Code.BAD_REQUEST, "txAmount, txCounts: not those of the lines")
    except Refused as refusal:
        book.drop()
        for line in own:
            book.requests.put(failed(book, line, refusal))
        book.requests.put(replace(failed(book, batch, refusal), status="F", data=batch.data))
        _tell_check(book, batch, ret_code(refusal.code), refusal.message)
    else:
        book.requests.put(replace(batch, status="D"))
        _tell_check(book, batch, RetCode.SUCCESS.value, "")
    book.keep()


def _line(book: Book, batch: Request, no: str) -> Request:
    """Its amount is written with its end."""
    return Request(no, batch.service, LINE, "WAITING", book.today, batch_no=batch.request_no)


def _is_of(line: Request, batch: Request) -> bool:
    return line.kind == LINE and line.batch_no == batch.request_no


def _work(book: Book, faults: Faults, batch: Request, nos: list[str]) -> None:
    lines = {line["orderId"]: line for line in (batch.data or {})["lines"]}
    records = [request for no in nos if (request := book.requests.get(no))]
    waiting = [each for each in records if each.status == "WAITING"]
    now = waiting[:_AT_ONCE]
    book.fetch(keys_of([lines[record.request_no] for record in now]))
    for waits in now:
        line = Fields(lines[waits.request_no])
        record = replace(waits, amount_fen=line.amount_or_zero("txAmount"))
        # The first line is always done as ordered: a batch of which nothing succeeds is no part.
        fault = faults.of_line(record.request_no, may_be_part=waits is not records[0])
        try:
            if fault is not None:
                raise fault.refusal()
            settle(book, batch, line)
            done = replace(record, status="SUCCESS", bank_date=book.today)
        except Refused as refusal:
            book.drop()
            done = failed(book, record, refusal)
        if fault is not None:
            book.record(fault)
        book.requests.put(done)
        book.keep()
    if len(waiting) <= _AT_ONCE:
        book.requests.put(replace(batch, status="S", bank_date=book.today))
        _tell_result(book, batch, nos)
        book.keep()


def _tell_check(book: Book, batch: Request, code: str, message: str) -> None:
    data = batch.data or {}
    told = {name: data[name] for name in ("batchNo", "txAmount", "txCounts", "acqRes")}
    told |= {"txCode": batch.service, "retCode": code, "retMsg": message}
    book.notify(batch.service, told, data["notifyURL"])


def _tell_result(book: Book, batch: Request, nos: list[str]) -> None:
    data = batch.data or {}
    lines = [request for no in nos if (request := book.requests.get(no))]
    done = [each for each in lines if each.status == "SUCCESS"]
    lost = [each for each in lines if each.status == "FAIL"]
    told = {
        "txCode": batch.service,
        "retCode": RetCode.SUCCESS.value,
        "retMsg": "",
        "batchNo": data["batchNo"],
        "acqRes": data["acqRes"],
        "sucAmount": money(sum(each.amount_fen or 0 for each in done)),
        "sucCounts": str(len(done)),
        "failAmount": money(sum(each.amount_fen or 0 for each in lost)),
        "failCounts": str(len(lost)),
        "relDate": f"{book.today:%Y%m%d}",
    }
    if lost and not done:
        told |= {"failCode": ret_code(lost[0].error_code or Code.REFUSED)}
    book.notify(batch.service, told, data["retNotifyURL"])
