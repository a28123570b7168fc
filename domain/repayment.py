"""What is owed and paid on a disbursed loan (还款、逾期、代偿), over the claim register.

    assess   due instalments -> InstalmentBilled; late ones -> InstalmentOverdue, and ClaimFiled
             or OverdueConfirmed, by who must pay first; what makes the whole rest fall due, see
             acceleration.py
    sue      a suit is filed -> SuitFiled
    costs    a judgment      -> CourtCostsAwarded
    accept   RepayLoan       -> RepaymentAccepted    then the bank freezes the money (hold)
    route    held money      -> RepaymentRouted      one payment's lines at a time
    finish   the bank's word -> RepaymentSettled | RepaymentFailed, and LoanSettled at the end
    advance  the reserve     -> AdvanceOpened -> AdvancePaid | AdvanceReleased
             a guarantor: see guarantor_advance.py

A payment is routed only when none of the loan's lines has an open movement: money that comes while
a payout is on its way is held, and goes to the investors or to the reserve by the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain import billing, early_part
from domain import loan_events as e
from domain.acceleration import claims_due, rolled, why_called_in
from domain.loan import IN_REPAYMENT, Loan, Payment
from domain.loan_evolution import evolve
from domain.loan_guarantee import OverdueConfirmed
from domain.model import InvariantBroken, Refused
from domain.payment_split import split
from domain.policy import Covers, EarlyRest, Provider, Scope
from domain.refusals import Code
from domain.register import Billed, Vector
from domain.working_days import WorkingDays


def claim_id(loan_id: str, period: int) -> str:
    return f"{loan_id}.{period}"


# -- the day end ------------------------------------------------------------------------


def assess(loan: Loan, today: date, calendar: WorkingDays | None = None) -> tuple[e.LoanEvent, ...]:
    """Everything that the date alone decides. Asked again on the same day it says nothing.
    `calendar`: for policies that roll due dates to working days."""
    terms = loan.must_be(*IN_REPAYMENT)
    events: list[e.LoanEvent] = []
    while (row := billing.next_row(loan)) is not None and row.due_on <= today:
        loan = _then(loan, events, billing.billed(loan, row, whole_rest=False))
    for moved in rolled(loan, today, calendar):
        loan = _then(loan, events, moved)
    for period, billed in loan.billed.items():
        if not billed.late_days(today, loan.policy) or period in loan.overdue:
            continue
        if period != _early_part(loan):  # Nobody owes what he wants to pay early.
            overdue = e.InstalmentOverdue(
                loan_id=terms.loan_id,
                period=period,
                due_on=billed.due_on,
                open_fen=billed.base_fen,
            )
            loan = _then(loan, events, overdue)
    for event in _call_in(loan, today):
        loan = _then(loan, events, event)
    unsure = billed_for_it_alone(loan)
    for period, covers in claims_due(loan, today):
        if period != unsure and any(map(sum, _protected(loan, loan.billed[period], covers))):
            for called in call_on(loan, period, payer_after(loan, None), covers, today):
                loan = _then(loan, events, called)
    return (*events, *_end(loan, today))


def payer_after(loan: Loan, provider: Provider | None) -> Provider | None:
    """Who must pay after `provider` by the loan's policy; after None, who must pay first. Nobody
    can call on guarantors of a loan that has none."""
    providers = loan.policy.providers
    first = providers.index(provider) + 1 if provider in providers else 0
    return next(
        (
            each
            for each in providers[first:]
            if each is not Provider.GUARANTOR or loan.guarantee.standing_as(each)
        ),
        None,
    )


def call_on(
    loan: Loan, period: int, payer: Provider | None, covers: Covers, today: date
) -> tuple[e.LoanEvent, ...]:
    """An instalment is the guarantors' to pay, or another's who stands in: once each."""
    loan_id = loan.known().loan_id
    if payer is Provider.GUARANTOR and period not in loan.guarantee.confirmed:
        return (
            OverdueConfirmed(loan_id=loan_id, period=period, confirmed_on=today, covers=covers),
        )
    if payer not in {None, Provider.GUARANTOR} and period not in loan.filed:
        return (
            e.ClaimFiled(
                loan_id=loan_id, period=period, claim_id=claim_id(loan_id, period), covers=covers
            ),
        )
    return ()


def _call_in(loan: Loan, today: date) -> tuple[e.LoanEvent, ...]:
    """提前到期: the whole rest, if there is one, falls due today."""
    why, rest = why_called_in(loan, today), billing.rest(loan, today)
    if why is None or rest is None or not (rest.principal_fen or rest.interest_fen):
        return ()
    called_in = e.LoanCalledIn(
        loan_id=loan.known().loan_id, period=rest.period, called_in_on=today, why=why
    )
    return billing.billed(loan, rest._replace(due_on=today), whole_rest=True), called_in


def _protected(loan: Loan, billed: Billed, covers: Covers) -> tuple[Vector, Vector]:
    """What a payout covers of what is open to the investors: (principal, interest)."""
    none = (0,) * len(billed.principal)
    scope = loan.policy.scope
    if scope is Scope.NONE:
        return none, none
    called_in = billed.period == loan.called_in
    without_interest = (
        scope is Scope.PRINCIPAL
        or covers is Covers.PRINCIPAL
        or (covers is Covers.PRINCIPAL_AND_OVERDUE_INTEREST and called_in)
    )
    return billed.principal, none if without_interest else billed.interest


def sue(loan: Loan, lawsuit_id: str, filed_on: date) -> tuple[e.LoanEvent, ...]:
    """Only the first suit on a loan that is being repaid says anything about it."""
    if loan.status not in IN_REPAYMENT or loan.sued_on is not None:
        return ()
    loan_id = loan.known().loan_id
    return (e.SuitFiled(loan_id=loan_id, lawsuit_id=lawsuit_id, filed_on=filed_on),)


def award_costs(loan: Loan, lawsuit_id: str, amount_fen: int) -> tuple[e.LoanEvent, ...]:
    """Court costs join what is overdue, or costs that are open. Where neither is, they stand with
    the lawsuit alone."""
    costly = {period for period, billed in loan.billed.items() if billed.other_fee_fen}
    period = min((loan.overdue | costly) - {billed_for_it_alone(loan)}, default=None)
    if period is None or not amount_fen:
        return ()
    return (
        e.CourtCostsAwarded(
            loan_id=loan.known().loan_id,
            period=period,
            lawsuit_id=lawsuit_id,
            amount_fen=amount_fen,
        ),
    )


# -- payments ---------------------------------------------------------------------------


def accept(
    loan: Loan,
    payment_id: str,
    amount_fen: int,
    *,
    in_full: bool,
    effective_on: date,
    in_part: bool = False,
) -> tuple[e.LoanEvent, ...]:
    terms = loan.must_be(*IN_REPAYMENT)
    if payment_id in loan.payments:
        raise Refused(Code.ID_TAKEN, field="payment_id")
    if loan.disbursed is not None and effective_on < loan.disbursed.disbursed_on:
        raise Refused(
            Code.EFFECTIVE_DATE_BEFORE_LOAN,
            f"the loan was paid out on {loan.disbursed.disbursed_on}",
            "effective_on",
        )
    if in_full and amount_fen < payoff_fen(loan, effective_on):
        raise Refused(
            Code.AMOUNT_BELOW_PAYOFF, f"it takes {payoff_fen(loan, effective_on)} fen", "amount_fen"
        )
    if in_part:
        _may_be_early(loan, amount_fen, effective_on)
    elif not in_full and not loan.billed and billing.current_row(loan, effective_on) is None:
        raise Refused(Code.NOTHING_DUE, field="loan_id")
    return (
        e.RepaymentAccepted(
            loan_id=terms.loan_id,
            payment_id=payment_id,
            amount_fen=amount_fen,
            in_full=in_full,
            effective_on=effective_on,
            in_part=in_part,
        ),
    )


def _may_be_early(loan: Loan, amount_fen: int, on: date) -> None:
    if loan.policy.early_part is EarlyRest.NONE:
        raise Refused(Code.EARLY_PART_FORBIDDEN, field="in_part")
    least_fen = early_part.least_fen(loan, on, due_fen(loan, on))
    if least_fen is None:
        raise Refused(Code.EARLY_PART_TOO_SMALL, "nothing is left that is not due", "in_part")
    if amount_fen <= least_fen:
        raise Refused(Code.EARLY_PART_TOO_SMALL, f"{least_fen} fen are not enough", "amount_fen")


def payoff_fen(loan: Loan, on: date) -> int:
    """What pays the loan off: all that is billed, all principal, interest for months begun, and
    what the policy asks for paying early."""
    rest = billing.rest(loan, on)
    billed_fen = due_fen(loan, on)
    if rest is None:
        return billed_fen
    return (
        billed_fen + rest.principal_fen + rest.interest_fen + billing.compensation_fen(loan, rest)
    )


def due_fen(loan: Loan, on: date) -> int:
    """All that is billed and open, with penalty and fees, as of the end of `on`."""
    return sum(sum(billed.due(on, loan.policy)[1:]) for billed in loan.billed.values())


def outstanding_fen(loan: Loan) -> int:
    """The principal that is owed, to whomever, billed or to come."""
    return sum(loan.unbilled) + sum(billed.principal_fen for billed in loan.billed.values())


def hold(loan: Loan, payment_id: str) -> tuple[e.LoanEvent, ...]:
    return (e.RepaymentHeld(loan_id=loan.known().loan_id, payment_id=payment_id),)


def route(loan: Loan) -> tuple[e.LoanEvent, ...]:
    """Send the oldest held payment on its way, if no line of the loan is moving."""
    held = next(((pid, p) for pid, p in loan.payments.items() if p.held), None)
    if held is None or loan.lines_moving:
        return ()
    payment_id, payment = held
    events: list[e.LoanEvent] = []
    for early in _billed_early(loan, payment):
        loan = _then(loan, events, early)
    parts, recourse, allocation = split(
        payment.amount_fen, tuple(loan.billed.values()), payment.effective_on, loan.policy
    )
    terms = loan.known()
    sent = e.RepaymentRouted(
        loan_id=terms.loan_id,
        payment_id=payment_id,
        entry_id=f"R-{payment_id}" if parts else None,
        effective_on=payment.effective_on,
        parts=parts,
        left_fen=allocation.left_fen,
        recourse=recourse,
    )
    return (*events, sent)


def _billed_early(loan: Loan, payment: Payment) -> tuple[e.LoanEvent, ...]:
    """What is left after all that is billed pays the running month, then a part of the rest, or all
    of it, if asked."""
    on = payment.effective_on
    if loan.status not in IN_REPAYMENT or payment.amount_fen <= due_fen(loan, on):
        return ()
    asked = payment.in_full or payment.in_part
    whole_rest = asked and payment.amount_fen >= payoff_fen(loan, on)
    if payment.in_part and not whole_rest:
        return _part_billed_early(loan, payment)
    row = billing.rest(loan, on) if whole_rest else billing.current_row(loan, on)
    if row is None or not (row.principal_fen or row.interest_fen):
        return ()
    compensation_fen = billing.compensation_fen(loan, row) if whole_rest else 0
    if not compensation_fen:
        return (billing.billed(loan, row, whole_rest=whole_rest),)
    with_it = row._replace(interest_fen=row.interest_fen + compensation_fen)
    charged = e.EarlyCompensationCharged(
        loan_id=loan.known().loan_id, period=row.period, amount_fen=compensation_fen
    )
    return billing.billed(loan, with_it, whole_rest=True), charged


def _part_billed_early(loan: Loan, payment: Payment) -> tuple[e.LoanEvent, ...]:
    on = payment.effective_on
    events: list[e.LoanEvent] = []
    if (row := billing.current_row(loan, on)) is not None:
        loan = _then(loan, events, billing.billed(loan, row, whole_rest=False))
    left_fen = payment.amount_fen - due_fen(loan, on)
    return (*events, *early_part.billed(loan, on, left_fen))


def settle(loan: Loan, today: date) -> tuple[e.RepaymentSettled, *tuple[e.LoanEvent, ...]]:
    at_bank = routed(loan)
    principal_fen = sum(sum(p.principal) + p.reserve_principal_fen for p in at_bank.parts)
    principal_fen += sum(each.principal_fen for each in at_bank.recourse)
    settled = e.RepaymentSettled(
        loan_id=at_bank.loan_id, payment_id=at_bank.payment_id, principal_fen=principal_fen
    )
    return (settled, *_end(evolve(loan, settled), today))


def fail(loan: Loan, payment_id: str, bank_code: str) -> tuple[e.LoanEvent, ...]:
    """What was billed for this payment alone is taken back."""
    loan_id = loan.known().loan_id
    failed = e.RepaymentFailed(loan_id=loan_id, payment_id=payment_id, bank_code=bank_code)
    at_bank = loan.routed is not None and loan.routed.payment_id == payment_id
    period = billed_for_it_alone(loan)
    if not at_bank or period is None:
        return (failed,)
    if period == _early_part(loan):
        return (*early_part.undone(loan), failed)
    billed = loan.billed[period]
    undone = e.EarlyBillingUndone(
        loan_id=loan_id, period=period, principal=billed.principal, interest=billed.interest
    )
    return undone, failed


def billed_for_it_alone(loan: Loan) -> int | None:
    """The period in which a part or all the rest was billed early, for the payment at the bank. A
    claim on it that was filed stays, and so do a rest that fell due and what guarantors are
    obliged to; nothing of it is left where an earlier payment was the one."""
    if loan.early_part is not None:
        return loan.early_part.period
    period = loan.rest_billed_with
    stays = loan.filed | loan.guarantee.confirmed | {loan.called_in}
    if loan.routed is None or period not in loan.billed or period in stays:
        return None
    return period


def _early_part(loan: Loan) -> int | None:
    return loan.early_part.period if loan.early_part else None


def routed(loan: Loan) -> e.RepaymentRouted:
    """The payment whose lines are at the bank."""
    if loan.routed is None:
        raise InvariantBroken("no payment is at the bank")
    return loan.routed


def _end(loan: Loan, today: date) -> tuple[e.LoanEvent, ...]:
    rows_to_come = loan.rows[loan.next_period - 1 :]  # Of an annuity that cleared early: zeros.
    owed = loan.billed or any(row.principal_fen or row.interest_fen for row in rows_to_come)
    if loan.status in IN_REPAYMENT and not owed:
        return (e.LoanSettled(loan_id=loan.known().loan_id, settled_on=today),)
    return ()


# -- the reserve's payouts --------------------------------------------------------------


def open_claim(loan: Loan, period: int) -> dict[str, int]:
    """Tender -> fen that the policy protects and that is still open to its investor. Empty while
    another movement is open on the loan's lines, or held money is about to be."""
    billed = loan.billed.get(period)
    if billed is None or loan.lines_moving or any(p.held for p in loan.payments.values()):
        return {}
    return protected_fen(loan, period)


def protected_fen(loan: Loan, period: int) -> dict[str, int]:
    billed = loan.billed.get(period)
    if billed is None:
        return {}
    principal, interest = _claimed(loan, billed)
    return {
        claim.tender_id: p + i
        for claim, p, i in zip(loan.claims, principal, interest, strict=True)
        if p + i
    }


def _claimed(loan: Loan, billed: Billed) -> tuple[Vector, Vector]:
    return _protected(loan, billed, loan.covers.get(billed.period, Covers.INSTALMENT))


def open_advance(
    loan: Loan, payout_id: str, period: int, investors: Mapping[str, int]
) -> e.AdvanceOpened:
    """Which of each investor's lines a payout pays."""
    principal, interest = lines_paid(loan, period, investors)
    return e.AdvanceOpened(
        loan_id=loan.known().loan_id,
        payout_id=payout_id,
        period=period,
        principal=principal,
        interest=interest,
    )


def lines_paid(loan: Loan, period: int, investors: Mapping[str, int]) -> tuple[Vector, Vector]:
    """Tender -> fen as (principal, interest) of the register: interest first, then principal."""
    principal, interest = _claimed(loan, loan.billed[period])
    paid_principal, paid_interest = [], []
    for claim, open_principal, open_interest in zip(loan.claims, principal, interest, strict=True):
        fen = investors.get(claim.tender_id, 0)
        to_interest = min(fen, open_interest)
        if fen - to_interest > open_principal:
            raise InvariantBroken(f"{claim.tender_id} would be paid more than is open")
        paid_interest.append(to_interest)
        paid_principal.append(fen - to_interest)
    return tuple(paid_principal), tuple(paid_interest)


def finish_advance(loan: Loan, payout_id: str, *, paid: bool) -> tuple[e.LoanEvent, ...]:
    loan_id = loan.known().loan_id
    if paid:
        return (e.AdvancePaid(loan_id=loan_id, payout_id=payout_id),)
    return (e.AdvanceReleased(loan_id=loan_id, payout_id=payout_id),)


def _then(loan: Loan, events: list[e.LoanEvent], event: e.LoanEvent) -> Loan:
    events.append(event)
    return evolve(loan, event)
