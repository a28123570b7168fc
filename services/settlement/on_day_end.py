"""What the day end asks of one loan, and of the reserve."""

from __future__ import annotations

from domain import assessment, payout_run, payouts, reserve, reserve_advance
from domain import commands as c
from domain.accounts import RESERVE_ACCOUNT, Role, account_of
from domain.cashbook import Movement, movement_id
from domain.loan_events import ClaimFiled, LoanEvent
from domain.policy import Covers, Provider
from domain.purposes import Purpose
from domain.reserve import PayoutHeld
from domain.streams import RESERVE, loan_stream
from services.settlement.desk import Desk
from services.settlement.on_bank import close_if_settled
from services.settlement.on_guarantees import breach, open_obligations


def assess_loan(desk: Desk, command: c.AssessLoan) -> None:
    events = assessment.assess(desk.loan(command.loan_id), desk.today, desk.calendar)
    _record(desk, command.loan_id, events)
    close_if_settled(desk, command.loan_id, events)


def judge_obligations(desk: Desk, command: c.JudgeObligations) -> None:
    """An advance that is on its way is waited for, another guarantor's too: none can be asked for
    meanwhile."""
    for opened in desk.guarantor(command.guarantor_id).overdue(desk.today):
        loan = desk.loan(opened.loan_id)
        if opened.period in loan.guarantee.moving:
            continue
        breached = breach(desk, opened)
        covers = loan.covers.get(opened.period, Covers.INSTALMENT)
        called = assessment.call_on(loan, opened.period, breached.next_payer, covers, desk.today)
        _record(desk, opened.loan_id, called)


def _record(desk: Desk, loan_id: str, events: tuple[LoanEvent, ...]) -> None:
    """With a claim that is filed the reserve's queue grows, where the policy names the reserve; and
    whoever else must pay now is obliged."""
    desk.record(loan_stream(loan_id), *events)
    loan = desk.loan(loan_id)
    for event in events:
        if isinstance(event, ClaimFiled) and Provider.RESERVE in loan.policy.providers:
            desk.record(RESERVE, payouts.queued(loan, event, desk.today))
    open_obligations(desk, events)


def run_reserve_payouts(desk: Desk, command: c.RunReservePayouts) -> None:
    """The rules of the day's policy say who is paid; what a claim covers, its own loan's."""
    terms = desk.policies.latest(desk.today)
    if terms is None:
        return
    balance_fen = desk.balance(RESERVE_ACCOUNT).available_fen
    checked = reserve.check_floor(
        desk.reserve, terms, desk.today, balance_fen, desk.cap_basis_fen(terms)
    )
    desk.record(RESERVE, *checked)
    claims = payouts.open_claims(desk.reserve, terms, desk.today, desk.loan)
    events = payout_run.run(desk.reserve, terms, desk.today, balance_fen, claims)
    desk.record(RESERVE, *events)
    for event in events:
        if isinstance(event, PayoutHeld):
            _pay(desk, event)


def _pay(desk: Desk, held: PayoutHeld) -> None:
    loan = desk.loan(held.loan_id)
    period = desk.reserve.queue[held.claim_id].period
    opened = reserve_advance.open_advance(loan, held.payout_id, period, held.investors)
    desk.record(loan_stream(held.loan_id), opened)
    entry_id = f"P-{held.payout_id}"
    interest = {
        claim.tender_id: fen for claim, fen in zip(loan.claims, opened.interest, strict=True)
    }
    investor_of = {claim.tender_id: claim.investor_id for claim in loan.claims}
    movements = [
        Movement(
            id=movement_id(entry_id, number),
            purpose=Purpose.RESERVE_PAYOUT,
            payer=RESERVE_ACCOUNT,
            payee=account_of(investor_of[tender_id], Role.INVESTOR),
            amount_fen=amount_fen,
            interest_fen=interest[tender_id],
        )
        for number, (tender_id, amount_fen) in enumerate(held.investors.items(), start=1)
    ]
    desk.request(entry_id, held.loan_id, held.payout_id, movements)
