"""A guarantor (担保人): what it stands for, within its limit, and what it must advance by when.

    Appoint  -> GuarantorAppointed    its limit; appointed anew, another one
    Give     -> GuaranteeGiven        when the loan is published, if the limit allows it
    End      -> GuaranteeEnded        the loan was never paid out
    Repaid   -> LoanRepaid            less is owed, and a part may be its own: its recourse
    Oblige   -> ObligationOpened      an overdue instalment was confirmed, or of a third party or
                                      the platform the claim was filed: the deadline runs
    Request  -> AdvanceRequested      -> AdvanceMade | AdvanceFailed, by the bank's word
    Drop     -> ObligationDropped     nothing is left of it to advance: somebody else paid
    Judge    -> ObligationBreached    not advanced by its deadline; the next payer must, and it
                                      stays liable (连带责任)
    Owe      -> RecourseArose         another paid in its place, the reserve or a co-guarantor
    Pay      -> Reimbursed            by the bank's word: it paid that one what was left of it

Its exposure is the principal that the loans it guarantees still owe, to whomever, as far as it
stands for them: what it advanced counts until the borrower has paid it back.

Invariant: exposure is never below zero; an obligation has at most one advance on its way, and is
breached once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, assert_never, get_args

from msgspec import field
from msgspec.structs import replace

from domain.loan_guarantee import OverdueConfirmed
from domain.model import Event, Fen, InvariantBroken, Refused, State, without
from domain.money import BadFigure
from domain.policy import PolicyTerms, Provider
from domain.refusals import Code
from domain.working_days import WorkingDays

# -- events -----------------------------------------------------------------------------


class GuarantorAppointed(Event):
    TOPIC: ClassVar[str] = "guarantee.guarantor-appointed.v1"
    guarantor_id: str
    limit_fen: Fen
    approved_by: str  # The checker.


class GuaranteeGiven(Event):
    TOPIC: ClassVar[str] = "guarantee.given.v1"
    guarantor_id: str
    loan_id: str
    amount_fen: Fen
    exposure_fen: int  # This loan included ...
    limit_fen: Fen  # ... within this limit.


class GuaranteeEnded(Event):
    TOPIC: ClassVar[str] = "guarantee.ended.v1"
    guarantor_id: str
    loan_id: str
    amount_fen: Fen


class LoanRepaid(Event):
    """`recovered_fen` is the guarantor's (还代偿款), of what he had advanced."""

    TOPIC: ClassVar[str] = "guarantee.loan-repaid.v1"
    guarantor_id: str
    loan_id: str
    payment_id: str
    principal_fen: int
    recovered_fen: int


class ObligationOpened(Event):
    TOPIC: ClassVar[str] = "guarantee.obligation-opened.v1"
    guarantor_id: str
    claim_id: str
    loan_id: str
    period: int
    amount_fen: Fen  # On that day; what is advanced is counted anew when it is asked for.
    confirmed_on: date
    confirmed_by: str | None  # A named person; None for the day end.
    deadline: date  # The last day on which an advance is in time.
    working_days: int
    calendar: str  # The version by which the deadline was counted.
    policy_version: str


class ObligationDropped(Event):
    TOPIC: ClassVar[str] = "guarantee.obligation-dropped.v1"
    guarantor_id: str
    claim_id: str


class AdvanceRequested(Event):
    TOPIC: ClassVar[str] = "guarantee.advance-requested.v1"
    guarantor_id: str
    advance_id: str
    claim_id: str
    amount_fen: Fen


class AdvanceMade(Event):
    TOPIC: ClassVar[str] = "guarantee.advance-made.v1"
    guarantor_id: str
    advance_id: str
    claim_id: str
    amount_fen: Fen


class AdvanceFailed(Event):
    TOPIC: ClassVar[str] = "guarantee.advance-failed.v1"
    guarantor_id: str
    advance_id: str
    claim_id: str
    bank_code: str


class ObligationBreached(Event):
    TOPIC: ClassVar[str] = "guarantee.obligation-breached.v1"
    guarantor_id: str
    claim_id: str
    loan_id: str
    period: int
    amount_fen: Fen  # Not advanced.
    deadline: date
    next_payer: Provider | None


class RecourseArose(Event):
    """被追偿: `to` has paid in its place, a co-guarantor who advanced for them both, or (None) the
    reserve after a breach. What the borrower pays back of it is no longer owed."""

    TOPIC: ClassVar[str] = "guarantee.recourse-arose.v1"
    guarantor_id: str
    claim_id: str
    loan_id: str
    period: int
    to: str | None
    amount_fen: Fen


class Reimbursed(Event):
    """All that was left of the recourse on this claim."""

    TOPIC: ClassVar[str] = "guarantee.reimbursed.v1"
    guarantor_id: str
    reimbursement_id: str
    claim_id: str
    to: str | None
    amount_fen: Fen


GuaranteeEvent = (
    GuarantorAppointed
    | GuaranteeGiven
    | GuaranteeEnded
    | LoanRepaid
    | ObligationOpened
    | ObligationDropped
    | AdvanceRequested
    | AdvanceMade
    | AdvanceFailed
    | ObligationBreached
    | RecourseArose
    | Reimbursed
)
EVENTS: tuple[type[GuaranteeEvent], ...] = get_args(GuaranteeEvent)


# -- state ------------------------------------------------------------------------------


class Obligation(State):
    opened: ObligationOpened
    advance_id: str | None = None  # On its way.
    breached: bool = False


class Guarantor(State):
    limit_fen: int | None = None
    exposure_fen: int = 0
    obligations: Mapping[str, Obligation] = field(default_factory=dict)  # Open, by claim.
    recourse: Mapping[tuple[str, str | None], int] = field(default_factory=dict)  # By claim and to.

    def must_be_appointed(self) -> int:
        """The limit."""
        if self.limit_fen is None:
            raise Refused(Code.GUARANTOR_NOT_APPOINTED, field="guarantor_id")
        return self.limit_fen

    def of_loan(self, loan_id: str) -> list[ObligationOpened]:
        """Open obligations with no advance on its way."""
        return [
            each.opened
            for each in self.obligations.values()
            if each.opened.loan_id == loan_id and each.advance_id is None
        ]

    def to_advance(self) -> list[ObligationOpened]:
        """Those with no advance on its way, by their deadlines."""
        waiting = [each.opened for each in self.obligations.values() if each.advance_id is None]
        return sorted(waiting, key=lambda opened: (opened.deadline, opened.claim_id))

    def in_breach(self, claim_id: str) -> bool:
        obligation = self.obligations.get(claim_id)
        return obligation is not None and obligation.breached

    def overdue(self, today: date) -> list[ObligationOpened]:
        """Past their deadline, with nothing on its way, and not yet breached."""
        return [
            each.opened
            for each in self.obligations.values()
            if each.opened.deadline < today and each.advance_id is None and not each.breached
        ]


INITIAL = Guarantor()


# -- decide -----------------------------------------------------------------------------


def give(guarantor: Guarantor, guarantor_id: str, loan_id: str, amount_fen: int) -> GuaranteeGiven:
    limit_fen = guarantor.must_be_appointed()
    exposure_fen = guarantor.exposure_fen + amount_fen
    if exposure_fen > limit_fen:
        raise Refused(
            Code.GUARANTEE_ABOVE_LIMIT,
            f"{exposure_fen} fen is above {limit_fen} fen",
            "loan_id",
        )
    return GuaranteeGiven(
        guarantor_id=guarantor_id,
        loan_id=loan_id,
        amount_fen=amount_fen,
        exposure_fen=exposure_fen,
        limit_fen=limit_fen,
    )


def oblige(
    guarantor_id: str,
    confirmed: OverdueConfirmed,
    claim_id: str,
    amount_fen: int,
    terms: PolicyTerms,
    calendar: WorkingDays,
) -> ObligationOpened:
    """The deadline is counted once, here: a calendar that changes later does not move it."""
    try:
        deadline = calendar.deadline(confirmed.confirmed_on, terms.advance_working_days)
    except BadFigure as unknown:
        raise Refused(Code.CALENDAR_UNKNOWN, str(unknown)) from unknown
    return ObligationOpened(
        guarantor_id=guarantor_id,
        claim_id=claim_id,
        loan_id=confirmed.loan_id,
        period=confirmed.period,
        amount_fen=amount_fen,
        confirmed_on=confirmed.confirmed_on,
        confirmed_by=confirmed.confirmed_by,
        deadline=deadline,
        working_days=terms.advance_working_days,
        calendar=calendar.version,
        policy_version=terms.version,
    )


# -- evolve -----------------------------------------------------------------------------


def evolve(guarantor: Guarantor, event: GuaranteeEvent) -> Guarantor:
    match event:
        case GuarantorAppointed():
            return replace(guarantor, limit_fen=event.limit_fen)
        case GuaranteeGiven():
            return _exposed(guarantor, event.amount_fen)
        case GuaranteeEnded():
            return _exposed(guarantor, -event.amount_fen)
        case LoanRepaid():
            return _exposed(guarantor, -event.principal_fen)
        case ObligationOpened():
            return _with(guarantor, event.claim_id, Obligation(event))
        case ObligationDropped():
            return replace(guarantor, obligations=without(guarantor.obligations, event.claim_id))
        case AdvanceRequested():
            asked = replace(guarantor.obligations[event.claim_id], advance_id=event.advance_id)
            return _with(guarantor, event.claim_id, asked)
        case AdvanceMade():
            return replace(guarantor, obligations=without(guarantor.obligations, event.claim_id))
        case AdvanceFailed():
            failed = replace(guarantor.obligations[event.claim_id], advance_id=None)
            return _with(guarantor, event.claim_id, failed)
        case ObligationBreached():
            breached = replace(guarantor.obligations[event.claim_id], breached=True)
            return _with(guarantor, event.claim_id, breached)
        case RecourseArose():
            key = event.claim_id, event.to
            owed_fen = guarantor.recourse.get(key, 0) + event.amount_fen
            return replace(guarantor, recourse={**guarantor.recourse, key: owed_fen})
        case Reimbursed():
            key = event.claim_id, event.to
            return replace(guarantor, recourse=without(guarantor.recourse, key))
        case _:
            assert_never(event)


def _exposed(guarantor: Guarantor, more_fen: int) -> Guarantor:
    exposure_fen = guarantor.exposure_fen + more_fen
    if exposure_fen < 0:
        raise InvariantBroken("a guarantor's exposure would fall below zero")
    return replace(guarantor, exposure_fen=exposure_fen)


def _with(guarantor: Guarantor, claim_id: str, obligation: Obligation) -> Guarantor:
    return replace(guarantor, obligations={**guarantor.obligations, claim_id: obligation})
