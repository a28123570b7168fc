"""What may stand between the book and the bank: a closed list of classes, and one difference.

docs/errors.md is generated from BreakClass.
"""

from __future__ import annotations

import hashlib
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class BreakClass(StrEnum):
    """Each member: the class, and what it means in one sentence."""

    meaning: str

    def __new__(cls, code: str, meaning: str = "") -> BreakClass:
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    MISSING_IN_BOOK = "missing_in_book", "The bank lists a movement that the book does not know."
    MISSING_AT_BANK = (
        "missing_at_bank",
        "The book settled a movement on that bank day and the bank does not list it.",
    )
    AMOUNT = "amount", "Both have the movement, with different amounts."
    STATUS = "status", "The bank carried out a movement that the book holds to be rejected."
    DUPLICATE = "duplicate", "The bank lists one movement more than once."
    WRONG_ACCOUNT = "wrong_account", "Both have the movement, between different accounts."
    TIMING = (
        "timing",
        "Both have the movement, on different days or not final in the book: borne for some days.",
    )
    REVERSAL = "reversal", "The bank took back a movement that the book holds to be settled."
    BALANCE = "balance", "An account's balance at the end of the bank's day differs."
    SHORTFALL = (
        "shortfall",
        "The bank took more than the account could bear: the rest is a claim on its owner.",
    )
    RETURNED = (
        "returned",
        "A withdrawal that was paid came back: told once, and resolved as the book has the money.",
    )
    CONTRADICTION = (
        "contradiction",
        "The bank said yes and no to one request: told once; its statements, or a person, end it.",
    )


FIRST_OWNER = "finance"


def break_id_of(kind: BreakClass, reference: str) -> str:
    """The same on every day on which it is seen."""
    return hashlib.sha256(f"{kind}:{reference}".encode()).hexdigest()[:16]


class Difference(NamedTuple):
    """One class found on one reference (movement, entry>payee, account, a shortfall's entry, or a
    contradicted request) on one bank day.

    Before `turns_on` it is borne; without one it is a break at once. `owner` works it at first.
    """

    kind: BreakClass
    reference: str
    book_fen: int | None
    bank_fen: int | None
    detail: str = ""
    turns_on: date | None = None
    owner: str = FIRST_OWNER

    @property
    def break_id(self) -> str:
        return break_id_of(self.kind, self.reference)

    def is_real(self, today: date) -> bool:
        return self.turns_on is None or self.turns_on <= today
