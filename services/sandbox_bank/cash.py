"""Money in and out of the bank: recharge (充值), withdrawal (提现), what comes of a withdrawal as
days pass, and the bank's own interest and adjustments."""

from __future__ import annotations

import heapq
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.sandbox_bank import authorisations, members
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import compact, start_of
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.kinds import Fault, Kind
from services.sandbox_bank.rows import OUTSIDE, Pot, Request
from services.sandbox_bank.words import failed, tell

_WAYS = frozenset({"WEB", "SWIFT", "BACKROLL", "PROXY"})
_FORMS = frozenset({"IMMEDIATE", "CONFIRMED"})
_OTHER_BANKS: tuple[str, Pot] = (OUTSIDE, "outside")
_BACKROLL = frozenset({Kind.BACKROLL})
_ONE_DAY = timedelta(days=1)
_DAYS = {"NORMAL": _ONE_DAY, "NORMAL_URGENT": timedelta(), "URGENT": timedelta()}
_DUE = "SELECT request_no FROM request WHERE due_on <= %s"


def recharge(book: Book, request: Request, fields: Fields) -> Request:
    amount_fen = fields.amount("amount")
    way = fields.choice("rechargeWay", _WAYS) if "rechargeWay" in fields.data else "WEB"
    fields.absent("commission", "佣金未开通")
    account = book.account(fields.text("platformUserNo", 50))
    book.move(
        "RECHARGE",
        request.request_no,
        _OTHER_BANKS,
        (account.no, "available"),
        amount_fen,
        card_no=account.card_no,
        bank_code=fields.optional("bankcode", 20) or account.bank_code,
        way=way,
    )
    return replace(request, status="SUCCESS", account_no=account.no, amount_fen=amount_fen)


def direct_recharge(book: Book, request: Request, fields: Fields) -> Request:
    """自动充值: out of the bound card (代扣), as the member has authorised."""
    account = book.account(fields.text("platformUserNo", 50))
    if account.card_no is None:
        raise Refused(Code.REFUSED, "未绑卡")
    authorisations.demand(book, account, "RECHARGE", fields.amount("amount"))
    if declined := recharge_declined(book, fields):
        raise declined
    return recharge(book, request, fields)


def recharge_declined(book: Book, fields: Fields) -> Refused | None:
    card_no = book.account(fields.text("platformUserNo", 50)).card_no
    if card_no is not None and card_no.endswith(members.CARD_RECHARGE_FAILS):
        return Refused(Code.REFUSED, "银行扣款失败")
    return None


def withdraw(book: Book, request: Request, fields: Fields) -> Request:
    """Freeze the money, which leaves on the next day (NORMAL), on the same one (NORMAL_URGENT), or
    at once; of the first two a day later where it is past the cut-off. One whose form is CONFIRMED
    waits for the platform's word first."""
    amount_fen = fields.amount("amount")
    way = fields.choice("withdrawType", frozenset(_DAYS))
    form = fields.choice("withdrawForm", _FORMS) if "withdrawForm" in fields.data else "IMMEDIATE"
    fields.absent("commission", "佣金未开通")
    account = book.account(fields.text("platformUserNo", 50))
    if account.card_no is None:
        raise Refused(Code.REFUSED, "未绑卡")
    no = request.request_no
    book.move("WITHDRAW_HOLD", no, (account.no, "available"), (account.no, "frozen"), amount_fen)
    held = replace(
        request,
        status="CONFIRMING",
        account_no=account.no,
        amount_fen=amount_fen,
        # The card of the moment: it may be unbound before the money leaves.
        data={"way": way, "card_no": account.card_no, "bank_code": account.bank_code},
    )
    return held if form == "CONFIRMED" else _accept(book, held)


def auto_withdraw(book: Book, request: Request, fields: Fields) -> Request:
    """自动提现: to the bound card, as the member has authorised."""
    account = book.account(fields.text("platformUserNo", 50))
    authorisations.demand(book, account, "WITHDRAW", fields.amount("amount"))
    return withdraw(book, request, fields)


def _accept(book: Book, held: Request) -> Request:
    way = (held.data or {})["way"]
    due_on = book.today + _DAYS[way] + book.hours.days_late(book.now)
    accepted = replace(held, status="ACCEPT", bank_date=book.today, due_on=due_on)
    at_once = way == "URGENT" or due_on == book.today
    return _remit(book, accepted) if at_once else accepted


def confirm(book: Book, request: Request, fields: Fields) -> Request:
    """提现确认: what waits for the platform's word may leave, to the card that is bound still."""
    held = _withdrawal(book, fields, "CONFIRMING")
    no, _, card = _remittance(held)
    if book.account(no).card_no != card["card_no"]:
        raise Refused(Code.REFUSED, "银行卡已解绑")
    book.requests.put(_accept(book, held))
    return _done(request, held)


def cancel(book: Book, request: Request, fields: Fields) -> Request:
    """提现取消, while it waits for the member or for the platform."""
    held = _withdrawal(book, fields, "INIT", "CONFIRMING")
    _give_back(book, held, "ACCEPT_FAIL", "平台取消提现")
    return _done(request, held)


def intercept(book: Book, request: Request, fields: Fields) -> Request:
    """提现拦截, after it was accepted and before it is paid out."""
    accepted = _withdrawal(book, fields, "ACCEPT")
    _give_back(book, accepted, "FAIL", "提现已拦截")
    return _done(request, accepted)


def _withdrawal(book: Book, fields: Fields, *statuses: str) -> Request:
    no = fields.text("withdrawRequestNo", 50)
    found = book.requests.get(no)
    if found is None or found.kind != "WITHDRAW":
        raise Refused(Code.NOT_FOUND, f"提现不存在: {no}")
    if found.status not in statuses:
        raise Refused(Code.REFUSED, f"提现状态不符: {found.status}")
    return found


def _give_back(book: Book, withdrawal: Request, status: str, why: str) -> None:
    """Where the member has not confirmed yet, nothing was taken."""
    if withdrawal.status != "INIT":
        no, amount_fen, card = _remittance(withdrawal)
        _unfreeze(book, withdrawal.request_no, no, amount_fen, card)
    ended = replace(failed(book, withdrawal, Refused(Code.REFUSED, why)), status=status)
    book.requests.put(ended)
    tell(book, ended)


def _done(request: Request, withdrawal: Request) -> Request:
    return replace(request, status="SUCCESS", account_no=withdrawal.account_no)


def roll(book: Book) -> None:
    """Take every step due by the bank's date, each dated on its own day. Needs a book in which
    nothing is waiting to be written."""
    now, today = book.now, book.today
    nos = [row[0] for row in book.db.execute(_DUE, (today,))]
    book.requests.fetch(nos)
    due = [(request.due_on, no) for no in nos if (request := book.requests.get(no))]
    heapq.heapify(due)
    while due:
        day, no = heapq.heappop(due)
        request = book.requests.get(no)
        if day is None or request is None:
            raise LookupError("a due request has lost its date")
        book.today, book.now = day, start_of(day)
        moved = _remit(book, request) if request.status == "ACCEPT" else _return(book, request)
        book.requests.put(moved)
        if moved.due_on and moved.due_on <= today:
            heapq.heappush(due, (moved.due_on, no))
    book.now, book.today = now, today


def _remit(book: Book, request: Request) -> Request:
    """Pay out a frozen withdrawal: REMITING and its end, as the card's digits say."""
    no, amount_fen, card = _remittance(request)
    frozen: tuple[str, Pot] = (no, "frozen")
    if card["card_no"].endswith(members.CARD_REMITTANCE_FAILS):
        _unfreeze(book, request.request_no, no, amount_fen, card)
        ended = failed(book, request, Refused(Code.REFUSED, "出款失败"))
    else:
        book.move("WITHDRAW", request.request_no, frozen, _OTHER_BANKS, amount_fen, **card)
        ended = replace(
            request, status="SUCCESS", bank_date=book.today, due_on=_comes_back_on(book, request)
        )
    tell(book, ended)
    return ended


def _unfreeze(
    book: Book, request_no: str, account_no: str, amount_fen: int, card: dict[str, str]
) -> None:
    frozen: tuple[str, Pot] = (account_no, "frozen")
    back: tuple[str, Pot] = (account_no, "available")
    book.move("WITHDRAW_FAIL", request_no, frozen, back, amount_fen, **card)


def _comes_back_on(book: Book, request: Request) -> date | None:
    if (request.data or {})["card_no"].endswith(members.CARD_REMITTANCE_RETURNED):
        return book.today + _ONE_DAY
    fault = book.faults.take(request.service, request.request_no, _BACKROLL)
    return book.today + timedelta(days=fault.days) if fault else None


def _return(book: Book, request: Request) -> Request:
    """提现退票: a paid withdrawal comes back as a new credit under a number of the bank's own."""
    no, amount_fen, _ = _remittance(request)
    returned = Request(
        request_no=f"BACK{book.number():016d}",
        service="BACKROLL_RECHARGE",
        kind="BACKROLL_RECHARGE",
        status="SUCCESS",
        bank_date=book.today,
        account_no=no,
        amount_fen=amount_fen,
        notify_url=request.notify_url,
    )
    book.move(
        "BACKROLL_RECHARGE",
        returned.request_no,
        _OTHER_BANKS,
        (no, "available"),
        amount_fen,
        origin_no=request.request_no,
        remark="提现退票",
    )
    book.requests.put(returned)
    fault = Fault(Kind.BACKROLL, None, None, 1, subject=f"{request.service} {request.request_no}")
    book.record(fault, returned.request_no)
    tell(book, returned, origin_no=request.request_no)
    return replace(request, due_on=None)


def _remittance(request: Request) -> tuple[str, int, dict[str, str]]:
    """Account, amount and card of an accepted withdrawal."""
    if request.account_no is None or request.amount_fen is None or request.data is None:
        raise LookupError("an accepted withdrawal has lost its remittance")
    return request.account_no, request.amount_fen, request.data


def adjust(book: Book, fields: Fields) -> dict[str, Any]:
    """A correction that the bank makes by itself (调账); interest (结息) is one of them."""
    biz_type = fields.choice("bizType", frozenset({"INTEREST", "ADJUST"}))
    amount_fen = fields.amount("amount")
    direction = fields.choice("direction", frozenset({"IN", "OUT"}))
    account: tuple[str, Pot] = (book.account(fields.text("platformUserNo", 50)).no, "available")
    payer, payee = (_OTHER_BANKS, account) if direction == "IN" else (account, _OTHER_BANKS)
    entry = book.move(
        "ADJUST_BALANCE",
        f"ADJ{book.number():016d}",
        payer,
        payee,
        amount_fen,
        biz_type=biz_type,
        remark=fields.optional("remark"),
        way=direction,
    )
    return {"requestNo": entry.request_no, "transactionDate": compact(book.today)}
