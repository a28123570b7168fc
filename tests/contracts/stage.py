"""A loan's people on a bench: each test makes members of its own, so that one bank serves all."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT
from domain.authorisation import Kind as Authorised
from domain.bank_requests import (
    Authorise,
    BankRequest,
    BindCard,
    ChangeProject,
    EstablishProject,
    Execute,
    Freeze,
    Leg,
    Offered,
    OfferShare,
    OpenAccount,
    ProjectStage,
    Recharge,
)
from domain.bank_statement import BankBalance
from domain.ports import BankOutcome
from domain.purposes import Purpose
from tests.contracts.bench import Bench

_numbers = itertools.count(1)


@dataclass
class Stage:
    """A borrower with a project that collects, and what a test does there."""

    bench: Bench
    mark: str = field(default_factory=lambda: f"t{next(_numbers)}")

    @property
    def borrower(self) -> str:
        return f"{self.mark}-b:borrower"

    @property
    def project_no(self) -> str:
        return f"{self.mark}-p"

    def number(self) -> str:
        return f"{self.mark}-{next(_numbers)}"

    def do(self, request: BankRequest) -> None:
        """Send what must succeed, at once or later."""
        answer = self.bench.custodian.send(request)
        if answer.outcome is BankOutcome.PENDING:
            answer = self.bench.settled(request)
        assert answer.outcome is BankOutcome.SUCCEEDED, answer

    def member(self, role: str = "investor", *, fen: int = 0) -> str:
        account = f"{self.mark}-{next(_numbers)}:{role}"
        self.do(self.opening(account))
        if fen:
            self.do(Recharge(self.number(), account, fen))
        return account

    def opening(self, account: str) -> OpenAccount:
        return OpenAccount(
            self.number(), account, False, "张三", "110101199001011237", "13800000000"
        )

    def binding(self, account: str, card_no: str) -> BindCard:
        return BindCard(self.number(), account, card_no, "ICBC", "13800000000")

    def open_project(self) -> None:
        self.do(self.opening(self.borrower))
        self.do(
            EstablishProject(
                self.number(),
                self.project_no,
                self.borrower,
                100_000,
                "loan",
                "12",
                "equal-instalment",
                12,
            )
        )

    def repay_from_now_on(self) -> None:
        self.do(ChangeProject(self.number(), self.project_no, ProjectStage.REPAYING))

    def tender(self, account: str, fen: int) -> Freeze:
        return Freeze(self.number(), account, Purpose.TENDER, fen, self.project_no)

    def disbursement(self, tenders: list[Freeze], fee_fen: int, reserve_fen: int) -> Execute:
        legs = [
            Leg(
                self.number(),
                Purpose.DISBURSEMENT,
                tender.account,
                self.borrower,
                tender.amount_fen,
                freeze_request_no=tender.request_no,
            )
            for tender in tenders
        ]
        fee = Leg(self.number(), Purpose.FEE, self.borrower, INCOME_ACCOUNT, fee_fen)
        reserve = Leg(
            self.number(),
            Purpose.RESERVE_CONTRIBUTION,
            self.borrower,
            RESERVE_ACCOUNT,
            reserve_fen,
        )
        return Execute(self.number(), Purpose.DISBURSEMENT, self.project_no, (*legs, fee, reserve))

    def repayment(self, hold: Freeze, investor: str, fen: int, interest_fen: int = 0) -> Execute:
        leg = Leg(
            self.number(),
            Purpose.REPAYMENT,
            hold.account,
            investor,
            fen,
            interest_fen,
            hold.request_no,
        )
        return Execute(self.number(), Purpose.REPAYMENT, self.project_no, (leg,))

    def owes(self, investors: list[str], fen: int) -> None:
        """Each has lent the borrower so much, who has it all in a hold of his: nothing is free."""
        self.open_project()
        tenders = [self.tender(investor, fen) for investor in investors]
        for tender in tenders:
            self.do(tender)
        self.do(self.disbursement(tenders, fee_fen=1, reserve_fen=1))
        self.repay_from_now_on()
        self.do(self.hold(self.borrower, Purpose.REPAYMENT_HOLD, fen * len(investors) - 2))

    def hold(self, account: str, purpose: Purpose, fen: int) -> Freeze:
        return Freeze(self.number(), account, purpose, fen, self.project_no)

    def advance(self, hold: Freeze, borrower: str, parts: Mapping[str, int]) -> Execute:
        """间接代偿, in full of the interest: guarantor -> borrower -> each investor his part."""
        legs = []
        for investor, fen in parts.items():
            advanced = Leg(
                self.number(),
                Purpose.GUARANTEE_ADVANCE,
                hold.account,
                borrower,
                fen,
                interest_fen=10,
                freeze_request_no=hold.request_no,
            )
            passed_on = replace(
                advanced,
                movement_id=self.number(),
                purpose=Purpose.ADVANCE_PASSED_ON,
                payer=borrower,
                payee=investor,
                freeze_request_no=None,
            )
            legs += [advanced, passed_on]
        return Execute(self.number(), Purpose.GUARANTEE_ADVANCE, self.project_no, tuple(legs))

    def on_sale(self, seller: str, share_fen: int) -> Offered:
        offer = OfferShare(self.number(), seller, self.project_no, share_fen)
        self.do(offer)
        return Offered(offer.request_no, share_fen)

    def purchase(self, hold: Freeze, seller: str, earned_fen: int, fee_fen: int) -> Execute:
        """债权转让: buyer -> seller, who pays a fee out of it."""
        paid = Leg(
            self.number(),
            Purpose.ASSIGNMENT,
            hold.account,
            seller,
            hold.amount_fen,
            earned_fen,
            hold.request_no,
        )
        fee = Leg(self.number(), Purpose.ASSIGNMENT_FEE, seller, INCOME_ACCOUNT, fee_fen)
        legs = (paid, fee) if fee_fen else (paid,)
        return Execute(self.number(), Purpose.ASSIGNMENT, self.project_no, legs, hold.offered)

    def is_refused(self, request: BankRequest) -> None:
        """At once or later, and for good."""
        answer = self.bench.custodian.send(request)
        if answer.outcome is BankOutcome.PENDING:
            answer = self.bench.settled(request)
        assert answer.outcome is BankOutcome.REFUSED, answer
        assert self.bench.custodian.query(request).outcome is BankOutcome.REFUSED

    def is_not_carried(self, request: BankRequest) -> None:
        """The bank has no word for it, and it was not sent."""
        answer = self.bench.custodian.send(request)
        assert (answer.outcome, answer.code) == (BankOutcome.REFUSED, "not_carried")

    def authorise(self, account: str, kind: Authorised, fen: int) -> Authorise:
        return Authorise(self.number(), account, kind, self.bench.today(), fen)

    def holds(self, account: str) -> BankBalance:
        return self.bench.custodian.balances([account])[account]


@pytest.fixture
def stage(bench: Bench) -> Stage:
    return Stage(bench)
