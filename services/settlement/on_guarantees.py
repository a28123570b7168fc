"""Commands about guarantors (担保人), and what the loan's events mean for them."""

from __future__ import annotations

from collections.abc import Iterable

from domain import assessment, authorised_use, guarantee, guarantor_advance, lawful, repayment
from domain import commands as c
from domain.accounts import Role, account_of
from domain.authorisation import Kind as Authorised
from domain.cashbook import EntryRequested, Movement, movement_id
from domain.guarantee import ObligationOpened
from domain.law import Limits
from domain.loan import Loan
from domain.loan_events import ClaimFiled, LoanEvent, RepaymentRouted, RepaymentSettled
from domain.loan_guarantee import (
    CounterGuarantee,
    GuaranteeAdvanceOpened,
    LoanGuaranteed,
    OverdueConfirmed,
)
from domain.policy import Provider
from domain.purposes import Purpose
from domain.streams import guarantee_stream, loan_stream
from services.settlement.desk import Desk
from services.settlement.on_authorisations import check as authorised
from services.settlement.on_reimbursements import guarantor_paid


def appoint_guarantor(desk: Desk, command: c.AppointGuarantor) -> None:
    desk.member(command.guarantor_id).account(Role.GUARANTOR, "guarantor_id")
    appointed = guarantee.GuarantorAppointed(
        guarantor_id=command.guarantor_id,
        limit_fen=command.limit_fen,
        approved_by=command.checker.operator_id,
    )
    desk.record(guarantee_stream(command.guarantor_id), appointed)


def guarantee_loan(desk: Desk, command: c.GuaranteeLoan) -> None:
    desk.member(command.guarantor_id).account(Role.GUARANTOR, "guarantor_id")
    desk.guarantor(command.guarantor_id).must_be_appointed()
    _check_law(desk, command.guarantor_id, desk.law_table.on(desk.today), "guarantor_id")
    counter, given = None, command.counter_guarantee
    if given is not None:
        counter = CounterGuarantee(given.kind, given.reference, given.document_hash)
    wanted = LoanGuaranteed(
        loan_id=command.loan_id,
        guarantor_id=command.guarantor_id,
        counter_guarantee=counter,
        share_bp=command.share_bp,
        contribution=command.contribution,
        stands_as=command.stands_as,
    )
    loan = desk.loan(command.loan_id)
    named = guarantor_advance.guarantee(loan, wanted, desk.today)
    desk.record(loan_stream(command.loan_id), named)


def confirm_overdue(desk: Desk, command: c.ConfirmOverdue) -> None:
    confirmed = guarantor_advance.confirm(
        desk.loan(command.loan_id), command.period, command.checker.operator_id, desk.today
    )
    desk.record(loan_stream(command.loan_id), confirmed)
    open_obligation(desk, confirmed)


def request_advance(desk: Desk, command: c.RequestAdvance) -> None:
    """By the guarantor."""
    opened = guarantor_advance.open_advance(
        desk.loan(command.loan_id), command.advance_id, command.guarantor_id, command.period
    )
    amount_fen = guarantor_advance.amount_fen(opened)
    authorised(desk, command.guarantor_id, Authorised.COMPENSATORY, amount_fen)
    _hold(desk, opened)


def advance_obligations(desk: Desk, command: c.AdvanceObligations) -> None:
    """By the day end, where the guarantor has authorised so much and has it; what of the loan is on
    its way is waited for, and asked for again tomorrow."""
    guarantor_id = command.guarantor_id
    account = account_of(guarantor_id, Role.GUARANTOR)
    known = desk.member(guarantor_id).authorisations
    for obligation in desk.guarantor(guarantor_id).to_advance():
        loan = desk.loan(obligation.loan_id)
        amount_fen = guarantor_advance.owed_fen(loan, guarantor_id, obligation.period)
        covered = authorised_use.covers(known, Authorised.COMPENSATORY, amount_fen, desk.today)
        if covered and not loan.lines_moving and amount_fen <= desk.balance(account).available_fen:
            advance_id = guarantor_advance.id_on(desk.today, guarantor_id, obligation.claim_id)
            period = obligation.period
            _hold(desk, guarantor_advance.open_advance(loan, advance_id, guarantor_id, period))


def _hold(desk: Desk, opened: GuaranteeAdvanceOpened) -> None:
    """First the bank freezes the guarantor's money; the advance itself goes out of that."""
    amount_fen = guarantor_advance.amount_fen(opened)
    account = account_of(opened.guarantor_id, Role.GUARANTOR)
    entry_id = f"GH-{opened.advance_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.GUARANTEE_HOLD,
        payer=account,
        payee=account,
        amount_fen=amount_fen,
    )
    desk.record(loan_stream(opened.loan_id), opened)
    requested = guarantee.AdvanceRequested(
        guarantor_id=opened.guarantor_id,
        advance_id=opened.advance_id,
        claim_id=assessment.claim_id(opened.loan_id, opened.period),
        amount_fen=amount_fen,
    )
    desk.record(guarantee_stream(opened.guarantor_id), requested)
    desk.request(entry_id, opened.loan_id, opened.advance_id, [movement], "advance_id")


def _check_law(desk: Desk, guarantor_id: str, limits: Limits, field: str) -> None:
    related = desk.member(guarantor_id).related_party
    lawful.check_guarantor(limits, field, related_party=related)


# -- what happens to the loan -----------------------------------------------------------


def give_guarantee(desk: Desk, loan: Loan, limits: Limits) -> None:
    """With its publishing the loan counts against the limits of its guarantors. `limits`: the
    law's, who may be one."""
    terms = loan.known()
    for guarantor_id in loan.guarantee.guarantors:
        _check_law(desk, guarantor_id, limits, "loan_id")
        given = guarantee.give(
            desk.guarantor(guarantor_id),
            guarantor_id,
            terms.loan_id,
            guarantor_advance.exposure_fen(loan, guarantor_id, terms.amount_fen),
        )
        desk.record(guarantee_stream(guarantor_id), given)


def end_guarantee(desk: Desk, loan: Loan) -> None:
    """The loan is not paid out."""
    terms = loan.known()
    for guarantor_id in loan.guarantee.guarantors:
        ended = guarantee.GuaranteeEnded(
            guarantor_id=guarantor_id,
            loan_id=terms.loan_id,
            amount_fen=guarantor_advance.exposure_fen(loan, guarantor_id, terms.amount_fen),
        )
        desk.record(guarantee_stream(guarantor_id), ended)


def open_obligations(desk: Desk, events: Iterable[LoanEvent]) -> None:
    """Of an overdue that was confirmed the guarantors', of a claim that was filed the third party's
    and the platform's."""
    for event in events:
        match event:
            case OverdueConfirmed():
                open_obligation(desk, event)
            case ClaimFiled(loan_id=loan_id, period=period):
                loan = desk.loan(loan_id)
                called = OverdueConfirmed(loan_id=loan_id, period=period, confirmed_on=desk.today)
                _oblige(desk, loan, guarantor_advance.called_with_claim(loan), called)
            case _:
                pass


def open_obligation(desk: Desk, confirmed: OverdueConfirmed) -> None:
    loan = desk.loan(confirmed.loan_id)
    _oblige(desk, loan, loan.guarantee.standing_as(Provider.GUARANTOR), confirmed)


def _oblige(desk: Desk, loan: Loan, named: Iterable[str], confirmed: OverdueConfirmed) -> None:
    """Each for what he stands for."""
    for guarantor_id in named:
        amount_fen = guarantor_advance.owed_fen(loan, guarantor_id, confirmed.period)
        if not amount_fen:  # Of so few fen that none falls on his share.
            continue
        opened = guarantee.oblige(
            guarantor_id,
            confirmed,
            assessment.claim_id(confirmed.loan_id, confirmed.period),
            amount_fen,
            loan.policy,
            desk.calendar,
        )
        desk.record(guarantee_stream(guarantor_id), opened)


def drop_obligations(desk: Desk, loan_id: str) -> None:
    """Obligations of which somebody else left nothing to advance."""
    loan = desk.loan(loan_id)
    for guarantor_id in loan.guarantee.guarantors:
        for opened in desk.guarantor(guarantor_id).of_loan(loan_id):
            if not guarantor_advance.owed_fen(loan, guarantor_id, opened.period):
                dropped = guarantee.ObligationDropped(
                    guarantor_id=guarantor_id, claim_id=opened.claim_id
                )
                desk.record(guarantee_stream(guarantor_id), dropped)


def loan_repaid(desk: Desk, routed: RepaymentRouted, settled: RepaymentSettled) -> None:
    """Less is owed, and what was a guarantor's recourse came to him."""
    loan = desk.loan(settled.loan_id)
    owed_fen = repayment.outstanding_fen(loan)
    recovered_fen = guarantor_advance.recovered_fen(loan, routed)
    for guarantor_id in loan.guarantee.guarantors:
        before_fen, after_fen = (
            guarantor_advance.exposure_fen(loan, guarantor_id, fen)
            for fen in (owed_fen + settled.principal_fen, owed_fen)
        )
        repaid = guarantee.LoanRepaid(
            guarantor_id=guarantor_id,
            loan_id=settled.loan_id,
            payment_id=settled.payment_id,
            principal_fen=before_fen - after_fen,
            recovered_fen=recovered_fen.get(guarantor_id, 0),
        )
        desk.record(guarantee_stream(guarantor_id), repaid)


def breach(desk: Desk, opened: ObligationOpened) -> guarantee.ObligationBreached:
    """Not advanced by the deadline; says who must pay now."""
    loan = desk.loan(opened.loan_id)
    breached = guarantee.ObligationBreached(
        guarantor_id=opened.guarantor_id,
        claim_id=opened.claim_id,
        loan_id=opened.loan_id,
        period=opened.period,
        amount_fen=guarantor_advance.owed_fen(loan, opened.guarantor_id, opened.period),
        deadline=opened.deadline,
        next_payer=assessment.payer_after(
            loan, loan.guarantee.guarantors[opened.guarantor_id].stands_as
        ),
    )
    desk.record(guarantee_stream(opened.guarantor_id), breached)
    return breached


# -- the bank's word on an advance ------------------------------------------------------


def send_advance(desk: Desk, held: EntryRequested) -> None:
    """间接代偿: guarantor -> borrower -> investor, for each investor whole, in one entry."""
    loan = desk.loan(held.subject)
    opened = _opened(loan, held)
    entry_id = f"GA-{opened.advance_id}"
    desk.request(entry_id, held.subject, opened.advance_id, _movements(loan, opened, entry_id))


def _movements(loan: Loan, opened: GuaranteeAdvanceOpened, entry_id: str) -> list[Movement]:
    guarantor = account_of(opened.guarantor_id, Role.GUARANTOR)
    borrower = account_of(loan.known().borrower_id, Role.BORROWER)
    movements: list[Movement] = []
    for claim, principal_fen, interest_fen in zip(
        loan.claims, opened.principal, opened.interest, strict=True
    ):
        if not principal_fen + interest_fen:
            continue
        investor = account_of(claim.investor_id, Role.INVESTOR)
        for purpose, payer, payee, freeze in (
            (Purpose.GUARANTEE_ADVANCE, guarantor, borrower, _hold_of(opened.advance_id)),
            (Purpose.ADVANCE_PASSED_ON, borrower, investor, None),
        ):
            movements.append(
                Movement(
                    id=movement_id(entry_id, len(movements) + 1),
                    purpose=purpose,
                    payer=payer,
                    payee=payee,
                    amount_fen=principal_fen + interest_fen,
                    interest_fen=interest_fen,
                    freeze=freeze,
                )
            )
    return movements


def advance_made(desk: Desk, entry: EntryRequested) -> None:
    opened = _end(desk, entry, paid=True)
    made = guarantee.AdvanceMade(
        guarantor_id=opened.guarantor_id,
        advance_id=opened.advance_id,
        claim_id=assessment.claim_id(opened.loan_id, opened.period),
        amount_fen=guarantor_advance.amount_fen(opened),
    )
    desk.record(guarantee_stream(opened.guarantor_id), made)
    guarantor_paid(desk, opened)


def hold_refused(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    _fail(desk, entry, bank_code)


def advance_refused(desk: Desk, entry: EntryRequested, bank_code: str) -> None:
    """The money is still frozen: give it back."""
    opened = _fail(desk, entry, bank_code)
    guarantor = account_of(opened.guarantor_id, Role.GUARANTOR)
    entry_id = f"GX-{opened.advance_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.GUARANTEE_RELEASE,
        payer=guarantor,
        payee=guarantor,
        amount_fen=guarantor_advance.amount_fen(opened),
        freeze=_hold_of(opened.advance_id),
    )
    desk.request(entry_id, opened.loan_id, opened.advance_id, [movement])


def _fail(desk: Desk, entry: EntryRequested, bank_code: str) -> GuaranteeAdvanceOpened:
    opened = _end(desk, entry, paid=False)
    failed = guarantee.AdvanceFailed(
        guarantor_id=opened.guarantor_id,
        advance_id=opened.advance_id,
        claim_id=assessment.claim_id(opened.loan_id, opened.period),
        bank_code=bank_code,
    )
    desk.record(guarantee_stream(opened.guarantor_id), failed)
    return opened


def _end(desk: Desk, entry: EntryRequested, *, paid: bool) -> GuaranteeAdvanceOpened:
    loan = desk.loan(entry.subject)
    opened = _opened(loan, entry)
    ended = guarantor_advance.finish(loan, opened.advance_id, paid=paid)
    desk.record(loan_stream(entry.subject), ended)
    return opened


def _opened(loan: Loan, entry: EntryRequested) -> GuaranteeAdvanceOpened:
    return loan.guarantee.advancing[entry.reference]


def _hold_of(advance_id: str) -> str:
    return movement_id(f"GH-{advance_id}", 1)
