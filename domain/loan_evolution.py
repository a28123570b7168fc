"""What its events make of a loan (借款), all of them by `evolve`. Here stands what happens up to
the disbursement, and what guarantors do; then repayment_evolution.py and claims_evolution.py."""

from __future__ import annotations

from msgspec.structs import replace

from domain import loan_events as e
from domain import loan_guarantee as g
from domain.loan import Loan, Status, Tender
from domain.model import without
from domain.recourse import Advanced
from domain.repayment_evolution import evolve_repayment


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
            return evolve_repayment(loan, event)


def then(loan: Loan, events: list[e.LoanEvent], event: e.LoanEvent) -> Loan:
    """Add it to what is decided, and go on from the loan after it."""
    events.append(event)
    return evolve(loan, event)


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
