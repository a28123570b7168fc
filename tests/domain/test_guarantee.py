"""What a guarantor stands for, is obliged to, and may advance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain import assessment, protection, repayment, reserve_advance
from domain import guarantee as g
from domain import guarantor_advance as advances
from domain import loan_events as e
from domain.loan import Loan
from domain.loan_guarantee import LoanGuaranteed, OverdueConfirmed
from domain.model import InvariantBroken, Refused
from domain.policy import Covers, PolicyTerms, Provider, Scope, Stage
from domain.recourse import Recourse
from domain.refusals import Code
from domain.schedule import Method
from domain.working_days import WorkingDays
from tests.exemplars import TODAY, a_policy, disbursed, folded, loan_requested, only

DUE = date(2018, 2, 28)
LATE = date(2018, 3, 1)  # A Thursday.
JEWEL: dict[str, Any] = {
    "providers": (Provider.GUARANTOR, Provider.RESERVE),
    "trigger_days": 0,
    "penalty_bands": "1-:0",
}
CALENDAR = WorkingDays("2018", {2018}, {date(2018, 3, 6)}, {date(2018, 3, 4)})
NAMED = LoanGuaranteed(loan_id="L1", guarantor_id="gus")


def lent(*, guaranteed: bool = True, **policy: Any) -> Loan:
    """600.00 and 400.00 for a month, and 10.00 of interest."""
    terms = a_policy(**JEWEL | policy)
    loan = disbursed((600_00, 400_00), policy=terms, periods=1, method=Method.BULLET)
    return folded([NAMED], loan) if guaranteed else loan


def late(**policy: Any) -> Loan:
    loan = lent(**policy)
    return folded(assessment.assess(loan, LATE), loan)


def asked(loan: Loan, advance_id: str = "a1") -> Loan:
    return folded([advances.open_advance(loan, advance_id, "gus", 1)], loan)


def made(loan: Loan) -> Loan:
    loan = asked(loan)
    return folded([advances.finish(loan, "a1", paid=True)], loan)


def held(loan: Loan, fen: int) -> Loan:
    accepted = repayment.accept(loan, "p1", fen, in_full=False, effective_on=LATE)
    loan = folded(accepted, loan)
    loan = folded(repayment.hold(loan, "p1"), loan)
    return folded(repayment.route(loan), loan)


def refused(ask: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code


# -- who guarantees what --------------------------------------------------------------------


def test_a_rest_whose_payoff_is_at_the_bank_is_not_confirmed() -> None:
    """Where the bank refuses the payoff, nobody owes the rest early, nor what was asked for it."""
    policy = a_policy(**JEWEL, early_compensation="3")
    loan = disbursed((600_00,), policy=policy, periods=3, method=Method.EQUAL_PRINCIPAL)
    loan = folded([NAMED], loan)
    accepted = repayment.accept(loan, "p1", 900_00, in_full=True, effective_on=DUE)
    loan = folded([*accepted, *repayment.hold(folded(accepted, loan), "p1")], loan)
    loan = folded(repayment.route(loan), loan)
    loan = folded(assessment.assess(loan, LATE), loan)
    assert loan.overdue == {1}
    assert refused(lambda: advances.confirm(loan, 1, "ann", LATE)) == Code.LINES_MOVING
    loan = folded(repayment.fail(loan, "p1", "E1"), loan)
    loan = folded(assessment.assess(loan, LATE), loan)
    assert loan.billed[1].base_fen == 200_00 + 6_00
    assert loan.guarantee.confirmed == {1}


def test_a_loan_names_its_guarantor_before_it_is_published_and_never_its_borrower() -> None:
    requested = folded([loan_requested()])
    assert advances.guarantee(requested, NAMED, TODAY) == NAMED
    own = LoanGuaranteed(loan_id="L1", guarantor_id="bob")
    assert refused(lambda: advances.guarantee(requested, own, TODAY)) == Code.SELF_GUARANTEE
    named = folded([NAMED], requested)
    assert refused(lambda: advances.guarantee(named, NAMED, TODAY)) == Code.LOAN_GUARANTEED
    assert refused(lambda: advances.guarantee(lent(), NAMED, TODAY)) == Code.LOAN_WRONG_STATE


def appointed(limit_fen: int, *given_fen: int) -> g.Guarantor:
    state = g.evolve(
        g.INITIAL, g.GuarantorAppointed(guarantor_id="gus", limit_fen=limit_fen, approved_by="ann")
    )
    for number, fen in enumerate(given_fen):
        state = g.evolve(state, g.give(state, "gus", f"L{number}", fen))
    return state


def test_all_it_stands_for_is_within_its_limit() -> None:
    state = appointed(1_000, 400, 600)
    assert state.exposure_fen == 1_000
    assert refused(lambda: g.give(state, "gus", "L9", 1)) == Code.GUARANTEE_ABOVE_LIMIT
    nobody = refused(lambda: g.give(g.INITIAL, "gus", "L9", 1))
    assert nobody == Code.GUARANTOR_NOT_APPOINTED
    repaid = g.LoanRepaid(
        guarantor_id="gus", loan_id="L0", payment_id="p1", principal_fen=1, recovered_fen=0
    )
    assert g.give(g.evolve(state, repaid), "gus", "L9", 1).exposure_fen == 1_000
    lower = g.GuarantorAppointed(guarantor_id="gus", limit_fen=1, approved_by="ann")
    assert g.evolve(state, lower).exposure_fen == 1_000
    with pytest.raises(InvariantBroken, match="below zero"):
        g.evolve(g.INITIAL, repaid)


# -- who must pay, and from when on ---------------------------------------------------------


@pytest.mark.parametrize(
    ("guaranteed", "providers", "called"),
    [
        (True, (Provider.GUARANTOR, Provider.RESERVE), "OverdueConfirmed"),
        (False, (Provider.GUARANTOR, Provider.RESERVE), "ClaimFiled"),
        (True, (Provider.RESERVE, Provider.GUARANTOR), "ClaimFiled"),
        (False, (Provider.GUARANTOR,), None),
        (True, (Provider.PLATFORM, Provider.GUARANTOR), "ClaimFiled"),
        (True, (Provider.THIRD_PARTY,), "ClaimFiled"),
    ],
)
def test_the_first_who_must_pay_is_called_on_once(
    guaranteed: bool, providers: tuple[Provider, ...], called: str | None
) -> None:
    loan = lent(guaranteed=guaranteed, providers=providers)
    events = assessment.assess(loan, LATE)
    rest = [type(each).__name__ for each in events[2:]]  # After billed and overdue.
    assert rest == ([called] if called else [])
    assert assessment.assess(folded(events, loan), LATE + timedelta(days=1)) == ()


@pytest.mark.parametrize(
    ("providers", "after"),
    [
        ((Provider.GUARANTOR, Provider.RESERVE), Provider.RESERVE),
        ((Provider.GUARANTOR, Provider.PLATFORM, Provider.RESERVE), Provider.PLATFORM),
        ((Provider.GUARANTOR,), None),
        ((Provider.RESERVE, Provider.GUARANTOR), None),
        ((Provider.RESERVE,), Provider.RESERVE),  # A person confirmed it: he is in no order.
    ],
)
def test_who_must_pay_after_the_guarantor(
    providers: tuple[Provider, ...], after: Provider | None
) -> None:
    assert assessment.payer_after(lent(providers=providers), Provider.GUARANTOR) is after


def test_the_trigger_says_from_which_day_on() -> None:
    loan = lent(trigger_days=3)
    day = DUE + timedelta(days=4)
    before = folded(assessment.assess(loan, day - timedelta(days=1)), loan)
    assert before.guarantee.confirmed == frozenset()
    assert only(OverdueConfirmed, assessment.assess(before, day)).confirmed_on == day


def oblige(confirmed_on: date, terms: PolicyTerms) -> g.ObligationOpened:
    confirmed = OverdueConfirmed(loan_id="L1", period=1, confirmed_on=confirmed_on)
    return g.oblige("gus", confirmed, "L1.1", 1_010_00, terms, CALENDAR)


@pytest.mark.parametrize(
    ("days", "deadline"), [(0, 1), (1, 2), (2, 4), (3, 5), (4, 7), (5, 8)], ids=str
)
def test_the_deadline_is_so_many_working_days_on(days: int, deadline: int) -> None:
    """The 6th is a holiday, and Sunday the 4th makes up for it."""
    opened = oblige(LATE, a_policy(advance_working_days=days))
    assert (opened.deadline, opened.working_days) == (date(2018, 3, deadline), days)
    assert opened.calendar == "2018"


def test_what_is_not_announced_is_not_guessed() -> None:
    code = refused(lambda: oblige(date(2018, 12, 31), a_policy()))
    assert code == Code.CALENDAR_UNKNOWN


def test_past_its_deadline_unless_an_advance_is_on_its_way_or_it_was_said() -> None:
    opened = oblige(LATE, a_policy())
    state = g.evolve(appointed(10**6), opened)
    tomorrow = opened.deadline + timedelta(days=1)
    assert state.overdue(opened.deadline) == []
    assert state.overdue(tomorrow) == [opened]
    names = {"guarantor_id": "gus", "advance_id": "a1", "claim_id": "L1.1"}
    on_its_way = g.evolve(state, g.AdvanceRequested(amount_fen=1_010_00, **names))
    assert on_its_way.overdue(tomorrow) == []
    failed = g.evolve(on_its_way, g.AdvanceFailed(bank_code="E1", **names))
    assert failed.overdue(tomorrow) == [opened]
    breached = g.ObligationBreached(
        guarantor_id="gus",
        claim_id="L1.1",
        loan_id="L1",
        period=1,
        amount_fen=1_010_00,
        deadline=opened.deadline,
        next_payer=None,
    )
    said = g.evolve(failed, breached)
    assert (said.overdue(tomorrow), list(said.obligations)) == ([], ["L1.1"])
    assert g.evolve(said, g.AdvanceMade(amount_fen=1_010_00, **names)).obligations == {}


# -- confirmed by a person ------------------------------------------------------------------


def test_a_person_confirms_what_is_overdue_guaranteed_and_open_once() -> None:
    loan = late(trigger_days=30)
    confirmed = advances.confirm(loan, 1, "ann", LATE)
    assert (confirmed.confirmed_by, confirmed.confirmed_on) == ("ann", LATE)
    again = folded([confirmed], loan)
    assert refused(lambda: advances.confirm(again, 1, "ann", LATE)) == Code.OVERDUE_CONFIRMED
    assert refused(lambda: advances.confirm(loan, 2, "ann", LATE)) == Code.INSTALMENT_NOT_OVERDUE
    assert refused(lambda: advances.confirm(lent(), 1, "ann", DUE)) == Code.INSTALMENT_NOT_OVERDUE
    alone = lent(guaranteed=False)
    assert refused(lambda: advances.confirm(alone, 1, "ann", LATE)) == Code.LOAN_NOT_GUARANTEED
    nothing = late(scope=Scope.NONE)
    assert refused(lambda: advances.confirm(nothing, 1, "ann", LATE)) == Code.NOTHING_TO_ADVANCE


@pytest.mark.parametrize(
    ("policy", "covers", "fen"),
    [
        ({}, Covers.INSTALMENT, 1_010_00),
        ({"covers": Covers.REMAINING}, Covers.REMAINING, 1_010_00),
        ({"covers": Covers.PRINCIPAL}, Covers.PRINCIPAL, 1_000_00),  # No interest is promised.
        (
            {"stages": (Stage(days=15), Stage(days=90, covers=Covers.PRINCIPAL))},
            Covers.INSTALMENT,
            1_010_00,
        ),
    ],
)
def test_who_confirms_before_the_day_promises_no_more_than_the_first_stage_will(
    policy: dict[str, Any], covers: Covers, fen: int
) -> None:
    loan = late(**{"trigger_days": 30} | policy)
    confirmed = advances.confirm(loan, 1, "ann", LATE)
    assert confirmed.covers is covers
    assert sum(protection.protected_fen(folded([confirmed], loan), 1).values()) == fen


# -- advances -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "interest"),
    [(Scope.PRINCIPAL, (0, 0)), (Scope.PRINCIPAL_AND_INTEREST, (6_00, 4_00))],
)
def test_an_advance_pays_all_that_is_protected_and_open(
    scope: Scope, interest: tuple[int, int]
) -> None:
    opened = advances.open_advance(late(scope=scope), "a1", "gus", 1)
    assert (opened.principal, opened.interest) == ((600_00, 400_00), interest)
    assert advances.amount_fen(opened) == 1_000_00 + sum(interest)


@pytest.mark.parametrize(
    ("loan", "code"),
    [
        (lambda: late(trigger_days=30), Code.OBLIGATION_UNKNOWN),
        (lambda: asked(late()), Code.ADVANCE_UNDER_WAY),
        (lambda: made(late()), Code.ADVANCE_MADE),
        (lambda: held(late(), 10_00), Code.LINES_MOVING),
        (lambda: held(made(late()), 10_00), Code.ADVANCE_MADE),
        (lambda: paid_by_reserve(late()), Code.NOTHING_TO_ADVANCE),
    ],
    ids=["not confirmed", "twice", "made", "borrower pays", "made, and he pays", "reserve paid"],
)
def test_never_double(loan: Callable[[], Loan], code: Code) -> None:
    assert refused(lambda: advances.open_advance(loan(), "a2", "gus", 1)) == code
    other = refused(lambda: advances.open_advance(loan(), "a2", "ned", 1))
    assert other == Code.NOT_GUARANTOR


def paid_by_reserve(loan: Loan) -> Loan:
    opened = reserve_advance.open_advance(loan, "1", 1, reserve_advance.open_claim(loan, 1))
    loan = folded([opened], loan)
    code = refused(lambda: advances.open_advance(loan, "a2", "gus", 1))
    assert code == Code.LINES_MOVING  # While it is on its way.
    return folded(reserve_advance.finish_advance(loan, "1", paid=True), loan)


def test_while_an_advance_is_on_its_way_nothing_else_pays_its_lines() -> None:
    loan = asked(late())
    assert reserve_advance.open_claim(loan, 1) == {}
    assert held(loan, 10_00).routed is None
    released = folded([advances.finish(loan, "a1", paid=False)], loan)
    assert reserve_advance.open_claim(released, 1) == {"t0": 606_00, "t1": 404_00}


def test_what_he_advanced_is_his_and_comes_back_to_him() -> None:
    loan = made(late())
    billed = loan.billed[1]
    assert (billed.investors_fen, billed.guarantor_fen) == (0, 1_010_00)
    routed = held(loan, 1_500_00).routed
    assert routed is not None
    assert routed.recourse == (Recourse(1, 1_000_00, 10_00, 0, "gus"),)
    assert routed.left_fen == 490_00
    settled, *ended = repayment.settle(held(loan, 1_500_00), LATE)
    assert settled.principal_fen == 1_000_00
    assert [type(each) for each in ended] == [e.LoanSettled]


def test_what_was_billed_for_a_payment_that_failed_stays_where_the_guarantor_is_obliged() -> None:
    """It was paid off early; on the day on which the bank refuses that, it is late already. A
    person could confirm it then."""
    loan = lent()
    early = TODAY + timedelta(days=20)
    accepted = repayment.accept(loan, "p1", 1_010_00, in_full=True, effective_on=early)
    loan = folded(accepted, loan)
    loan = folded(repayment.hold(loan, "p1"), loan)
    loan = folded(repayment.route(loan), loan)
    loan = folded(assessment.assess(loan, LATE), loan)
    assert loan.guarantee.confirmed == set()  # The day end waits for the bank's word.
    undone, _ = repayment.fail(loan, "p1", "E1")
    assert isinstance(undone, e.EarlyBillingUndone)
    confirmed = OverdueConfirmed(loan_id="L1", period=1, confirmed_on=LATE, confirmed_by="ann")
    loan = folded([confirmed], loan)
    assert [type(each).__name__ for each in repayment.fail(loan, "p1", "E1")] == ["RepaymentFailed"]
