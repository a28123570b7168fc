"""Lending in a demo: loans are applied for, spread over the investors, signed and paid out."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain import commands as c
from domain.accounts import Role, account_of, owner_of
from domain.auto_tender import Offer, Wanted, spread
from services.cli.demo import member_cast
from services.cli.demo.book import PlannedLoan
from services.cli.demo.front import Front
from services.cli.demo.investors import Investors

TENDER_ROUNDS = 4
DEADLINE_DAYS = 5


@dataclass(slots=True)
class Lending:
    front: Front
    investors: Investors
    _tenders: int = 0

    def issue(self, loans: Sequence[PlannedLoan]) -> Mapping[str, Sequence[date]]:
        """Takes the loans of a day as far as they come; gives the due dates of those paid out."""
        people = [member_cast.borrower(loan.number, loan.borrower_id) for loan in loans]
        companies = [loan.borrower_id for loan in loans if loan.company]
        self.front.register(people, Role.BORROWER, companies)
        self.front.must(
            [
                self.front.bind(person, Role.BORROWER, "card1")
                for person, loan in zip(people, loans, strict=True)
                if loan.takes_out
            ]
        )
        self.front.must([command for loan in loans for command in self._applied(loan)])
        self._fill(loans)
        return self._disburse([loan.loan_id for loan in loans])

    def _applied(self, loan: PlannedLoan) -> tuple[c.Command, ...]:
        requested = c.RequestLoan(
            loan_id=loan.loan_id,
            borrower_id=loan.borrower_id,
            amount_fen=loan.amount_fen,
            annual_rate=loan.annual_rate,
            periods=loan.periods,
            method=loan.method,
            purpose=loan.purpose,
            **self.front.by(),
        )
        rated = c.RateLoan(loan_id=loan.loan_id, grade=loan.grade, **self.front.by("risk"))
        deadline = loan.issue_on + timedelta(days=DEADLINE_DAYS)
        published = c.PublishLoan(loan_id=loan.loan_id, deadline=deadline, **self.front.by())
        return requested, rated, published

    def _fill(self, loans: Sequence[PlannedLoan]) -> None:
        """Tenders that the bank refuses leave room: the next round fills it."""
        taken: dict[str, set[str]] = defaultdict(set)
        for turn in range(TENDER_ROUNDS):
            offers = self._offers(loans, taken, first=turn == 0)
            if not offers:
                return
            for offer in offers:
                taken[offer.loan_id].add(offer.investor_id)
            self.front.must(
                [
                    c.PlaceTender(
                        tender_id=self._tender(),
                        loan_id=offer.loan_id,
                        investor_id=offer.investor_id,
                        amount_fen=offer.amount_fen,
                        **self.front.by("auto-tender"),
                    )
                    for offer in offers
                ]
            )

    def _offers(
        self, loans: Sequence[PlannedLoan], taken: Mapping[str, set[str]], *, first: bool
    ) -> Sequence[Offer]:
        """A loan that will miscarry is offered half of what it wants, once."""
        looks, line = self.front.looks, self.investors.line
        left = looks.left_fen([loan.loan_id for loan in loans if loan.fills or first])
        wanted = [
            Wanted(
                loan.loan_id,
                left[loan.loan_id] if loan.fills else left[loan.loan_id] // 2,
                loan.investors if first else 1,
                frozenset(taken.get(loan.loan_id, ())),
            )
            for loan in loans
            if left.get(loan.loan_id)
        ]
        free = looks.available([account_of(each, Role.INVESTOR) for each in line]) if wanted else {}
        return spread(wanted, line, {owner_of(account): fen for account, fen in free.items()})

    def _tender(self) -> str:
        """Now and then the bank refuses, or leaves us without an answer."""
        self._tenders += 1
        tender_id = f"T{self._tenders:07d}"
        if self._tenders % 150 == 40:
            self._fault(f"T-{tender_id}.1", kind="refuse", errorCode="100014")
        elif self._tenders % 150 == 90:
            self._fault(f"T-{tender_id}.1", kind="http_500")
        elif self._tenders % 150 == 140:
            self._fault(f"T-{tender_id}.1", kind="cut")
        return tender_id

    def _fault(self, request_no: str, **fault: object) -> None:
        self.front.stack.bank.fault(requestNo=request_no, times=1, **fault)

    def _disburse(self, loan_ids: Sequence[str]) -> Mapping[str, Sequence[date]]:
        full = self.front.looks.loans_in("filled", loan_ids)
        self.front.must(
            [
                c.ConcludeLoan(
                    loan_id=loan_id,
                    contract_hash=hashlib.sha256(f"contract of {loan_id}".encode()).hexdigest(),
                    **self.front.by("e-contract"),
                )
                for loan_id in full
            ]
        )
        for loan_id in full:
            if loan_id.endswith("50"):
                self._fault(f"D-{loan_id}-1", kind="refuse", errorCode="100011")
        while concluded := self.front.looks.loans_in("concluded", full):
            self.front.must([c.DisburseLoan(loan_id=id_, **self.front.by()) for id_ in concluded])
        return self.front.looks.due_dates(full)
