"""What follows when the bank has carried out, or finally refused, an entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from domain import (
    assessment,
    cashbook,
    funding,
    guarantor_advance,
    investment,
    protection,
    repayment,
    reserve,
    reserve_advance,
)
from domain import commands as c
from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT, Role, account_of
from domain.cashbook import EntryRequested, Movement, movement_id
from domain.loan import Loan, Status
from domain.loan_events import LoanEvent, LoanSettled, RepaymentRouted
from domain.purposes import Purpose
from domain.streams import RESERVE, loan_stream
from services.settlement import on_claims, on_guarantees, on_reimbursements
from services.settlement.desk import Desk
from services.settlement.on_collections import count_payment
from services.settlement.on_corrections import reversal_rejected
from services.settlement.on_freezes import release_rejected
from services.settlement.on_loans import end_debt, release_tender, take_step
from services.settlement.on_withdrawals import fail_withdrawal


def settle_entry(desk: Desk, command: c.SettleEntry) -> None:
    entry = desk.entry(command.entry_id)
    desk.post(cashbook.settle(entry, command.bank_date))
    requested = entry.open
    if after := AFTER_SETTLED.get(requested.purpose):
        after(desk, requested)


def reject_entry(desk: Desk, command: c.RejectEntry) -> None:
    entry = desk.entry(command.entry_id)
    desk.post(cashbook.reject(entry, command.bank_code))
    requested = entry.open
    if after := AFTER_REJECTED.get(requested.purpose):
        after(desk, requested, command.bank_code)


# -- tenders ----------------------------------------------------------------------------


def _tender_frozen(desk: Desk, entry: EntryRequested) -> None:
    """A success that comes when the loan has miscarried is undone by a new movement."""
    loan_id, tender_id = entry.subject, entry.reference
    take_step(desk, investment.TenderFrozen(tender_id=tender_id))
    loan = desk.loan(loan_id)
    if loan.status is Status.MISCARRIED:
        release_tender(desk, loan_id, tender_id)
    else:
        secured = funding.secure_tender(loan, tender_id, desk.now, desk.today_shanghai)
        _record(desk, loan_id, *secured)


def _tender_refused(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    refused = investment.TenderRefused(tender_id=entry.reference, bank_code=bank_code)
    take_step(desk, refused)
    loan = desk.loan(entry.subject)
    _record(desk, entry.subject, *funding.drop_tender(loan, entry.reference))


def _tender_released(desk: Desk, entry: EntryRequested) -> None:
    take_step(desk, investment.TenderReleased(tender_id=entry.reference))


# -- disbursement -----------------------------------------------------------------------


def _disbursed(desk: Desk, entry: EntryRequested) -> None:
    loan = desk.loan(entry.subject)
    _record(desk, entry.subject, *funding.finish_disbursement(loan, desk.today))
    for tender_id in loan.tenders:
        take_step(desk, investment.InvestmentConcluded(tender_id=tender_id))


def _disbursement_rejected(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    loan = desk.loan(entry.subject)
    _record(desk, entry.subject, *funding.reject_disbursement(loan, bank_code))


# -- repayments -------------------------------------------------------------------------


def _hold_frozen(desk: Desk, entry: EntryRequested) -> None:
    loan = desk.loan(entry.subject)
    _record(desk, entry.subject, *repayment.hold(loan, entry.reference))
    route_next(desk, entry.subject)


def _hold_refused(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    loan = desk.loan(entry.subject)
    _record(desk, entry.subject, *repayment.fail(loan, entry.reference, bank_code))


def route_next(desk: Desk, loan_id: str) -> None:
    """The oldest held payment goes to who is owed, if no line of the loan is moving."""
    events = repayment.route(desk.loan(loan_id))
    _record(desk, loan_id, *events)
    for event in events:
        if isinstance(event, RepaymentRouted):
            _send(desk, event)


def _send(desk: Desk, routed: RepaymentRouted) -> None:
    loan = desk.loan(routed.loan_id)
    if routed.entry_id is not None:
        movements = _movements(loan, routed, routed.entry_id)
        desk.request(routed.entry_id, routed.loan_id, routed.payment_id, movements)
    if routed.left_fen:
        _release_hold(desk, loan, "Y", routed.payment_id, routed.left_fen)
    if routed.entry_id is None:
        route_next(desk, routed.loan_id)


def _movements(loan: Loan, routed: RepaymentRouted, entry_id: str) -> list[Movement]:
    """One movement for each claim that gets something, then the reserve's, each guarantor's, and
    the fee."""
    borrower = account_of(loan.known().borrower_id, Role.BORROWER)
    parts = routed.parts
    principals_fen = map(sum, zip(*(part.principal for part in parts), strict=True))
    extras = (extra for part in parts for extra in (part.interest, part.penalty))
    interests_fen = map(sum, zip(*extras, strict=True))
    lines: list[tuple[Purpose, str, int, int]] = []
    for claim, principal_fen, interest_fen in zip(
        loan.claims, principals_fen, interests_fen, strict=True
    ):
        payee = account_of(claim.investor_id, Role.INVESTOR)
        lines.append((Purpose.REPAYMENT, payee, principal_fen + interest_fen, interest_fen))
    reserve_fen = sum(part.reserve_fen for part in parts)
    lines.append((Purpose.SUBROGATED_RECOVERY, RESERVE_ACCOUNT, reserve_fen, 0))
    for guarantor_id, recovered_fen in guarantor_advance.recovered_fen(loan, routed).items():
        guarantor = account_of(guarantor_id, Role.GUARANTOR)
        lines.append((Purpose.GUARANTEE_RECOVERY, guarantor, recovered_fen, 0))
    fee_fen = sum(part.overdue_fee_fen for part in parts)
    lines.append((Purpose.FEE, INCOME_ACCOUNT, fee_fen, 0))
    return [
        Movement(
            id=movement_id(entry_id, number),
            purpose=purpose,
            payer=borrower,
            payee=payee,
            amount_fen=amount_fen,
            interest_fen=interest_fen,
            freeze=_hold_of(routed.payment_id),
        )
        for number, (purpose, payee, amount_fen, interest_fen) in enumerate(
            (line for line in lines if line[2]), start=1
        )
    ]


def _release_hold(desk: Desk, loan: Loan, prefix: str, payment_id: str, amount_fen: int) -> None:
    borrower = account_of(loan.known().borrower_id, Role.BORROWER)
    entry_id = f"{prefix}-{payment_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.REPAYMENT_RELEASE,
        payer=borrower,
        payee=borrower,
        amount_fen=amount_fen,
        freeze=_hold_of(payment_id),
    )
    desk.request(entry_id, loan.known().loan_id, payment_id, [movement])


def _hold_of(payment_id: str) -> str:
    return movement_id(f"H-{payment_id}", 1)


def _repaid(desk: Desk, entry: EntryRequested) -> None:
    loan_id = entry.subject
    loan = desk.loan(loan_id)
    routed = repayment.routed(loan)
    reserve_fen = sum(part.reserve_fen for part in routed.parts)
    settled, *ended = repayment.settle(loan, desk.today)
    _record(desk, loan_id, settled, *ended)
    on_guarantees.loan_repaid(desk, routed, settled)
    if reserve_fen:
        recovered = reserve.RecoveryReceived(
            loan_id=loan_id, payment_id=entry.reference, amount_fen=reserve_fen
        )
        desk.record(RESERVE, recovered)
    drop_claims(desk, loan_id, loan.filed)
    paid_fen = sum(movement.amount_fen for movement in entry.movements)
    count_payment(desk, loan.known().borrower_id, entry.reference, paid_fen)
    on_guarantees.drop_obligations(desk, loan_id)
    route_next(desk, loan_id)


def _repayment_rejected(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    """The money is still frozen for a payment that failed: give it back."""
    loan_id = entry.subject
    _record(desk, loan_id, *repayment.fail(desk.loan(loan_id), entry.reference, bank_code))
    frozen_fen = sum(movement.amount_fen for movement in entry.movements)
    _release_hold(desk, desk.loan(loan_id), "V", entry.reference, frozen_fen)
    route_next(desk, loan_id)


def drop_claims(desk: Desk, loan_id: str, filed: Iterable[int]) -> None:
    """Claims in the reserve's queue of which the borrower left nothing open; `filed`: also the one
    on a rest that is not due any more."""
    loan = desk.loan(loan_id)
    for period in sorted(filed):
        waiting = desk.reserve.queue.get(assessment.claim_id(loan_id, period))
        if waiting is not None and not protection.protected_fen(loan, period):
            desk.record(RESERVE, reserve.ClaimDropped(claim_id=waiting.claim_id))


def close_if_settled(desk: Desk, loan_id: str, events: tuple[LoanEvent, ...]) -> None:
    """With the loan end its investments, what is on sale of it, and what the borrower owes on the
    platform."""
    if not any(isinstance(event, LoanSettled) for event in events):
        return
    loan = desk.loan(loan_id)
    for claim in loan.claims:
        take_step(desk, investment.InvestmentClosed(tender_id=claim.tender_id))
    on_claims.end_offers(desk, loan.known().loan_id)
    end_debt(desk, loan)


# -- the reserve's payouts --------------------------------------------------------------


def _payout_paid(desk: Desk, entry: EntryRequested) -> None:
    held = desk.reserve.held[entry.reference]
    paid = reserve.PayoutPaid(
        payout_id=held.payout_id,
        claim_id=held.claim_id,
        amount_fen=held.amount_fen,
        in_full=held.amount_fen == held.claim_fen,
    )
    desk.record(RESERVE, paid)
    on_reimbursements.reserve_paid(desk, held)
    _end_advance(desk, held, paid=True)


def _payout_rejected(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    held = desk.reserve.held[entry.reference]
    released = reserve.PayoutReleased(
        payout_id=held.payout_id,
        claim_id=held.claim_id,
        amount_fen=held.amount_fen,
        bank_code=bank_code,
    )
    desk.record(RESERVE, released)
    _end_advance(desk, held, paid=False)


def _end_advance(desk: Desk, held: reserve.PayoutHeld, *, paid: bool) -> None:
    loan = desk.loan(held.loan_id)
    _record(desk, held.loan_id, *reserve_advance.finish_advance(loan, held.payout_id, paid=paid))
    on_guarantees.drop_obligations(desk, held.loan_id)
    route_next(desk, held.loan_id)


# -- claims that change hands -------------------------------------------------------------


def _claim_assigned(desk: Desk, entry: EntryRequested) -> None:
    on_claims.assigned(desk, entry)
    route_next(desk, entry.subject)


def _buyer_refused(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    on_claims.money_refused(desk, entry, bank_code)
    route_next(desk, entry.subject)


def _assignment_rejected(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    on_claims.transfer_refused(desk, entry, bank_code)
    route_next(desk, entry.subject)


# -- what guarantors advance, and pay to who paid in their place ------------------------


def _advance_settled(desk: Desk, entry: EntryRequested) -> None:
    on_guarantees.advance_made(desk, entry)
    on_guarantees.drop_obligations(desk, entry.subject)  # Of the others who stand for it.
    # Late, and the reserve was obliged already.
    drop_claims(desk, entry.subject, desk.loan(entry.subject).filed)
    route_next(desk, entry.subject)


def _advance_hold_refused(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    on_guarantees.hold_refused(desk, entry, bank_code)
    route_next(desk, entry.subject)


def _advance_rejected(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    on_guarantees.advance_refused(desk, entry, bank_code)
    route_next(desk, entry.subject)


def _reimbursed(desk: Desk, entry: EntryRequested) -> None:
    on_reimbursements.reimbursed(desk, entry)
    route_next(desk, entry.subject)


def _reimbursement_rejected(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    on_reimbursements.reimbursement_refused(desk, entry)
    route_next(desk, entry.subject)


def _record(desk: Desk, loan_id: str, *events: LoanEvent) -> None:
    desk.record(loan_stream(loan_id), *events)
    close_if_settled(desk, loan_id, events)


AFTER_SETTLED: dict[Purpose, Callable[[Desk, EntryRequested], None]] = {
    Purpose.TENDER: _tender_frozen,
    Purpose.TENDER_RELEASE: _tender_released,
    Purpose.DISBURSEMENT: _disbursed,
    Purpose.REPAYMENT_HOLD: _hold_frozen,
    Purpose.REPAYMENT: _repaid,
    Purpose.SUBROGATED_RECOVERY: _repaid,
    Purpose.GUARANTEE_RECOVERY: _repaid,
    Purpose.FEE: _repaid,
    Purpose.RESERVE_PAYOUT: _payout_paid,
    Purpose.ASSIGNMENT_HOLD: on_claims.money_frozen,
    Purpose.ASSIGNMENT: _claim_assigned,
    Purpose.GUARANTEE_HOLD: on_guarantees.send_advance,
    Purpose.GUARANTEE_ADVANCE: _advance_settled,
    Purpose.REIMBURSEMENT: _reimbursed,
}
"""By an entry's leading purpose. A repayment leads with the first line that it has: of an investor,
the reserve, a guarantor, or the fee."""

AFTER_REJECTED: dict[Purpose, Callable[[Desk, EntryRequested, str], None]] = {
    Purpose.WITHDRAWAL: fail_withdrawal,
    Purpose.TENDER: _tender_refused,
    Purpose.DISBURSEMENT: _disbursement_rejected,
    Purpose.REPAYMENT_HOLD: _hold_refused,
    Purpose.REPAYMENT: _repayment_rejected,
    Purpose.SUBROGATED_RECOVERY: _repayment_rejected,
    Purpose.GUARANTEE_RECOVERY: _repayment_rejected,
    Purpose.FEE: _repayment_rejected,
    Purpose.RESERVE_PAYOUT: _payout_rejected,
    Purpose.ASSIGNMENT_HOLD: _buyer_refused,
    Purpose.ASSIGNMENT: _assignment_rejected,
    Purpose.GUARANTEE_HOLD: _advance_hold_refused,
    Purpose.GUARANTEE_ADVANCE: _advance_rejected,
    Purpose.REIMBURSEMENT: _reimbursement_rejected,
    Purpose.REVERSAL: reversal_rejected,
    Purpose.ADMINISTRATIVE_RELEASE: release_rejected,
}
