"""Payments, payouts of the reserve and advances of the guarantor in any order, each of which the
bank may refuse, on one loan: every claim is conserved to the fen.

Beside the loan runs a ledger that is told only what the bank moved: who got how much.
"""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain import guarantor_advance, repayment
from domain import loan_events as e
from domain.allocation import AllocationOrder
from domain.loan import Loan, Status
from domain.loan_guarantee import GuaranteeAdvanceOpened, LoanGuaranteed
from domain.model import Refused
from domain.policy import Covers, PolicyTerms, Provider, Scope, Subrogation
from domain.refusals import Code
from domain.register import Vector
from domain.schedule import Method
from domain.sharing import ShareMethod
from tests.exemplars import TODAY, a_policy, disbursed, folded

RESERVE, GUARANTOR = "reserve", "guarantor"
IN_REPAYMENT = (Status.REPAYING, Status.OVERDUE)
PERIODS = st.integers(1, 3)
WELL = st.sampled_from((True, True, True, False))
ANSWERS = st.sampled_from((True, None, None, False))  # The bank's, at once; None: later.

policies = st.builds(
    a_policy,
    scope=st.sampled_from((Scope.PRINCIPAL, Scope.PRINCIPAL_AND_INTEREST)),
    trigger_days=st.sampled_from((0, 3)),
    subrogation=st.sampled_from(Subrogation),
    allocation=st.sampled_from(AllocationOrder),
    sharing=st.sampled_from(ShareMethod),
    penalty_bands=st.sampled_from(("1-:0.05", "1-:0")),
    overdue_fee_bands=st.sampled_from(("1-:0", "1-:0.2")),
    providers=st.sampled_from(
        (
            (Provider.GUARANTOR, Provider.RESERVE),
            (Provider.RESERVE, Provider.GUARANTOR),
            (Provider.GUARANTOR,),
        )
    ),
)


class Claims(RuleBasedStateMachine):
    """`got`: by claim's place, or reserve and guarantor, what the bank moved to each of principal
    and interest; `gave` what these two moved to the investors."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count(1)
        self.today = TODAY
        self.due: Counter[int] = Counter()  # By place: billed.
        self.got: Counter[int | str] = Counter()
        self.gave: Counter[str] = Counter()
        self.moving: dict[str, set[tuple[int, int | str]]] = {}

    @initialize(
        amounts_fen=st.lists(st.integers(1, 3_000), min_size=1, max_size=4),
        policy=policies,
        method=st.sampled_from(Method),
        guaranteed=st.sampled_from((True, True, True, False)),
        days=st.sampled_from((40, 70, 100)),
    )
    def lend(
        self,
        amounts_fen: list[int],
        policy: PolicyTerms,
        method: Method,
        days: int,
        *,
        guaranteed: bool,
    ) -> None:
        """The borrower is late by now, with one instalment or all three."""
        loan = disbursed(amounts_fen, policy=policy, method=method, periods=3)
        self.loan: Loan = loan
        self.policy = policy
        if guaranteed:
            self.record(LoanGuaranteed(loan_id="L1", guarantor_id="gus"))
        self.days_pass(days)

    # -- what is written, and what the ledger makes of it ------------------------------------

    def record(self, *events: e.LoanEvent) -> None:
        for event in events:
            match event:
                case e.InstalmentBilled():
                    self._bill(event.principal, event.interest, 1)
                case e.EarlyBillingUndone():
                    self._bill(event.principal, event.interest, -1)
            self.loan = folded([event], self.loan)

    def _bill(self, principal: Vector, interest: Vector, sign: int) -> None:
        for place, (p, i) in enumerate(zip(principal, interest, strict=True)):
            self.due[place] += sign * (p + i)

    def open(self, movement: str, lines: set[tuple[int, int | str]]) -> None:
        for name, others in self.moving.items():
            assert not lines & others, f"{movement} and {name} move the same lines"
        self.moving[movement] = lines

    # -- the borrower -----------------------------------------------------------------------

    @rule(
        fen=st.integers(1, 4_000),
        in_full=st.booleans(),
        frozen=st.sampled_from((True, True, True, False)),
        answer=ANSWERS,
    )
    def pay(self, fen: int, answer: bool | None, *, in_full: bool, frozen: bool) -> None:
        payment_id = f"p{next(self.numbers)}"
        try:
            accepted = repayment.accept(
                self.loan, payment_id, fen, in_full=in_full, effective_on=self.today
            )
        except Refused:
            return
        self.record(*accepted)
        if frozen:
            self.record(*repayment.hold(self.loan, payment_id))
            self.route()
            if answer is not None:
                self.bank_answers_payment(answer)
        else:
            self.record(*repayment.fail(self.loan, payment_id, "E1"))

    def route(self) -> None:
        events = repayment.route(self.loan)
        self.record(*events)
        for event in events:
            if not isinstance(event, e.RepaymentRouted):
                continue
            if event.entry_id is None:
                self.route()
            else:
                self.open("payment", _lines_of(event))
                moved_fen = sum(part.total_fen for part in event.parts)
                moved_fen += sum(each.total_fen for each in event.recourse)
                [payment] = [p for k, p in self.loan.payments.items() if k == event.payment_id]
                assert moved_fen + event.left_fen == payment.amount_fen

    @rule(well=WELL)
    def bank_answers_payment(self, well: bool) -> None:
        routed = self.loan.routed
        if routed is None:
            return
        del self.moving["payment"]
        if well:
            for part in routed.parts:
                for place, (p, i) in enumerate(zip(part.principal, part.interest, strict=True)):
                    self.got[place] += p + i
                self.got[RESERVE] += part.reserve_principal_fen + part.reserve_interest_fen
            for each in routed.recourse:
                self.got[GUARANTOR] += each.principal_fen + each.interest_fen
            self.record(*repayment.settle(self.loan, self.today))
        else:
            self.record(*repayment.fail(self.loan, routed.payment_id, "E1"))
        self.route()

    # -- those who pay in his place -----------------------------------------------------------

    @rule(data=st.data(), percent=st.sampled_from((100, 50, 1)), answer=ANSWERS)
    def reserve_pays(self, data: st.DataObject, percent: int, answer: bool | None) -> None:
        if not self.loan.filed:
            return
        period = data.draw(st.sampled_from(sorted(self.loan.filed)), "period")
        open_fen = repayment.open_claim(self.loan, period)
        part = {name: fen * percent // 100 for name, fen in open_fen.items()}
        if not sum(part.values()):
            return
        payout_id = f"{next(self.numbers)}"
        opened = repayment.open_advance(self.loan, payout_id, period, part)
        self.open(f"P-{payout_id}", _advanced_lines(opened))
        self.record(opened)
        if answer is not None:
            self.answer(f"P-{payout_id}", well=answer)

    @rule(period=st.sampled_from((1, 1, 2, 3)), answer=ANSWERS)
    def guarantor_pays(self, period: int, answer: bool | None) -> None:
        advance_id = f"a{next(self.numbers)}"
        try:
            opened = guarantor_advance.open_advance(self.loan, advance_id, "gus", period)
        except Refused as refused:
            self._rightly(refused.code, period)
            return
        assert sum(opened.principal) + sum(opened.interest) > 0
        self.open(f"GA-{advance_id}", _advanced_lines(opened))
        self.record(opened)
        if answer is not None:
            self.answer(f"GA-{advance_id}", well=answer)

    def _rightly(self, code: str, period: int) -> None:
        """Each refusal says what is so."""
        known = self.loan.guarantee
        moving = {period for lines in self.moving.values() for period, _ in lines}
        right: dict[str, bool] = {
            Code.NOT_GUARANTOR: known.by is None,
            Code.OBLIGATION_UNKNOWN: period not in known.confirmed,
            Code.ADVANCE_UNDER_WAY: period in moving,
            Code.ADVANCE_MADE: not repayment.protected_fen(self.loan, period),
            Code.NOTHING_TO_ADVANCE: not repayment.protected_fen(self.loan, period),
            Code.LINES_MOVING: bool(self.moving),
        }
        assert right[code]

    @rule(data=st.data(), well=WELL)
    def bank_answers_payer(self, data: st.DataObject, *, well: bool) -> None:
        names = sorted(set(self.moving) - {"payment"})
        if names:
            self.answer(data.draw(st.sampled_from(names), "movement"), well=well)

    def answer(self, movement: str, *, well: bool) -> None:
        kind, number = movement.split("-")
        opened: e.AdvanceOpened | GuaranteeAdvanceOpened
        if kind == "P":
            payer, opened = RESERVE, self.loan.advances[number]
            self.record(*repayment.finish_advance(self.loan, number, paid=well))
        else:
            payer, opened = GUARANTOR, self.loan.guarantee.advancing[number]
            self.record(guarantor_advance.finish(self.loan, number, paid=well))
        del self.moving[movement]
        if well:
            for place, (p, i) in enumerate(zip(opened.principal, opened.interest, strict=True)):
                self.got[place] += p + i
                self.gave[payer] += p + i
        self.route()

    # -- days ---------------------------------------------------------------------------------

    @rule(days=st.sampled_from((1, 4, 30)))
    def days_pass(self, days: int) -> None:
        self.today += timedelta(days=days)
        if self.loan.status in IN_REPAYMENT:
            self.record(*repayment.assess(self.loan, self.today))
            assert repayment.assess(self.loan, self.today) == ()

    @rule(period=PERIODS)
    def confirmed_by_a_person(self, period: int) -> None:
        try:
            self.record(guarantor_advance.confirm(self.loan, period, "ann", self.today))
        except Refused:
            return

    @rule(period=PERIODS)
    def guarantor_breaks_his_word(self, period: int) -> None:
        """The next payer is called on, once."""
        billed = period in self.loan.billed and self.loan.status in IN_REPAYMENT
        if billed and period in self.loan.guarantee.confirmed:
            payer = repayment.payer_after(self.loan, Provider.GUARANTOR)
            self.record(*repayment.call_on(self.loan, period, payer, Covers.INSTALMENT, self.today))
            assert repayment.call_on(self.loan, period, payer, Covers.INSTALMENT, self.today) == ()

    # -- what holds after each ------------------------------------------------------------------

    @invariant()
    def every_claim_is_conserved(self) -> None:
        """Paid + open = due, for each investor; and what came back to the two is of what they
        gave."""
        if not hasattr(self, "loan"):
            return
        billed = list(self.loan.billed.values())
        for place in range(len(self.loan.claims)):
            open_fen = sum(each.principal[place] + each.interest[place] for each in billed)
            assert open_fen >= 0
            assert self.got[place] + open_fen == self.due[place]
        for payer, left_fen in (
            (RESERVE, sum(each.reserve_fen for each in billed)),
            (GUARANTOR, sum(each.guarantor_fen for each in billed)),
        ):
            assert left_fen >= 0
            assert self.got[payer] + left_fen == self.gave[payer]

    @invariant()
    def nobody_receives_more_than_his_claim(self) -> None:
        if hasattr(self, "loan"):
            lent_fen = [claim.principal_fen for claim in self.loan.claims]
            billed_fen = sum(self.due.values())
            assert sum(self.got[place] for place in range(len(lent_fen))) <= billed_fen
            for place, fen in enumerate(lent_fen):
                assert self.got[place] <= self.due[place]
                assert self.loan.unbilled[place] <= fen

    @invariant()
    def a_settled_loan_owes_nobody(self) -> None:
        if hasattr(self, "loan") and self.loan.status is Status.SETTLED:
            assert self.got[RESERVE] == self.gave[RESERVE]
            assert self.got[GUARANTOR] == self.gave[GUARANTOR]
            assert not sum(self.loan.unbilled)


def _lines_of(routed: e.RepaymentRouted) -> set[tuple[int, int | str]]:
    lines: set[tuple[int, int | str]] = {
        (part.period, place)
        for part in routed.parts
        for vector in (part.principal, part.interest, part.penalty)
        for place, fen in enumerate(vector)
        if fen
    }
    lines |= {(part.period, RESERVE) for part in routed.parts if part.reserve_fen}
    return lines | {(each.period, GUARANTOR) for each in routed.recourse}


def _advanced_lines(
    opened: e.AdvanceOpened | GuaranteeAdvanceOpened,
) -> set[tuple[int, int | str]]:
    return {
        (opened.period, place)
        for vector in (opened.principal, opened.interest)
        for place, fen in enumerate(vector)
        if fen
    }


def _profile(**changes: Any) -> settings:
    return settings(
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        **changes,
    )


TestClaims = Claims.TestCase
TestClaims.settings = _profile(max_examples=300, stateful_step_count=50)
