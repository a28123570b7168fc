"""A stress run (压力测试): bad debts cluster. How long does the reserve last, who waits for what?

Plays the real book forward through the same decisions as every night, and changes nothing in it:
who is late stays late, those that the scenario names stop paying on a day, all others pay what
falls due on its day. Nothing new is lent or paid in. Of what the run pays out comes back what the
scenario says; lines of loans and who owns them stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from domain import (
    assessment,
    claims,
    guarantor_advance,
    loan_evolution,
    payout_run,
    payouts,
    protection,
    reimbursement,
    repayment,
    reserve,
    reserve_advance,
)
from domain import loan_events as e
from domain.loan import IN_REPAYMENT, Loan
from domain.payout_plan import PayoutOrder
from domain.policies import Policies
from domain.policy import Provider
from domain.reserve import PayoutHeld, PayoutPaid, Reserve
from domain.stress_scenario import Scenario
from domain.working_days import WorkingDays

ONE_DAY = timedelta(days=1)
_BANK_OFF = "stress"


class Book(NamedTuple):
    """What is known tonight: the loans that are late or will be. What is on its way at the bank
    counts as if the bank had refused it."""

    today: date
    loans: Mapping[str, Loan]
    reserve: Reserve
    policies: Policies
    balance_fen: int


class Waits(NamedTuple):
    claim_id: str
    loan_id: str
    since: date  # The date that the policy orders by.
    amount_fen: int
    investors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    balance_before_fen: int
    balance_after_fen: int
    paid_fen: int
    recovered_fen: int
    short_on: date | None  # The first run that could not pay all it looked at.
    lasts_days: int | None  # Until then; None: to the end.
    claims: int  # Filed in the run, with those that waited before.
    waiting: tuple[Waits, ...]  # At the end, in the policy's order.
    by_investor: Mapping[str, int]  # What each waits for.

    @property
    def waiting_fen(self) -> int:
        return sum(each.amount_fen for each in self.waiting)


@dataclass(slots=True)
class _Run:
    book: Book
    scenario: Scenario
    calendar: WorkingDays
    loans: dict[str, Loan]
    reserve: Reserve
    balance_fen: int
    paid_fen: int = 0
    recovered_fen: int = 0
    coming_fen: dict[date, int] = field(default_factory=dict)
    claims: int = 0
    short_on: date | None = None

    def night(self, today: date) -> None:
        back_fen = self.coming_fen.pop(today, 0)
        self.recovered_fen += back_fen
        self.balance_fen += back_fen
        for loan_id, loan in list(self.loans.items()):
            self._live(loan_id, loan, today)
        self._pay_out(today)

    def _live(self, loan_id: str, loan: Loan, today: date) -> None:
        events = assessment.assess(loan, today, self.calendar)
        loan = _folded(loan, events)
        for event in events:
            if isinstance(event, e.ClaimFiled) and Provider.RESERVE in loan.policy.providers:
                self.claims += 1
                self.reserve = reserve.evolve(self.reserve, payouts.queued(loan, event, today))
        if today < self.scenario.stops_on.get(loan_id, date.max) and not loan.overdue:
            loan = _paid(loan, today)
            self._drop_paid(loan)
        self.loans[loan_id] = loan
        if loan.status not in IN_REPAYMENT:
            del self.loans[loan_id]

    def _drop_paid(self, loan: Loan) -> None:
        """Claims of which the borrower left nothing open."""
        for period in sorted(loan.filed):
            claim_id = assessment.claim_id(loan.known().loan_id, period)
            if claim_id in self.reserve.queue and not protection.protected_fen(loan, period):
                self.reserve = reserve.evolve(self.reserve, reserve.ClaimDropped(claim_id=claim_id))

    def _pay_out(self, today: date) -> None:
        terms = self.book.policies.latest(today)
        if terms is None:
            return
        claims = payouts.open_claims(self.reserve, terms, today, self.loans.__getitem__)
        asked_fen = sum(sum(investors.values()) for investors in claims.values())
        if asked_fen > self.balance_fen and self.short_on is None:
            self.short_on = today
        for event in payout_run.run(self.reserve, terms, today, self.balance_fen, claims):
            self.reserve = reserve.evolve(self.reserve, event)
            if isinstance(event, PayoutHeld):
                self._settle(event, today)

    def _settle(self, held: PayoutHeld, today: date) -> None:
        loan = self.loans[held.loan_id]
        claim = self.reserve.queue[held.claim_id]
        opened = reserve_advance.open_advance(loan, held.payout_id, claim.period, held.investors)
        loan = _folded(loan, (opened,))
        loan = _folded(loan, reserve_advance.finish_advance(loan, held.payout_id, paid=True))
        self.loans[held.loan_id] = loan
        paid = PayoutPaid(
            payout_id=held.payout_id,
            claim_id=held.claim_id,
            amount_fen=held.amount_fen,
            in_full=held.amount_fen == held.claim_fen,
        )
        self.reserve = reserve.evolve(self.reserve, paid)
        self.balance_fen -= held.amount_fen
        self.paid_fen += held.amount_fen
        self._expect(held.amount_fen, (today - claim.overdue_on).days, today)

    def _expect(self, paid_fen: int, days_late: int, today: date) -> None:
        """Rounded down, so that no more comes back than was paid."""
        for each in self.scenario.recoveries:
            if each.holds(days_late):
                numerator, denominator = each.percent.as_integer_ratio()
                on = today + timedelta(days=each.after_days)
                back_fen = paid_fen * numerator // (100 * denominator)
                self.coming_fen[on] = self.coming_fen.get(on, 0) + back_fen


def run(book: Book, scenario: Scenario, calendar: WorkingDays) -> Outcome:
    """Night after night from the day after the book's to `until`, that included."""
    state = _Run(
        book=book,
        scenario=scenario,
        calendar=calendar,
        loans={loan_id: _at_rest(loan) for loan_id, loan in sorted(book.loans.items())},
        reserve=_nothing_held(book.reserve),
        balance_fen=book.balance_fen,
        claims=len(book.reserve.queue),
    )
    today = book.today
    while today < scenario.until:
        today += ONE_DAY
        state.night(today)
    return _outcome(state, today)


def _outcome(state: _Run, today: date) -> Outcome:
    terms = state.book.policies.latest(today)
    order = terms.order if terms else PayoutOrder.AROSE
    waiting = []
    by_investor: dict[str, int] = {}
    for claim in state.reserve.queue.values():
        loan = state.loans[claim.loan_id]
        investor_of = {each.tender_id: each.investor_id for each in loan.claims}
        open_fen = protection.protected_fen(loan, claim.period)
        investors: dict[str, int] = {}
        for tender_id, fen in open_fen.items():
            investor = investor_of[tender_id]
            investors[investor] = investors.get(investor, 0) + fen
            by_investor[investor] = by_investor.get(investor, 0) + fen
        total_fen = sum(open_fen.values())
        waiting.append(Waits(claim.claim_id, claim.loan_id, claim.on(order), total_fen, investors))
    short_on = state.short_on
    return Outcome(
        balance_before_fen=state.book.balance_fen,
        balance_after_fen=state.balance_fen,
        paid_fen=state.paid_fen,
        recovered_fen=state.recovered_fen,
        short_on=short_on,
        lasts_days=None if short_on is None else (short_on - state.book.today).days,
        claims=state.claims,
        waiting=tuple(sorted(waiting, key=lambda each: (each.since, each.claim_id))),
        by_investor=dict(sorted(by_investor.items())),
    )


def _paid(loan: Loan, today: date) -> Loan:
    """The borrower pays, on its day, what is billed; money and bank are not looked at."""
    due_fen = repayment.due_fen(loan, today)
    if not due_fen:
        return loan
    payment_id = f"{_BANK_OFF}-{today}"
    accepted = repayment.accept(loan, payment_id, due_fen, in_full=False, effective_on=today)
    loan = _folded(loan, accepted)
    loan = _folded(loan, repayment.hold(loan, payment_id))
    loan = _folded(loan, repayment.route(loan))
    return _folded(loan, repayment.settle(loan, today))


def _at_rest(loan: Loan) -> Loan:
    """Nothing of it is on its way."""
    for payout_id in loan.advances:
        loan = _folded(loan, reserve_advance.finish_advance(loan, payout_id, paid=False))
    for advance_id in loan.guarantee.advancing:
        loan = _folded(loan, (guarantor_advance.finish(loan, advance_id, paid=False),))
    for reimbursement_id in loan.guarantee.reimbursing:
        loan = _folded(loan, (reimbursement.finish(loan, reimbursement_id, paid=False),))
    for assignment_id, offer in loan.offers.items():
        if offer.buyer_id:
            loan = _folded(loan, (claims.keep(loan, assignment_id),))
    for payment_id in loan.payments:
        loan = _folded(loan, repayment.fail(loan, payment_id, _BANK_OFF))
    return loan


def _nothing_held(state: Reserve) -> Reserve:
    for held in state.held.values():
        released = reserve.PayoutReleased(
            payout_id=held.payout_id,
            claim_id=held.claim_id,
            amount_fen=held.amount_fen,
            bank_code=_BANK_OFF,
        )
        state = reserve.evolve(state, released)
    return state


def _folded(loan: Loan, events: tuple[e.LoanEvent, ...]) -> Loan:
    for event in events:
        loan = loan_evolution.evolve(loan, event)
    return loan
