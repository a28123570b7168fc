"""The bank's records: one frozen class a table, one field a column. Amounts are whole fen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

OUTSIDE = "OUTSIDE"  # The other banks. Postings name it; it has no balance.

Pot = Literal["available", "frozen", "outside"]

MEMBER_ROLES = frozenset(
    {"INVESTOR", "BORROWERS", "GUARANTEECORP", "INTERMEDIATOR", "COLLABORATOR", "SUPPLIER"}
)
COMPENSATORY = "SYS_GENERATE_001"
INCOME = "SYS_GENERATE_004"
PLATFORM_ROLES = {
    "SYS_GENERATE_000": "PLATFORM_FUNDS_TRANSFER",
    COMPENSATORY: "PLATFORM_COMPENSATORY",
    "SYS_GENERATE_002": "PLATFORM_MARKETING",
    "SYS_GENERATE_003": "PLATFORM_PROFIT",
    INCOME: "PLATFORM_INCOME",
    "SYS_GENERATE_005": "PLATFORM_INTEREST",
    "SYS_GENERATE_006": "PLATFORM_ALTERNATIVE_RECHARGE",
    "SYS_GENERATE_007": "PLATFORM_URGENT",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A user's or the platform's account; its card, where one is bound."""

    no: str  # platformUserNo
    member_no: int  # 会员编号
    role: str
    company: bool
    opened_on: date
    available_fen: int = 0
    frozen_fen: int = 0
    name: str | None = None
    id_no: str | None = None
    mobile: str | None = None
    card_no: str | None = None
    bank_code: str | None = None
    user_no: str | None = None  # The platform's own number for it ("batch" family)
    authorised: dict[str, Any] | None = None  # 授权: bizType -> its terms; None where cancelled
    password: str | None = None  # 交易密码: salt$hash; None until the member sets it
    wrong_tries: int = 0  # on the bank's day `wrong_on`
    wrong_on: date | None = None


@dataclass(frozen=True, slots=True)
class Project:
    no: str
    borrower: str
    amount_fen: int
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Freeze:
    request_no: str
    account_no: str
    biz_type: str
    project_no: str | None
    amount_fen: int
    left_fen: int


@dataclass(frozen=True, slots=True)
class Request:
    """One instruction under its requestNo, and what became of it. `data` holds what a later step
    needs; `due_on` is the bank day on which that step is taken."""

    request_no: str
    service: str
    kind: str  # transactionType
    status: str
    bank_date: date  # of the latest status
    account_no: str | None = None
    amount_fen: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    batch_no: str | None = None
    due_on: date | None = None
    data: dict[str, Any] | None = None
    notify_url: str | None = None  # Named by requests of the "batch" family alone


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact about money: what the check files list. Its postings sum to zero."""

    order_no: int  # 订单号
    kind: str
    request_no: str
    biz_type: str
    amount_fen: int
    payer: str
    payee: str
    bank_date: date
    happened_at: datetime
    income_fen: int = 0
    project_no: str | None = None
    origin_no: str | None = None
    remark: str | None = None
    share: str | None = None
    custom_define: str | None = None
    card_no: str | None = None
    bank_code: str | None = None
    way: str | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    order_no: int
    account_no: str
    pot: Pot
    amount_fen: int
    bank_date: date


@dataclass(frozen=True, slots=True)
class Notice:
    """A callback that the platform has not answered yet."""

    id: int
    service: str
    body: str  # respData, exactly as it is signed and sent
    attempts: int
    due_at: datetime
    url: str | None = None  # Where a notice of the "batch" family goes


@dataclass(frozen=True, slots=True)
class Page:
    """The page that a member was last shown of a request."""

    request_no: str
    token_hash: str
    closes_at: datetime
    back_to: str | None  # redirectUrl


@dataclass(frozen=True, slots=True)
class Header:
    """instCode + txDate + txTime + seqNo of a message of the "batch" family: taken once."""

    key: str


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault that has struck. `detail`: of a line in the day's files its 订单号; of a returned
    withdrawal the number of its return. `bank_date`: of a line or a file, its day."""

    id: str
    kind: str
    subject: str
    detail: str
    bank_date: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    file_date: date
    file_type: str
    request_no: str
