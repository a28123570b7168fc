"""ALEVE (全流水): every entry of a day, in records of 371 bytes. Read, and written, exactly.

An entry tells what its account has after it, so the entries of one account must form a chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from adapters.custody.batch_family.file_choices import USUAL, FileChoices
from adapters.custody.batch_family.fixed_width import (
    DAY,
    FEN,
    TEXT,
    Column,
    FixedWidth,
    choice,
    digits,
)
from adapters.statements.model import CLOSING, OPENING, Balance, Line, Statement
from domain.bank_statement import StatementUnreadable

TIME = digits(
    r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9][0-9]{2}", "must be a time hhmmss and hundredths"
)


@dataclass(frozen=True, slots=True)
class AleveEntry:
    """One record. Amounts are whole fen, at least 0; `flag` says which way. `reversal_flag` is "1"
    where the entry was reversed, `adjustment_flag` "1" where the bank adjusted (调账)."""

    bank: str
    card_no: str = field(repr=False)
    amount_fen: int
    currency_no: str
    flag: str
    value_on: date
    entered_on: date
    real_on: date  # 自然日期, by the calendar of the bank's machines.
    entered_at: str
    transaction_no: str
    related_transaction_no: str
    transaction_type: str
    description: str = field(repr=False)
    balance_fen: int
    other_card_no: str = field(default="", repr=False)
    reversal_flag: str = ""
    adjustment_flag: str = ""
    trace_no: str = ""
    original_transaction_no: str = ""
    reserved: str = field(default="", repr=False)


COLUMNS = (
    Column("BANK", "bank", 0, 4, digits("[0-9]{4}", "must be four digits")),
    Column("CARDNBR", "card_no", 4, 23, TEXT),
    Column("AMOUNT", "amount_fen", 23, 40, FEN),
    Column("CUR_NUM", "currency_no", 40, 43, digits("[0-9]{3}", "must be three digits")),
    Column("CRFLAG", "flag", 43, 44, choice("CD")),
    Column("VALDATE", "value_on", 44, 52, DAY),
    Column("INPDATE", "entered_on", 52, 60, DAY),
    Column("RELDATE", "real_on", 60, 68, DAY),
    Column("INPTIME", "entered_at", 68, 76, TIME),
    Column("TRANNO", "transaction_no", 76, 82, TEXT),
    Column("ORI_TRANNO", "related_transaction_no", 82, 88, TEXT),
    Column("TRANSTYPE", "transaction_type", 88, 92, digits("[0-9]{4}", "must be four digits")),
    Column("DESLINE", "description", 92, 134, TEXT),
    Column("CURR_BAL", "balance_fen", 134, 151, FEN),
    Column("FORCARDNBR", "other_card_no", 151, 170, TEXT),
    Column("REVIND", "reversal_flag", 170, 171, choice("10 ")),
    Column("ACCCHG", "adjustment_flag", 171, 172, TEXT),
    Column("SEQNO", "trace_no", 172, 178, TEXT),
    Column("ORI_NUM", "original_transaction_no", 178, 184, TEXT),
    Column("RESV", "reserved", 184, 371, TEXT),
)
NAME = re.compile(r"[0-9]{4}-ALEVE[0-9]{4}-([0-9]{8})")


def aleve_name(bank: str, product: str, day: date) -> str:
    """The name of a day's file."""
    return f"{bank}-ALEVE{product}-{day:%Y%m%d}"


def read_aleve(content: bytes, choices: FileChoices = USUAL) -> tuple[AleveEntry, ...]:
    """Raises StatementUnreadable."""
    entries = FixedWidth(AleveEntry, COLUMNS, choices.newline).read(content)
    after: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        if entry.currency_no not in choices.currencies:
            known = " or ".join(sorted(choices.currencies))
            raise StatementUnreadable(f"line {number}, bytes 40 to 43, CUR_NUM: must be {known}")
        gained_fen = choices.signed(entry.flag, entry.amount_fen)
        before_fen = after.get(entry.card_no, entry.balance_fen - gained_fen)
        if choices.chained and before_fen + gained_fen != entry.balance_fen:
            raise StatementUnreadable(
                f"line {number}, bytes 134 to 151, CURR_BAL: does not follow from the account's"
                " entry before"
            )
        after[entry.card_no] = entry.balance_fen
    return entries


def write_aleve(entries: Iterable[AleveEntry], choices: FileChoices = USUAL) -> bytes:
    """What `read_aleve` gives these entries for. Raises BadColumn for what a column cannot hold."""
    return FixedWidth(AleveEntry, COLUMNS, choices.newline).write(entries)


def aleve_statement(
    name: str, entries: tuple[AleveEntry, ...], choices: FileChoices = USUAL
) -> Statement:
    """The day as a statement: opening and closing balance of each account that moved, where its
    entries form a chain."""
    lines = tuple(_line(number, each, choices) for number, each in enumerate(entries, start=1))
    if not choices.chained:
        return Statement(name, (), lines)
    opening: dict[str, Balance] = {}
    closing: dict[str, Balance] = {}
    for line, entry in zip(lines, entries, strict=True):
        before_fen = entry.balance_fen - line.amount_fen
        account, on, currency = line.account, line.booked_on, line.currency
        opening.setdefault(account, Balance(OPENING, account, on, before_fen, currency))
        closing[account] = Balance(CLOSING, account, on, entry.balance_fen, currency)
    balances = (each for account in opening for each in (opening[account], closing[account]))
    return Statement(name, tuple(balances), lines)


def _line(number: int, entry: AleveEntry, choices: FileChoices) -> Line:
    return Line(
        line=number,
        account=entry.card_no,
        booked_on=entry.entered_on,
        value_on=entry.value_on,
        amount_fen=choices.signed(entry.flag, entry.amount_fen),
        currency=choices.currencies[entry.currency_no],
        taken_back=entry.reversal_flag == "1",
        bank_ref=entry.transaction_no,
        code=entry.transaction_type,
        counterparty=entry.other_card_no,
        text=entry.description,
    )
