"""Claims that change hands, as a part of the machine of claims: offered, bought, or taken off."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from domain import assignment, claims
from domain.assignment import Assignment, AssignmentOffered, Reason
from domain.model import Refused
from domain.refusals import Code
from tests.domain.claims_drawn import ANSWERS, WELL
from tests.domain.one_loan import OneLoan


class ClaimsOnSale(OneLoan):
    def __init__(self) -> None:
        super().__init__()
        self.sales: dict[str, Assignment] = {}

    @precondition(lambda self: self.running)
    @rule(data=st.data(), percent=st.sampled_from((100, 50, 50, 33, 1)), listed=WELL, at_once=WELL)
    def claim_is_offered(
        self, data: st.DataObject, percent: int, *, listed: bool, at_once: bool
    ) -> None:
        place = data.draw(st.integers(0, len(self.loan.claims) - 1), "place")
        name, claim = f"S{next(self.numbers)}", self.loan.claims[place]
        fen = max(1, claims.open_principal_fen(self.loan, place) * percent // 100)
        wanted = AssignmentOffered(
            assignment_id=name,
            loan_id="L1",
            claim_id=claim.tender_id,
            seller_id=claim.investor_id,
            principal_fen=fen,
            price_fen=fen,
            valid_until=self.today + timedelta(days=30),
        )
        try:
            offered = claims.offer(
                self.loan, name, claim.tender_id, claim.investor_id, fen, self.today
            )
        except Refused:
            return
        self._sale(assignment.offer(assignment.INITIAL, wanted, self.today))
        self.record(offered)
        answered = assignment.answer(self.sales[name], None if listed else "E1")
        assert answered is not None
        self._sale(answered)
        if not listed:
            self.record(claims.keep(self.loan, name))
        elif at_once:
            self._buy(name, "i9", answer=True)

    @precondition(lambda self: self.running and self._listed())
    @rule(
        data=st.data(),
        buyer_id=st.sampled_from(("i0", "i1", "i8", "i9", "i9", "bob")),
        answer=ANSWERS,
    )
    def claim_is_bought(self, data: st.DataObject, buyer_id: str, answer: bool | None) -> None:
        self._buy(data.draw(st.sampled_from(self._listed()), "sale"), buyer_id, answer)

    def _buy(self, name: str, buyer_id: str, answer: bool | None) -> None:
        loan = self.loan
        try:
            sold = claims.sell(loan, name, buyer_id, None, self.today)
            bought = assignment.buy(
                self.sales[name],
                buyer_id,
                accrued_fen=claims.accrued_fen(loan, name, self.today),
                fee_fen=0,
                amount_max_fen=10**6,
                today=self.today,
            )
        except Refused as refused:
            self._rightly_not_sold(refused.code, name, buyer_id)
            return
        going = [*self.loan.billed.values()], self.loan.rows[self.loan.next_period - 1 :]
        interest_fen = sum(sum(each.interest) for each in going[0])
        assert 0 <= bought.accrued_fen <= interest_fen + sum(row.interest_fen for row in going[1])
        self._sale(bought)
        self.ledger.sent(name, sold)
        self.record(sold)
        self.bank_says(name, answer)

    def _rightly_not_sold(self, code: str, name: str, buyer_id: str) -> None:
        offer = self.sales[name].offer
        held = any(payment.held for payment in self.loan.payments.values())
        right: dict[str, bool] = {
            Code.SELF_TENDER: buyer_id == "bob",
            Code.ASSIGNMENT_TO_SELF: buyer_id == offer.seller_id,
            Code.CLAIM_OVERDUE: not self.loan.policy.overdue_claims_assignable,
            Code.CLAIM_LINES_MOVING: bool(self.ledger.at_bank) or held,
            Code.ASSIGNMENT_NOT_OPEN: offer.valid_until < self.today,
            Code.ASSIGNMENT_ABOVE_OPEN: True,  # It was less, or less was paid, when it was offered.
        }
        assert right[code]

    def _listed(self) -> list[str]:
        sales = self.sales.items()
        return [name for name, each in sales if each.status is assignment.Status.LISTED]

    def _sale(self, event: assignment.AssignmentEvent) -> None:
        known = self.sales.get(event.assignment_id, assignment.INITIAL)
        self.sales[event.assignment_id] = assignment.evolve(known, event)

    def _end_sale(self, name: str, reason: Reason) -> None:
        self._sale(assignment.end(self.sales[name], reason))
        self.record(claims.keep(self.loan, name))

    @invariant()
    def a_claim_is_on_sale_where_its_assignment_is(self) -> None:
        if hasattr(self, "loan"):
            bought = {n for n, s in self.sales.items() if s.status is assignment.Status.BOUGHT}
            assert self.loan.offers.keys() == bought | {*self._listed()}
            assert {n for n, offer in self.loan.offers.items() if offer.buyer_id} == bought
