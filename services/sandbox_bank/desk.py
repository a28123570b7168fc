"""One call at the bank: known already? do it or refuse it, and keep what was decided.

`INSTRUCTIONS` and `QUESTIONS` at the foot are the bank's services.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from services.sandbox_bank import (
    authorisations,
    batches,
    cash,
    freezes,
    members,
    projects,
    queries,
    sales,
    trades,
)
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.kinds import Fault, Kind
from services.sandbox_bank.rows import Request
from services.sandbox_bank.words import failed, is_open, refusal, stated, taken, tell

GATEWAY, SERVICE = "/gateway", "/service"

Apply = Callable[[Book, Request, Fields], Request]
Decline = Callable[[Book, Fields], Refused | None]
Question = Callable[[Book, Fields], dict[str, Any]]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instruction:
    """A service that is done once under its requestNo. `apply` does it and returns the request as
    it then stands; at the gateway `decline` may still say no once the member has confirmed.
    `waiting` is the status until he has."""

    kind: str
    paths: frozenset[str]
    apply: Apply
    decline: Decline = lambda _book, _fields: None
    waiting: str = "INIT"


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    service: str
    fields: Fields
    fault: Fault | None = None
    notify_url: str | None = None


def serve(book: Book, call: Call, *, auto_complete: bool) -> Answer:
    """The answer to one verified call. What it does not keep, the teller drops."""
    try:
        if call.service in INSTRUCTIONS:
            return _instruct(book, call, auto_complete=auto_complete)
        return _ask(book, call)
    except Refused as error:
        return refused(error, call.fields.data.get("requestNo") or call.fields.data.get("batchNo"))


def _instruct(book: Book, call: Call, *, auto_complete: bool) -> Answer:
    """Answer one instruction; a business refusal is kept as FAIL under its requestNo."""
    instruction = INSTRUCTIONS[call.service]
    no = call.fields.text("requestNo", 50)
    if book.requests.get(no):
        raise Refused(Code.DUPLICATE, f"请求流水号重复: {no}")
    request = Request(
        no,
        call.service,
        instruction.kind,
        instruction.waiting,
        book.today,
        notify_url=call.notify_url,
    )
    at_gateway = call.path == GATEWAY
    try:
        if call.fault and call.fault.kind is Kind.REFUSE:
            raise call.fault.refusal()
        done = instruction.apply(book, request, call.fields)
    except Refused as refused:
        book.drop()
        if refused.kept:
            book.requests.put(failed(book, request, refused))
            book.keep()
        raise
    if not at_gateway:
        book.requests.put(done)
        book.keep()
        return taken(no) if is_open(done) else stated(done)
    # At the gateway this was a rehearsal: the member has not confirmed yet.
    book.drop()
    book.requests.put(replace(request, data=dict(call.fields.data)))
    book.keep()
    if auto_complete:
        complete(book, no, passed=not (call.fault and call.fault.kind is Kind.FAIL))
    return taken(no)


def complete(book: Book, request_no: str, *, passed: bool) -> Request:
    """The member has entered his password (or has failed to). Raises Refused 100007 where nothing
    waits for him under this number."""
    request = book.requests.get(request_no)
    if request is None or not waits(request):
        raise Refused(Code.NOT_FOUND, f"没有待确认的请求: {request_no}")
    instruction = INSTRUCTIONS[request.service]
    try:
        done = _finish(book, instruction, request, Fields(request.data or {}), passed=passed)
    except Refused as refused:
        book.drop()
        done = failed(book, request, refused)
        tell(book, done)
    book.requests.put(done)
    book.keep()
    return done


def waits(request: Request) -> bool:
    """For the member to confirm."""
    instruction = INSTRUCTIONS.get(request.service)
    waiting = instruction is not None and request.status == instruction.waiting
    return waiting and request.data is not None


def _finish(
    book: Book, instruction: Instruction, request: Request, fields: Fields, *, passed: bool
) -> Request:
    if not passed:
        raise Refused(Code.REFUSED, "用户确认失败")
    if declined := instruction.decline(book, fields):
        raise declined
    done = instruction.apply(book, replace(request, data=None, bank_date=book.today), fields)
    # The end of a withdrawal is told by the step that pays it out.
    if not is_open(done) and done.kind != "WITHDRAW":
        tell(book, done)
    return done


def _ask(book: Book, call: Call) -> Answer:
    if call.fault and call.fault.kind is Kind.REFUSE:
        raise call.fault.refusal()
    if call.fault and call.fault.kind is Kind.NOT_FOUND and call.service == "QUERY_TRANSACTION":
        raise Refused(Code.NOT_FOUND, "请求不存在")
    answer = QUESTIONS[call.service](book, call.fields)
    book.keep()
    return {"code": "0", "status": "SUCCESS"} | answer


def refused(error: Refused, request_no: object) -> Answer:
    named = {"requestNo": request_no} if isinstance(request_no, str) else {}
    return refusal(error.code, error.message) | named


_GATE = frozenset({GATEWAY})
_DIRECT = frozenset({SERVICE})
_BIND = Instruction("BIND_CARD", _GATE, members.bind_card, members.four_elements)

INSTRUCTIONS = {
    "PERSONAL_REGISTER_EXPAND": Instruction(
        "REGISTER", _GATE, members.register_person, members.four_elements
    ),
    "ENTERPRISE_REGISTER": Instruction(
        "REGISTER", _GATE, members.register_company, members.four_elements
    ),
    "PERSONAL_BIND_BANKCARD": _BIND,
    "PERSONAL_BIND_BANKCARD_EXPAND": _BIND,
    "ENTERPRISE_BIND_BANKCARD": _BIND,
    "UNBIND_BANKCARD": Instruction("UNBIND_CARD", _GATE | _DIRECT, members.unbind_card),
    "MODIFY_MOBILE_EXPAND": Instruction("MODIFY_MOBILE", _GATE, members.change_mobile),
    "RESET_PASSWORD": Instruction("RESET_PASSWORD", _GATE, members.reset_password),
    "CHECK_PASSWORD": Instruction("CHECK_PASSWORD", _GATE, members.check_password),
    "USER_AUTHORIZATION": Instruction("AUTHORIZATION", _GATE, authorisations.authorise),
    "CANCEL_USER_AUTHORIZATION": Instruction(
        "CANCEL_AUTHORIZATION", _GATE | _DIRECT, authorisations.cancel
    ),
    "RECHARGE": Instruction(
        "RECHARGE", _GATE, cash.recharge, cash.recharge_declined, waiting="PENDDING"
    ),
    "DIRECT_RECHARGE": Instruction("RECHARGE", _DIRECT, cash.direct_recharge),
    "AUTO_WITHDRAW": Instruction("WITHDRAW", _DIRECT, cash.auto_withdraw),
    "WITHDRAW": Instruction("WITHDRAW", _GATE, cash.withdraw),
    "CONFIRM_WITHDRAW": Instruction("CONFIRM_WITHDRAW", _DIRECT, cash.confirm),
    "CANCEL_WITHDRAW": Instruction("STOP_WITHDRAW", _DIRECT, cash.cancel),
    "INTERCEPT_WITHDRAW": Instruction("STOP_WITHDRAW", _DIRECT, cash.intercept),
    "USER_PRE_TRANSACTION": Instruction("PRETRANSACTION", _GATE, freezes.freeze),
    "USER_AUTO_PRE_TRANSACTION": Instruction("PRETRANSACTION", _DIRECT, freezes.freeze),
    "CANCEL_PRE_TRANSACTION": Instruction("CANCEL_PRETRANSACTION", _DIRECT, freezes.cancel),
    "FREEZE": Instruction("FREEZE", _DIRECT, freezes.freeze_funds),
    "UNFREEZE": Instruction("UNFREEZE", _DIRECT, freezes.unfreeze_funds),
    "DEBENTURE_SALE": Instruction("DEBENTURE_SALE", _DIRECT, sales.offer),
    "CANCEL_DEBENTURE_SALE": Instruction("CANCEL_DEBENTURE_SALE", _DIRECT, sales.cancel),
    "SYNC_TRANSACTION": Instruction("TRANSACTION", _DIRECT, trades.trade),
    "ESTABLISH_PROJECT": Instruction("PROJECT", _DIRECT, projects.establish),
    "MODIFY_PROJECT": Instruction("MODIFY_PROJECT", _DIRECT, projects.modify),
}

QUESTIONS: dict[str, Question] = {
    "QUERY_USER_INFORMATION": members.query_user,
    "QUERY_TRANSACTION": queries.query_transaction,
    "QUERY_PROJECT_INFORMATION": projects.query_project,
    "ASYNC_TRANSACTION": batches.accept,
    "CONFIRM_CHECKFILE": queries.confirm_check_files,
}
