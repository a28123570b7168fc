"""How the bank words what became of a request: answers, query records, callbacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.sandbox_bank.batch_family.words import notice_of
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import compact
from services.sandbox_bank.errors import Refused
from services.sandbox_bank.fields import money
from services.sandbox_bank.rows import Request

_FAILED = frozenset({"FAIL", "ACCEPT_FAIL"})
_OPEN = frozenset({"INIT", "PENDDING", "CONFIRMING", "ACCEPT", "REMITING", "PROCESSING"})


def is_open(request: Request) -> bool:
    return request.status in _OPEN


def is_failed(request: Request) -> bool:
    return request.status in _FAILED


def failed(book: Book, request: Request, refusal: Refused) -> Request:
    return replace(
        request,
        status="FAIL",
        bank_date=book.today,
        error_code=refusal.code,
        error_message=refusal.message[:200],
        due_on=None,
        data=None,
    )


def refusal(code: str, message: str) -> dict[str, Any]:
    return {"code": "1", "status": "INIT", "errorCode": code, "errorMessage": message}


def taken(request_no: str) -> dict[str, Any]:
    """Accepted; the result comes by callback or query."""
    return {"code": "0", "status": "INIT", "requestNo": request_no}


def stated(request: Request) -> dict[str, Any]:
    """The answer or callback of a request that has come to its end."""
    facts = _facts(request)
    if is_failed(request):
        return refusal(request.error_code or "", request.error_message or "") | facts
    return {"code": "0", "status": "SUCCESS"} | facts


def tell(book: Book, request: Request, origin_no: str | None = None) -> None:
    """Owe the platform a callback: the request has come to its end. `origin_no` is the withdrawal
    whose money is back."""
    if request.notify_url is not None:
        account = book.accounts.get(request.account_no) if request.account_no else None
        told = notice_of(request, account.user_no if account else None, origin_no)
        book.notify(request.service, told, request.notify_url)
        return
    origin = {} if origin_no is None else {"withdrawRequestNo": origin_no}
    book.notify(request.service, stated(request) | origin)


def record(request: Request) -> dict[str, Any]:
    """One of the records of QUERY_TRANSACTION."""
    told: dict[str, Any] = {"status": request.status} | _facts(request)
    if request.error_code is not None:
        told |= {"errorCode": request.error_code, "errorMessage": request.error_message or ""}
    return told


def _facts(request: Request) -> dict[str, Any]:
    facts: dict[str, Any] = {"requestNo": request.request_no}
    if request.batch_no is not None:
        facts["batchNo"] = request.batch_no
    if request.account_no is not None:
        facts["platformUserNo"] = request.account_no
    if request.amount_fen is not None:
        facts["amount"] = money(request.amount_fen)
    if not is_open(request):
        facts["transactionDate"] = compact(request.bank_date)
    return facts
