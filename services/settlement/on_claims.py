"""Claims that change hands (债权转让): the commands about them, and the bank's answers."""

from __future__ import annotations

from domain import assignment, claims, investment
from domain import commands as c
from domain.accounts import INCOME_ACCOUNT, Role, account_of
from domain.assignment import AssignmentEnded, AssignmentEvent, AssignmentOffered, Reason
from domain.authorisation import Kind as Authorised
from domain.cashbook import EntryRequested, Movement, movement_id
from domain.fees import assignment_fee_fen
from domain.loan_events import ClaimEvent
from domain.policy_limits import least
from domain.purposes import Purpose
from domain.streams import assignment_stream, investment_stream, loan_stream
from services.settlement.desk import Desk
from services.settlement.on_authorisations import check as authorised


def offer_claim(desk: Desk, command: c.OfferClaim) -> None:
    desk.member(command.seller_id).account(Role.INVESTOR, "seller_id")
    wanted = AssignmentOffered(
        assignment_id=command.assignment_id,
        loan_id=command.loan_id,
        claim_id=command.claim_id,
        seller_id=command.seller_id,
        principal_fen=command.principal_fen,
        price_fen=command.price_fen,
        valid_until=command.valid_until,
    )
    offered = assignment.offer(desk.assignment(command.assignment_id), wanted, desk.today)
    on_sale = claims.offer(
        desk.loan(command.loan_id),
        command.assignment_id,
        command.claim_id,
        command.seller_id,
        command.principal_fen,
        desk.today,
    )
    _record(desk, offered)
    _record_claim(desk, on_sale)


def buy_claim(desk: Desk, command: c.BuyClaim) -> None:
    """First the bank freezes the buyer's money; it goes to the seller when it is frozen."""
    buyer = desk.member(command.buyer_id).account(Role.INVESTOR, "buyer_id")
    known = desk.assignment(command.assignment_id)
    offer = known.must_be(assignment.Status.LISTED)
    loan = desk.loan(offer.loan_id)
    limit_fen = least(desk.platform.tender_max_fen, loan.policy.limits.lender_fen)
    sold = claims.sell(loan, command.assignment_id, command.buyer_id, limit_fen, desk.today)
    bought = assignment.buy(
        known,
        command.buyer_id,
        accrued_fen=claims.accrued_fen(loan, command.assignment_id, desk.today),
        fee_fen=assignment_fee_fen(loan.policy, offer.price_fen),
        amount_max_fen=command.amount_max_fen,
        today=desk.today,
    )
    amount_fen = offer.price_fen + bought.accrued_fen
    authorised(desk, command.buyer_id, Authorised.CREDIT_ASSIGNMENT, amount_fen)
    _record(desk, bought)
    _record_claim(desk, sold)
    entry_id = f"AH-{command.assignment_id}"
    hold = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.ASSIGNMENT_HOLD,
        payer=buyer,
        payee=buyer,
        amount_fen=amount_fen,
    )
    desk.request(entry_id, offer.loan_id, command.assignment_id, [hold])


def withdraw_offer(desk: Desk, command: c.WithdrawOffer) -> None:
    _end(desk, assignment.withdraw(desk.assignment(command.assignment_id)))


def expire_offer(desk: Desk, command: c.ExpireOffer) -> None:
    if ended := assignment.expire(desk.assignment(command.assignment_id), desk.today):
        _end(desk, ended)


def end_offers(desk: Desk, loan_id: str) -> None:
    """The loan is over: so is what is on sale of it."""
    for assignment_id in desk.loan(loan_id).offers:
        _end(desk, assignment.end(desk.assignment(assignment_id), Reason.LOAN_ENDED))


# -- the bank's answers -----------------------------------------------------------------


def answer_offer(desk: Desk, command: c.ConfirmOffer | c.RefuseOffer) -> None:
    refused_code = command.bank_code if isinstance(command, c.RefuseOffer) else None
    answered = assignment.answer(desk.assignment(command.assignment_id), refused_code)
    if isinstance(answered, AssignmentEnded):
        _end(desk, answered)
    elif answered is not None:
        _record(desk, answered)


def money_frozen(desk: Desk, entry: EntryRequested) -> None:
    """Buyer to seller, directly; the seller's fee out of what he gets."""
    known = desk.assignment(entry.reference)
    offer, purchase = known.offer, known.purchase
    (hold,) = entry.movements
    seller = account_of(offer.seller_id, Role.INVESTOR)
    entry_id = f"AS-{entry.reference}"
    movements = [
        Movement(
            id=movement_id(entry_id, 1),
            purpose=Purpose.ASSIGNMENT,
            payer=hold.payer,
            payee=seller,
            amount_fen=hold.amount_fen,
            interest_fen=purchase.accrued_fen,
            freeze=hold.id,
        )
    ]
    if purchase.fee_fen:
        movements.append(
            Movement(
                id=movement_id(entry_id, 2),
                purpose=Purpose.ASSIGNMENT_FEE,
                payer=seller,
                payee=INCOME_ACCOUNT,
                amount_fen=purchase.fee_fen,
            )
        )
    desk.request(entry_id, entry.subject, entry.reference, movements)


def money_refused(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    known = desk.assignment(entry.reference)
    _end(desk, assignment.end(known, Reason.REJECTED, bank_code))


def assigned(desk: Desk, entry: EntryRequested) -> None:
    known = desk.assignment(entry.reference)
    loan, buyer_id = desk.loan(entry.subject), known.purchase.buyer_id
    _record(desk, assignment.settle(known, desk.today))
    changed = claims.assign(loan, entry.reference, buyer_id, desk.today)
    _record_claim(desk, changed)
    acquired = investment.ClaimAcquired(
        tender_id=changed.claim.tender_id,
        loan_id=entry.subject,
        investor_id=buyer_id,
        amount_fen=changed.claim.principal_fen,
    )
    before = desk.investment(acquired.tender_id)
    desk.record(investment_stream(acquired.tender_id), *investment.decide(before, acquired))


def transfer_refused(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    """The money is still frozen for a sale that is off: give it back."""
    transfer = entry.movements[0]
    entry_id = f"AX-{entry.reference}"
    release = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.ASSIGNMENT_RELEASE,
        payer=transfer.payer,
        payee=transfer.payer,
        amount_fen=transfer.amount_fen,
        freeze=transfer.freeze,
    )
    money_refused(desk, entry, bank_code)
    desk.request(entry_id, entry.subject, entry.reference, [release])


def _end(desk: Desk, ended: AssignmentEnded) -> None:
    loan = desk.loan(desk.assignment(ended.assignment_id).offer.loan_id)
    _record(desk, ended)
    _record_claim(desk, claims.keep(loan, ended.assignment_id))


def _record(desk: Desk, event: AssignmentEvent) -> None:
    desk.record(assignment_stream(event.assignment_id), event)


def _record_claim(desk: Desk, event: ClaimEvent) -> None:
    desk.record(loan_stream(event.loan_id), event)
