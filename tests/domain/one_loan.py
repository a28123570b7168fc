"""One loan, and what is owed of it by a ledger of its own: what the machine of claims stands on."""

from __future__ import annotations

import itertools
from abc import abstractmethod

from hypothesis.stateful import RuleBasedStateMachine

from domain import loan_events as e
from domain.loan import IN_REPAYMENT, Loan
from tests.claims_ledger import Ledger
from tests.exemplars import TODAY, folded


class OneLoan(RuleBasedStateMachine):
    loan: Loan
    ledger: Ledger

    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count(1)
        self.today = TODAY

    def record(self, *events: e.LoanEvent) -> None:
        for event in events:
            self.ledger.heard(event)
            self.loan = folded([event], self.loan)

    @property
    def running(self) -> bool:
        return self.loan.status in IN_REPAYMENT

    @abstractmethod
    def bank_says(self, movement: str, well: bool | None) -> None:
        """The bank's word on a movement that was sent; None: it says nothing yet."""
