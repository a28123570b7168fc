"""The borrowers of a demo: each pays by his habit, and takes the proceeds out first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from domain import commands as c
from domain.accounts import Role, account_of
from services.cli.demo.book import Habit, PlannedLoan
from services.cli.demo.front import Front


@dataclass(frozen=True, slots=True)
class Due:
    """One borrower's intention for a day."""

    loan: PlannedLoan
    in_full: bool
    margin: bool  # Late: adds what penalty may have run up; what is too much stays his.


@dataclass(slots=True)
class Borrowers:
    front: Front
    _agenda: dict[date, list[Due]] = field(default_factory=lambda: defaultdict(list))
    _leaving: dict[date, list[PlannedLoan]] = field(default_factory=lambda: defaultdict(list))

    def expect(
        self, day: date, loans: Sequence[PlannedLoan], dates: Mapping[str, Sequence[date]]
    ) -> None:
        """Plans what the borrowers of the loans paid out today will do."""
        for loan in loans:
            if loan.loan_id in dates:
                self._plan_payments(loan, dates[loan.loan_id])
                if loan.takes_out:
                    self._leaving[day + timedelta(days=1)].append(loan)

    def act(self, day: date) -> None:
        if leaving := self._leaving.pop(day, None):
            self._withdraw_proceeds(leaving)
        if dues := self._agenda.pop(day, None):
            self._pay(day, dues)

    def _plan_payments(self, loan: PlannedLoan, dates: Sequence[date]) -> None:
        on_time = len(dates) if loan.habit in (Habit.ON_TIME, Habit.LATE) else loan.paid_periods
        for due_on in dates[:on_time]:
            late = timedelta(days=loan.late_days if loan.habit is Habit.LATE else 0)
            self._agenda[due_on + late].append(Due(loan, in_full=False, margin=bool(late)))
        rest = dates[on_time:]
        if rest and loan.habit is Habit.EARLY:
            self._agenda[rest[0]].append(Due(loan, in_full=True, margin=True))
        elif rest and loan.habit is Habit.RETURNS:
            self._agenda[rest[min(3, len(rest) - 1)]].append(Due(loan, in_full=True, margin=True))

    def _pay(self, day: date, dues: Sequence[Due]) -> None:
        owed = self.front.looks.owed([due.loan.loan_id for due in dues])
        amounts: dict[str, tuple[Due, int]] = {}
        for due in dues:
            if (debt := owed.get(due.loan.loan_id)) is None:
                continue
            amount_fen = debt.outstanding_fen + debt.billed_fen if due.in_full else debt.billed_fen
            if due.margin:
                amount_fen += amount_fen // 10
            if amount_fen:
                amounts[due.loan.loan_id] = (due, amount_fen)
        self._top_up(day, amounts)
        self.front.must(
            [
                c.RepayLoan(
                    payment_id=f"{loan_id}-{day:%y%m%d}",
                    loan_id=loan_id,
                    amount_fen=amount_fen,
                    in_full=due.in_full,
                    **self.front.by("borrower"),
                )
                for loan_id, (due, amount_fen) in amounts.items()
            ]
        )

    def _top_up(self, day: date, amounts: dict[str, tuple[Due, int]]) -> None:
        """A borrower brings the money for six instalments at a time."""
        has = self.front.looks.available(
            [account_of(due.loan.borrower_id, Role.BORROWER) for due, _ in amounts.values()]
        )
        self.front.must(
            [
                c.RequestRecharge(
                    recharge_id=f"{loan_id}-{day:%y%m%d}",
                    member_id=due.loan.borrower_id,
                    role=Role.BORROWER,
                    amount_fen=amount_fen if due.in_full else 6 * amount_fen,
                    **self.front.by("borrower"),
                )
                for loan_id, (due, amount_fen) in amounts.items()
                if has[account_of(due.loan.borrower_id, Role.BORROWER)] < amount_fen
            ]
        )

    def _withdraw_proceeds(self, loans: Sequence[PlannedLoan]) -> None:
        has = self.front.looks.available(
            [account_of(ln.borrower_id, Role.BORROWER) for ln in loans]
        )
        self.front.withdraw(
            [
                (loan.borrower_id, f"{loan.borrower_id}-card1", fen)
                for loan in loans
                if (fen := has[account_of(loan.borrower_id, Role.BORROWER)])
            ],
            Role.BORROWER,
        )
