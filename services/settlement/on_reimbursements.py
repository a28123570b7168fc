"""A guarantor pays who paid in his place: the reserve, or a co-guarantor (追偿、分担)."""

from __future__ import annotations

from collections.abc import Mapping

from domain import assessment, guarantee, guarantor_advance, reimbursement
from domain import commands as c
from domain.accounts import RESERVE_ACCOUNT, Role, account_of
from domain.authorisation import Kind as Authorised
from domain.cashbook import EntryRequested, Movement, movement_id
from domain.loan import Loan
from domain.loan_guarantee import GuaranteeAdvanceOpened, ReimbursementOpened
from domain.purposes import Purpose
from domain.reserve import PayoutHeld
from domain.streams import guarantee_stream, loan_stream
from services.settlement.desk import Desk
from services.settlement.on_authorisations import check as authorised


def reimburse_advance(desk: Desk, command: c.ReimburseAdvance) -> None:
    """One transfer out of the guarantor's account: nothing passes through the borrower."""
    loan = desk.loan(command.loan_id)
    opened = reimbursement.open_reimbursement(
        loan,
        command.reimbursement_id,
        command.guarantor_id,
        command.period,
        command.to,
        _owed(desk, loan, command.period, command.to),
    )
    amount_fen = reimbursement.amount_fen(opened)
    authorised(desk, command.guarantor_id, Authorised.COMPENSATORY, amount_fen)
    entry_id = f"GR-{command.reimbursement_id}"
    payee = RESERVE_ACCOUNT if opened.to is None else account_of(opened.to, Role.GUARANTOR)
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.REIMBURSEMENT,
        payer=account_of(command.guarantor_id, Role.GUARANTOR),
        payee=payee,
        amount_fen=amount_fen,
    )
    desk.record(loan_stream(command.loan_id), opened)
    desk.request(
        entry_id, command.loan_id, command.reimbursement_id, [movement], "reimbursement_id"
    )


def _owed(desk: Desk, loan: Loan, period: int, to: str | None) -> Mapping[str, int]:
    """Guarantor -> fen on record to `to`."""
    key = assessment.claim_id(loan.known().loan_id, period), to
    states = {name: desk.guarantor(name) for name in loan.guarantee.guarantors}
    return {name: state.recourse[key] for name, state in states.items() if key in state.recourse}


# -- what makes one owe another ---------------------------------------------------------


def reserve_paid(desk: Desk, held: PayoutHeld) -> None:
    """In the place of those guarantors who have broken their word on the claim."""
    loan = desk.loan(held.loan_id)
    period = loan.advances[held.payout_id].period
    in_breach = tuple(
        name for name in loan.guarantee.guarantors if desk.guarantor(name).in_breach(held.claim_id)
    )
    owed = reimbursement.of_payout(loan, period, held.amount_fen, in_breach)
    _arise(desk, held.loan_id, period, None, owed)


def guarantor_paid(desk: Desk, paid: GuaranteeAdvanceOpened | ReimbursementOpened) -> None:
    """For himself and his co-guarantors, where they bear it together."""
    if isinstance(paid, GuaranteeAdvanceOpened):
        amount_fen = guarantor_advance.amount_fen(paid)
    else:
        amount_fen = reimbursement.amount_fen(paid)
    owed = reimbursement.of_advance(desk.loan(paid.loan_id), paid.guarantor_id, amount_fen)
    _arise(desk, paid.loan_id, paid.period, paid.guarantor_id, owed)


def _arise(desk: Desk, loan_id: str, period: int, to: str | None, owed: Mapping[str, int]) -> None:
    for name, fen in owed.items():
        arose = guarantee.RecourseArose(
            guarantor_id=name,
            claim_id=assessment.claim_id(loan_id, period),
            loan_id=loan_id,
            period=period,
            to=to,
            amount_fen=fen,
        )
        desk.record(guarantee_stream(name), arose)


# -- the bank's word --------------------------------------------------------------------


def reimbursed(desk: Desk, entry: EntryRequested) -> None:
    opened = _end(desk, entry, paid=True)
    made = guarantee.Reimbursed(
        guarantor_id=opened.guarantor_id,
        reimbursement_id=opened.reimbursement_id,
        claim_id=assessment.claim_id(opened.loan_id, opened.period),
        to=opened.to,
        amount_fen=reimbursement.amount_fen(opened),
    )
    desk.record(guarantee_stream(opened.guarantor_id), made)
    if opened.to is None:
        guarantor_paid(desk, opened)


def reimbursement_refused(desk: Desk, entry: EntryRequested) -> None:
    _end(desk, entry, paid=False)


def _end(desk: Desk, entry: EntryRequested, *, paid: bool) -> ReimbursementOpened:
    loan = desk.loan(entry.subject)
    opened = loan.guarantee.reimbursing[entry.reference]
    ended = reimbursement.finish(loan, entry.reference, paid=paid)
    desk.record(loan_stream(entry.subject), ended)
    return opened
