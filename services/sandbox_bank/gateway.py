"""The member at the bank's page: what he is asked, and what comes of his answer.

A page's token is good for one answer: to its own request, in its time, and until the page is shown
anew. Only its hash is kept. Invariant: without it nothing changes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from services.sandbox_bank import desk, passwords
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import BEIJING
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.rows import Account, Page, Request
from services.sandbox_bank.words import is_failed, tell

OPEN_FOR = timedelta(minutes=10)
_OF_THE_SENDING = frozenset({"timestamp", "expired"})
_SHOWN = {
    "platformUserNo": "账户 · Account",
    "realName": "户名 · Name",
    "enterpriseName": "户名 · Name",
    "bankcardNo": "银行卡 · Card",
    "mobile": "手机号 · Phone",
    "bizType": "用途 · Purpose",
    "projectNo": "项目 · Project",
    "authList": "授权 · Authorisation",
    "failTime": "有效期至 · Until",
    "amount": "金额（元） · Amount (yuan)",
    "requestNo": "请求流水号 · Request",
}


class Unfit(Exception):
    """The form that was brought is refused, in the words of the front that it came to."""


class PageOver(Exception):
    """The page is none of ours, another took its place, or its time is up: nothing was done."""


@dataclass(frozen=True, slots=True)
class Chance:
    """The random part of what a page may need: the next token, and a password's salt."""

    token: str
    salt: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    service: str
    facts: Mapping[str, str]
    hidden: Mapping[str, str]
    new_password: bool
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The member has answered, or no answer is waited for."""

    request: Request
    back_to: str | None


View = Ask | Ended


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser came with a verified form: what it asks for, until when it may be answered, and
    where the member goes afterwards."""

    call: desk.Call
    closes_at: datetime
    back_to: str | None


def visit(call: desk.Call, now: datetime) -> Visit:
    """Of the first front's form. Raises Refused."""
    return Visit(call, _closes_at(call.fields, now), back_to(call.fields, "redirectUrl"))


def show(book: Book, visit: Visit, chance: Chance) -> View:
    """A request that waits already is shown again; one that has ended, as it ended. Raises Refused
    and PageOver."""
    call, closes_at = visit.call, visit.closes_at
    no = call.fields.text("requestNo", 50)
    request = book.requests.get(no)
    if request is not None and (
        request.service != call.service
        or (desk.waits(request) and _content(request.data) != _content(call.fields.data))
    ):
        raise Refused(Code.DUPLICATE, f"请求流水号重复: {no}")
    if closes_at <= book.now and (request is None or desk.waits(request)):
        raise PageOver("请求已过期 · The time of this request is up")
    if request is None:
        request = _begin(book, call)
    if not desk.waits(request):
        return Ended(request, visit.back_to)
    return _ask(book, request, Page(no, "", closes_at, visit.back_to), chance)


def decide(book: Book, form: Mapping[str, str], chance: Chance) -> View:
    """The member pressed a button. Raises Refused and PageOver."""
    page = book.pages.get(Fields(form).text("requestNo", 50))
    if page is None or not hmac.compare_digest(page.token_hash, _hash(form.get("token", ""))):
        raise PageOver("页面已失效 · This page does not count any more")
    request = book.requests.get(page.request_no)
    if request is None:
        raise LookupError("a page has lost its request")
    if not desk.waits(request):
        return Ended(request, page.back_to)
    if page.closes_at <= book.now:
        raise PageOver("页面已过期 · The time of this page is up")
    match form.get("decision"):
        case "cancel":
            return Ended(desk.complete(book, request.request_no, passed=False), page.back_to)
        case "confirm":
            return _confirm(book, request, page, form, chance)
        case _:
            raise Refused(Code.BAD_REQUEST, "decision must be one of cancel, confirm")


def _begin(book: Book, call: desk.Call) -> Request:
    """As for a platform that calls by itself, but that nobody hears the answer: what is refused is
    told by a callback."""
    answer = desk.serve(book, call, auto_complete=False)
    request = book.requests.get(call.fields.text("requestNo", 50))
    if request is None:
        raise Refused(Code(answer["errorCode"]), answer["errorMessage"])
    if answer["code"] != "0":
        tell(book, request)
        book.keep()
    return request


def _confirm(
    book: Book, request: Request, page: Page, form: Mapping[str, str], chance: Chance
) -> View:
    account, password = _account(book, request), form.get("password", "")
    known = _known_password(account, request)
    try:
        if account and known:
            passwords.check(account, password, book.today)
        kept = known or passwords.new(password, form.get("again", ""), chance.salt)
    except passwords.WrongPassword as wrong:
        if wrong.account:
            book.accounts.put(wrong.account)
        return _ask(book, request, page, chance, str(wrong))
    done = desk.complete(book, request.request_no, passed=True)
    account = _account(book, request)
    if account and (known or not is_failed(done)):
        book.accounts.put(replace(account, password=kept, wrong_tries=0))
        book.keep()
    return Ended(done, page.back_to)


def _ask(book: Book, request: Request, page: Page, chance: Chance, complaint: str = "") -> Ask:
    book.pages.put(replace(page, token_hash=_hash(chance.token)))
    book.keep()
    account = _account(book, request)
    return Ask(
        request.service,
        _facts(account, request.data or {}),
        {"requestNo": request.request_no, "token": chance.token},
        new_password=not _known_password(account, request),
        complaint=complaint,
    )


def _known_password(account: Account | None, request: Request) -> str | None:
    """What he is asked for; None where he chooses one."""
    if account is None or request.service == "RESET_PASSWORD":
        return None
    return account.password


def _account(book: Book, request: Request) -> Account | None:
    """None where it is to be opened still."""
    return book.accounts.get((request.data or {}).get("platformUserNo") or request.account_no or "")


def _facts(account: Account | None, data: Mapping[str, Any]) -> dict[str, str]:
    known = {"realName": account.name, "bankcardNo": account.card_no} if account else {}
    given = {**known, **data}
    masks = {"realName": _name, "enterpriseName": _name, "bankcardNo": _card, "mobile": _card}
    return {
        label: masks.get(name, str)(given[name])
        for name, label in _SHOWN.items()
        if given.get(name)
    }


def _name(text: str) -> str:
    return f"{text[0]}**"


def _card(text: str) -> str:
    return f"**** {text[-4:]}" if len(text) > 8 else "****"


def back_to(fields: Fields, name: str) -> str | None:
    """Raises Refused."""
    url = fields.optional(name, 500)
    if url is not None and not (urlsplit(url).scheme in {"http", "https"} and urlsplit(url).netloc):
        raise fields.bad(name, "must be an http or https address")
    return url


def _closes_at(fields: Fields, now: datetime) -> datetime:
    text = fields.optional("expired", 14)
    if text is None:
        return now + OPEN_FOR
    try:
        expired = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        raise fields.bad("expired", "must be yyyyMMddHHmmss") from None
    return min(now + OPEN_FOR, expired)


def _content(data: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (data or {}).items() if name not in _OF_THE_SENDING}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
