"""What the core needs from a custodian bank, in the domain's words.

Requests (`bank_requests.py`) go in; answers, notices and statements (`bank_statement.py`) come out.
The adapter speaks the bank's protocol and leaks nothing of it but the bank's own code and wording,
kept for people to read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from domain.authorisation import Kind as Authorised
from domain.bank_requests import BankRequest
from domain.bank_statement import BankBalance, BankStatement


class BankOutcome(StrEnum):
    SUCCEEDED = "succeeded"  # Final: the bank did it.
    REFUSED = "refused"  # Final: the bank did not and will not do it.
    PENDING = "pending"  # The bank took it and has not finished: a callback or a query will tell.
    UNKNOWN = "unknown"  # No trustworthy answer: ask again with `query`.
    HELD = "held"  # A withdrawal: the bank waits for ConfirmWithdrawal or StopWithdrawal.
    NOT_FOUND = "not_found"  # Only from `query`. Not a rejection: the request may still arrive.
    CLOSED = "closed"  # It was turned away unread: nothing was done. Come again when it is open.
    PARTIAL = "partial"  # Some legs are done, the others neither done nor under way: `send` again.


@dataclass(frozen=True, slots=True)
class BankAnswer:
    outcome: BankOutcome
    code: str = ""  # The bank's own error code, or ours for an unknown one (timeout, http_502 ...).
    message: str = ""
    bank_date: date | None = None  # The bank's own date of the fact, where it states one.


@dataclass(frozen=True, slots=True)
class BankNotice:
    """A verified callback. `request_no` is ours, or the bank's own where it started the movement.
    `returned` is set for a returned withdrawal (BACKROLL), `authorised` for what a member has
    authorised, or ended, at the bank by himself."""

    request_no: str
    answer: BankAnswer
    returned: ReturnedWithdrawal | None = None
    authorised: AuthorisedAtBank | None = None


@dataclass(frozen=True, slots=True)
class ReturnedWithdrawal:
    bank_request_no: str
    withdrawal_request_no: str
    account: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class AuthorisedAtBank:
    """`act` counts what the bank's members do there: of two the higher one is the later. Both terms
    are None where he has ended it."""

    account: str
    kind: Authorised
    act: int
    ends_on: date | None
    limit_fen: int | None


class CustodianUntrusted(Exception):
    """A signature is missing or wrong. What it covers is treated as never received."""


class StatementSource(Protocol):
    """The part of a bank that only tells. Safe to call from several threads."""

    def statement(self, bank_date: date) -> BankStatement:
        """Raises StatementNotReady, StatementUnreadable, CustodianUntrusted, ConnectionError."""

    def confirm_statement(self, request_no: str, bank_date: date) -> BankAnswer:
        """对账确认. Confirming a day twice is SUCCEEDED."""

    def balances(self, accounts: Sequence[str]) -> Mapping[str, BankBalance]:
        """Balances now, asked from the bank. Accounts that the bank does not know are left out."""


class Custodian(StatementSource, Protocol):
    """A bank that carries out instructions. Only live custody is given one (docs/custody.md)."""

    def send(self, request: BankRequest) -> BankAnswer:
        """Send once. Never raises for the network or a bad answer: that is UNKNOWN."""

    def query(self, request: BankRequest) -> BankAnswer:
        """Ask what became of a request that was (perhaps) sent. For a batch use query of its
        trades."""

    def read_notice(self, form: Mapping[str, str]) -> BankNotice:
        """Verify and read a callback. Raises CustodianUntrusted."""
