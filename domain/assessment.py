"""What the date alone decides on a disbursed loan (还款、逾期、代偿).

assess  due instalments -> InstalmentBilled; late ones -> InstalmentOverdue, and ClaimFiled or
        OverdueConfirmed, by who must pay first; what makes the whole rest fall due, see
        acceleration.py
call_on a provider who did not pay -> the same of the next one
"""

from __future__ import annotations

from datetime import date

from domain import billing
from domain import loan_events as e
from domain.acceleration import claims_due, rolled, why_called_in
from domain.loan import IN_REPAYMENT, Loan
from domain.loan_evolution import then
from domain.loan_guarantee import OverdueConfirmed
from domain.policy import Covers, Provider
from domain.protection import protected
from domain.repayment import billed_for_it_alone, early_part_period, end
from domain.working_days import WorkingDays


def claim_id(loan_id: str, period: int) -> str:
    return f"{loan_id}.{period}"


def assess(loan: Loan, today: date, calendar: WorkingDays | None = None) -> tuple[e.LoanEvent, ...]:
    """Everything that the date alone decides. Asked again on the same day it says nothing.
    `calendar`: for policies that roll due dates to working days."""
    terms = loan.must_be(*IN_REPAYMENT)
    events: list[e.LoanEvent] = []
    loan = billing.bill_due(loan, events, today)
    for moved in rolled(loan, today, calendar):
        loan = then(loan, events, moved)
    for period, billed in loan.billed.items():
        if not billed.late_days(today, loan.policy) or period in loan.overdue:
            continue
        if period != early_part_period(loan):  # Nobody owes what he wants to pay early.
            overdue = e.InstalmentOverdue(
                loan_id=terms.loan_id,
                period=period,
                due_on=billed.due_on,
                open_fen=billed.base_fen,
            )
            loan = then(loan, events, overdue)
    for event in _call_in(loan, today):
        loan = then(loan, events, event)
    unsure = billed_for_it_alone(loan)
    for period, covers in claims_due(loan, today):
        if period != unsure and any(map(sum, protected(loan, loan.billed[period], covers))):
            for called in call_on(loan, period, payer_after(loan, None), covers, today):
                loan = then(loan, events, called)
    return (*events, *end(loan, today))


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
