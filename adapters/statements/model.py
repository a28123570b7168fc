"""What a bank's statement says, whatever its format.

Accounts and texts are left out of every repr: they may be card numbers and names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from domain.bank_statement import StatementUnreadable

YUAN: Final = frozenset({"CNY"})
"""The currencies that a statement may be in, unless its reader is told others."""

OPENING, PREVIOUS_CLOSING, CLOSING = "OPBD", "PRCD", "CLBD"
CLOSING_AVAILABLE, FORWARD_AVAILABLE = "CLAV", "FWAV"
"""Kinds of balances, in the words of ISO 20022."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry (分录) of an account. `amount_fen` is what the account gained, below zero what it
    lost. A `reversal` takes back an earlier entry; one that is `taken_back` was reversed by a later
    one. `line` is where in the file it begins, from 1."""

    line: int
    account: str = field(repr=False)
    booked_on: date
    value_on: date
    amount_fen: int
    currency: str
    reversal: bool = False
    taken_back: bool = False
    references: tuple[str, ...] = ()  # What the payer called it.
    bank_ref: str = ""  # What the bank calls it.
    code: str = ""  # The bank's kind of transaction.
    counterparty: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Balance:
    """Of an account at one moment; below zero it is overdrawn."""

    kind: str
    account: str = field(repr=False)
    on: date
    amount_fen: int
    currency: str


@dataclass(frozen=True, slots=True)
class Statement:
    """`id` is the bank's: with the account it is unique in the file."""

    id: str
    balances: tuple[Balance, ...]
    lines: tuple[Line, ...]


def unreadable(place: str, rule: str) -> StatementUnreadable:
    """`place` and `rule` never hold a value out of the file: it may be personal."""
    return StatementUnreadable(f"{place}: {rule}")


def decoded(content: bytes, encoding: str) -> str:
    """The text of a file, without a byte order mark. Raises StatementUnreadable."""
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise unreadable(
            f"line {line}, byte {error.start} of the file", f"is not {encoding}"
        ) from None


def currency_rule(currencies: Iterable[str]) -> str:
    return f"the currency must be {' or '.join(sorted(currencies))}"


def adds_up(opening: Balance, closing: Balance, lines: Iterable[Line]) -> bool:
    """Whether the lines lead from one balance to the other. Only said of one currency: where
    several were allowed and are there, nothing can be added up."""
    lines = tuple(lines)
    if len({opening.currency, closing.currency, *(each.currency for each in lines)}) > 1:
        return True
    return opening.amount_fen + sum(each.amount_fen for each in lines) == closing.amount_fen
