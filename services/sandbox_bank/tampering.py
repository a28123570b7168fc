"""A day's files that are wrong: a line missing, doubled, changed or foreign; late, or the day
before's once more. What is wrong with a day is put on record when the day is first asked for, and
stays so: its files come out the same however often they are fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from services.sandbox_bank import store
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import compact
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.kinds import LINES, Kind

KINDS = ("RECHARGE", "TRANSACTION")  # What is tampered with: lines that name one movement each.
FOREIGN_FEN = 777
_FOREIGN = frozenset({Kind.LINE_FOREIGN})
_STATEMENT = frozenset({Kind.STATEMENT_LATE, Kind.STATEMENT_TWICE})
_ALL = (*LINES, Kind.LINE_FOREIGN)
_CENT = Decimal("0.01")

_ENTRIES = """SELECT order_no, coalesce(custom_define, request_no) FROM entry
WHERE bank_date = %s AND kind = ANY(%s) ORDER BY order_no"""
_ON_RECORD = "SELECT kind, detail FROM injected WHERE bank_date = %s AND kind = ANY(%s)"


def foreign_no(day: date) -> str:
    return f"FOREIGN-{compact(day)}"


def decide(book: Book, day: date) -> date:
    """What is wrong with a day that is over; gives the day whose files are to be sent. Raises
    Refused 100007 where it is late. Reads the tables themselves."""
    file_no = compact(day)
    if fault := book.faults.take("STATEMENT", file_no, _STATEMENT):
        book.record(fault, day=day)
        book.keep()
        if fault.kind is Kind.STATEMENT_LATE:
            raise Refused(Code.NOT_FOUND, f"对账文件未生成: {file_no}")
        return day - timedelta(days=1)
    if book.faults.idle:
        return day
    touched = {order_no for _, order_no in _on_record(book.db, day)}
    for order_no, reference in book.db.execute(_ENTRIES, (day, list(KINDS))):
        if str(order_no) in touched:
            continue
        if fault := book.faults.take("LINE", reference, LINES):
            book.record(fault, str(order_no), day)
    if fault := book.faults.take("DAY", file_no, _FOREIGN):
        book.record(fault, foreign_no(day), day)
    book.keep()
    return day


def _on_record(db: store.Db, day: date) -> list[tuple[str, str]]:
    return db.execute(_ON_RECORD, (day, list(_ALL))).fetchall()


class Wrong(NamedTuple):
    """With the lines of one day: 订单号 -> what; whether a foreign one is among them."""

    lines: Mapping[str, str]
    foreign: bool

    def kind(self, order_no: object) -> str | None:
        return self.lines.get(str(order_no))


def wrong_with(db: store.Db, day: date) -> Wrong:
    found = {order_no: kind for kind, order_no in _on_record(db, day)}
    return Wrong(found, found.pop(foreign_no(day), None) is not None)


def doubled_no(order_no: object) -> str:
    """The second line's 订单号, which is nobody else's."""
    return f"9{int(str(order_no)):014d}"


def spoil(
    text: bytes, wrong: Wrong, order_column: int, amount_columns: Sequence[int], foreign: str = ""
) -> bytes:
    """A check file as it is sent. `foreign`: the line of nobody here."""
    if not wrong.lines and not wrong.foreign:
        return text
    header, *lines = text.decode().removesuffix("\n").split("\n")
    spoilt = [*_spoilt(lines, wrong, order_column, amount_columns)]
    if wrong.foreign and foreign:
        spoilt.append(foreign)
    return "".join(f"{line}\n" for line in (header, *spoilt)).encode()


def _spoilt(
    lines: Sequence[str], wrong: Wrong, order_column: int, amount_columns: Sequence[int]
) -> Iterable[str]:
    for line in lines:
        cells = line.split(",")
        kind = wrong.kind(cells[order_column])
        if kind == Kind.LINE_MISSING:
            continue
        if kind == Kind.LINE_CHANGED:
            for column in amount_columns:
                cells[column] = str(Decimal(cells[column]) + _CENT)
        yield ",".join(cells)
        if kind == Kind.LINE_DOUBLED:
            cells[order_column] = doubled_no(cells[order_column])
            yield ",".join(cells)
