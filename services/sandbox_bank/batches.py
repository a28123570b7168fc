"""ASYNC_TRANSACTION (异步批量): taken at once, each trade worked off on its own afterwards, each
ending is a callback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from services.sandbox_bank import trades
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.keys import keys_in
from services.sandbox_bank.rows import Request
from services.sandbox_bank.teller import Job
from services.sandbox_bank.words import failed, taken, tell

_TRADES = 5000
_AT_ONCE = 50
_AGAIN_S = 1.0

Submit = Callable[[Job], Future[Any]]


def accept(book: Book, fields: Fields) -> dict[str, Any]:
    """Keep the trades to be worked off. A number known already refuses the whole batch."""
    batch_no = fields.text("batchNo", 50)
    items = fields.items("bizDetails", _TRADES)
    nos = [item.text("requestNo", 50) for item in items]
    if len({batch_no, *nos}) != len(nos) + 1:
        raise Refused(Code.DUPLICATE, "批次内流水号重复")
    book.requests.fetch([batch_no, *nos])
    for no in (batch_no, *nos):
        if book.requests.get(no):
            raise Refused(Code.DUPLICATE, f"请求流水号重复: {no}")
    for no, item in zip(nos, items, strict=True):
        book.requests.put(
            Request(
                no,
                "ASYNC_TRANSACTION",
                "TRANSACTION",
                "PROCESSING",
                book.today,
                batch_no=batch_no,
                data=dict(item.data),
            )
        )
    batch = Request(batch_no, "ASYNC_TRANSACTION", "BATCH", "ACCEPT", book.today)
    book.requests.put(batch)
    return taken(batch_no) | {"batchNo": batch_no}


def work_off(submit: Submit, faults: Faults, nos: Sequence[str]) -> None:
    """Have the teller do these trades, some at a time so that other calls get their turn."""
    now, later = nos[:_AT_ONCE], nos[_AT_ONCE:]

    def run(book: Book) -> None:
        book.requests.fetch(now)
        book.fetch(keys_in({"bizDetails": [_data(book, no) for no in now]}))
        for no in now:
            _work(book, faults, no)

    def go_on(done: Future[Any]) -> None:
        if done.exception() is not None:  # The database is away: the trades are owed all the same.
            again = threading.Timer(_AGAIN_S, work_off, (submit, faults, nos))
            again.daemon = True
            again.start()
        elif later:
            work_off(submit, faults, later)

    submit(Job(run)).add_done_callback(go_on)


def unfinished(book: Book) -> list[str]:
    """Trades that a crash left undone. Reads the table itself."""
    rows = book.db.execute("SELECT request_no FROM request WHERE status = 'PROCESSING' ORDER BY 1")
    return [row[0] for row in rows]


def _data(book: Book, no: str) -> dict[str, Any]:
    request = book.requests.get(no)
    return (request.data if request else None) or {}


def _work(book: Book, faults: Faults, no: str) -> None:
    request = book.requests.get(no)
    if request is None or request.status != "PROCESSING":
        return
    fault = faults.of_line(no, may_be_part=False)
    try:
        if fault is not None:
            raise fault.refusal()
        done = trades.trade(book, request, Fields(request.data or {}))
        done = replace(done, bank_date=book.today)
    except Refused as refusal:
        book.drop()
        done = failed(book, request, refusal)
    if fault is not None:
        book.record(fault)
    book.requests.put(done)
    tell(book, done)
    book.keep()
