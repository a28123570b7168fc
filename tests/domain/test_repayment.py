"""Repayments, payoff, overdue, and the reserve's advances, over one loan's register."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import loan_events as e
from domain import repayment
from domain.allocation import AllocationOrder
from domain.loan import Loan, Status
from domain.model import InvariantBroken, Refused
from domain.money import Rounding
from domain.policy import Acceleration, Covers, PenaltyBase, Scope, SharingBasis, Subrogation
from domain.refusals import Code
from domain.schedule import Method
from domain.sharing import ShareMethod
from tests.exemplars import TODAY, a_policy, disbursed, folded, only

Events = tuple[e.LoanEvent, ...]
FIRST_DUE = date(2018, 2, 28)  # A month after 31 January.
SECOND_DUE = date(2018, 3, 31)


def assessed(loan: Loan, on: date) -> Loan:
    return folded(repayment.assess(loan, on), loan)


def held(loan: Loan, payment_id: str, fen: int, on: date, *, in_full: bool = False) -> Loan:
    accepted = repayment.accept(loan, payment_id, fen, in_full=in_full, effective_on=on)
    loan = folded(accepted, loan)
    return folded(repayment.hold(loan, payment_id), loan)


def paid(loan: Loan, fen: int, on: date, *, in_full: bool = False, payment_id: str = "p") -> Loan:
    """Accepted, frozen, routed and settled."""
    loan = held(loan, payment_id, fen, on, in_full=in_full)
    loan = folded(repayment.route(loan), loan)
    return folded(repayment.settle(loan, on), loan) if loan.routed else loan


def advanced(loan: Loan, period: int, investors: dict[str, int], payout_id: str = "1") -> Loan:
    loan = folded([repayment.open_advance(loan, payout_id, period, investors)], loan)
    return folded(repayment.finish_advance(loan, payout_id, paid=True), loan)


def refused(ask: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code


def kinds(events: Iterable[e.LoanEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


# -- the day end --------------------------------------------------------------------------

LATE = [
    (date(2018, 2, 27), []),
    (FIRST_DUE, ["InstalmentBilled"]),
    (date(2018, 3, 1), ["InstalmentBilled", "InstalmentOverdue"]),
    (date(2018, 3, 30), ["InstalmentBilled", "InstalmentOverdue"]),
    (
        date(2018, 3, 31),
        ["InstalmentBilled", "InstalmentBilled", "InstalmentOverdue", "ClaimFiled"],
    ),
]


@pytest.mark.parametrize(("on", "events"), LATE)
def test_assessment_by_day(on: date, events: list[str]) -> None:
    assert kinds(repayment.assess(disbursed(), on)) == events


def test_asked_again_on_the_same_day_it_says_nothing() -> None:
    for on, _ in LATE:
        assert repayment.assess(assessed(disbursed(), on), on) == ()


@pytest.mark.parametrize(
    ("changes", "late_days"),
    [
        ({"trigger_days": 30}, 31),
        ({"trigger_days": 30, "trigger_inclusive": True}, 30),
        ({"trigger_days": 0}, 1),
        ({"trigger_days": 0, "trigger_inclusive": True}, 1),
        ({"trigger_days": 15}, 16),
    ],
)
def test_rule_1_the_day_on_which_the_reserve_must_pay(
    changes: dict[str, Any], late_days: int
) -> None:
    loan = disbursed(policy=a_policy(**changes))
    day = FIRST_DUE + timedelta(days=late_days)
    assert "ClaimFiled" not in kinds(repayment.assess(loan, day - timedelta(days=1)))
    assert only(e.ClaimFiled, repayment.assess(loan, day)).claim_id == "L1.1"


@pytest.mark.parametrize(
    ("scope", "protected"),
    [
        (Scope.NONE, {}),
        (Scope.PRINCIPAL, {"t0": 473_09, "t1": 315_40}),
        (Scope.PRINCIPAL_AND_INTEREST, {"t0": 533_09, "t1": 355_40}),
    ],
)
def test_scope_says_what_a_claim_is(scope: Scope, protected: dict[str, int]) -> None:
    loan = disbursed(policy=a_policy(scope=scope))
    events = repayment.assess(loan, date(2018, 3, 31))
    assert ("ClaimFiled" in kinds(events)) == bool(protected)
    assert repayment.open_claim(folded(events, loan), 1) == protected


def test_what_is_paid_on_the_last_day_is_not_overdue() -> None:
    loan = assessed(disbursed(), FIRST_DUE)
    loan = paid(loan, 888_49, FIRST_DUE)
    assert repayment.assess(loan, date(2018, 3, 1)) == ()
    assert (loan.status, loan.billed) == (Status.REPAYING, {})


def test_a_late_loan_that_is_paid_up_is_repaying_again() -> None:
    loan = assessed(disbursed(), date(2018, 3, 5))
    assert loan.status is Status.OVERDUE
    loan = paid(loan, 888_49 + 2_22, date(2018, 3, 5))  # 888.49 x 0.05 % x 5 days.
    assert (loan.status, loan.billed, loan.overdue) == (Status.REPAYING, {}, frozenset())


# -- payments -----------------------------------------------------------------------------


def test_a_partial_payment_leaves_the_rest_open() -> None:
    loan = paid(assessed(disbursed(), FIRST_DUE), 100_00, FIRST_DUE)
    assert loan.billed[1].interest == (0, 0)
    assert loan.billed[1].base_fen == 788_49


def test_what_is_too_much_goes_back() -> None:
    loan = held(assessed(disbursed(), FIRST_DUE), "p", 900_00, FIRST_DUE)
    routed = only(e.RepaymentRouted, repayment.route(loan))
    assert (routed.left_fen, sum(part.total_fen for part in routed.parts)) == (11_51, 888_49)


def test_money_for_nothing_goes_back_whole() -> None:
    """Two payments of one instalment: the second finds nothing open."""
    loan = assessed(disbursed(), FIRST_DUE)
    for payment_id in ("a", "b"):
        loan = held(loan, payment_id, 888_49, FIRST_DUE)
    loan = folded(repayment.route(loan), loan)
    loan = folded(repayment.settle(loan, FIRST_DUE), loan)
    routed = only(e.RepaymentRouted, repayment.route(loan))
    assert (routed.payment_id, routed.entry_id, routed.left_fen) == ("b", None, 888_49)
    assert folded([routed], loan).payments == {}


def test_the_running_month_may_be_paid_before_its_day() -> None:
    loan = paid(disbursed(), 888_49, date(2018, 2, 1))
    assert (loan.next_period, loan.billed, loan.status) == (2, {}, Status.REPAYING)


def test_a_month_that_has_not_begun_is_not_due() -> None:
    loan = disbursed()
    assert refused(lambda: paid(loan, 1, TODAY)) == Code.NOTHING_DUE
    loan = paid(loan, 888_49, date(2018, 2, 1))
    assert refused(lambda: paid(loan, 1, FIRST_DUE)) == Code.NOTHING_DUE


def test_one_payment_at_a_time_in_the_order_of_acceptance() -> None:
    loan = assessed(disbursed(), FIRST_DUE)
    for payment_id in ("b", "a"):
        loan = held(loan, payment_id, 100_00, FIRST_DUE)
    routed = only(e.RepaymentRouted, repayment.route(loan))
    assert routed.payment_id == "b"
    assert repayment.route(folded([routed], loan)) == ()


def test_a_payment_that_the_bank_refused_frees_the_next() -> None:
    loan = assessed(disbursed(), FIRST_DUE)
    for payment_id in ("a", "b"):
        loan = held(loan, payment_id, 100_00, FIRST_DUE)
    loan = folded(repayment.route(loan), loan)
    loan = folded(repayment.fail(loan, "a", "E1"), loan)
    assert only(e.RepaymentRouted, repayment.route(loan)).payment_id == "b"
    assert loan.billed[1].base_fen == 888_49


def test_a_payment_after_the_last_fen_goes_back_and_bills_nothing() -> None:
    """Two payments of a loan that the first one ends, before its last row."""
    terms = a_policy(rounding=Rounding.UP)
    loan = disbursed((40,), policy=terms, periods=36, annual_rate="0")
    on = loan.rows[19].due_on
    loan = assessed(loan, on)
    for payment_id in ("a", "b"):
        loan = held(loan, payment_id, 1_000, on, in_full=payment_id == "b")
    loan = folded(repayment.route(loan), loan)
    loan = folded(repayment.settle(loan, on + timedelta(days=3)), loan)
    assert loan.status is Status.SETTLED
    events = repayment.route(loan)
    assert kinds(events) == ["RepaymentRouted"]
    assert only(e.RepaymentRouted, events).left_fen == 1_000


def test_a_payment_does_not_take_effect_before_the_loan() -> None:
    early = TODAY - timedelta(days=1)
    code = refused(lambda: held(disbursed(), "p", 99_999_99, early, in_full=True))
    assert code == Code.EFFECTIVE_DATE_BEFORE_LOAN


def test_refusals() -> None:
    loan = assessed(disbursed(), FIRST_DUE)
    taken = folded(repayment.accept(loan, "p", 1, in_full=False, effective_on=FIRST_DUE), loan)
    unknown = folded(())
    assert refused(lambda: held(taken, "p", 1, FIRST_DUE)) == Code.ID_TAKEN
    assert refused(lambda: held(unknown, "p", 1, FIRST_DUE)) == Code.LOAN_UNKNOWN
    assert refused(lambda: repayment.assess(unknown, FIRST_DUE)) == Code.LOAN_UNKNOWN
    settled = paid(loan, 99_999_99, FIRST_DUE, in_full=True)
    assert settled.status is Status.SETTLED
    assert refused(lambda: held(settled, "q", 1, FIRST_DUE)) == Code.LOAN_WRONG_STATE
    with pytest.raises(InvariantBroken):
        repayment.settle(loan, FIRST_DUE)


# -- paying off ---------------------------------------------------------------------------


def payoff_interest(method: Method, on: date, *, assess: bool) -> int:
    loan = disbursed((10_000_00,), method=method, annual_rate="12", periods=12)
    loan = assessed(loan, on) if assess else loan
    return repayment.payoff_fen(loan, on) - 10_000_00


@pytest.mark.parametrize(
    ("method", "on", "interest_fen"),
    [
        (Method.EQUAL_INSTALMENT, TODAY, 0),
        (Method.EQUAL_INSTALMENT, date(2018, 2, 1), 100_00),
        (Method.EQUAL_INSTALMENT, FIRST_DUE, 100_00),
        (Method.EQUAL_INSTALMENT, date(2018, 3, 1), 192_12 + 44),  # 888.49 x 0.05 %.
        (Method.INTEREST_FIRST, FIRST_DUE, 100_00),
        (Method.FLAT, FIRST_DUE, 100_00),
        # The interest of a bullet loan stands whole in its last row; what ran up is still owed.
        (Method.BULLET, TODAY, 0),
        (Method.BULLET, FIRST_DUE, 100_00),
        (Method.BULLET, date(2018, 3, 1), 200_00),
        (Method.BULLET, date(2018, 12, 31), 1_100_00),
        (Method.BULLET, date(2019, 1, 1), 1_200_00),
    ],
)
def test_who_pays_off_pays_for_the_months_begun(
    method: Method, on: date, interest_fen: int
) -> None:
    """The same before the day's assessment and after it."""
    assert payoff_interest(method, on, assess=True) == interest_fen
    if interest_fen <= 100_00:
        assert payoff_interest(method, on, assess=False) == interest_fen


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("on", [TODAY, date(2018, 2, 1), FIRST_DUE, date(2018, 4, 1)])
@pytest.mark.parametrize("amounts", [(6_000_00, 4_000_00), (1, 1, 7_00)])
def test_the_payoff_settles_the_loan_and_leaves_nothing(
    method: Method, on: date, amounts: tuple[int, ...]
) -> None:
    loan = assessed(disbursed(amounts, method=method), on)
    owed_fen = repayment.payoff_fen(loan, on)
    short = refused(lambda: held(loan, "p", owed_fen - 1, on, in_full=True))
    assert short == Code.AMOUNT_BELOW_PAYOFF
    loan = held(loan, "p", owed_fen, on, in_full=True)
    events = repayment.route(loan)
    assert only(e.RepaymentRouted, events).left_fen == 0
    loan = folded(events, loan)
    loan = folded(repayment.settle(loan, on), loan)
    assert (loan.status, sum(loan.unbilled), loan.billed) == (Status.SETTLED, 0, {})


def test_a_payoff_that_came_too_late_pays_what_is_due_and_bills_no_month_ahead() -> None:
    """Promised on 28 February, routed after the next instalment fell due."""
    loan = disbursed()
    owed_fen = repayment.payoff_fen(loan, FIRST_DUE)
    loan = held(loan, "p", owed_fen, FIRST_DUE, in_full=True)
    loan = assessed(loan, SECOND_DUE)
    routed = only(e.RepaymentRouted, events := repayment.route(loan))
    assert kinds(events) == ["RepaymentRouted"]
    assert routed.left_fen == owed_fen - 2 * 888_49


@pytest.mark.parametrize("meanwhile", [date(2018, 2, 10), date(2018, 3, 5)])
def test_a_payoff_that_the_bank_refused_leaves_the_schedule_as_it_was(meanwhile: date) -> None:
    on = date(2018, 2, 10)
    before = disbursed()
    owed_fen = repayment.payoff_fen(before, on)
    loan = held(before, "p", owed_fen, on, in_full=True)
    loan = folded(repayment.route(loan), loan)
    assert loan.billed[1].base_fen == owed_fen
    loan = assessed(loan, meanwhile)
    loan = folded(repayment.fail(loan, "p", "E1"), loan)
    assert loan == replace(before, payments={})
    loan = assessed(loan, date(2018, 3, 5))
    assert (loan.status, loan.billed[1].base_fen) == (Status.OVERDUE, 888_49)
    paid_off = paid(loan, 99_999_99, date(2018, 3, 5), in_full=True, payment_id="q")
    assert paid_off.status is Status.SETTLED


def test_a_loan_ends_with_its_last_fen_and_not_with_its_last_row() -> None:
    """An annuity rounded up may clear early: the rows of zero that follow are not waited for."""
    terms = a_policy(rounding=Rounding.UP)
    loan = disbursed((40,), policy=terms, periods=36, annual_rate="0")
    rows = [row.principal_fen for row in loan.rows]
    assert rows == [2] * 20 + [0] * 16
    loan = assessed(loan, loan.rows[19].due_on)
    loan = paid(loan, 1_000, loan.rows[19].due_on)
    assert loan.status is Status.SETTLED


def test_flat_interest_runs_on_after_the_principal_cleared_early() -> None:
    terms = a_policy(rounding=Rounding.UP)
    loan = disbursed((30, 10), policy=terms, method=Method.FLAT, periods=36, annual_rate="36")
    assert [row.principal_fen for row in loan.rows] == [2] * 20 + [0] * 16
    loan = assessed(loan, loan.rows[-1].due_on)
    assert sum(sum(billed.interest) for billed in loan.billed.values()) == 36


# -- the reserve's advances ---------------------------------------------------------------

FILED = assessed(disbursed(), date(2018, 3, 31))
WHOLE = {"t0": 533_09, "t1": 355_40}


def test_an_advance_pays_interest_first_and_moves_the_claim() -> None:
    loan = advanced(FILED, 1, {"t0": 100_00})
    billed = loan.billed[1]
    assert (billed.principal, billed.interest) == ((433_09, 315_40), (0, 40_00))
    assert (billed.reserve_principal_fen, billed.reserve_interest_fen) == (40_00, 60_00)
    assert repayment.open_claim(loan, 1) == {"t0": 433_09, "t1": 355_40}


def test_an_advance_that_was_released_changes_nothing() -> None:
    loan = folded([repayment.open_advance(FILED, "1", 1, WHOLE)], FILED)
    assert folded(repayment.finish_advance(loan, "1", paid=False), loan) == FILED


def test_more_than_the_open_claim_is_a_bug() -> None:
    with pytest.raises(InvariantBroken):
        repayment.open_advance(FILED, "1", 1, {"t0": 533_10})


def test_no_payout_is_planned_while_a_payment_is_held() -> None:
    assert repayment.open_claim(FILED, 1) == WHOLE
    assert repayment.open_claim(held(FILED, "p", 1_00, date(2018, 3, 31)), 1) == {}


def test_no_payment_is_routed_while_a_payout_is_on_its_way() -> None:
    """... and then goes to whoever holds the claim: never twice to the investor."""
    day = date(2018, 3, 31)
    loan = folded([repayment.open_advance(FILED, "1", 1, WHOLE)], FILED)
    loan = held(loan, "p", 500_00, day)
    assert repayment.route(loan) == ()
    assert repayment.open_claim(loan, 1) == {}
    to_reserve = folded(repayment.finish_advance(loan, "1", paid=True), loan)
    [first, second] = only(e.RepaymentRouted, repayment.route(to_reserve)).parts
    # Of instalment 1 all is the reserve's; category-first pays the interest of 2 before.
    assert (first.reserve_fen, sum(first.principal) + sum(first.interest)) == (first.total_fen, 0)
    assert second.reserve_fen == 0
    to_investors = folded(repayment.finish_advance(loan, "1", paid=False), loan)
    [first, second] = only(e.RepaymentRouted, repayment.route(to_investors)).parts
    assert first.reserve_fen == second.reserve_fen == 0


# -- a whole life -------------------------------------------------------------------------

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
        claim = repayment.open_claim(loan, period)
        investors = {tender_id: min(fen, open_fen) for tender_id, open_fen in claim.items()}
        if investors:
            opened = repayment.open_advance(loan, f"{number}", period, investors)
            loan = folded([opened], loan)
            if settle:
                purse.advance(opened)
            return folded(repayment.finish_advance(loan, f"{number}", paid=settle), loan)
    return loan


@settings(deadline=None, derandomize=True, max_examples=150)
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
        events = repayment.assess(loan, day)
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


@settings(deadline=None, derandomize=True, max_examples=60)
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
        events = repayment.assess(loan, row.due_on)
        purse.note(events)
        loan = folded(events, loan)
        if fen := row.principal_fen + row.interest_fen:
            loan = pay(loan, purse, fen, row.due_on, in_full=False, number=row.period)
    assert loan.status is Status.SETTLED
    assert purse.principal == amounts
    assert purse.interest_fen == sum(row.interest_fen for row in rows)
