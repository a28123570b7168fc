"""What a custodian bank tells of one of its days (对账文件), in the domain's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec


class LineKind(StrEnum):
    RECHARGE = "recharge"
    WITHDRAWAL = "withdrawal"
    RETURNED_WITHDRAWAL = "returned_withdrawal"
    TRANSFER = "transfer"
    COMMISSION = "commission"
    INTEREST = "interest"
    ADJUSTMENT = "adjustment"


class StatementLine(msgspec.Struct, frozen=True, gc=False):
    """One fact of the bank's day, which may have a million of them. `reference` is what it is
    matched by: the movement's id where the bank carries one, else the request no. `origin` is the
    request no. of an earlier request that the line names (a returned withdrawal names its
    withdrawal)."""

    kind: LineKind
    reference: str
    amount_fen: int
    payer: str
    payee: str
    succeeded: bool = True
    origin: str = ""
    bank_ref: str = ""  # The bank's own order number.


@dataclass(frozen=True, slots=True)
class BankBalance:
    available_fen: int
    frozen_fen: int


@dataclass(frozen=True, slots=True)
class BankStatement:
    """All facts of one bank day, and each account's balance at its end. `digest` is the SHA-256
    of the files as they came."""

    bank_date: date
    lines: tuple[StatementLine, ...]
    balances: Mapping[str, BankBalance]
    digest: str


class StatementNotReady(Exception):
    """The bank has not published this day's files yet."""


class StatementUnreadable(Exception):
    """A file is truncated, mis-encoded, doubled or invalid. Nothing of it was taken in."""
