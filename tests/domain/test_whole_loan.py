"""Loans lived to their end in any way: whatever moved adds up to what was lent and owed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import assessment, repayment, reserve_advance
from domain import loan_events as e
from domain.allocation import AllocationOrder
from domain.loan import Loan, Status
from domain.model import Refused
from domain.money import Rounding
from domain.policy import Acceleration, Covers, PenaltyBase, Scope, SharingBasis, Subrogation
from domain.refusals import Code
from domain.schedule import Method
from domain.sharing import ShareMethod
from tests.domain.repaying import held
from tests.exemplars import TODAY, a_policy, disbursed, folded, only

tenders = st.lists(st.integers(1, 9_999) | st.just(1), min_size=1, max_size=6)
steps = st.lists(
    st.tuples(
        st.integers(0, 45),  # days
        st.sampled_from(("pay", "pay", "advance", "release", "payoff")),
        st.integers(1, 8_000),
    ),
    max_size=14,
)
policies = st.builds(
    a_policy,
    allocation=st.sampled_from(AllocationOrder),
    subrogation=st.sampled_from(Subrogation),
    sharing=st.sampled_from(ShareMethod),
    scope=st.sampled_from((Scope.PRINCIPAL, Scope.PRINCIPAL_AND_INTEREST)),
    rounding=st.sampled_from((Rounding.HALF_UP, Rounding.UP)),
    overdue_fee_bands=st.sampled_from(("1-:0", "1-:0.1")),
    sharing_basis=st.sampled_from(SharingBasis),
    covers=st.sampled_from(Covers),
    grace_days=st.sampled_from((0, 5)),
    interest_runs_on=st.sampled_from((None, 360)),
    penalty_base=st.sampled_from(PenaltyBase),
    acceleration=st.sampled_from((None, Acceleration(over_days=40), Acceleration(in_all=2))),
    early_compensation=st.sampled_from(("0", "5")),
)


class Purse:
    """Whatever moved, counted beside the register."""

    def __init__(self, claims: int) -> None:
        self.principal = [0] * claims
        self.interest_fen = self.advanced_fen = self.recovered_fen = 0
        self.billed_interest_fen = 0

    def note(self, events: Iterable[e.LoanEvent]) -> None:
        for event in events:
            if isinstance(event, e.InstalmentBilled):
                self.billed_interest_fen += sum(event.interest)

    def receive(self, routed: e.RepaymentRouted) -> None:
        for part in routed.parts:
            for place, fen in enumerate(part.principal):
                self.principal[place] += fen
            self.interest_fen += sum(part.interest)
            self.recovered_fen += part.reserve_principal_fen + part.reserve_interest_fen

    def advance(self, opened: e.AdvanceOpened) -> None:
        for place, fen in enumerate(opened.principal):
            self.principal[place] += fen
        self.interest_fen += sum(opened.interest)
        self.advanced_fen += sum(opened.principal) + sum(opened.interest)


def pay(loan: Loan, purse: Purse, fen: int, on: date, *, in_full: bool, number: int) -> Loan:
    try:
        loan = held(loan, f"p{number}", fen, on, in_full=in_full)
    except Refused as refusal:
        if refusal.code not in {Code.NOTHING_DUE, Code.AMOUNT_BELOW_PAYOFF}:
            raise
        return loan
    events = repayment.route(loan)
    purse.note(events)
    routed = only(e.RepaymentRouted, events)
    assert sum(part.total_fen for part in routed.parts) + routed.left_fen == fen
    loan = folded(events, loan)
    if routed.entry_id is None:
        return loan
    purse.receive(routed)
    return folded(repayment.settle(loan, on), loan)


def advance(loan: Loan, purse: Purse, fen: int, number: int, *, settle: bool) -> Loan:
    for period in sorted(loan.filed & loan.billed.keys()):
        claim = reserve_advance.open_claim(loan, period)
        investors = {tender_id: min(fen, open_fen) for tender_id, open_fen in claim.items()}
        if investors:
            opened = reserve_advance.open_advance(loan, f"{number}", period, investors)
            loan = folded([opened], loan)
            if settle:
                purse.advance(opened)
            return folded(reserve_advance.finish_advance(loan, f"{number}", paid=settle), loan)
    return loan


@settings(derandomize=True, max_examples=150)
@given(
    tenders,
    st.sampled_from(Method),
    st.integers(1, 7),
    st.sampled_from(("0", "12", "35.9")),
    policies,
    steps,
)
def test_a_loan_lived_to_its_end_owes_nobody_anything(
    amounts: list[int],
    method: Method,
    periods: int,
    rate: str,
    terms: Any,
    story: list[tuple[int, str, int]],
) -> None:
    loan = disbursed(amounts, policy=terms, method=method, periods=periods, annual_rate=rate)
    purse, day = Purse(len(amounts)), TODAY
    for number, (days, what, fen) in enumerate([*story, (400, "payoff", 10**9)]):
        day += timedelta(days=days)
        if loan.status is Status.SETTLED:
            break
        events = assessment.assess(loan, day)
        purse.note(events)
        loan = folded(events, loan)
        if loan.status is Status.SETTLED:
            break
        if what in {"advance", "release"}:
            loan = advance(loan, purse, fen, number, settle=what == "advance")
        else:
            loan = pay(loan, purse, fen, day, in_full=what == "payoff", number=number)
    assert loan.status is Status.SETTLED
    assert purse.principal == amounts
    assert purse.advanced_fen == purse.recovered_fen
    assert purse.interest_fen == purse.billed_interest_fen
    assert not loan.payments
    assert not loan.advances


@settings(derandomize=True, max_examples=60)
@given(tenders, st.sampled_from(Method), st.integers(1, 7), policies)
def test_who_pays_on_the_day_pays_the_schedule_to_the_fen(
    amounts: list[int], method: Method, periods: int, terms: Any
) -> None:
    loan = disbursed(amounts, policy=terms, method=method, periods=periods)
    rows = loan.rows
    purse = Purse(len(amounts))
    for row in rows:
        if loan.status is Status.SETTLED:
            break
        events = assessment.assess(loan, row.due_on)
        purse.note(events)
        loan = folded(events, loan)
        if fen := row.principal_fen + row.interest_fen:
            loan = pay(loan, purse, fen, row.due_on, in_full=False, number=row.period)
    assert loan.status is Status.SETTLED
    assert purse.principal == amounts
    assert purse.interest_fen == sum(row.interest_fen for row in rows)
