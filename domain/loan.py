"""A loan (借款) from its request to its end, and the state that its events add up to.

    requested -> rated -> admitted -> published -> filled -> concluded -> disbursing
              -> repaying <-> overdue -> settled
    published -> miscarried (流标)

Events are in domain.loan_events and loan_guarantee; domain.funding decides up to the disbursement,
domain.repayment what is paid and owed afterwards, domain.guarantor_advance what its guarantors do,
all over the state that is folded here.

Invariant: tenders reserved never exceed the loan's amount; money goes out only after the contract
is on record; a line of the register has at most one open movement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

import msgspec
from msgspec import field
from msgspec.structs import replace

from domain import loan_events as e
from domain import loan_guarantee as g
from domain.early_part_events import EarlyPart, EarlyPartBilled, EarlyPartUndone
from domain.model import InvariantBroken, Refused, State, without
from domain.money import Rounding, divide
from domain.penalty import PENALTY_DENOMINATOR
from domain.policy import Covers, PolicyTerms
from domain.recourse import Advanced
from domain.refusals import Code
from domain.register import Billed, Claim, Lateness, Row, split_off


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
    called_in: int | None = None  # The same, where the whole rest fell due (提前到期).
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


# -- evolve -----------------------------------------------------------------------------


def evolve(loan: Loan, event: e.LoanEvent) -> Loan:
    match event:
        case e.LoanRequested():
            return replace(loan, status=Status.REQUESTED, terms=event)
        case e.LoanRated():
            return replace(loan, status=Status.RATED, grade=event.grade)
        case e.LoanAdmitted():
            return replace(
                loan,
                status=Status.ADMITTED,
                deadline=event.deadline,
                law_table=event.law_table,
            )
        case e.LoanPublished():
            return replace(loan, status=Status.PUBLISHED)
        case e.ProjectRefused():
            return replace(loan, status=Status.RATED)
        case e.TenderReserved():
            tender = Tender(event.investor_id, event.amount_fen, secured=False)
            return replace(
                loan,
                tenders={**loan.tenders, event.tender_id: tender},
                reserved_fen=loan.reserved_fen + event.amount_fen,
            )
        case e.TenderSecured():
            tender = loan.tenders[event.tender_id]
            return replace(
                loan,
                tenders={**loan.tenders, event.tender_id: replace(tender, secured=True)},
                secured_fen=loan.secured_fen + tender.amount_fen,
            )
        case e.TenderDropped():
            dropped = loan.tenders[event.tender_id]
            return replace(
                loan,
                tenders=without(loan.tenders, event.tender_id),
                reserved_fen=loan.reserved_fen - dropped.amount_fen,
            )
        case e.LoanFilled():
            return replace(loan, status=Status.FILLED, filled=event)
        case e.LoanMiscarried():
            return replace(loan, status=Status.MISCARRIED)
        case e.LoanConcluded():
            return replace(loan, status=Status.CONCLUDED, concluded=event)
        case e.DisbursementRequested():
            return replace(
                loan,
                status=Status.DISBURSING,
                disbursement=event,
                attempts=loan.attempts + 1,
            )
        case e.DisbursementRejected():
            return replace(loan, status=Status.CONCLUDED)
        case e.LoanDisbursed():
            return replace(
                loan,
                status=Status.REPAYING,
                disbursed=event,
                claims=event.claims,
                unbilled=(lent := tuple(claim.principal_fen for claim in event.claims)),
                lent=lent,
                tenders={},  # The claims have taken their place.
            )
        case (
            g.LoanGuaranteed()
            | g.OverdueConfirmed()
            | g.GuaranteeAdvanceOpened()
            | g.GuaranteeAdvancePaid()
            | g.GuaranteeAdvanceReleased()
            | g.ReimbursementOpened()
            | g.ReimbursementPaid()
            | g.ReimbursementReleased()
        ):
            return _evolve_guarantee(loan, event)
        case _:
            return _evolve_repayment(loan, event)


def _evolve_repayment(loan: Loan, event: e.RepaymentEvent) -> Loan:
    match event:
        case e.InstalmentBilled():
            billed = Billed(
                event.period,
                event.due_on,
                event.principal,
                event.interest,
                lateness=_lateness(loan),
            )
            left = tuple(a - b for a, b in zip(loan.unbilled, event.principal, strict=True))
            return replace(
                loan,
                billed=_open_only({**loan.billed, event.period: billed}),
                unbilled=left,
                next_period=len(loan.rows) + 1 if event.whole_rest else event.period + 1,
                rest_billed_with=event.period if event.whole_rest else loan.rest_billed_with,
            )
        case e.EarlyBillingUndone():
            late = loan.overdue - {event.period}
            return replace(
                loan,
                billed=without(loan.billed, event.period),
                unbilled=tuple(a + b for a, b in zip(loan.unbilled, event.principal, strict=True)),
                next_period=event.period,
                rest_billed_with=None,
                overdue=late,
                was_overdue=loan.was_overdue - {event.period},
                status=Status.OVERDUE if late else Status.REPAYING,
            )
        case e.DueDateRolled():
            rolled = replace(loan.billed[event.period], due_on=event.due_on)
            return replace(loan, billed={**loan.billed, event.period: rolled})
        case e.LoanCalledIn():
            return replace(loan, called_in=event.period)
        case e.EarlyCompensationCharged():
            return loan
        case EarlyPartBilled():
            return _part_billed(loan, event)
        case EarlyPartUndone():
            return _part_undone(loan, event)
        case e.InstalmentOverdue():
            return replace(
                loan,
                status=Status.OVERDUE,
                overdue=loan.overdue | {event.period},
                was_overdue=loan.was_overdue | {event.period},
            )
        case e.ClaimFiled():
            return replace(
                loan,
                filed=loan.filed | {event.period},
                covers={**loan.covers, event.period: event.covers},
            )
        case e.SuitFiled():
            sued = {
                period: replace(each, lateness=each.lateness._replace(sued_on=event.filed_on))
                for period, each in loan.billed.items()
            }
            return replace(loan, sued_on=event.filed_on, billed=sued)
        case e.CourtCostsAwarded():
            billed = loan.billed[event.period]
            dearer = replace(billed, other_fee_fen=billed.other_fee_fen + event.amount_fen)
            return replace(loan, billed={**loan.billed, event.period: dearer})
        case e.RepaymentAccepted():
            payment = Payment(
                event.amount_fen,
                event.in_full,
                event.effective_on,
                held=False,
                in_part=event.in_part,
            )
            return replace(loan, payments={**loan.payments, event.payment_id: payment})
        case e.RepaymentHeld():
            held = replace(loan.payments[event.payment_id], held=True)
            return replace(loan, payments={**loan.payments, event.payment_id: held})
        case e.RepaymentRouted():
            if event.entry_id is None:  # Nothing was owed: all of it goes back.
                return _ended(loan, event.payment_id)
            return replace(loan, routed=event, billed=_on_its_way(loan, event))
        case e.RepaymentSettled():
            return _settled(loan, event)
        case e.RepaymentFailed():
            return _ended(loan, event.payment_id)
        case e.AdvanceOpened():
            return replace(loan, advances={**loan.advances, event.payout_id: event})
        case e.AdvancePaid():
            opened = loan.advances[event.payout_id]
            after = loan.billed[opened.period].advanced(opened.principal, opened.interest)
            return replace(
                loan,
                billed={**loan.billed, opened.period: after},
                advances=without(loan.advances, event.payout_id),
            )
        case e.AdvanceReleased():
            return replace(loan, advances=without(loan.advances, event.payout_id))
        case e.LoanSettled():
            return replace(loan, status=Status.SETTLED)
        case _:
            return _evolve_claims(loan, event)


def _part_billed(loan: Loan, event: EarlyPartBilled) -> Loan:
    billed = Billed(
        event.period, event.due_on, event.principal, event.interest, lateness=_lateness(loan)
    )
    kept = loan.rows[: loan.next_period - 1]
    pending = EarlyPart(
        event.period, loan.next_period, loan.rows[loan.next_period - 1 :], loan.months_paid
    )
    return replace(
        loan,
        billed={**loan.billed, event.period: billed},
        unbilled=tuple(a - b for a, b in zip(loan.unbilled, event.principal, strict=True)),
        redrawn=(*kept, *event.rows) if event.rows else loan.redrawn,
        early_parts=event.period - len(loan.rows),
        early_part=pending,
        months_paid=event.months_paid,
    )


def _part_undone(loan: Loan, event: EarlyPartUndone) -> Loan:
    before = loan.early_part
    kept = loan.rows[: loan.next_period - 1]
    return replace(
        loan,
        billed=without(loan.billed, event.period),
        unbilled=tuple(a + b for a, b in zip(loan.unbilled, event.principal, strict=True)),
        redrawn=(*kept, *event.rows) if event.rows else loan.redrawn,
        early_part=None,
        months_paid=before.months_paid if before else loan.months_paid,
    )


def _evolve_claims(loan: Loan, event: e.ClaimEvent) -> Loan:
    match event:
        case e.ClaimOffered():
            offer = Offer(event.claim_id, event.principal_fen)
            return replace(loan, offers={**loan.offers, event.assignment_id: offer})
        case e.ClaimSold():
            sold = replace(loan.offers[event.assignment_id], buyer_id=event.buyer_id)
            return replace(loan, offers={**loan.offers, event.assignment_id: sold})
        case e.ClaimKept():
            return replace(loan, offers=without(loan.offers, event.assignment_id))
        case e.ClaimAssigned():
            return _assigned(loan, event)
        case _:
            assert_never(event)


def _assigned(loan: Loan, event: e.ClaimAssigned) -> Loan:
    place = loan.place_of(event.claim_id)
    seller = loan.claims[place]
    claims = list(loan.claims)
    claims[place] = seller._replace(principal_fen=seller.principal_fen - event.claim.principal_fen)
    lines = {line.period: line for line in event.lines}
    billed = {}
    for period, instalment in loan.billed.items():
        _, principal_fen, interest_fen = lines.get(period, (period, 0, 0))
        billed[period] = instalment.assigned(place, principal_fen, interest_fen)
    return replace(
        loan,
        claims=(*claims, event.claim),
        unbilled=split_off(loan.unbilled, place, event.unbilled_fen),
        lent=split_off(loan.lent, place, event.lent_fen),
        billed=billed,
        offers=without(loan.offers, event.assignment_id),
    )


def _lateness(loan: Loan) -> Lateness:
    """What being late costs on an instalment that is billed now."""
    year_days = loan.policy.interest_runs_on
    concluded_on = loan.concluded.concluded_on if loan.concluded else date.min
    if year_days is None:
        return Lateness(loan.law_table, concluded_on, sued_on=loan.sued_on)
    numerator, denominator = Decimal(loan.known().annual_rate).as_integer_ratio()
    daily = divide(numerator * PENALTY_DENOMINATOR, 100 * denominator * year_days, Rounding.HALF_UP)
    return Lateness(loan.law_table, concluded_on, daily, loan.sued_on)


def _evolve_guarantee(loan: Loan, event: g.LoanGuaranteeEvent) -> Loan:
    billed = loan.billed
    if isinstance(event, g.GuaranteeAdvancePaid):
        opened = loan.guarantee.advancing[event.advance_id]
        after = billed[opened.period].advanced_by(
            opened.guarantor_id, opened.principal, opened.interest
        )
        billed = {**billed, opened.period: after}
    if isinstance(event, g.ReimbursementPaid):
        paid = loan.guarantee.reimbursing[event.reimbursement_id]
        billed = {**billed, paid.period: billed[paid.period].reimbursed(paid.to, _taken_over(paid))}
    covers = loan.covers
    if isinstance(event, g.OverdueConfirmed):
        covers = {**covers, event.period: event.covers}
    guarantee = g.evolve(loan.guarantee, event)
    return replace(loan, billed=billed, covers=covers, guarantee=guarantee)


def _taken_over(paid: g.ReimbursementOpened) -> Advanced:
    return Advanced(paid.guarantor_id, paid.principal_fen, paid.interest_fen)


def _settled(loan: Loan, event: e.RepaymentSettled) -> Loan:
    routed = loan.routed
    if routed is None or routed.payment_id != event.payment_id:
        raise InvariantBroken("a payment settled that was not routed")
    billed = dict(loan.billed)
    for part in routed.parts:
        recourse = [each for each in routed.recourse if each.period == part.period]
        billed[part.period] = billed[part.period].paid(
            part, routed.effective_on, loan.policy, recourse
        )
    still_open = _open_only(billed)
    late = frozenset(
        period for period in loan.overdue & still_open.keys() if still_open[period].base_fen
    )
    return replace(
        _ended(loan, event.payment_id),
        billed=still_open,
        overdue=late,
        status=Status.OVERDUE if late else Status.REPAYING,
    )


def _on_its_way(loan: Loan, routed: e.RepaymentRouted) -> Mapping[int, Billed]:
    if not any(billed.other_fee_fen for billed in loan.billed.values()):
        return loan.billed
    parts = {part.period: loan.billed[part.period].routed(part) for part in routed.parts}
    return {**loan.billed, **parts}


def _ended(loan: Loan, payment_id: str) -> Loan:
    if loan.routed is not None and loan.routed.payment_id == payment_id:
        return replace(
            loan, payments=without(loan.payments, payment_id), routed=None, early_part=None
        )
    return replace(loan, payments=without(loan.payments, payment_id))


def _open_only(billed: Mapping[int, Billed]) -> dict[int, Billed]:
    return {period: instalment for period, instalment in billed.items() if instalment.open}
