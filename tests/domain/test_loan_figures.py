"""Which event changed which figure of a loan, reckoned on one day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from domain import assessment, funding, guarantor_advance, repayment, reserve_advance
from domain.loan import Loan
from domain.loan_events import LoanEvent
from domain.loan_figures import Change, Figure, changes, figures
from domain.loan_guarantee import LoanGuaranteed
from domain.schedule import Method
from tests.exemplars import TODAY, a_policy, filled, folded

DUE = date(2018, 2, 28)
Step = Callable[[Loan], tuple[LoanEvent, ...]]


class Story:
    """A loan of 100.00 without interest, due whole on 28 February; 1 % a day of penalty."""

    def __init__(self) -> None:
        terms = a_policy(penalty_bands="1-:1")
        lent = {"t0": ("lucy", 60_00), "t1": ("max", 40_00)}
        self.events: list[LoanEvent] = filled(
            lent, periods=1, method=Method.BULLET, annual_rate="0"
        )
        self.loan = folded(self.events)
        self.take(lambda loan: funding.conclude(loan, "0" * 64, terms))
        self.take(funding.disburse)
        self.take(lambda loan: funding.finish_disbursement(loan, TODAY))

    def take(self, step: Step) -> None:
        events = step(self.loan)
        self.events += events
        self.loan = folded(events, self.loan)

    def assess(self, on: date) -> None:
        self.take(lambda loan: assessment.assess(loan, on))

    def pay(self, payment_id: str, fen: int, on: date) -> None:
        self.take(
            lambda loan: repayment.accept(loan, payment_id, fen, in_full=False, effective_on=on)
        )
        self.take(lambda loan: repayment.hold(loan, payment_id))
        self.take(repayment.route)
        self.take(lambda loan: repayment.settle(loan, on))

    def told(self, on: date) -> list[tuple[str, Figure, int, int]]:
        return [
            (type(self.events[each.place]).__name__, *each[2:]) for each in changes(self.events, on)
        ]


def test_each_figure_names_the_event_that_made_it() -> None:
    story = Story()
    story.assess(date(2018, 3, 1))
    assert story.told(date(2018, 3, 10)) == [
        ("LoanDisbursed", Figure.NOT_DUE, 0, 100_00),
        ("InstalmentBilled", Figure.NOT_DUE, 100_00, 0),
        ("InstalmentBilled", Figure.PRINCIPAL, 0, 100_00),
        ("InstalmentBilled", Figure.PENALTY, 0, 10_00),
    ]


def test_a_backdated_payment_shows_what_penalty_it_took_off() -> None:
    """50.00 came on 28 February and are known on 10 March: half of ten days' penalty goes."""
    story = Story()
    story.assess(date(2018, 3, 10))
    story.pay("p", 50_00, DUE)
    assert story.told(date(2018, 3, 10))[4:] == [
        ("RepaymentSettled", Figure.PRINCIPAL, 100_00, 50_00),
        ("RepaymentSettled", Figure.PENALTY, 10_00, 5_00),
    ]
    late = Story()
    late.assess(date(2018, 3, 10))
    late.pay("p", 50_00, date(2018, 3, 10))
    assert late.told(date(2018, 3, 10))[4:] == [
        ("RepaymentSettled", Figure.PRINCIPAL, 100_00, 60_00),
        ("RepaymentSettled", Figure.PENALTY, 10_00, 0),
    ]


def test_who_paid_in_the_borrowers_place_is_owed_by_him() -> None:
    story = Story()
    story.assess(date(2018, 3, 31))
    story.take(lambda loan: (reserve_advance.open_advance(loan, "1", 1, {"t0": 60_00}),))
    story.take(lambda loan: reserve_advance.finish_advance(loan, "1", paid=True))
    assert changes(story.events, DUE)[-1] == Change(
        len(story.events) - 1, 1, Figure.TO_RESERVE, 0, 60_00
    )


def test_what_a_guarantor_advanced_is_owed_to_him() -> None:
    story = Story()
    story.take(lambda _: (LoanGuaranteed(loan_id="L1", guarantor_id="gus"),))
    story.assess(date(2018, 3, 31))
    story.take(lambda loan: (guarantor_advance.confirm(loan, 1, "ann", date(2018, 3, 31)),))
    story.take(lambda loan: (guarantor_advance.open_advance(loan, "a1", "gus", 1),))
    story.take(lambda loan: (guarantor_advance.finish(loan, "a1", paid=True),))
    assert story.told(DUE)[-1] == (
        "GuaranteeAdvancePaid",
        *(Figure.TO_GUARANTORS, 0, 100_00),
    )


def test_court_costs_are_owed_and_paid_first() -> None:
    story = Story()
    on = date(2018, 3, 1)
    story.assess(on)
    story.take(lambda loan: repayment.award_costs(loan, "W1", 3_00))
    story.pay("p", 2_00, on)
    assert story.told(on)[-2:] == [
        ("CourtCostsAwarded", Figure.OTHER_FEE, 0, 3_00),
        ("RepaymentSettled", Figure.OTHER_FEE, 3_00, 1_00),
    ]


@given(st.lists(st.integers(1, 40_00), max_size=4), st.integers(0, 60))
def test_the_changes_add_up_to_what_is_owed(payments: list[int], days: int) -> None:
    story = Story()
    on = date.fromordinal(DUE.toordinal() + days)
    story.assess(on)
    for number, fen in enumerate(payments):
        if story.loan.billed:
            story.pay(f"p{number}", fen, on)
    sums: dict[tuple[int, Figure], int] = {}
    for each in changes(story.events, on):
        key = each.period, each.figure
        assert each.before_fen == sums.get(key, 0)
        sums[key] = each.after_fen
    assert {key: fen for key, fen in sums.items() if fen} == figures(story.loan, on)
