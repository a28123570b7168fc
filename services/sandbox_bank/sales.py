"""债权出让: so much of a lender's claims on a project is on sale, until it is sold or taken off.

A sale is the request that began it: its `data` says of which project and how much is left. A freeze
for it names it, and so does the trade that spends the freeze. This bank keeps no register of who
has lent how much: that the share is the seller's it believes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.sandbox_bank import projects
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.rows import Request

_KIND = "DEBENTURE_SALE"


def offer(book: Book, request: Request, fields: Fields) -> Request:
    share_fen = fields.amount("saleShare")
    project_no = fields.text("projectNo", 50)
    seller = book.account(fields.text("platformUserNo", 50))
    if seller.role != "INVESTOR":
        raise Refused(Code.NOT_PERMITTED, f"{seller.role} 不能出让债权")
    projects.require(book, project_no, "REPAYING")
    data = {"project_no": project_no, "left_fen": share_fen}
    return replace(request, status="SUCCESS", account_no=seller.no, amount_fen=share_fen, data=data)


def cancel(book: Book, request: Request, fields: Fields) -> Request:
    sale = _find(book, fields.text("creditsaleRequestNo", 50))
    if not _left_fen(sale):
        raise Refused(Code.REFUSED, "债权已售出或已撤销")
    book.requests.put(replace(sale, data={**(sale.data or {}), "left_fen": 0}))
    return replace(
        request, status="SUCCESS", account_no=sale.account_no, amount_fen=_left_fen(sale)
    )


def of_freeze(
    book: Book, fields: Fields, biz_type: str, account_no: str, project_no: str
) -> dict[str, Any] | None:
    """The sale that a freeze is for, to be kept with it. In the "batch" family none is named."""
    no = fields.optional("creditsaleRequestNo", 50)
    if no is None:
        return None
    if biz_type != "CREDIT_ASSIGNMENT":
        raise fields.bad("creditsaleRequestNo", "is for CREDIT_ASSIGNMENT alone")
    sale, share_fen = _find(book, no), fields.amount("share")
    if (sale.data or {}).get("project_no") != project_no:
        raise Refused(Code.REFUSED, "债权不属于该标的")
    if sale.account_no == account_no:
        raise Refused(Code.NOT_PERMITTED, "不能认购自己的债权")
    _require_left(sale, share_fen)
    return {"sale_no": no, "share_fen": share_fen}


def sell(book: Book, fields: Fields, details: Sequence[Fields]) -> None:
    """What is bought is paid to its seller, out of freezes that were made for it."""
    no = fields.text("saleRequestNo", 50)
    sale, sold_fen = _find(book, no), 0
    for detail in details:
        if detail.data.get("bizType") != "CREDIT_ASSIGNMENT":
            continue
        freeze = book.requests.get(detail.text("freezeRequestNo", 50))
        share_fen = detail.amount("share")
        if freeze is None or freeze.data != {"sale_no": no, "share_fen": share_fen}:
            raise Refused(Code.REFUSED, "预处理不属于该债权出让")
        if detail.text("targetPlatformUserNo", 50) != sale.account_no:
            raise Refused(Code.NOT_PERMITTED, "收款方不是出让人")
        sold_fen += share_fen
    _require_left(sale, sold_fen)
    left_fen = _left_fen(sale) - sold_fen
    book.requests.put(replace(sale, data={**(sale.data or {}), "left_fen": left_fen}))


def _find(book: Book, no: str) -> Request:
    sale = book.requests.get(no)
    if sale is None or sale.kind != _KIND or sale.data is None:
        raise Refused(Code.NOT_FOUND, f"债权出让不存在: {no}")
    return sale


def _left_fen(sale: Request) -> int:
    return int((sale.data or {})["left_fen"])


def _require_left(sale: Request, share_fen: int) -> None:
    if share_fen > _left_fen(sale):
        raise Refused(Code.REFUSED, "超过剩余出让份额")
