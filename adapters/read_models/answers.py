"""What the reads over the views answer with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from adapters.read_models import loan_rows as t
from adapters.read_models.balances import Balance
from adapters.read_models.blacklist import EntryRow, OthersRow
from adapters.read_models.cases import ActionRow, CaseRow, LawsuitRow, PromiseRow
from adapters.read_models.guarantees import (
    GuaranteedLoanRow,
    GuarantorRow,
    ObligationRow,
    RecourseRow,
)
from adapters.read_models.members import AuthorisationRow, BindingRow, DebtRow, MemberRow, VisitRow
from adapters.read_models.positions import ClaimRow
from adapters.read_models.reserve import ReserveClaimRow, ReservePayoutRow
from adapters.read_models.statements import StatementLine
from adapters.read_models.store import ViewStamp

T = TypeVar("T")


class NotInView(LookupError):
    """The view has no such thing, as far as it has come."""

    def __init__(self, noun: str, name: str, stamp: ViewStamp) -> None:
        super().__init__(f"no {noun} {name!r} up to position {stamp.position}")
        self.noun = noun


class NotYet(LookupError):
    """The view has not come to that position."""

    def __init__(self, position: int, stamp: ViewStamp) -> None:
        super().__init__(f"position {position} is beyond the view's {stamp.position}")


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """An answer, and the moment of the log that it is true for."""

    stamp: ViewStamp
    value: T


@dataclass(frozen=True, slots=True)
class Statement:
    """An account over the business days `first` to `last`, both included."""

    account: str
    first: date
    last: date
    opening: Balance
    lines: Sequence[StatementLine]
    closing: Balance


@dataclass(frozen=True, slots=True)
class LoanShown:
    loan: t.LoanRow
    instalments: Sequence[t.InstalmentRow]
    tenders: Sequence[t.TenderRow]
    payments: Sequence[t.PaymentRow]
    payment_parts: Sequence[t.PaymentPartRow]
    advances: Sequence[t.AdvanceRow]
    guarantor_advances: Sequence[t.GuarantorAdvanceRow]
    reimbursements: Sequence[t.ReimbursementRow]
    claims: Sequence[ClaimRow]


@dataclass(frozen=True, slots=True)
class Holding:
    """Whose a claim was at the end of a day: `principal_fen` was lent behind it or bought, less
    what was assigned of it by then."""

    claim_id: str
    investor_id: str
    principal_fen: int
    held_from: date
    came_of: str | None


@dataclass(frozen=True, slots=True)
class MemberShown:
    member: MemberRow
    bindings: Sequence[BindingRow]
    debts: Sequence[DebtRow]
    authorisations: Sequence[AuthorisationRow]
    visits: Sequence[VisitRow]


@dataclass(frozen=True, slots=True)
class LateLoan:
    """What of a loan is late on the running day, to whomever it is owed; penalty and fees apart.
    `due_on`, `overdue_days`: of the oldest of its late instalments."""

    borrower_id: str
    loan_id: str
    due_on: date
    overdue_days: int
    instalments: int
    principal_fen: int
    interest_fen: int


@dataclass(frozen=True, slots=True)
class CaseShown:
    case: CaseRow
    late: Sequence[LateLoan]
    actions: Sequence[ActionRow]
    promises: Sequence[PromiseRow]
    lawsuits: Sequence[LawsuitRow]


@dataclass(frozen=True, slots=True)
class BlacklistShown:
    entries: Sequence[EntryRow]
    of_others: Sequence[OthersRow]


@dataclass(frozen=True, slots=True)
class GuarantorShown:
    """Obligations in the order of their deadlines."""

    guarantor: GuarantorRow
    loans: Sequence[GuaranteedLoanRow]
    obligations: Sequence[ObligationRow]
    recourse: Sequence[RecourseRow]  # What it owes who paid in its place.


@dataclass(frozen=True, slots=True)
class Queued:
    """A claim that waits, and what is open of it now: less than was filed, once a part is paid."""

    claim: ReserveClaimRow
    open_fen: int


@dataclass(frozen=True, slots=True)
class ReserveShown:
    """`flows_fen` by name (see ReserveFlowRow). The queue is in the order of eligibility."""

    balance: Balance
    flows_fen: dict[str, int]
    queue: Sequence[Queued]
    payouts: Sequence[ReservePayoutRow]

    @property
    def queued_fen(self) -> int:
        return sum(queued.open_fen for queued in self.queue)
