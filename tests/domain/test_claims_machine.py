"""Payments, payouts of the reserve, advances of one guarantor or several and what they pay each
other, sales of claims and court costs in any order, each of which the bank may refuse, on one loan:
every claim is conserved to the fen.

What must hold after each step is in tests/claims_ledger.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from domain import (
    assessment,
    assignment,
    claims,
    early_part,
    guarantor_advance,
    protection,
    reimbursement,
    repayment,
    reserve_advance,
)
from domain import loan_events as e
from domain.assignment import Reason
from domain.loan import Status
from domain.loan_guarantee import (
    Contribution,
    GuaranteeAdvanceOpened,
    LoanGuaranteed,
    ReimbursementOpened,
)
from domain.model import Refused
from domain.policy import Covers, EarlyRest, PolicyTerms, Provider, Scope
from domain.refusals import Code
from domain.schedule import Method
from tests.claims_ledger import RESERVE, Advance, Ledger, rightly_split
from tests.domain.claims_drawn import ANSWERS, GUARANTORS, PERIODS, WELL, policies
from tests.domain.claims_on_sale import ClaimsOnSale
from tests.exemplars import TODAY, disbursed


class Claims(ClaimsOnSale):
    def __init__(self) -> None:
        super().__init__()
        self.in_breach: dict[int, tuple[str, ...]] = {}
        self.owed: dict[tuple[int, str | None], Counter[str]] = defaultdict(Counter)

    @initialize(
        amounts_fen=st.lists(st.integers(1, 30_000), min_size=1, max_size=4),
        policy=policies,
        method=st.sampled_from(Method),
        guarantors=st.sampled_from(GUARANTORS),
        periods=st.sampled_from((3, 6)),
        days=st.sampled_from((3, 3, 3, 40, 70, 100)),
        reserve_paid=st.sampled_from((0, 0, 50, 100)),
    )
    def lend(
        self,
        amounts_fen: list[int],
        policy: PolicyTerms,
        method: Method,
        periods: int,
        days: int,
        guarantors: dict[str, int | Contribution | None],
        reserve_paid: int,
    ) -> None:
        """The borrower is late by now, with one instalment or three, or nothing is due yet; the
        guarantors may have broken their word on them, and the reserve paid so many per cent."""
        self.loan = disbursed(amounts_fen, policy=policy, method=method, periods=periods)
        self.ledger = Ledger(self.loan.claims)
        if policy.providers == (Provider.GUARANTOR,):  # Else it would not have been published.
            guarantors = guarantors or {"gus": None}
        for name, terms in guarantors.items():
            several = terms if isinstance(terms, int) else None
            bears = terms if isinstance(terms, Contribution) else None
            self.record(
                LoanGuaranteed(
                    loan_id="L1", guarantor_id=name, share_bp=several, contribution=bears
                )
            )
        guarantor_advance.must_be_whole(self.loan, policy)
        self.days_pass(days)
        for period in sorted(self.loan.guarantee.confirmed) if reserve_paid else ():
            self.guarantor_breaks_his_word(period=period, percent=reserve_paid, answer=True)

    def record(self, *events: e.LoanEvent) -> None:
        """Where a call-in is undone, no guarantor has broken his word on the rest any more."""
        super().record(*events)
        for event in events:
            if isinstance(event, e.CallInUndone):
                self.in_breach.pop(event.period, None)

    # -- the borrower -----------------------------------------------------------------------

    @precondition(lambda self: self.running)
    @rule(
        fen=st.integers(1, 7_000),
        wants=st.sampled_from((*("",) * 5, "in_full", "in_part", "in_part")),
        days_ago=st.sampled_from((0, 0, 3)),
        frozen=WELL,
        answer=ANSWERS,
    )
    def pay(
        self, fen: int, days_ago: int, answer: bool | None, wants: str, *, frozen: bool
    ) -> None:
        payment_id = f"p{next(self.numbers)}"
        on = max(TODAY, self.today - timedelta(days=days_ago))
        self._pay(fen, on, payment_id, answer, wants, frozen=frozen)

    @precondition(lambda self: self.running and self.loan.overdue - {self.loan.called_in})
    @rule(
        days=st.sampled_from((0, 0, 0, 1, 3)),
        more_fen=st.sampled_from((0, 0, 0, 700, -1)),
        answer=ANSWERS,
    )
    def pay_and_be_booked_late(self, days: int, more_fen: int, answer: bool | None) -> None:
        """All that is overdue, a rest that was called in left out, so many days after its day."""
        overdue = [self.loan.billed[n] for n in self.loan.overdue - {self.loan.called_in}]
        on = min(self.today, min(each.due_on for each in overdue) + timedelta(days=days))
        dues = [each.due(on, self.loan.policy) for each in self.loan.billed.values()]
        left_out = {self.loan.called_in}
        fen = more_fen + sum(sum(due[1:]) for due in dues if due.instalment not in left_out)
        if fen > 0:
            payment_id = f"p{next(self.numbers)}"
            self._pay(fen, max(TODAY, on), payment_id, answer, "", frozen=True)

    def _pay(
        self, fen: int, on: date, payment_id: str, answer: bool | None, wants: str, *, frozen: bool
    ) -> None:
        in_full, in_part = wants == "in_full", wants == "in_part"
        if in_full:
            fen = repayment.payoff_fen(self.loan, on) or fen
        elif in_part:
            due_fen = repayment.due_fen(self.loan, on)
            fen += early_part.least_fen(self.loan, on, due_fen) or 0
        try:
            accepted = repayment.accept(
                self.loan, payment_id, fen, in_full=in_full, effective_on=on, in_part=in_part
            )
        except Refused as refused:
            forbidden = refused.code == Code.EARLY_PART_FORBIDDEN
            assert forbidden == (in_part and self.loan.policy.early_part is EarlyRest.NONE)
            return
        self.record(*accepted)
        if frozen:
            self.record(*repayment.hold(self.loan, payment_id))
            self.route()
            self.bank_says("payment", answer)
        else:
            self.record(*repayment.fail(self.loan, payment_id, "E1"))

    def route(self) -> None:
        for event in repayment.route(self.loan):
            if isinstance(event, e.RepaymentRouted):
                self._sent(event)
            self.record(event)

    def _sent(self, routed: e.RepaymentRouted) -> None:
        moved_fen = sum(part.total_fen for part in routed.parts)
        moved_fen += sum(each.total_fen for each in routed.recourse)
        payment = self.loan.payments[routed.payment_id]
        assert moved_fen + routed.left_fen == payment.amount_fen
        periods = {part.period for part in routed.parts}
        assert {each.period for each in routed.recourse} <= periods
        for part in routed.parts:
            back = [each for each in routed.recourse if each.period == part.period]
            rightly_split(part, back, self.loan.billed[part.period], self.loan.policy)
        if routed.entry_id is not None:
            self.ledger.sent("payment", routed)

    # -- those who pay in his place -----------------------------------------------------------

    @precondition(lambda self: self.loan.filed or self.loan.guarantee.confirmed)
    @rule(
        data=st.data(),
        percent=st.sampled_from((100, 50, 1)),
        by=st.sampled_from((*("gus",) * 4, "ned", "ned", "amy", "ann")),
        answer=ANSWERS,
    )
    def another_pays(self, data: st.DataObject, percent: int, by: str, answer: bool | None) -> None:
        called_on = [(RESERVE, period) for period in sorted(self.loan.filed)]
        called_on += [(by, period) for period in sorted(self.loan.guarantee.confirmed)]
        payer, period = data.draw(st.sampled_from([*called_on, (by, 1)]), "payer")
        if payer == RESERVE:
            self.reserve_pays(period, percent, answer)
        else:
            self.guarantor_pays(period, by, answer)

    def reserve_pays(self, period: int, percent: int, answer: bool | None) -> None:
        open_fen = reserve_advance.open_claim(self.loan, period)
        part = {name: fen * percent // 100 for name, fen in open_fen.items()}
        if sum(part.values()):
            number = f"{next(self.numbers)}"
            opened = reserve_advance.open_advance(self.loan, number, period, part)
            assert sum(opened.principal) + sum(opened.interest) == sum(part.values())
            self._advancing(f"P-{number}", opened, answer)

    def guarantor_pays(self, period: int, by: str, answer: bool | None) -> None:
        number = f"{next(self.numbers)}"
        try:
            opened = guarantor_advance.open_advance(self.loan, number, by, period)
        except Refused as refused:
            self._rightly(refused.code, by, period)
            return
        assert guarantor_advance.amount_fen(opened) == guarantor_advance.owed_fen(
            self.loan, by, period
        )
        self._advancing(f"G-{number}", opened, answer)

    @precondition(lambda self: self._owing())
    @rule(
        data=st.data(),
        other=st.sampled_from((*(None,) * 7, "gus", "ann")),
        borrower_fen=st.sampled_from((0, 1, 900)),
        answer=ANSWERS,
    )
    def guarantor_reimburses(
        self, data: st.DataObject, other: str | None, borrower_fen: int, answer: bool | None
    ) -> None:
        """The reserve, or a co-guarantor, for what was paid in his place, after the borrower has
        paid a part of it, or nothing."""
        if borrower_fen and self.running:
            self.pay(fen=borrower_fen, days_ago=0, answer=True, wants="", frozen=True)
        if not self._owing():
            return
        period, to, by = data.draw(st.sampled_from(self._owing()), "owing")
        by = other or by
        owed, number = self.owed[period, to], f"{next(self.numbers)}"
        try:
            opened = reimbursement.open_reimbursement(self.loan, number, by, period, to, owed)
        except Refused as refused:
            self._rightly_not_reimbursed(refused.code, by, to)
            return
        assert opened.principal_fen + opened.interest_fen <= owed[by]
        self.ledger.sent(f"B-{number}", opened)
        self.record(opened)
        self.bank_says(f"B-{number}", answer)

    def _owing(self) -> list[tuple[int, str | None, str]]:
        """Instalments on which something is open, who paid in whose place."""
        return [
            (period, to, by)
            for (period, to), owed in self.owed.items()
            for by in sorted(owed)
            if period in self.loan.billed
        ]

    def _rightly_not_reimbursed(self, code: str, by: str, to: str | None) -> None:
        right: dict[str, bool] = {
            Code.NOT_GUARANTOR: by not in self.loan.guarantee.guarantors or by == to,
            Code.NOTHING_TO_REIMBURSE: True,
            Code.LINES_MOVING: bool(self.ledger.at_bank),
        }
        assert right[code]

    def _paid_in_place(self, paid: Advance | ReimbursementOpened) -> None:
        """What each owes to whom for it, as the guarantors' streams keep it."""
        if isinstance(paid, ReimbursementOpened):
            del self.owed[paid.period, paid.to][paid.guarantor_id]
            fen = paid.principal_fen + paid.interest_fen
            if paid.to is not None:
                return
        else:
            fen = sum(paid.principal) + sum(paid.interest)
        if isinstance(paid, e.AdvanceOpened):
            in_breach = self.in_breach.get(paid.period, ())
            owed = reimbursement.of_payout(self.loan, paid.period, fen, in_breach)
            self.owed[paid.period, None].update(owed)
        else:
            owed = reimbursement.of_advance(self.loan, paid.guarantor_id, fen)
            self.owed[paid.period, paid.guarantor_id].update(owed)
        assert all(0 < each <= fen for each in owed.values())

    def _advancing(self, movement: str, opened: Advance, answer: bool | None) -> None:
        self._within_scope(opened)
        self.ledger.sent(movement, opened)
        self.record(opened)
        self.bank_says(movement, answer)

    def _within_scope(self, opened: Advance) -> None:
        policy, covers = self.loan.policy, self.loan.covers[opened.period]
        assert policy.scope is not Scope.NONE
        called_in = opened.period == self.loan.called_in
        overdue_only = covers is Covers.PRINCIPAL_AND_OVERDUE_INTEREST and called_in
        if policy.scope is Scope.PRINCIPAL or covers is Covers.PRINCIPAL or overdue_only:
            assert not any(opened.interest)

    def _rightly(self, code: str, by: str, period: int) -> None:
        """Each refusal says what is so."""
        known = self.loan.guarantee
        at_bank = self.ledger.at_bank.values()
        right: dict[str, bool] = {
            Code.NOT_GUARANTOR: by not in known.guarantors,
            Code.OBLIGATION_UNKNOWN: period not in known.confirmed,
            Code.ADVANCE_UNDER_WAY: any(getattr(each, "period", 0) == period for each in at_bank),
            Code.ADVANCE_MADE: self._nothing_of(by, period),
            Code.NOTHING_TO_ADVANCE: self._nothing_of(by, period),
            Code.LINES_MOVING: bool(at_bank),
        }
        assert right[code]

    def _nothing_of(self, by: str, period: int) -> bool:
        """Not even to be asked of a stranger."""
        stranger = by not in self.loan.guarantee.guarantors
        return stranger or not guarantor_advance.owed_fen(self.loan, by, period)

    @rule(period=PERIODS)
    def confirmed_by_a_person(self, period: int) -> None:
        try:
            self.record(guarantor_advance.confirm(self.loan, period, "ann", self.today))
        except Refused:
            return

    @rule(period=PERIODS, percent=st.sampled_from((100, 50, 0)), answer=ANSWERS)
    def guarantor_breaks_his_word(self, period: int, percent: int, answer: bool | None) -> None:
        """The next payer is called on, once, for what the guarantor was."""
        loan = self.loan
        if period in loan.billed and self.running and period in loan.guarantee.confirmed:
            payer, covers = assessment.payer_after(loan, Provider.GUARANTOR), loan.covers[period]
            self.in_breach[period] = tuple(
                name for name in loan.guarantee.guarantors if not self._nothing_of(name, period)
            )
            self.record(*assessment.call_on(loan, period, payer, covers, self.today))
            assert assessment.call_on(self.loan, period, payer, covers, self.today) == ()
            if payer is Provider.RESERVE:
                self.reserve_pays(period, percent, answer)

    # -- the bank -----------------------------------------------------------------------------

    @precondition(lambda self: self.ledger.at_bank)
    @rule(data=st.data(), well=WELL)
    def bank_answers(self, data: st.DataObject, *, well: bool) -> None:
        self.bank_says(data.draw(st.sampled_from(sorted(self.ledger.at_bank)), "movement"), well)

    def bank_says(self, movement: str, well: bool | None) -> None:
        if well is None or movement not in self.ledger.at_bank:
            return
        sent = self.ledger.at_bank[movement]
        self.ledger.answered(movement, well=well)
        match movement.split("-"):
            case ["payment"] if well:
                self.record(*repayment.settle(self.loan, self.today))
            case ["payment"]:
                payment_id = repayment.routed(self.loan).payment_id
                self.record(*repayment.fail(self.loan, payment_id, "E1"))
            case ["B", number]:
                self.record(reimbursement.finish(self.loan, number, paid=well))
            case ["P", number]:
                self.record(*reserve_advance.finish_advance(self.loan, number, paid=well))
            case ["G", number]:
                self.record(guarantor_advance.finish(self.loan, number, paid=well))
            case _ if well:
                buyer_id = self.sales[movement].purchase.buyer_id
                self._sale(assignment.settle(self.sales[movement], self.today))
                self.record(claims.assign(self.loan, movement, buyer_id, self.today))
            case _:
                self._end_sale(movement, Reason.REJECTED)
        if well and isinstance(
            sent, e.AdvanceOpened | GuaranteeAdvanceOpened | ReimbursementOpened
        ):
            self._paid_in_place(sent)
        self.route()

    # -- days and courts ------------------------------------------------------------------------

    @rule(days=st.sampled_from((1, 4, 30)))
    def days_pass(self, days: int) -> None:
        self.today += timedelta(days=days)
        if self.running:
            self.record(*assessment.assess(self.loan, self.today))
            if self.running:
                assert assessment.assess(self.loan, self.today) == ()

    @precondition(lambda self: self.running)
    @rule(fen=st.integers(1, 200))
    def court_awards_costs(self, fen: int) -> None:
        self.record(*repayment.award_costs(self.loan, f"W{next(self.numbers)}", fen))

    # -- what holds after each --------------------------------------------------------------------

    @invariant()
    def every_claim_is_conserved(self) -> None:
        if hasattr(self, "loan"):
            self.ledger.agrees_with(self.loan)

    @invariant()
    def the_schedule_is_what_is_not_billed(self) -> None:
        if hasattr(self, "loan") and self.loan.next_period <= len(self.loan.rows):
            to_come = self.loan.rows[self.loan.next_period - 1 :]
            assert sum(row.principal_fen for row in to_come) == sum(self.loan.unbilled)
            assert len(self.loan.rows) == self.loan.known().periods

    @invariant()
    def a_rest_is_called_in_for_a_reason(self) -> None:
        """Or something of it was paid, or is being paid."""
        if hasattr(self, "loan") and self.loan.call_in and self.running:
            rest = self.loan.billed.get(self.loan.call_in.period)
            stands = self.loan.call_in.stands(self.loan.policy)
            assert stands or rest is None or not rest.untouched

    @invariant()
    def nobody_must_advance_more_than_is_open(self) -> None:
        """Those with a share together all of it, where nobody stands for the whole."""
        if not hasattr(self, "loan"):
            return
        for period in self.loan.guarantee.confirmed & self.loan.billed.keys():
            open_fen = sum(protection.protected_fen(self.loan, period).values())
            named = self.loan.guarantee.guarantors
            owed = [guarantor_advance.owed_fen(self.loan, name, period) for name in named]
            joint = [name for name, each in named.items() if each.share_bp is None]
            assert all(0 <= fen <= open_fen for fen in owed)
            all_advanced = all((period, name) in self.loan.guarantee.advanced for name in named)
            assert joint or sum(owed) == open_fen or all_advanced

    @invariant()
    def a_settled_loan_owes_nobody(self) -> None:
        if hasattr(self, "loan") and self.loan.status is Status.SETTLED:
            self.ledger.owes_nobody()
            assert not self.ledger.at_bank


TestClaims = Claims.TestCase
TestClaims.settings = settings(
    max_examples=400,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
