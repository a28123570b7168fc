"""What can happen to a loan (借款), in the order of its life. What its guarantors do is in
loan_guarantee.py."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, get_args

from domain import loan_guarantee
from domain.early_part_events import EarlyPartBilled, EarlyPartUndone
from domain.loan_guarantee import LoanGuaranteeEvent
from domain.model import Event, Fen, Instant
from domain.policy import Covers, PolicyTerms
from domain.recourse import Recourse
from domain.register import AssignedLine, Claim, Part, Row, Vector
from domain.schedule import Method


class CalledIn(StrEnum):
    """Why the whole rest falls due."""

    STAGE = "stage"  # What must be paid out is all that remains.
    OVER_DAYS = "over-days"
    IN_A_ROW = "in-a-row"
    IN_ALL = "in-all"


class LoanRequested(Event, omit_defaults=True):
    TOPIC: ClassVar[str] = "loan.requested.v1"
    loan_id: str
    borrower_id: str
    amount_fen: Fen
    annual_rate: str
    periods: int
    method: Method
    purpose: str
    owed_elsewhere_fen: int = 0  # On other platforms, as the platform was told.
    product: str | None = None  # Of the policy's products.


class LoanRated(Event):
    TOPIC: ClassVar[str] = "loan.rated.v1"
    loan_id: str
    grade: str


class LoanAdmitted(Event):
    """Every admission check passed; the bank is asked to register the loan."""

    TOPIC: ClassVar[str] = "loan.admitted.v1"
    loan_id: str
    deadline: date
    law_table: str
    owed_with_it_fen: int  # What the borrower owes on the platform, this loan included.


class LoanPublished(Event):
    TOPIC: ClassVar[str] = "loan.published.v1"
    loan_id: str


class ProjectRefused(Event):
    """The bank would not register the loan. It may be published again."""

    TOPIC: ClassVar[str] = "loan.project-refused.v1"
    loan_id: str
    bank_code: str


class TenderReserved(Event):
    TOPIC: ClassVar[str] = "loan.tender-reserved.v1"
    loan_id: str
    tender_id: str
    investor_id: str
    amount_fen: Fen


class TenderSecured(Event):
    """The bank froze the investor's money."""

    TOPIC: ClassVar[str] = "loan.tender-secured.v1"
    loan_id: str
    tender_id: str


class TenderDropped(Event):
    TOPIC: ClassVar[str] = "loan.tender-dropped.v1"
    loan_id: str
    tender_id: str


class LoanFilled(Event):
    """满标: the last tender is secured. This instant concludes the loan once it is signed."""

    TOPIC: ClassVar[str] = "loan.filled.v1"
    loan_id: str
    filled_at: Instant
    filled_on: date  # In Asia/Shanghai.


class LoanMiscarried(Event):
    """流标."""

    TOPIC: ClassVar[str] = "loan.miscarried.v1"
    loan_id: str
    secured_fen: int


class LoanConcluded(Event):
    """The contract is on record. The day of filling chose the policy version, for ever."""

    TOPIC: ClassVar[str] = "loan.concluded.v1"
    loan_id: str
    contract_hash: str
    parties: tuple[str, ...]
    concluded_at: Instant
    concluded_on: date
    policy: PolicyTerms


class DisbursementRequested(Event):
    TOPIC: ClassVar[str] = "loan.disbursement-requested.v1"
    loan_id: str
    entry_id: str
    fee_fen: int
    contribution_fen: int


class DisbursementRejected(Event):
    TOPIC: ClassVar[str] = "loan.disbursement-rejected.v1"
    loan_id: str
    entry_id: str
    bank_code: str


class LoanDisbursed(Event):
    TOPIC: ClassVar[str] = "loan.disbursed.v1"
    loan_id: str
    disbursed_on: date
    claims: tuple[Claim, ...]
    schedule: tuple[Row, ...]


class InstalmentBilled(Event):
    """An instalment is shared over the claims. `whole_rest`: all later principal came with it."""

    TOPIC: ClassVar[str] = "loan.instalment-billed.v1"
    loan_id: str
    period: int
    due_on: date
    principal: Vector
    interest: Vector
    sharing: str  # The method, and the basis where it is not each claim's open principal.
    whole_rest: bool = False


class EarlyBillingUndone(Event):
    """The payment for which all the rest was billed failed: it falls due by the schedule again."""

    TOPIC: ClassVar[str] = "loan.early-billing-undone.v1"
    loan_id: str
    period: int
    principal: Vector
    interest: Vector


class DueDateRolled(Event):
    """顺延: the due date is no working day."""

    TOPIC: ClassVar[str] = "loan.due-date-rolled.v1"
    loan_id: str
    period: int
    due_on: date  # Now.
    calendar: str  # Its name and version.


class LoanCalledIn(Event):
    """提前到期: the whole rest falls due today, billed with this period."""

    TOPIC: ClassVar[str] = "loan.called-in.v1"
    loan_id: str
    period: int
    called_in_on: date
    why: CalledIn


class CallInUndone(Event):
    """A payment that took effect before it was booked shows that there was no reason to call the
    rest in: it falls due by the schedule again, its first instalment on `due_on`."""

    TOPIC: ClassVar[str] = "loan.call-in-undone.v1"
    loan_id: str
    period: int
    due_on: date
    principal: Vector
    interest: Vector


class EarlyCompensationCharged(Event):
    """提前还款违约金: it stands in the interest of the rest that was just billed."""

    TOPIC: ClassVar[str] = "loan.early-compensation-charged.v1"
    loan_id: str
    period: int
    amount_fen: Fen


class InstalmentOverdue(Event):
    TOPIC: ClassVar[str] = "loan.instalment-overdue.v1"
    loan_id: str
    period: int
    due_on: date
    open_fen: int


class ClaimFiled(Event, omit_defaults=True):
    """An instalment is late enough for somebody to pay in the borrower's place (rule 1)."""

    TOPIC: ClassVar[str] = "loan.claim-filed.v1"
    loan_id: str
    period: int
    claim_id: str
    covers: Covers = Covers.INSTALMENT


class SuitFiled(Event):
    """The first suit on the loan: the law caps what a late borrower is charged by its day."""

    TOPIC: ClassVar[str] = "loan.suit-filed.v1"
    loan_id: str
    lawsuit_id: str
    filed_on: date


class CourtCostsAwarded(Event):
    """Costs that a court has the borrower bear: owed with the oldest overdue instalment, first of
    all, to the platform, which paid them."""

    TOPIC: ClassVar[str] = "loan.court-costs-awarded.v1"
    loan_id: str
    period: int
    lawsuit_id: str
    amount_fen: Fen


class RepaymentAccepted(Event, omit_defaults=True):
    """`in_part`: what is left after the running month pays principal early (提前部分还款)."""

    TOPIC: ClassVar[str] = "loan.repayment-accepted.v1"
    loan_id: str
    payment_id: str
    amount_fen: Fen
    in_full: bool
    effective_on: date
    in_part: bool = False


class RepaymentHeld(Event):
    """The bank froze the borrower's money; it is routed when no other movement is open."""

    TOPIC: ClassVar[str] = "loan.repayment-held.v1"
    loan_id: str
    payment_id: str


class RepaymentRouted(Event, omit_defaults=True):
    """Where the held money goes, line by line. `left_fen` goes back to the borrower, `recourse` to
    who advanced for him."""

    TOPIC: ClassVar[str] = "loan.repayment-routed.v1"
    loan_id: str
    payment_id: str
    entry_id: str | None
    effective_on: date
    parts: tuple[Part, ...]
    left_fen: int
    recourse: tuple[Recourse, ...] = ()


class RepaymentSettled(Event):
    TOPIC: ClassVar[str] = "loan.repayment-settled.v1"
    loan_id: str
    payment_id: str
    principal_fen: int  # How much less principal is outstanding.


class RepaymentFailed(Event):
    """The bank refused the freeze or the transfer."""

    TOPIC: ClassVar[str] = "loan.repayment-failed.v1"
    loan_id: str
    payment_id: str
    bank_code: str


class AdvanceOpened(Event):
    """The reserve is paying these lines: no other movement may touch the loan's lines."""

    TOPIC: ClassVar[str] = "loan.advance-opened.v1"
    loan_id: str
    payout_id: str
    period: int
    principal: Vector
    interest: Vector


class AdvancePaid(Event):
    """The lines now belong to the reserve (代位)."""

    TOPIC: ClassVar[str] = "loan.advance-paid.v1"
    loan_id: str
    payout_id: str


class AdvanceReleased(Event):
    TOPIC: ClassVar[str] = "loan.advance-released.v1"
    loan_id: str
    payout_id: str


class ClaimOffered(Event):
    """So much of a claim's principal is on sale, and it is on no other one."""

    TOPIC: ClassVar[str] = "loan.claim-offered.v1"
    loan_id: str
    assignment_id: str
    claim_id: str
    principal_fen: Fen


class ClaimSold(Event):
    """A buyer's money is on its way: until it is there, or back, no line of the loan is paid."""

    TOPIC: ClassVar[str] = "loan.claim-sold.v1"
    loan_id: str
    assignment_id: str
    buyer_id: str


class ClaimAssigned(Event):
    """债权转让: from this day on what was sold is a claim of its own, the buyer's."""

    TOPIC: ClassVar[str] = "loan.claim-assigned.v1"
    loan_id: str
    assignment_id: str
    claim_id: str  # The one that it was a part of, or all of.
    assigned_on: date
    claim: Claim
    unbilled_fen: int  # Of its principal, what no instalment has billed yet.
    lines: tuple[AssignedLine, ...]  # What is billed and open, where there is any.
    lent_fen: int  # What of the loan was lent behind it.


class ClaimKept(Event):
    """The sale is off: the claim is its holder's as before."""

    TOPIC: ClassVar[str] = "loan.claim-kept.v1"
    loan_id: str
    assignment_id: str


class LoanSettled(Event):
    """结清: nothing is open to anybody."""

    TOPIC: ClassVar[str] = "loan.settled.v1"
    loan_id: str
    settled_on: date


FundingEvent = (
    LoanRequested
    | LoanRated
    | LoanAdmitted
    | LoanPublished
    | ProjectRefused
    | TenderReserved
    | TenderSecured
    | TenderDropped
    | LoanFilled
    | LoanMiscarried
    | LoanConcluded
    | DisbursementRequested
    | DisbursementRejected
    | LoanDisbursed
)
ClaimEvent = ClaimOffered | ClaimSold | ClaimAssigned | ClaimKept
RepaymentEvent = (
    InstalmentBilled
    | EarlyBillingUndone
    | DueDateRolled
    | LoanCalledIn
    | CallInUndone
    | EarlyCompensationCharged
    | EarlyPartBilled
    | EarlyPartUndone
    | InstalmentOverdue
    | ClaimFiled
    | SuitFiled
    | CourtCostsAwarded
    | RepaymentAccepted
    | RepaymentHeld
    | RepaymentRouted
    | RepaymentSettled
    | RepaymentFailed
    | AdvanceOpened
    | AdvancePaid
    | AdvanceReleased
    | LoanSettled
    | ClaimEvent
)
LoanEvent = FundingEvent | RepaymentEvent | LoanGuaranteeEvent
EVENTS: tuple[type[LoanEvent], ...] = (
    *get_args(FundingEvent),
    *get_args(RepaymentEvent),
    *loan_guarantee.EVENTS,
)
