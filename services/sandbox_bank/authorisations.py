"""授权: what the platform may do with a member's money without him, until when, how much a use.

A member of whom no authorisation of a kind was ever asked is taken to have signed it at the
counter, unless the bank is started with `--authorisations required`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import compact
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.rows import MEMBER_ROLES, Account, Request

KINDS = frozenset(
    {"TENDER", "REPAYMENT", "CREDIT_ASSIGNMENT", "COMPENSATORY", "WITHDRAW", "RECHARGE"}
)


def by_member(book: Book, fields: Fields) -> dict[str, Any]:
    """The member at the bank's own counter: the platform is told under a number of the bank's.
    Without `failTime` and `amount` he ends it."""
    no, number = fields.text("platformUserNo", 50), book.number()
    named = {"requestNo": f"AUTH{number:016d}", "authNo": str(number)}
    request = Request(named["requestNo"], "", "", "", book.today)
    ends = fields.optional("failTime") is None
    service, act = (
        ("CANCEL_USER_AUTHORIZATION", cancel) if ends else ("USER_AUTHORIZATION", authorise)
    )
    act(book, request, fields)
    given = {name: fields.data[name] for name in ("failTime", "amount") if not ends}
    told = {"platformUserNo": no, "authList": fields.text("authList"), **named, **given}
    day = {"transactionDate": compact(book.today)}
    book.notify(service, {"code": "0", "status": "SUCCESS", **told, **day})
    return told


def authorise(book: Book, request: Request, fields: Fields) -> Request:
    """In place of an earlier one of the kind."""
    kind = fields.choice("authList", KINDS)
    ends_on, limit_fen = fields.date("failTime"), fields.amount("amount")
    account = book.account(fields.text("platformUserNo", 50))
    if account.role not in MEMBER_ROLES:
        raise Refused(Code.NOT_PERMITTED, "平台账户无需授权")
    if ends_on < compact(book.today):
        raise fields.bad("failTime", "must not be past")
    terms = {"ends_on": ends_on, "limit_fen": limit_fen}
    return _done(book, request, account, kind, terms)


def cancel(book: Book, request: Request, fields: Fields) -> Request:
    kind = fields.choice("authList", KINDS)
    account = book.account(fields.text("platformUserNo", 50))
    if not (account.authorised or {}).get(kind):
        raise Refused(Code.NOT_FOUND, f"未授权: {kind}")
    return _done(book, request, account, kind, None)


def require(book: Book, account: Account, kind: str, amount_fen: int) -> None:
    """Raises Refused 100011 for what the member has not authorised."""
    if account.role not in MEMBER_ROLES:
        return
    if kind in (account.authorised or {}) or book.authorised_only:
        demand(book, account, kind, amount_fen)


def demand(book: Book, account: Account, kind: str, amount_fen: int) -> None:
    """`require`, where nobody has signed it at the counter."""
    terms = (account.authorised or {}).get(kind)
    if terms is None:
        raise Refused(Code.NOT_PERMITTED, f"未授权: {kind}")
    if compact(book.today) > terms["ends_on"]:
        raise Refused(Code.NOT_PERMITTED, f"授权已到期: {kind}")
    if amount_fen > terms["limit_fen"]:
        raise Refused(Code.NOT_PERMITTED, f"超过授权金额: {kind}")


def _done(
    book: Book, request: Request, account: Account, kind: str, terms: dict[str, object] | None
) -> Request:
    authorised = {**(account.authorised or {}), kind: terms}
    book.accounts.put(replace(account, authorised=authorised))
    return replace(request, status="SUCCESS", account_no=account.no)
