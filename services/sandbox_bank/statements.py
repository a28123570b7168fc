"""A day's statement (对账单) of every account: what it had, what moved it, what it has.

Made from the tables alone, so it comes out the same however often and however late it is fetched.
An account is known by its 会员编号. What only freezes or releases money is no entry: the booked
balance is available and frozen together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.sandbox_bank.database import connect

_ACCOUNTS = """SELECT a.no, a.member_no,
    a.available_fen + a.frozen_fen - coalesce(p.later, 0) - coalesce(p.moved, 0),
    a.available_fen + a.frozen_fen - coalesce(p.later, 0),
    a.available_fen - coalesce(p.later_available, 0)
FROM account a LEFT JOIN (
    SELECT account_no,
        sum(amount_fen) FILTER (WHERE bank_date = %(day)s)::bigint AS moved,
        sum(amount_fen) FILTER (WHERE bank_date > %(day)s)::bigint AS later,
        sum(amount_fen) FILTER (WHERE bank_date > %(day)s AND pot = 'available')::bigint
            AS later_available
    FROM posting WHERE bank_date >= %(day)s GROUP BY account_no
) p ON p.account_no = a.no
WHERE a.opened_on <= %(day)s ORDER BY a.member_no"""

_ENTRIES = """SELECT p.account_no, e.order_no, sum(p.amount_fen)::bigint, e.biz_type,
    coalesce(e.custom_define, e.request_no), other.member_no
FROM posting p
JOIN entry e ON e.order_no = p.order_no
LEFT JOIN account other ON other.no = CASE p.account_no WHEN e.payer THEN e.payee ELSE e.payer END
WHERE p.bank_date = %(day)s AND p.pot <> 'outside'
GROUP BY p.account_no, e.order_no, other.member_no
HAVING sum(p.amount_fen) <> 0 ORDER BY e.order_no"""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of one account: `amount_fen` is below zero where it paid. `reference` is the
    platform's customDefine, else its requestNo; `other` the other side's 会员编号, None outside."""

    order_no: int
    amount_fen: int
    biz_type: str
    reference: str
    other: int | None


@dataclass(frozen=True, slots=True)
class AccountDay:
    no: str
    member_no: int
    opening_fen: int
    closing_fen: int
    closing_available_fen: int
    items: tuple[Item, ...]


def account_days(url: str, day: date) -> list[AccountDay]:
    """Every account that was open at the end of a day that is over."""
    with connect(url) as db:
        # One view of all tables: a balance must not move between reading it and its postings.
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        accounts = db.execute(_ACCOUNTS, {"day": day}).fetchall()
        entries = db.execute(_ENTRIES, {"day": day}).fetchall()
    items: dict[str, list[Item]] = {}
    for account_no, *columns in entries:
        items.setdefault(account_no, []).append(Item(*columns))
    return [
        AccountDay(no, member_no, opening_fen, closing_fen, available_fen, tuple(items.get(no, ())))
        for no, member_no, opening_fen, closing_fen, available_fen in accounts
    ]
