"""预处理: money earmarked in its owner's account, given back by a cancellation or consumed by a
trade. Invariant: what is left of all freezes and held withdrawals is the account's frozen balance.
"""

from __future__ import annotations

from dataclasses import replace

from services.sandbox_bank import authorisations, projects, sales
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.rows import MEMBER_ROLES, Freeze, Request

# bizType -> the roles that may freeze for it, and the state its project must be in.
_FREEZES = {
    "TENDER": (frozenset({"INVESTOR"}), "COLLECTING"),
    "REPAYMENT": (frozenset({"BORROWERS"}), "REPAYING"),
    "COMPENSATORY": (frozenset({"GUARANTEECORP", "PLATFORM_COMPENSATORY"}), "REPAYING"),
    "CREDIT_ASSIGNMENT": (frozenset({"INVESTOR"}), "REPAYING"),
}
_FUNDS = "FREEZE"  # Of one that is for no project.


def freeze(book: Book, request: Request, fields: Fields) -> Request:
    biz_type = fields.choice("bizType", frozenset(_FREEZES))
    amount_fen = fields.amount("amount")
    project_no = fields.text("projectNo", 50)
    fields.absent("preMarketingAmount", "红包未开通")
    account = book.account(fields.text("platformUserNo", 50))
    roles, project_status = _FREEZES[biz_type]
    if account.role not in roles:
        raise Refused(Code.NOT_PERMITTED, f"{account.role} 不能做 {biz_type}")
    projects.require(book, project_no, project_status)
    for_sale = sales.of_freeze(book, fields, biz_type, account.no, project_no)
    if request.service == "USER_AUTO_PRE_TRANSACTION":
        authorisations.require(book, account, biz_type, amount_fen)
    book.move(
        "FREEZE",
        request.request_no,
        (account.no, "available"),
        (account.no, "frozen"),
        amount_fen,
        biz_type=biz_type,
        project_no=project_no,
    )
    book.freezes.put(
        Freeze(request.request_no, account.no, biz_type, project_no, amount_fen, amount_fen)
    )
    return replace(
        request, status="FREEZED", account_no=account.no, amount_fen=amount_fen, data=for_sale
    )


def freeze_funds(book: Book, request: Request, fields: Fields) -> Request:
    """资金冻结: it stands still, for no project."""
    amount_fen = fields.amount("amount")
    account = book.account(fields.text("platformUserNo", 50))
    if account.role not in MEMBER_ROLES:
        raise Refused(Code.NOT_PERMITTED, f"{account.role} 不能冻结")
    no = request.request_no
    book.move("FREEZE", no, (account.no, "available"), (account.no, "frozen"), amount_fen)
    book.freezes.put(Freeze(no, account.no, _FUNDS, None, amount_fen, amount_fen))
    return replace(request, status="FREEZED", account_no=account.no, amount_fen=amount_fen)


def unfreeze_funds(book: Book, request: Request, fields: Fields) -> Request:
    """资金解冻, whole or in part."""
    held = find(book, fields.text("originalFreezeRequestNo", 50))
    if held.biz_type != _FUNDS:
        raise Refused(Code.REFUSED, "不是资金冻结")
    return _give_back(book, request, held, fields.amount("amount"))


def cancel(book: Book, request: Request, fields: Fields) -> Request:
    """取消预处理, the whole of what is left or a part of it."""
    amount_fen = fields.amount("amount")
    held = find(book, fields.text("preTransactionNo", 50))
    if held.biz_type == _FUNDS:
        raise Refused(Code.REFUSED, "不是预处理")
    return _give_back(book, request, held, amount_fen)


def _give_back(book: Book, request: Request, held: Freeze, amount_fen: int) -> Request:
    if amount_fen > held.left_fen:
        raise Refused(Code.REFUSED, "取消金额大于剩余冻结金额")
    book.move(
        "UNFREEZE",
        request.request_no,
        (held.account_no, "frozen"),
        (held.account_no, "available"),
        amount_fen,
        biz_type=held.biz_type,
        project_no=held.project_no,
        origin_no=held.request_no,
    )
    consume(book, held, amount_fen)
    first = book.requests.get(held.request_no)
    if first is not None and amount_fen == held.left_fen:
        book.requests.put(replace(first, status="UNFREEZED", bank_date=book.today))
    return replace(request, status="SUCCESS", account_no=held.account_no, amount_fen=amount_fen)


def find(book: Book, request_no: str) -> Freeze:
    held = book.freezes.get(request_no)
    if held is None:
        raise Refused(Code.NOT_FOUND, f"预处理不存在: {request_no}")
    return held


def consume(book: Book, held: Freeze, amount_fen: int) -> None:
    if amount_fen > held.left_fen:
        raise Refused(Code.INSUFFICIENT, "剩余冻结金额不足")
    book.freezes.put(replace(held, left_fen=held.left_fen - amount_fen))
