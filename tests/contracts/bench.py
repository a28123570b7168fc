"""The custodian under test and the world around it, as a test module gives them to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Protocol

from domain.bank_requests import BankRequest, Withdraw
from domain.ports import BankAnswer, Custodian


class Fault(StrEnum):
    """What the bank is told to do with the next sending of a request."""

    SILENT_BEFORE = "silent_before"  # Nothing is done, and no answer comes, until it hangs up.
    BROKEN_BEFORE = "broken_before"  # Nothing is done; an error that no one signed.
    SILENT_AFTER = "silent_after"  # It is done, and no answer comes.
    FORGED_AFTER = "forged_after"  # It is done; the answer's signature is wrong.
    CUT_AFTER = "cut_after"  # It is done; the connection breaks within the answer.


BEFORE = (Fault.SILENT_BEFORE, Fault.BROKEN_BEFORE)
AFTER = (Fault.SILENT_AFTER, Fault.FORGED_AFTER, Fault.CUT_AFTER)


class Bench(Protocol):
    """The custodian and its world. Cards by what becomes of money sent to them."""

    good_card: str
    mismatching_card: str  # The four elements do not belong together.
    returning_card: str  # A withdrawal succeeds and comes back a day later.
    executes_later: bool  # `Execute` is answered PENDING, and ends by notice or query.
    executes_whole: bool  # Else an `Execute` may be PARTIAL.
    stops_withdrawals: bool  # Else it says that it cannot.
    moves_cash_alone: bool  # Recharges and withdraws without the member, as authorised; else not.
    asks_passwords: bool  # Has a page that asks for the member's password and no more.

    @property
    def custodian(self) -> Custodian: ...

    def today(self) -> date:
        """The bank's date."""

    def next_day(self) -> None:
        """Lets the bank's day end."""

    def arrange(self, fault: Fault, request: BankRequest) -> None: ...

    def notice_naming(self, request_no: str) -> Mapping[str, str]:
        """Waits for the callback that tells the end of this request."""

    def notice_of_return(self, withdrawal: Withdraw) -> Mapping[str, str]:
        """Waits for the callback that the withdrawal's money is back."""

    def settled(self, request: BankRequest) -> BankAnswer:
        """Asks until the request has come to its end."""
