"""Accounts and cards: registration (开户), binding and unbinding a card (绑卡 / 解绑)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields, money
from services.sandbox_bank.rows import MEMBER_ROLES, Account, Request

# The last four digits of a card choose how the stand-in treats it.
CARD_MISMATCH = "0001"
CARD_RECHARGE_FAILS = "0002"
CARD_REMITTANCE_RETURNED = "0003"
CARD_REMITTANCE_FAILS = "0004"


def register_person(book: Book, request: Request, fields: Fields) -> Request:
    fields.text("idCardType")
    return _register(
        book,
        request,
        Account(
            no=fields.text("platformUserNo", 50),
            member_no=0,
            role=fields.choice("userRole", MEMBER_ROLES),
            company=False,
            opened_on=book.today,
            name=fields.text("realName"),
            id_no=fields.text("idCardNo"),
            mobile=fields.text("mobile"),
            card_no=fields.optional("bankcardNo", 30),
            bank_code=fields.optional("bankcode", 20),
            user_no=fields.optional("userNo", 50),
        ),
    )


def register_company(book: Book, request: Request, fields: Fields) -> Request:
    return _register(
        book,
        request,
        Account(
            no=fields.text("platformUserNo", 50),
            member_no=0,
            role=fields.choice("userRole", MEMBER_ROLES),
            company=True,
            opened_on=book.today,
            name=fields.text("enterpriseName"),
            id_no=fields.text("unifiedCode"),
            mobile=fields.text("contactPhone"),
            card_no=fields.optional("bankcardNo", 30),
            bank_code=fields.optional("bankcode", 20),
            user_no=fields.optional("userNo", 50),
        ),
    )


def _register(book: Book, request: Request, account: Account) -> Request:
    if book.accounts.get(account.no):
        raise Refused(Code.REFUSED, f"用户已存在: {account.no}")
    book.accounts.put(replace(account, member_no=book.number()))
    return replace(request, status="SUCCESS", account_no=account.no)


def bind_card(book: Book, request: Request, fields: Fields) -> Request:
    card_no = fields.text("bankcardNo", 30)
    bank_code = fields.text("bankcode", 20)
    fields.text("mobile")
    account = _member(book, fields)
    if account.card_no is not None:
        raise Refused(Code.REFUSED, "已绑定银行卡")
    book.accounts.put(replace(account, card_no=card_no, bank_code=bank_code))
    return replace(request, status="SUCCESS", account_no=account.no)


def unbind_card(book: Book, request: Request, fields: Fields) -> Request:
    named = fields.optional("bankcardNo", 30)
    account = _member(book, fields)
    if account.card_no is None:
        raise Refused(Code.REFUSED, "未绑卡")
    if named is not None and named != account.card_no:
        raise Refused(Code.REFUSED, "银行卡与绑定卡不一致")
    book.accounts.put(replace(account, card_no=None, bank_code=None))
    return replace(request, status="SUCCESS", account_no=account.no)


def change_mobile(book: Book, request: Request, fields: Fields) -> Request:
    """The member is taken to have read the bank's message on the new one."""
    mobile = fields.text("mobile", 20)
    account = _member(book, fields)
    book.accounts.put(replace(account, mobile=mobile))
    return replace(request, status="SUCCESS", account_no=account.no)


def reset_password(book: Book, request: Request, fields: Fields) -> Request:
    """The old one counts no more; the new one is what he chose at the page, if he was there."""
    account = _member(book, fields)
    book.accounts.put(replace(account, password=None, wrong_tries=0, wrong_on=None))
    return replace(request, status="SUCCESS", account_no=account.no)


def check_password(book: Book, request: Request, fields: Fields) -> Request:
    """The page has asked for it."""
    return replace(request, status="SUCCESS", account_no=_member(book, fields).no)


def _member(book: Book, fields: Fields) -> Account:
    return book.account(fields.text("platformUserNo", 50))


def four_elements(_book: Book, fields: Fields) -> Refused | None:
    """The check of name, id number, card and phone that a member's bank makes (四要素验证)."""
    card_no = fields.optional("bankcardNo", 30)
    if card_no is not None and card_no.endswith(CARD_MISMATCH):
        return Refused(Code.REFUSED, "四要素验证失败")
    return None


def query_user(book: Book, fields: Fields) -> dict[str, Any]:
    account = _member(book, fields)
    return {
        "platformUserNo": account.no,
        "memberNo": str(account.member_no),
        "userRole": account.role,
        "userType": "ORGANIZATION" if account.company else "PERSONAL",
        "activeStatus": "ACTIVATED",
        "bankcardNo": account.card_no or "",
        "bankcode": account.bank_code or "",
        "balance": money(account.available_fen + account.frozen_fen),
        "availableAmount": money(account.available_fen),
        "freezeAmount": money(account.frozen_fen),
    }
