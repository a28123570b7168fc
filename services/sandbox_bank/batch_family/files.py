"""The day's files: ALEVE (全流水, each account's side of every entry), EVE (交易明细, one record an
order), both GBK in records of fixed width, and BALANCE, which is ours: what every account holds.

Made from the tables alone, like the check files of the first front. D in CRFLAG is money in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.sandbox_bank import store, tampering
from services.sandbox_bank.clock import BEIJING, compact, start_of
from services.sandbox_bank.database import connect
from services.sandbox_bank.fields import money
from services.sandbox_bank.kinds import Kind
from services.sandbox_bank.rows import OUTSIDE

ENCODING = "gbk"
_ASIDE = 500_000  # Half of all TRANNOs away: a line that stands there twice has two.
_BANK, _PRODUCT = "3005", "0001"
_KINDS = (
    "RECHARGE",
    "WITHDRAW",
    "TRANSACTION",
    "COMMISSION",
    "BACKROLL_RECHARGE",
    "ADJUST_BALANCE",
)
# What a side is, by kind or bizType: of who pays, of who gets.
_TYPES = {
    "RECHARGE": ("", "7616"),
    "WITHDRAW": ("2616", ""),
    "BACKROLL_RECHARGE": ("", "7616"),
    "TENDER": ("2780", "7780"),
    "REPAYMENT": ("2781", "7781"),
    "COMPENSATORY": ("2788", "7788"),
    "COMPENSATORY_REPAYMENT": ("2788", "7788"),
    "CREDIT_ASSIGNMENT": ("2789", "7785"),
    "COMMISSION": ("4780", "7722"),
    "PROFIT": ("2833", "7783"),
    "INTEREST": ("5500", "5500"),
}
_TRANSFER = ("2820", "7820")
_FACTS = """SELECT order_no, kind, biz_type, request_no, coalesce(custom_define, ''), payer, payee,
    amount_fen, happened_at, coalesce(origin_no, '')
FROM entry WHERE bank_date = %s AND kind = ANY(%s) ORDER BY order_no"""
_HELD = """SELECT no, coalesce(user_no, ''), available_fen - coalesce(later.available, 0),
    frozen_fen - coalesce(later.frozen, 0)
FROM account LEFT JOIN (
    SELECT account_no,
        sum(amount_fen) FILTER (WHERE pot = 'available') AS available,
        sum(amount_fen) FILTER (WHERE pot = 'frozen') AS frozen
    FROM posting WHERE bank_date > %s GROUP BY account_no
) later ON later.account_no = account.no
WHERE opened_on <= %s ORDER BY member_no"""


@dataclass(frozen=True, slots=True)
class Fact:
    order_no: int
    kind: str
    biz_type: str
    request_no: str
    custom_define: str
    payer: str
    payee: str
    amount_fen: int
    at: datetime
    origin_no: str

    @property
    def types(self) -> tuple[str, str]:
        return _TYPES.get(self.biz_type) or _TYPES.get(self.kind) or _TRANSFER

    @property
    def tran_no(self) -> str:
        return f"{self.order_no % 1_000_000:06d}"

    @property
    def adjusted(self) -> str:
        return "1" if self.kind == "ADJUST_BALANCE" and self.biz_type != "INTEREST" else ""

    def sides(self) -> list[tuple[str, str, str, int]]:
        """Account, other account, TRANSTYPE, signed amount: of each side that is held here."""
        paid, got = self.types
        both = [
            (self.payer, self.payee, paid, -self.amount_fen),
            (self.payee, self.payer, got, self.amount_fen),
        ]
        return [side for side in both if side[0] != OUTSIDE]


def file_of(url: str, file_type: str, day: date) -> tuple[str, bytes]:
    """Name and content of a file of a day that is over."""
    with connect(url) as db:
        # One view of all tables: a balance must not move between reading it and its postings.
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        records = _MAKERS[file_type](db, day)
        content = b"".join(record + b"\n" for record in records)
    return f"{_BANK}-{file_type}{_PRODUCT}-{compact(day)}", content


def _facts(db: store.Db, day: date) -> list[Fact]:
    return [Fact(*row) for row in db.execute(_FACTS, (day, list(_KINDS)))]


def _told(db: store.Db, day: date) -> Iterator[Fact]:
    """As the files have them: something may be wrong with a day."""
    wrong = tampering.wrong_with(db, day)
    for fact in _facts(db, day):
        match wrong.kind(fact.order_no):
            case Kind.LINE_MISSING:
                continue
            case Kind.LINE_CHANGED:
                yield replace(fact, amount_fen=fact.amount_fen + 1)
            case Kind.LINE_DOUBLED:
                yield fact
                yield replace(fact, order_no=fact.order_no + _ASIDE)
            case _:
                yield fact
    if wrong.foreign:
        yield _foreign(day)


def _foreign(day: date) -> Fact:
    """A transfer between people of whom nobody here has heard."""
    no = tampering.foreign_no(day)
    return Fact(
        999_999,
        "TRANSACTION",
        "REPAYMENT",
        no,
        no,
        "9900000000000000001",
        "9900000000000000002",
        tampering.FOREIGN_FEN,
        start_of(day),
        "",
    )


def _aleve(db: store.Db, day: date) -> Iterator[bytes]:
    held_fen = {no: int(free + held) for no, _, free, held in db.execute(_HELD, (day, day))}
    after: list[tuple[Fact, tuple[str, str, str, int], int]] = []
    lowest_fen: dict[str, int] = {}
    for fact in reversed(list(_told(db, day))):  # Back from what each account has at the day's end.
        for side in reversed(fact.sides()):
            account, balance_fen = side[0], held_fen.get(side[0], 0)
            after.append((fact, side, balance_fen))
            held_fen[account] = balance_fen - side[3]
            lowest_fen[account] = min(lowest_fen.get(account, 0), balance_fen)
    for fact, (account, other, tran_type, signed_fen), balance_fen in reversed(after):
        local = fact.at.astimezone(BEIJING)
        yield _record(
            (_BANK, 4),
            (account, 19),
            (f"{abs(signed_fen):017d}", 17),
            ("156", 3),
            ("D" if signed_fen > 0 else "C", 1),
            *((compact(day), 8), (compact(day), 8), (compact(local.date()), 8)),
            (f"{local:%H%M%S}00", 8),
            (fact.tran_no, 6),
            ("", 6),
            (tran_type, 4),
            (fact.biz_type, 42),
            # Below zero only where a line is wrong: the column has no room for that.
            (f"{balance_fen - lowest_fen[account]:017d}", 17),
            ("" if other == OUTSIDE else other, 19),
            ("0", 1),
            (fact.adjusted, 1),
            (fact.tran_no, 6),
            ("", 6),
            (fact.origin_no if fact.kind == "BACKROLL_RECHARGE" else "", 187),
        )


def _eve(db: store.Db, day: date) -> Iterator[bytes]:
    for fact in _told(db, day):
        account, _, tran_type, signed_fen = fact.sides()[0]
        local = fact.at.astimezone(BEIJING)
        yield _record(
            ("SANDBOX", 11),
            (fact.tran_no, 6),
            (f"{local:%m%d%H%M%S}", 10),
            (account, 19),
            (f"{abs(signed_fen):012d}", 12),
            ("D" if signed_fen > 0 else "C", 1),
            ("0200", 4),
            ("000000", 6),
            (fact.custom_define if fact.kind == "TRANSACTION" else fact.request_no, 40),
            (fact.tran_no, 6),
            ("", 19),
            ("0", 1),
            (tran_type, 4),
        )


def _balance(db: store.Db, day: date) -> Iterator[bytes]:
    for no, user_no, free_fen, held_fen in db.execute(_HELD, (day, day)):
        yield ",".join((no, user_no, money(int(free_fen)), money(int(held_fen)))).encode(ENCODING)


def _record(*columns: tuple[str, int]) -> bytes:
    parts = [text.encode(ENCODING).ljust(width) for text, width in columns]
    for part, (_, width) in zip(parts, columns, strict=True):
        if len(part) != width:
            raise ValueError("a text is longer than its column")
    return b"".join(parts)


_MAKERS = {"ALEVE": _aleve, "EVE": _eve, "BALANCE": _balance}
FILE_TYPES = frozenset(_MAKERS)
