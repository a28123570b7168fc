"""What is paid on a disbursed loan (还款), over the claim register.

    accept   RepayLoan       -> RepaymentAccepted    then the bank freezes the money (hold)
    route    held money      -> RepaymentRouted      one payment's lines at a time
    finish   the bank's word -> RepaymentSettled | RepaymentFailed, and LoanSettled at the end
    sue      a suit is filed -> SuitFiled
    costs    a judgment      -> CourtCostsAwarded

What the date decides is in assessment.py, what others pay in reserve_advance.py and
guarantor_advance.py.

A payment is routed only when none of the loan's lines has an open movement: money that comes while
a payout is on its way is held, and goes to the investors or to the reserve by the outcome.
"""

from __future__ import annotations

from datetime import date

from domain import acceleration, billing, early_part
from domain import loan_events as e
from domain.loan import IN_REPAYMENT, Loan, Payment
from domain.loan_evolution import evolve, then
from domain.model import InvariantBroken, Refused
from domain.payment_split import Split, split
from domain.policy import EarlyRest
from domain.refusals import Code


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
        loan = then(loan, events, early)
    return (*events, _over_lines(loan, payment_id, payment))


def _over_lines(loan: Loan, payment_id: str, payment: Payment) -> e.RepaymentRouted:
    """What took effect before the rest was called in pays all else first. Where that undoes the
    call-in, what is left of it goes back, unless the borrower wants to pay all."""
    on, policy = payment.effective_on, loan.policy
    billed = tuple(loan.billed.values())
    called_in = tuple(each for each in billed if each.period == loan.called_in and on < each.due_on)
    others = tuple(each for each in billed if each not in called_in)
    first = split(payment.amount_fen, others, on, policy)
    sent = _routed(loan, payment_id, payment, first)
    if not called_in or (not payment.in_full and _undoes(loan, sent)):
        return sent
    last = split(first.allocation.left_fen, called_in, on, policy)
    return _routed(loan, payment_id, payment, first, last)


def _routed(loan: Loan, payment_id: str, payment: Payment, *splits: Split) -> e.RepaymentRouted:
    parts = tuple(part for each in splits for part in each.parts)
    return e.RepaymentRouted(
        loan_id=loan.known().loan_id,
        payment_id=payment_id,
        entry_id=f"R-{payment_id}" if parts else None,
        effective_on=payment.effective_on,
        parts=parts,
        left_fen=splits[-1].allocation.left_fen,
        recourse=tuple(back for each in splits for back in each.recourse),
    )


def _undoes(loan: Loan, sent: e.RepaymentRouted) -> bool:
    if sent.entry_id is None:
        return False
    settled = e.RepaymentSettled(loan_id=sent.loan_id, payment_id=sent.payment_id, principal_fen=0)
    return bool(acceleration.undone(evolve(evolve(loan, sent), settled)))


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
        loan = then(loan, events, billing.billed(loan, row, whole_rest=False))
    left_fen = payment.amount_fen - due_fen(loan, on)
    return (*events, *early_part.billed(loan, on, left_fen))


def settle(loan: Loan, today: date) -> tuple[e.RepaymentSettled, *tuple[e.LoanEvent, ...]]:
    """With a call-in that it disproves; what is due by now by the schedule is billed then."""
    at_bank = routed(loan)
    principal_fen = sum(sum(p.principal) + p.reserve_principal_fen for p in at_bank.parts)
    principal_fen += sum(each.principal_fen for each in at_bank.recourse)
    settled = e.RepaymentSettled(
        loan_id=at_bank.loan_id, payment_id=at_bank.payment_id, principal_fen=principal_fen
    )
    loan = evolve(loan, settled)
    events: list[e.LoanEvent] = []
    for undone in acceleration.undone(loan):
        loan = billing.bill_due(then(loan, events, undone), events, today)
    events += end(loan, today)
    return (settled, *events)


def fail(loan: Loan, payment_id: str, bank_code: str) -> tuple[e.LoanEvent, ...]:
    """What was billed for this payment alone is taken back."""
    loan_id = loan.known().loan_id
    failed = e.RepaymentFailed(loan_id=loan_id, payment_id=payment_id, bank_code=bank_code)
    at_bank = loan.routed is not None and loan.routed.payment_id == payment_id
    period = billed_for_it_alone(loan)
    if not at_bank or period is None:
        return (failed,)
    if period == early_part_period(loan):
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


def early_part_period(loan: Loan) -> int | None:
    return loan.early_part.period if loan.early_part else None


def routed(loan: Loan) -> e.RepaymentRouted:
    """The payment whose lines are at the bank."""
    if loan.routed is None:
        raise InvariantBroken("no payment is at the bank")
    return loan.routed


def end(loan: Loan, today: date) -> tuple[e.LoanEvent, ...]:
    if not ends(loan):
        return ()
    return (e.LoanSettled(loan_id=loan.known().loan_id, settled_on=today),)


def ends(loan: Loan) -> bool:
    """Nothing is owed any more, and that is not on record yet."""
    rows_to_come = loan.rows[loan.next_period - 1 :]  # Of an annuity that cleared early: zeros.
    owed = loan.billed or any(row.principal_fen or row.interest_fen for row in rows_to_come)
    return loan.status in IN_REPAYMENT and not owed


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
