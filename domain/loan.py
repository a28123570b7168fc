"""A loan (借款) from its request to its end, and the state that its events add up to.

    requested -> rated -> admitted -> published -> filled -> concluded -> disbursing
              -> repaying <-> overdue -> settled
    published -> miscarried (流标)

Events are in domain.loan_events and loan_guarantee; domain.funding decides up to the disbursement,
domain.assessment and domain.repayment what is owed and paid afterwards, domain.reserve_advance and
domain.guarantor_advance what others pay, all over the state that is here; domain.loan_evolution
folds it.

Invariant: tenders reserved never exceed the loan's amount; money goes out only after the contract
is on record; a line of the register has at most one open movement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec
from msgspec import field

from domain import loan_events as e
from domain import loan_guarantee as g
from domain.call_in import CallIn
from domain.early_part_events import EarlyPart
from domain.model import InvariantBroken, Refused, State
from domain.policy import Covers, PolicyTerms
from domain.refusals import Code
from domain.register import Billed, Claim, Row


class Status(StrEnum):
    NONE = "none"
    REQUESTED = "requested"
    RATED = "rated"
    ADMITTED = "admitted"
    PUBLISHED = "published"
    FILLED = "filled"
    CONCLUDED = "concluded"
    DISBURSING = "disbursing"
    REPAYING = "repaying"
    OVERDUE = "overdue"
    SETTLED = "settled"
    MISCARRIED = "miscarried"


IN_REPAYMENT = frozenset({Status.REPAYING, Status.OVERDUE})


class Tender(State):
    investor_id: str
    amount_fen: int
    secured: bool


class Payment(State):
    amount_fen: int
    in_full: bool
    effective_on: date
    held: bool
    in_part: bool = False


class Offer(State):
    """A part of a claim that is on sale; with a buyer his money is on its way."""

    claim_id: str
    principal_fen: int
    buyer_id: str | None = None


class Loan(State):
    status: Status = Status.NONE
    terms: e.LoanRequested | None = None
    grade: str = ""
    deadline: date = date.max
    law_table: str = "none"
    reserved_fen: int = 0
    secured_fen: int = 0
    tenders: Mapping[str, Tender] = field(default_factory=dict)
    filled: e.LoanFilled | None = None
    concluded: e.LoanConcluded | None = None
    disbursement: e.DisbursementRequested | None = None
    attempts: int = 0
    disbursed: e.LoanDisbursed | None = None
    unbilled: tuple[int, ...] = ()  # Each claim's principal that no instalment has billed yet.
    billed: Mapping[int, Billed] = msgspec.field(
        default_factory=dict
    )  # Only those with something open.
    next_period: int = 1
    rest_billed_with: int | None = None  # The period with which all later principal was billed.
    call_in: CallIn | None = None  # The same, where the whole rest fell due (提前到期).
    overdue: frozenset[int] = frozenset()
    was_overdue: frozenset[int] = frozenset()  # Whether paid since or not.
    sued_on: date | None = None  # When the first suit was filed on it.
    filed: frozenset[int] = frozenset()
    covers: Mapping[int, Covers] = field(default_factory=dict)  # Of those filed.
    payments: Mapping[str, Payment] = msgspec.field(
        default_factory=dict
    )  # Accepted and not yet ended.
    routed: e.RepaymentRouted | None = None  # The payment whose lines are at the bank.
    advances: Mapping[str, e.AdvanceOpened] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()  # `principal_fen`: received, open, and not billed yet.
    lent: tuple[int, ...] = ()  # What was lent behind each claim, whoever received of it.
    offers: Mapping[str, Offer] = field(default_factory=dict)
    guarantee: g.Guaranteed = g.NONE
    redrawn: tuple[Row, ...] = ()  # The schedule, where a part was paid early.
    early_parts: int = 0  # Billed so far.
    early_part: EarlyPart | None = None  # Whose payment is at the bank.
    months_paid: int = 0  # Of a loan that pays in one sum at the end: by early parts.

    def known(self) -> e.LoanRequested:
        if self.terms is None:
            raise Refused(Code.LOAN_UNKNOWN, field="loan_id")
        return self.terms

    def must_be(self, *statuses: Status) -> e.LoanRequested:
        known = self.known()
        if self.status not in statuses:
            raise Refused(Code.LOAN_WRONG_STATE, f"the loan is {self.status}", "loan_id")
        return known

    @property
    def policy(self) -> PolicyTerms:
        if self.concluded is None:
            raise Refused(Code.NOT_CONCLUDED, field="loan_id")
        return self.concluded.policy

    @property
    def known_disbursed(self) -> e.LoanDisbursed:
        if self.disbursed is None:
            raise InvariantBroken("the loan is not disbursed")
        return self.disbursed

    @property
    def rows(self) -> tuple[Row, ...]:
        """The schedule as it stands: as many instalments as at first, the last ones may be zero."""
        if self.redrawn:
            return self.redrawn
        return self.disbursed.schedule if self.disbursed else ()

    @property
    def called_in(self) -> int | None:
        """The period with which the whole rest fell due."""
        return self.call_in.period if self.call_in else None

    def place_of(self, claim_id: str) -> int:
        """In the register. Refused where the loan has no such claim."""
        for place, claim in enumerate(self.claims):
            if claim.tender_id == claim_id:
                return place
        raise Refused(Code.CLAIM_UNKNOWN, field="claim_id")

    @property
    def lines_paid(self) -> bool:
        """A payment, a payout, a guarantor's advance or what he pays for one is on its way."""
        guarantee = self.guarantee
        moving = self.advances or guarantee.advancing or guarantee.reimbursing
        return self.routed is not None or bool(moving)

    @property
    def being_bought(self) -> bool:
        """A claim of it is: its buyer's money is on its way."""
        return any(offer.buyer_id for offer in self.offers.values())

    @property
    def lines_moving(self) -> bool:
        return self.lines_paid or self.being_bought


INITIAL = Loan()
