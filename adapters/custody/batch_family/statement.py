"""The day's ALEVE, EVE and balances -> the facts that are matched with our book.

ALEVE tells who paid whom: each account's side of an entry is a record, and both sides have one
TRANNO. EVE tells by which order. A freeze is no entry; it shows in the balances alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from adapters.custody.batch_family.aleve import AleveEntry, read_aleve
from adapters.custody.batch_family.batches import AGAIN
from adapters.custody.batch_family.eve import REVERSAL, EveEntry, read_eve
from adapters.custody.batch_family.file_choices import USUAL, FileChoices
from adapters.custody.wire import bank_day
from domain.accounts import OUTSIDE
from domain.bank_statement import (
    BankBalance,
    BankStatement,
    LineKind,
    StatementLine,
    StatementUnreadable,
)
from domain.money import fen_from_yuan

_RECHARGE, _WITHDRAWAL = "7616", "2616"
_INTEREST = frozenset({"5500", "5504"})
_FEES = frozenset({"4616", "4780", "4781", "4788", "4820", "9780", "9781", "9785", "9788", "9831"})
_ADJUSTED = "1"
_NOTHING = BankBalance(0, 0)

Entry = TypeVar("Entry", AleveEntry, EveEntry)


@dataclass(frozen=True, slots=True)
class DayFiles:
    """As they came."""

    aleve: bytes
    eve: bytes
    balances: bytes

    @property
    def digest(self) -> str:
        parts = (self.aleve, self.eve, self.balances)
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def read_statement(
    files: DayFiles, bank_date: date, fixed: Mapping[str, str], choices: FileChoices = USUAL
) -> BankStatement:
    """`fixed`: the platform's own account numbers and our names for them. Raises
    StatementUnreadable."""
    names, balances = _read_balances(files.balances, fixed)
    entries: dict[str, list[AleveEntry]] = {}
    for side in _read("ALEVE", read_aleve, files.aleve, choices):
        if side.entered_on != bank_date:
            raise StatementUnreadable(f"ALEVE, TRANNO {side.transaction_no}: is of another day")
        entries.setdefault(side.transaction_no, []).append(side)
    orders: dict[str, EveEntry] = {}
    for order in _read("EVE", read_eve, files.eve, choices):
        if orders.setdefault(order.transaction_no, order) is not order:
            raise StatementUnreadable(f"EVE, TRANNO {order.transaction_no}: stands there twice")
    if set(entries) != set(orders):
        (odd, *_) = sorted(set(entries) ^ set(orders))
        raise StatementUnreadable(f"TRANNO {odd}: stands in one of ALEVE and EVE alone")
    lines = tuple(
        _line(bank_date, sides, orders[tran_no], names, choices)
        for tran_no, sides in entries.items()
    )
    return BankStatement(bank_date, lines, balances, files.digest)


def _line(
    bank_date: date,
    sides: Sequence[AleveEntry],
    order: EveEntry,
    names: Mapping[str, str],
    choices: FileChoices,
) -> StatementLine:
    payer, payee, amount_fen = _parties(sides, choices)
    if order.amount_fen != amount_fen:
        raise StatementUnreadable(f"TRANNO {order.transaction_no}: ALEVE and EVE differ in amount")
    kind = _kind(sides[0], order)
    # A line that was ordered again names the movement all the same.
    reference, origin = order.order_no.partition(AGAIN)[0], ""
    if kind is LineKind.RETURNED_WITHDRAWAL:
        origin = sides[0].reserved
    if order.message_type == REVERSAL:
        reference, origin = f"{bank_day(bank_date)}-{order.transaction_no}", reference
    return StatementLine(
        kind,
        reference,
        amount_fen,
        names.get(payer, payer),
        names.get(payee, payee),
        origin=origin,
        bank_ref=order.transaction_no,
    )


def _kind(side: AleveEntry, order: EveEntry) -> LineKind:
    code = side.transaction_type
    if side.adjustment_flag == _ADJUSTED or order.message_type == REVERSAL:
        return LineKind.ADJUSTMENT
    if code == _RECHARGE:
        return LineKind.RETURNED_WITHDRAWAL if side.reserved else LineKind.RECHARGE
    if code == _WITHDRAWAL:
        return LineKind.WITHDRAWAL
    if code in _INTEREST:
        return LineKind.INTEREST
    return LineKind.COMMISSION if code in _FEES else LineKind.TRANSFER


def _parties(sides: Sequence[AleveEntry], choices: FileChoices) -> tuple[str, str, int]:
    """Payer, payee, amount. One side alone: the other is at another bank."""
    signed = [(choices.signed(each.flag, each.amount_fen), each) for each in sides]
    paid = [each for fen, each in signed if fen < 0]
    got = [each for fen, each in signed if fen > 0]
    first = sides[0]
    wrong = StatementUnreadable(f"ALEVE, TRANNO {first.transaction_no}: its sides do not agree")
    if len(paid) > 1 or len(got) > 1 or len({each.amount_fen for each in sides}) != 1:
        raise wrong
    if len(sides) == 2:
        return paid[0].card_no, got[0].card_no, first.amount_fen
    if first.other_card_no or not (paid or got):
        raise wrong
    payer = paid[0].card_no if paid else OUTSIDE
    return payer, got[0].card_no if got else OUTSIDE, first.amount_fen


def _read(
    name: str,
    reader: Callable[[bytes, FileChoices], tuple[Entry, ...]],
    content: bytes,
    choices: FileChoices,
) -> tuple[Entry, ...]:
    try:
        return reader(content, choices)
    except StatementUnreadable as error:
        raise StatementUnreadable(f"{name}, {error}") from None


def _read_balances(
    content: bytes, fixed: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, BankBalance]]:
    """Our names by the bank's numbers, and what each account holds. Numbers that are none of ours
    are told only where they hold money."""
    names, balances = dict(fixed), {}
    for number, line in enumerate(_lines(content), start=1):
        cells = line.split(",")
        if len(cells) != 4 or not cells[0]:
            raise StatementUnreadable(f"BALANCE line {number}: must have 4 columns")
        card_no, user_no, available, frozen = cells
        try:
            balance = BankBalance(fen_from_yuan(available), fen_from_yuan(frozen))
        except ValueError:
            raise StatementUnreadable(f"BALANCE line {number}: must have two amounts") from None
        name = names.setdefault(card_no, user_no or card_no)
        if name in balances:
            raise StatementUnreadable(f"BALANCE line {number}: an account stands there twice")
        if name != card_no or balance != _NOTHING:
            balances[name] = balance
    return names, balances


def _lines(content: bytes) -> list[str]:
    if not content.endswith(b"\n"):
        raise StatementUnreadable("BALANCE: the last line is cut off")
    try:
        return content[:-1].decode("gbk").split("\n")
    except UnicodeDecodeError:
        raise StatementUnreadable("BALANCE: is not GBK") from None
