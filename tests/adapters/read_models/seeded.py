"""The events of a small book played by chance, one seed one book: borrowers who pay on their day,
late, in part, too much or all at once, payments that the bank refuses, claims that are sold, a
guarantor and a reserve that step in.

Decided by the domain itself, without a database: a year of thirty loans takes a second.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from adapters.codec import Circumstances, Recorded, Stored, data_from, decode, enclosed
from domain import assessment, early_part, funding, loan_evolution, repayment, reserve_advance
from domain import loan as loans
from domain import loan_events as e
from domain.accounts import OUTSIDE, RESERVE_ACCOUNT, Role
from domain.ageing import AGEING_TABLES
from domain.cashbook import EntryRequested, EntrySettled, Leg
from domain.funding import months_after
from domain.investment import TenderPlaced
from domain.loan import IN_REPAYMENT, Loan
from domain.member import RelatedPartyRegistered
from domain.model import Event, Refused
from domain.platform import BusinessDateRolled, PlatformOpened
from domain.policies import PolicyPublished
from domain.policy import Acceleration, EarlyRest, Provider, Roll, Scope
from domain.purposes import Purpose
from domain.schedule import Method
from domain.streams import loan_stream
from domain.working_days import WorkingDays
from tests.adapters.read_models.seeded_claims import GUARANTOR, Guarantor, Market
from tests.exemplars import a_member, a_movement, a_policy, filled

START = date(2023, 12, 30)
TABLES = tuple(AGEING_TABLES)
VARIANTS = tuple(EarlyRest)
CALENDAR = WorkingDays("weekdays", (2023, 2024, 2025), (), ())
LENDERS = [f"i{number}" for number in range(12)]


class Seeded:
    def __init__(
        self,
        seed: int,
        loans_wanted: int = 30,
        months: int = 12,
        zeals: Sequence[float] = (0.0, 0.01, 0.03, 0.9),
    ) -> None:
        """`zeals`: how likely borrowers pay something, each day on which they owe it."""
        self.rng = random.Random(seed)
        self.today = START
        self._affiliates = random.Random(seed)
        self._told_late = random.Random(seed)
        self._zeals = zeals
        self.recorded: list[Recorded] = []
        self.loans: dict[str, Loan] = {}
        self._numbers = 0
        self._versions: dict[str, int] = {}
        self._zeal: dict[str, float] = {}
        self._market = Market(seed, LENDERS)
        self.record("platform", self._opened())
        self.record(f"member-{GUARANTOR}", a_member(GUARANTOR, Role.GUARANTOR))
        self._guarantor = Guarantor(seed, self.record)
        self.record("policy", PolicyPublished(terms=a_policy(trigger_days=20)))
        self._seed_reserve(50_000_00)
        end = months_after(START, months)
        days = (end - START).days
        issues = [self.rng.randrange(days * 2 // 3) for _ in range(loans_wanted)]
        while self.today < end:
            for _ in range(issues.count((self.today - START).days)):
                self._issue()
            for loan_id in list(self.loans):
                self._live(loan_id)
            self._relate()
            self._roll()

    def record(self, stream: str, *events: Any) -> None:
        for event in events:
            position = len(self.recorded) + 1
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            at = f"{self.today}T04:00:00+00:00"
            around = Circumstances(at, str(self.today), f"c{position}", "c", "chance")
            state = enclosed(event.TOPIC, data_from(event), around.opening(), bytes(32))
            self.recorded.append(decode(Stored(position, stream, version, event.TOPIC, state)))

    def _opened(self) -> Event:
        return PlatformOpened(
            platform="p1",
            business_date=START,
            law_table="none",
            tender_max_fen=None,
            cool_off_days=0,
        )

    def _roll(self) -> None:
        tomorrow = self.today + timedelta(days=1)
        rolled = BusinessDateRolled(closed=self.today, business_date=tomorrow)
        self.today = tomorrow
        self.record("platform", rolled)

    def _seed_reserve(self, fen: int) -> None:
        movement = a_movement(
            Purpose.RECHARGE, OUTSIDE, RESERVE_ACCOUNT, id="C-1.1", amount_fen=fen
        )
        requested = EntryRequested(
            entry_id="C-1",
            purpose=Purpose.RECHARGE,
            subject="reserve",
            reference="C-1",
            movements=(movement,),
            legs=(),
        )
        settled = EntrySettled(
            entry_id="C-1",
            movement_ids=(movement.id,),
            bank_date=self.today,
            legs=(Leg(RESERVE_ACCOUNT, fen, 0), Leg(OUTSIDE, -fen, 0)),
        )
        self.record("entry-C-1", requested, settled)

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _relate(self) -> None:
        """Now and then a borrower turns out to be a related party, or is none any more; the
        guarantor is one every other month."""
        if self.today.day == 15:
            self._told_related(GUARANTOR, related=self.today.month % 2 == 0)
        known = sorted({loan.known().borrower_id for loan in self.loans.values()})
        for _ in range(2):
            if known and self._affiliates.random() < 0.1:
                borrower = self._affiliates.choice(known)
                self._told_related(borrower, related=self._affiliates.random() < 0.5)

    def _told_related(self, member_id: str, *, related: bool) -> None:
        told = RelatedPartyRegistered(
            member_id=member_id, related=related, evidence="register", approved_by="ben"
        )
        self.record(f"member-{member_id}", told)

    def _issue(self) -> None:
        number = self._number()
        loan_id, borrower = f"L{number:03d}", f"b{number % 17}"
        if not any(loan.known().borrower_id == borrower for loan in self.loans.values()):
            related = self.rng.random() < 0.2
            self.record(f"member-{borrower}", a_member(borrower, related_party=related))
        who = self.rng.sample(LENDERS, self.rng.randrange(1, 5))
        tenders = {f"t{self._number()}": (i, self.rng.randrange(100, 9_000_00)) for i in who}
        for tender_id, (investor, fen) in tenders.items():
            placed = TenderPlaced(
                tender_id=tender_id, loan_id=loan_id, investor_id=investor, amount_fen=fen
            )
            self.record(f"investment-{tender_id}", placed)
        terms = filled(
            tenders,
            loan_id=loan_id,
            borrower_id=borrower,
            periods=self.rng.choice((1, 3, 6, 12)),
            method=self.rng.choice(list(Method)),
            annual_rate=self.rng.choice(("0", "7.5", "18")),
        )
        terms[1] = e.LoanRated(loan_id=loan_id, grade=self.rng.choice("ABC"))
        terms[2:2] = self._guarantor.guarantee(loan_id)
        self.loans[loan_id] = loans.INITIAL
        self._then(loan_id, *terms)
        scope = self.rng.choice(list(Scope))
        policy = a_policy(
            trigger_days=20,
            scope=scope,
            ageing=TABLES[number % 2],
            early_part=VARIANTS[number % 3],
            providers=(Provider.GUARANTOR, Provider.RESERVE),
            overdue_claims_assignable=self.rng.random() < 0.5,
            roll=self.rng.choice(list(Roll)),
            acceleration=self.rng.choice((None, Acceleration(over_days=60))),
            early_compensation=self.rng.choice(("0", "2")),
        )
        self._then(loan_id, *funding.conclude(self.loans[loan_id], "0" * 64, policy))
        self._then(loan_id, *funding.disburse(self.loans[loan_id]))
        self._then(loan_id, *funding.finish_disbursement(self.loans[loan_id], self.today))
        self._zeal[loan_id] = self.rng.choice(self._zeals)

    def _then(self, loan_id: str, *events: e.LoanEvent) -> None:
        for event in events:
            self.loans[loan_id] = loan_evolution.evolve(self.loans[loan_id], event)
        self.record(loan_stream(loan_id), *events)

    def _live(self, loan_id: str) -> None:
        """One day of a loan."""
        loan = self.loans[loan_id]
        if loan.status not in IN_REPAYMENT:
            return
        assessed = assessment.assess(loan, self.today, CALENDAR)
        self._then(loan_id, *assessed)
        self._guarantor.oblige(self.loans[loan_id], assessed)
        for event in self._guarantor.day(self.loans[loan_id], self.today):
            self._then(loan_id, event)
        self._then(loan_id, *self._market.day(self.loans[loan_id], self.today))
        if self.rng.random() < (self._zeal[loan_id] if self.loans[loan_id].billed else 0.004):
            self._pay(loan_id)
        if self.loans[loan_id].called_in and self._told_late.random() < 0.1:
            self._pay_and_be_booked_late(loan_id)
        if self.rng.random() < 0.1:
            self._advance(loan_id)
        self._answer(loan_id)
        self._then(loan_id, *repayment.route(self.loans[loan_id]))
        if self.rng.random() < 0.5:
            self._answer(loan_id)

    def _pay(self, loan_id: str) -> None:
        loan, payment_id = self.loans[loan_id], f"p{self._number()}"
        whole_fen = repayment.payoff_fen(loan, self.today)
        in_full = self.rng.random() < 0.2
        amount_fen = whole_fen if in_full else self.rng.randrange(1, max(2, whole_fen // 2))
        least_fen = early_part.least_fen(loan, self.today, repayment.due_fen(loan, self.today))
        in_part = not in_full and least_fen is not None and amount_fen > least_fen
        try:
            accepted = repayment.accept(
                loan,
                payment_id,
                max(1, amount_fen),
                in_full=in_full,
                effective_on=self.today,
                in_part=in_part and loan.policy.early_part is not EarlyRest.NONE,
            )
        except Refused:
            return
        self._then(loan_id, *accepted)
        if self.rng.random() < 0.1:
            self._then(loan_id, *repayment.fail(self.loans[loan_id], payment_id, "E1"))
        else:
            self._then(loan_id, *repayment.hold(self.loans[loan_id], payment_id))

    def _pay_and_be_booked_late(self, loan_id: str) -> None:
        """All that was due before the rest was called in, on the oldest one's day."""
        loan, payment_id = self.loans[loan_id], f"p{self._number()}"
        before = [each for period, each in loan.billed.items() if period != loan.called_in]
        if not before or loan.payments:
            return
        on = min(each.due_on for each in before)
        fen = sum(sum(each.due(on, loan.policy)[1:]) for each in before)
        accepted = repayment.accept(loan, payment_id, fen, in_full=False, effective_on=on)
        self._then(loan_id, *accepted)
        self._then(loan_id, *repayment.hold(self.loans[loan_id], payment_id))

    def _advance(self, loan_id: str) -> None:
        loan = self.loans[loan_id]
        for period in sorted(loan.filed & loan.billed.keys()):
            investors = reserve_advance.open_claim(loan, period)
            if investors:
                part = self.rng.choice((1, 2))
                paid = {who: fen // part for who, fen in investors.items() if fen // part}
                opened = reserve_advance.open_advance(loan, f"o{self._number()}", period, paid)
                self._then(loan_id, opened)
                return

    def _answer(self, loan_id: str) -> None:
        """The bank answers what is open on the loan."""
        loan = self.loans[loan_id]
        for payout_id in list(loan.advances):
            paid = self.rng.random() < 0.8
            self._then(loan_id, *reserve_advance.finish_advance(loan, payout_id, paid=paid))
            loan = self.loans[loan_id]
        if loan.routed is None:
            return
        if self.rng.random() < 0.15:
            failed = repayment.fail(loan, loan.routed.payment_id, "E2")
            self._then(loan_id, *failed)
        else:
            self._then(loan_id, *repayment.settle(loan, self.today))
