"""EVE (交易明细): the day's transactions at the custody system, in records of 139 bytes. Read, and
written, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from adapters.custody.batch_family.file_choices import USUAL, FileChoices
from adapters.custody.batch_family.fixed_width import (
    FEN,
    TEXT,
    Column,
    FixedWidth,
    choice,
    digits,
)
from adapters.statements.model import Line, Statement

REVERSAL = "0420"
_AT = digits(
    r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]",
    "must be a time MMddhhmmss",
)


@dataclass(frozen=True, slots=True)
class EveEntry:
    """One record. `amount_fen` is at least 0; `flag` says which way. `message_type` 0420 is a
    reversal; `reversal_flag` is "1" where the entry was reversed."""

    sender: str
    trace_no: str
    sent_at: str
    card_no: str = field(repr=False)
    amount_fen: int
    flag: str
    message_type: str
    processing_code: str
    order_no: str
    transaction_no: str
    transaction_type: str
    reversal_flag: str = ""
    reserved: str = field(default="", repr=False)


COLUMNS = (
    Column("FORCODE", "sender", 0, 11, TEXT),
    Column("SEQNO", "trace_no", 11, 17, TEXT),
    Column("CENDT", "sent_at", 17, 27, _AT),
    Column("CARDNBR", "card_no", 27, 46, TEXT),
    Column("AMOUNT", "amount_fen", 46, 58, FEN),
    Column("CRFLAG", "flag", 58, 59, choice("CD")),
    Column("MSGTYPE", "message_type", 59, 63, digits("[0-9]{4}", "must be four digits")),
    Column("PROCCODE", "processing_code", 63, 69, TEXT),
    Column("ORDERNO", "order_no", 69, 109, TEXT),
    Column("TRANNO", "transaction_no", 109, 115, TEXT),
    Column("RESERVED", "reserved", 115, 134, TEXT),
    Column("REVIND", "reversal_flag", 134, 135, choice("10 ")),
    Column("TRANSTYPE", "transaction_type", 135, 139, digits("[0-9]{4}", "must be four digits")),
)


def read_eve(content: bytes, choices: FileChoices = USUAL) -> tuple[EveEntry, ...]:
    """Raises StatementUnreadable."""
    return FixedWidth(EveEntry, COLUMNS, choices.newline).read(content)


def write_eve(entries: Iterable[EveEntry], choices: FileChoices = USUAL) -> bytes:
    """What `read_eve` gives these entries for. Raises BadColumn for what a column cannot hold."""
    return FixedWidth(EveEntry, COLUMNS, choices.newline).write(entries)


def eve_statement(
    name: str, day: date, entries: Iterable[EveEntry], choices: FileChoices = USUAL
) -> Statement:
    """The file of `day` as a statement. The format has no balances, no currency, and no date with a
    year: every line is of that day, in CNY."""
    lines = (_line(number, day, each, choices) for number, each in enumerate(entries, start=1))
    return Statement(name, (), tuple(lines))


def _line(number: int, day: date, entry: EveEntry, choices: FileChoices) -> Line:
    return Line(
        line=number,
        account=entry.card_no,
        booked_on=day,
        value_on=day,
        amount_fen=choices.signed(entry.flag, entry.amount_fen),
        currency="CNY",
        reversal=entry.message_type == REVERSAL,
        taken_back=entry.reversal_flag == "1",
        references=(entry.order_no,) if entry.order_no else (),
        bank_ref=entry.transaction_no,
        code=entry.transaction_type,
    )
