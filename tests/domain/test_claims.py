"""Claims that change hands: what goes with them, to the fen, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import assessment, claims, guarantor_advance, repayment, reserve_advance
from domain.loan import Loan, Status
from domain.loan_guarantee import LoanGuaranteed
from domain.model import Refused
from domain.money import Rounding
from domain.policy import Provider
from domain.refusals import Code
from domain.register import Claim
from domain.schedule import Method
from domain.sharing import largest_remainder
from tests.exemplars import TODAY, a_policy, disbursed, folded

FIRST_DUE = date(2018, 2, 28)  # A month after 31 January: 28 days.


def offered(
    loan: Loan, principal_fen: int, claim_id: str = "t0", name: str = "S1", on: date = TODAY
) -> Loan:
    seller_id = loan.claims[loan.place_of(claim_id)].investor_id
    return folded([claims.offer(loan, name, claim_id, seller_id, principal_fen, on)], loan)


def sold(loan: Loan, buyer_id: str = "i9", name: str = "S1", on: date = TODAY) -> Loan:
    return folded([claims.sell(loan, name, buyer_id, None, on)], loan)


def assigned(loan: Loan, name: str = "S1", on: date = TODAY) -> Loan:
    buyer_id = loan.offers[name].buyer_id
    assert buyer_id is not None
    return folded([claims.assign(loan, name, buyer_id, on)], loan)


def passed_on(
    loan: Loan, principal_fen: int, on: date = TODAY, claim_id: str = "t0", name: str = "S1"
) -> Loan:
    loan = offered(loan, principal_fen, claim_id, name, on)
    return assigned(sold(loan, name=name, on=on), name, on)


def assessed(loan: Loan, on: date) -> Loan:
    return folded(assessment.assess(loan, on), loan)


def paid(loan: Loan, fen: int, on: date, *, in_full: bool = False) -> Loan:
    loan = folded(repayment.accept(loan, "p", fen, in_full=in_full, effective_on=on), loan)
    loan = folded(repayment.hold(loan, "p"), loan)
    loan = folded(repayment.route(loan), loan)
    return folded(repayment.settle(loan, on), loan) if loan.routed else loan


def refused(ask: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code


# -- what goes with a claim ---------------------------------------------------------------


def test_a_part_becomes_a_claim_of_the_buyers() -> None:
    loan = passed_on(disbursed(), 1_500_00)
    assert loan.claims == (
        Claim("t0", "i0", 4_500_00),
        Claim("t1", "i1", 4_000_00),
        Claim("A.S1", "i9", 1_500_00),
    )
    assert loan.unbilled == (4_500_00, 4_000_00, 1_500_00)
    assert loan.offers == {}


def test_all_of_it_leaves_the_seller_nothing() -> None:
    loan = assessed(passed_on(disbursed(), 6_000_00), FIRST_DUE)
    assert loan.billed[1].principal == (0, 315_40, 473_09)
    assert loan.billed[1].interest == (0, 40_00, 60_00)


def test_what_is_billed_goes_in_proportion_to_the_fen() -> None:
    """A third of 6,000.00, of which 473.09 + 60.00 are billed."""
    loan = passed_on(assessed(disbursed(), FIRST_DUE), 2_000_00, FIRST_DUE)
    assert loan.billed[1].principal == (473_09 - 157_70, 315_40, 157_70)
    assert loan.billed[1].interest == (40_00, 40_00, 20_00)
    assert loan.unbilled[0] + loan.unbilled[2] == 6_000_00 - 473_09


def test_what_was_bought_is_sold_again() -> None:
    loan = passed_on(disbursed(), 1_500_00)
    loan = passed_on(loan, 500_00, claim_id="A.S1", name="S2")
    assert [claim.principal_fen for claim in loan.claims] == [4_500_00, 4_000_00, 1_000_00, 500_00]


def test_flat_interest_that_outlasts_the_principal_is_the_holders() -> None:
    """10 fen over 7 months, rounded up to 2 a month: nothing is lent any more in the last two. The
    seller received principal before he sold all that was left, and still gets nothing then."""
    flat: dict[str, Any] = {"method": Method.FLAT, "periods": 7, "annual_rate": "999"}
    loan = disbursed((6, 4), policy=a_policy(rounding=Rounding.UP), **flat)
    loan = paid(assessed(loan, FIRST_DUE), 10, FIRST_DUE)
    loan = passed_on(loan, claims.open_principal_fen(loan, 0), FIRST_DUE)
    last = assessed(loan, date(2018, 12, 31))
    assert sum(last.unbilled) == sum(last.billed[7].principal) == 0
    assert last.billed[7].interest == (0, 3, 5)
    assert all(each.interest[0] == each.principal[0] == 0 for each in last.billed.values())


# -- the interest that the seller has earned ------------------------------------------------

EARNED = [
    (TODAY, 6_000_00, 0),
    (TODAY + timedelta(days=7), 6_000_00, 15_00),  # A quarter of February: 28 days.
    (TODAY + timedelta(days=7), 2_000_00, 5_00),
    (TODAY + timedelta(days=1), 6_000_00, 2_14),  # 214.2857
    (date(2018, 2, 27), 6_000_00, 57_86),  # 5785.714
]


@pytest.mark.parametrize(("on", "principal_fen", "fen"), EARNED)
def test_of_the_running_month_by_days(on: date, principal_fen: int, fen: int) -> None:
    loan = offered(disbursed(), principal_fen, on=on)
    assert claims.accrued_fen(loan, "S1", on) == fen


def test_what_falls_due_today_is_earned_and_what_is_late_is_in_the_price() -> None:
    policy = a_policy(overdue_claims_assignable=True)
    loan = assessed(disbursed(policy=policy), FIRST_DUE)
    assert claims.accrued_fen(offered(loan, 6_000_00), "S1", FIRST_DUE) == 60_00
    next_day = FIRST_DUE + timedelta(days=1)
    running_fen = 178  # Of 92.12 over 31 days, the claim's 55.27 a month: 1.78.
    assert claims.accrued_fen(offered(loan, 6_000_00), "S1", next_day) == running_fen


def test_interest_that_comes_at_the_end_is_earned_from_the_first_day() -> None:
    loan = disbursed((10_000_00,), method=Method.BULLET, periods=2)
    interest_fen = loan.rows[1].interest_fen
    halfway = TODAY + timedelta(days=29)  # Of 59 days.
    earned_fen = claims.accrued_fen(offered(loan, 10_000_00), "S1", halfway)
    assert earned_fen == round(interest_fen * 29 / 59)


# -- refusals -------------------------------------------------------------------------------


def test_nobody_sells_what_is_not_his() -> None:
    loan = disbursed()
    assert refused(lambda: claims.offer(loan, "S1", "t9", "i0", 1, TODAY)) == Code.CLAIM_UNKNOWN
    assert refused(lambda: claims.offer(loan, "S1", "t0", "i1", 1, TODAY)) == Code.CLAIM_NOT_OWN
    gone = passed_on(loan, 6_000_00)
    assert refused(lambda: offered(gone, 1)) == Code.ASSIGNMENT_ABOVE_OPEN


def test_nothing_is_offered_twice() -> None:
    loan = offered(disbursed(), 4_000_00)
    assert refused(lambda: offered(loan, 2_000_01, name="S2")) == Code.ASSIGNMENT_ABOVE_OPEN
    loan = offered(loan, 2_000_00, name="S2")
    kept = folded([claims.keep(loan, "S1")], loan)
    assert offered(kept, 4_000_00, name="S3").offers.keys() == {"S2", "S3"}


def test_a_payment_that_came_meanwhile_may_leave_less_than_is_offered() -> None:
    loan = offered(disbursed(), 6_000_00)
    loan = paid(assessed(loan, FIRST_DUE), 888_49, FIRST_DUE)
    assert refused(lambda: sold(loan, on=FIRST_DUE)) == Code.ASSIGNMENT_ABOVE_OPEN


def test_two_that_are_sold_at_once_are_not_more_than_there_is() -> None:
    loan = offered(offered(disbursed(), 4_000_00), 2_000_00, name="S2")
    loan = sold(paid(assessed(loan, FIRST_DUE), 888_49, FIRST_DUE), on=FIRST_DUE)
    second = partial(sold, loan, name="S2", on=FIRST_DUE)
    assert refused(second) == Code.ASSIGNMENT_ABOVE_OPEN


def test_no_buyer_is_the_borrower_or_has_more_than_one_may_have() -> None:
    loan = offered(disbursed(), 1_000_00)
    assert refused(lambda: sold(loan, "bob")) == Code.SELF_TENDER
    limit_fen = 5_000_00
    within = claims.sell(loan, "S1", "i1", limit_fen, TODAY)
    assert within.buyer_id == "i1"
    above = lambda: claims.sell(loan, "S1", "i1", limit_fen - 1, TODAY)  # noqa: E731
    assert refused(above) == Code.ASSIGNMENT_ABOVE_LIMIT
    more = offered(folded([within], loan), 1, name="S2")
    twice = lambda: claims.sell(more, "S2", "i1", limit_fen, TODAY)  # noqa: E731
    assert refused(twice) == Code.ASSIGNMENT_ABOVE_LIMIT


def test_a_late_claim_changes_hands_only_where_its_policy_says_so() -> None:
    late = FIRST_DUE + timedelta(days=1)
    loan = assessed(offered(disbursed(), 1_00), late)
    assert refused(lambda: sold(loan, on=late)) == Code.CLAIM_OVERDUE
    assert refused(lambda: offered(loan, 1_00, name="S2", on=late)) == Code.CLAIM_OVERDUE
    loose = disbursed(policy=a_policy(overdue_claims_assignable=True))
    moved = passed_on(assessed(loose, late), 6_000_00, late)
    assert moved.billed[1].principal == (0, 315_40, 473_09)
    assert moved.status is Status.OVERDUE


def test_within_the_days_of_grace_nothing_is_late() -> None:
    loan = assessed(disbursed(policy=a_policy(grace_days=3)), FIRST_DUE)
    in_grace, late = (FIRST_DUE + timedelta(days=days) for days in (3, 4))
    on_sale = offered(loan, 6_000_00, on=in_grace)
    assert claims.accrued_fen(on_sale, "S1", in_grace) == 60_00 + 5_35  # Of 55.27 in March.
    assert sold(on_sale, on=in_grace).offers["S1"].buyer_id == "i9"
    assert refused(partial(sold, on_sale, on=late)) == Code.CLAIM_OVERDUE


def test_no_claim_is_sold_while_money_moves_on_its_loan_nor_money_while_one_is_sold() -> None:
    due = offered(assessed(disbursed(), FIRST_DUE), 1_00, on=FIRST_DUE)
    accepted = repayment.accept(due, "p", 888_49, in_full=False, effective_on=FIRST_DUE)
    held = folded(repayment.hold(folded(accepted, due), "p"), folded(accepted, due))
    routed = folded(repayment.route(held), held)
    advanced = folded([reserve_advance.open_advance(due, "1", 1, {"t1": 1_00})], due)
    for moving in (held, routed, advanced):
        assert refused(partial(sold, moving, on=FIRST_DUE)) == Code.CLAIM_LINES_MOVING
    being_sold = sold(due, on=FIRST_DUE)
    being_sold = folded(accepted, being_sold)
    being_sold = folded(repayment.hold(being_sold, "p"), being_sold)
    assert repayment.route(being_sold) == ()
    assert reserve_advance.open_claim(being_sold, 1) == {}
    done = assigned(being_sold, on=FIRST_DUE)
    assert folded(repayment.route(done), done).routed is not None


def test_no_claim_is_sold_while_the_guarantor_advances_nor_does_he_while_one_is_sold() -> None:
    late_on = FIRST_DUE + timedelta(days=1)
    terms = a_policy(
        providers=(Provider.GUARANTOR,), trigger_days=0, overdue_claims_assignable=True
    )
    named = LoanGuaranteed(loan_id="L1", guarantor_id="gus")
    late = assessed(folded([named], disbursed(policy=terms)), late_on)
    late = offered(late, 1_00, on=late_on)

    def advancing(loan: Loan) -> Loan:
        return folded([guarantor_advance.open_advance(loan, "a1", "gus", 1)], loan)

    assert refused(lambda: sold(advancing(late), on=late_on)) == Code.CLAIM_LINES_MOVING
    assert refused(lambda: advancing(sold(late, on=late_on))) == Code.LINES_MOVING
    advanced = advancing(assigned(sold(late, on=late_on), on=late_on)).guarantee.advancing["a1"]
    assert sum(advanced.principal) == sum(late.billed[1].principal)


def test_a_loan_has_room_for_so_many_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "TENDERS_MAX", 3)
    loan = passed_on(disbursed(), 1_00)
    assert refused(lambda: sold(offered(loan, 1_00, name="S2"), name="S2")) == Code.CLAIMS_TOO_MANY


def test_a_loan_that_is_over_has_nothing_to_sell() -> None:
    loan = offered(disbursed(), 1_00)
    over = paid(loan, 10_100_00, TODAY + timedelta(days=3), in_full=True)
    assert over.status is Status.SETTLED
    assert refused(lambda: sold(over)) == Code.LOAN_WRONG_STATE


# -- to the fen -----------------------------------------------------------------------------


@given(
    vector=st.lists(st.integers(0, 1_000), min_size=1, max_size=6),
    data=st.data(),
)
def test_splitting_a_claim_takes_no_more_of_any_line_than_there_is(
    vector: list[int], data: st.DataObject
) -> None:
    """Each line's part, and each rest, is at least zero: largest remainders never round above."""
    total = sum(vector)
    if not total:
        return
    part = data.draw(st.integers(1, total))
    taken = largest_remainder(part, vector)
    assert sum(taken) == part
    assert all(0 <= fen <= line for fen, line in zip(taken, vector, strict=True))
