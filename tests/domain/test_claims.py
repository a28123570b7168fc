"""Claims that change hands: what goes with them, to the fen, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from domain import claims, repayment
from domain import loan_events as e
from domain.loan import IN_REPAYMENT, Loan, Status
from domain.model import Refused
from domain.money import Rounding
from domain.policy import Scope, Subrogation
from domain.refusals import Code
from domain.register import Claim
from domain.schedule import Method
from domain.sharing import ShareMethod, largest_remainder
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
    return folded(repayment.assess(loan, on), loan)


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
    advanced = folded([repayment.open_advance(due, "1", 1, {"t1": 1_00})], due)
    for moving in (held, routed, advanced):
        assert refused(partial(sold, moving, on=FIRST_DUE)) == Code.CLAIM_LINES_MOVING
    being_sold = sold(due, on=FIRST_DUE)
    being_sold = folded(accepted, being_sold)
    being_sold = folded(repayment.hold(being_sold, "p"), being_sold)
    assert repayment.route(being_sold) == ()
    assert repayment.open_claim(being_sold, 1) == {}
    done = assigned(being_sold, on=FIRST_DUE)
    assert folded(repayment.route(done), done).routed is not None


def test_a_loan_has_room_for_so_many_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "TENDERS_MAX", 3)
    loan = passed_on(disbursed(), 1_00)
    assert refused(lambda: sold(offered(loan, 1_00, name="S2"), name="S2")) == Code.CLAIMS_TOO_MANY


def test_a_loan_that_is_over_has_nothing_to_sell() -> None:
    loan = offered(disbursed(), 1_00)
    over = paid(loan, 10_100_00, TODAY + timedelta(days=3), in_full=True)
    assert over.status is Status.SETTLED
    assert refused(lambda: sold(over)) == Code.LOAN_WRONG_STATE


# -- any order of payments, payouts and assignments --------------------------------------------


class Ownership(RuleBasedStateMachine):
    """Beside the loan: what each investor was billed, has received, sold and bought, line by
    line. Whatever happens, due = received + open for each claim, and the loan closes at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.names = iter(range(10**6))

    @initialize(
        amounts_fen=st.lists(st.integers(1, 50_000), min_size=1, max_size=4),
        periods=st.integers(1, 5),
        method=st.sampled_from(Method),
        sharing=st.sampled_from(ShareMethod),
        subrogation=st.sampled_from(Subrogation),
        scope=st.sampled_from(Scope),
    )
    def lend(
        self,
        amounts_fen: list[int],
        periods: int,
        method: Method,
        sharing: ShareMethod,
        subrogation: Subrogation,
        scope: Scope,
    ) -> None:
        policy = a_policy(
            sharing=sharing,
            subrogation=subrogation,
            scope=scope,
            overdue_claims_assignable=True,
            trigger_days=2,
        )
        self.loan = disbursed(tuple(amounts_fen), policy=policy, periods=periods, method=method)
        self.lent_fen = sum(amounts_fen)
        self.today = TODAY
        self.received: Counter[str] = Counter()  # Principal and interest, by claim.
        self.principal: Counter[str] = Counter()
        self.billed: Counter[str] = Counter()  # Principal and interest, by claim.
        self.sellers = {claim.tender_id: claim.investor_id for claim in self.loan.claims}

    def happens(self, *events: e.LoanEvent) -> None:
        for event in events:
            before = self.loan
            self.loan = folded([event], before)
            match event:
                case e.InstalmentBilled():
                    self.billed.update(self._by_claim(event.principal, event.interest))
                case e.EarlyBillingUndone():
                    self.billed.subtract(self._by_claim(event.principal, event.interest))
                case e.RepaymentSettled():
                    assert before.routed is not None
                    for part in before.routed.parts:
                        self.received.update(self._by_claim(part.principal, part.interest))
                        self.principal.update(self._by_claim(part.principal))
                case e.AdvancePaid():
                    opened = before.advances[event.payout_id]
                    self.received.update(self._by_claim(opened.principal, opened.interest))
                    self.principal.update(self._by_claim(opened.principal))
                case e.ClaimAssigned():
                    billed_fen = sum(x.principal_fen + x.interest_fen for x in event.lines)
                    self.billed[event.claim_id] -= billed_fen
                    self.billed[event.claim.tender_id] += billed_fen
                    assert event.claim.tender_id not in self.sellers
                    self.sellers[event.claim.tender_id] = event.claim.investor_id

    def _by_claim(self, *vectors: tuple[int, ...]) -> Counter[str]:
        names = [claim.tender_id for claim in self.loan.claims]
        sums = zip(names, map(sum, zip(*vectors, strict=True)), strict=True)
        return Counter(dict(sums))

    @property
    def running(self) -> bool:
        return self.loan.status in IN_REPAYMENT

    @rule(days=st.integers(1, 40))
    def days_pass(self, days: int) -> None:
        self.today += timedelta(days=days)
        if self.running:
            self.happens(*repayment.assess(self.loan, self.today))

    @rule(fen=st.integers(1, 80_000), in_full=st.booleans(), well=st.booleans())
    def borrower_pays(self, fen: int, *, in_full: bool, well: bool) -> None:
        payment_id = f"p{next(self.names)}"
        try:
            accepted = repayment.accept(
                self.loan, payment_id, fen, in_full=in_full, effective_on=self.today
            )
        except Refused:
            return
        self.happens(*accepted)
        self.happens(*repayment.hold(self.loan, payment_id))
        self._route()

    @rule(data=st.data())
    def reserve_pays(self, data: st.DataObject) -> None:
        periods = [period for period in self.loan.filed if repayment.open_claim(self.loan, period)]
        if not periods:
            return
        period = data.draw(st.sampled_from(periods))
        open_fen = repayment.open_claim(self.loan, period)
        part = data.draw(st.sampled_from((1, 2)))
        investors = {name: fen // part for name, fen in open_fen.items() if fen // part}
        payout_id = f"{next(self.names)}"
        if investors:
            opened = repayment.open_advance(self.loan, payout_id, period, investors)
            self.happens(opened)

    @rule(data=st.data(), whole=st.booleans(), buyer_id=st.sampled_from(("i0", "i1", "i8", "i9")))
    def a_claim_is_sold(self, data: st.DataObject, buyer_id: str, *, whole: bool) -> None:
        if not self.running:
            return
        place = data.draw(st.integers(0, len(self.loan.claims) - 1))
        claim = self.loan.claims[place]
        name = f"S{next(self.names)}"
        open_fen = claims.open_principal_fen(self.loan, place)
        fen = max(1, open_fen if whole else data.draw(st.integers(1, max(1, open_fen))))
        try:
            self.happens(
                claims.offer(self.loan, name, claim.tender_id, claim.investor_id, fen, self.today)
            )
            self.happens(claims.sell(self.loan, name, buyer_id, None, self.today))
        except Refused:
            return
        earned_fen = claims.accrued_fen(self.loan, name, self.today)
        assert 0 <= earned_fen <= sum(row.interest_fen for row in self.loan.rows)

    @rule(well=st.booleans())
    def the_bank_answers(self, *, well: bool) -> None:
        loan = self.loan
        for name, offer in loan.offers.items():
            if offer.buyer_id is None or not well:
                self.happens(claims.keep(self.loan, name))
            else:
                self.happens(claims.assign(self.loan, name, offer.buyer_id, self.today))
        for payout_id in loan.advances:
            self.happens(*repayment.finish_advance(self.loan, payout_id, paid=well))
        if loan.routed is not None:
            if well:
                self.happens(*repayment.settle(self.loan, self.today))
            else:
                failed = repayment.fail(self.loan, loan.routed.payment_id, "E1")
                self.happens(*failed)
        self._route()

    def _route(self) -> None:
        if not self.loan.lines_moving:
            self.happens(*repayment.route(self.loan))

    @invariant()
    def each_claim_is_conserved(self) -> None:
        loan = self.loan
        for place, claim in enumerate(loan.claims):
            lines = loan.billed.values()
            open_fen = sum(b.principal[place] + b.interest[place] for b in lines)
            name = claim.tender_id
            assert self.received[name] + open_fen == self.billed[name]
            principal_fen = claims.open_principal_fen(loan, place)
            assert self.principal[name] + principal_fen == claim.principal_fen
            assert claim.investor_id == self.sellers[name]
            assert principal_fen >= 0

    @invariant()
    def the_whole_is_what_was_lent(self) -> None:
        loan = self.loan
        assert sum(claim.principal_fen for claim in loan.claims) == self.lent_fen
        assert sum(loan.lent) == self.lent_fen
        assert len({claim.tender_id for claim in loan.claims}) == len(loan.claims)
        moving = sum(o.principal_fen for o in loan.offers.values() if o.buyer_id)
        assert moving <= sum(
            claims.open_principal_fen(loan, place) for place in range(len(loan.claims))
        )
        if loan.status is Status.SETTLED:
            assert not any(loan.unbilled)
            assert not loan.billed


def test_any_payments_payouts_and_assignments_conserve_each_claim() -> None:
    run_state_machine_as_test(
        Ownership,
        settings=settings(max_examples=60, stateful_step_count=30, deadline=None),
    )


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
