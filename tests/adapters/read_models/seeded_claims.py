"""What befalls the claims of a seeded book: they are sold, in part or whole; a guarantor advances
them, or does not by his deadline, so that the reserve must."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Protocol

from domain import assessment, claims, guarantor_advance, protection
from domain import guarantee as g
from domain.accounts import Role, account_of
from domain.cashbook import EntryRequested, EntrySettled
from domain.loan import Loan
from domain.loan_events import LoanEvent
from domain.loan_guarantee import GuaranteeAdvanceOpened, LoanGuaranteed, OverdueConfirmed
from domain.model import Refused
from domain.policy import Covers, Provider
from domain.purposes import Purpose
from domain.streams import guarantee_stream
from tests.exemplars import a_movement

GUARANTOR = "gus"
WORKING_DAYS = 5


class Record(Protocol):
    def __call__(self, stream: str, *events: Any) -> None: ...


class Market:
    """债权转让: at most one claim of a loan is on sale at a time."""

    def __init__(self, seed: int, investors: Sequence[str]) -> None:
        self._rng = random.Random(f"market {seed}")
        self._investors = investors
        self._numbers = 0

    def day(self, loan: Loan, today: date) -> tuple[LoanEvent, ...]:
        try:
            return self._traded(loan, today)
        except Refused:
            return ()

    def _traded(self, loan: Loan, today: date) -> tuple[LoanEvent, ...]:
        for assignment_id, offer in loan.offers.items():
            if offer.buyer_id is None:
                buyer = self._rng.choice(self._investors)
                return (claims.sell(loan, assignment_id, buyer, None, today),)
            if self._rng.random() < 0.3:
                return (claims.keep(loan, assignment_id),)
            return (claims.assign(loan, assignment_id, offer.buyer_id, today),)
        if self._rng.random() < 0.95:
            return ()
        place = self._rng.randrange(len(loan.claims))
        claim, open_fen = loan.claims[place], claims.open_principal_fen(loan, place)
        if not open_fen:
            return ()
        fen = open_fen if self._rng.random() < 0.4 else self._rng.randint(1, open_fen)
        self._numbers += 1
        number, seller = f"S{self._numbers}", claim.investor_id
        return (claims.offer(loan, number, claim.tender_id, seller, fen, today),)


class Guarantor:
    """Stands for every third loan."""

    def __init__(self, seed: int, record: Record) -> None:
        self._rng = random.Random(f"guarantor {seed}")
        self._record = record
        self._numbers = 0
        self._deadlines: dict[tuple[str, int], date] = {}
        appointed = g.GuarantorAppointed(
            guarantor_id=GUARANTOR, limit_fen=10**12, approved_by="ben"
        )
        record(guarantee_stream(GUARANTOR), appointed)

    def guarantee(self, loan_id: str) -> tuple[LoanGuaranteed, ...]:
        if self._rng.random() < 2 / 3:
            return ()
        return (LoanGuaranteed(loan_id=loan_id, guarantor_id=GUARANTOR),)

    def oblige(self, loan: Loan, assessed: Iterable[LoanEvent]) -> None:
        for event in assessed:
            if isinstance(event, OverdueConfirmed):
                deadline = event.confirmed_on + timedelta(days=WORKING_DAYS)
                self._deadlines[event.loan_id, event.period] = deadline
                obliged = g.ObligationOpened(
                    guarantor_id=GUARANTOR,
                    claim_id=assessment.claim_id(event.loan_id, event.period),
                    loan_id=event.loan_id,
                    period=event.period,
                    amount_fen=sum(protection.protected_fen(loan, event.period).values()),
                    confirmed_on=event.confirmed_on,
                    confirmed_by=None,
                    deadline=deadline,
                    working_days=WORKING_DAYS,
                    calendar="every day",
                    policy_version=loan.policy.version,
                )
                self._record(guarantee_stream(GUARANTOR), obliged)

    def day(self, loan: Loan, today: date) -> Iterator[LoanEvent]:
        """To be recorded one by one."""
        for opened in loan.guarantee.advancing.values():
            if self._rng.random() < 0.5:
                yield self._answered(loan, opened, today)
        moving = loan.guarantee.moving
        for period in sorted(loan.guarantee.confirmed & loan.billed.keys() - moving):
            left_fen = sum(protection.protected_fen(loan, period).values())
            if self._rng.random() < 0.1:
                yield from self._requested(loan, period)
                return
            if left_fen and self._deadlines[loan.known().loan_id, period] < today:
                yield from self._breached(loan, period, left_fen, today)

    def _requested(self, loan: Loan, period: int) -> tuple[LoanEvent, ...]:
        self._numbers += 1
        number = f"G{self._numbers}"
        try:
            return (guarantor_advance.open_advance(loan, number, GUARANTOR, period),)
        except Refused:
            return ()

    def _answered(self, loan: Loan, opened: GuaranteeAdvanceOpened, today: date) -> LoanEvent:
        paid = self._rng.random() < 0.8
        if paid:
            self._pass_on(loan, opened, today)
        return guarantor_advance.finish(loan, opened.advance_id, paid=paid)

    def _pass_on(self, loan: Loan, opened: GuaranteeAdvanceOpened, today: date) -> None:
        """间接代偿: through the borrower."""
        entry_id = f"GA-{opened.advance_id}"
        fen = guarantor_advance.amount_fen(opened)
        guarantor = account_of(GUARANTOR, Role.GUARANTOR)
        borrower = account_of(loan.known().borrower_id, Role.BORROWER)
        ways = (
            (Purpose.GUARANTEE_ADVANCE, guarantor, borrower),
            (Purpose.ADVANCE_PASSED_ON, borrower, account_of("i0", Role.INVESTOR)),
        )
        movements = tuple(
            a_movement(*way, id=f"{entry_id}.{number}", amount_fen=fen)
            for number, way in enumerate(ways, start=1)
        )
        requested = EntryRequested(
            entry_id=entry_id,
            purpose=Purpose.GUARANTEE_ADVANCE,
            subject=opened.loan_id,
            reference=opened.advance_id,
            movements=movements,
            legs=(),
        )
        settled = EntrySettled(
            entry_id=entry_id,
            movement_ids=tuple(each.id for each in movements),
            bank_date=today,
            legs=(),
        )
        self._record(f"entry-{entry_id}", requested, settled)

    def _breached(
        self, loan: Loan, period: int, left_fen: int, today: date
    ) -> tuple[LoanEvent, ...]:
        loan_id = loan.known().loan_id
        payer = assessment.payer_after(loan, Provider.GUARANTOR)
        covers = loan.covers.get(period, Covers.INSTALMENT)
        called = assessment.call_on(loan, period, payer, covers, today)
        if called:
            breached = g.ObligationBreached(
                guarantor_id=GUARANTOR,
                claim_id=assessment.claim_id(loan_id, period),
                loan_id=loan_id,
                period=period,
                amount_fen=left_fen,
                deadline=self._deadlines[loan_id, period],
                next_payer=payer,
            )
            self._record(guarantee_stream(GUARANTOR), breached)
        return called
