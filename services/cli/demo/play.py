"""Plays a book, day by day, as platform, members and borrowers would.

Everything is drained before the next step, so that one seed gives one sequence of events.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypedDict

from adapters.commanding import Outcome, Receipt
from domain import commands as c
from domain.accounts import Role, account_of
from domain.auto_tender import Wanted, spread
from infra.clock import SHANGHAI
from services.cli.demo import member_cast
from services.cli.demo.book import Book, Habit, PlannedLoan
from services.cli.demo.looks import Looks
from services.cli.demo.member_cast import Person
from services.cli.errors import CliError
from services.cli.stack import Stack
from services.custody.requests import Kind

TENDER_ROUNDS = 4
DEADLINE_DAYS = 5
WITHDRAW_EVERY = 10  # On a long book one borrower in so many takes the proceeds out.
CHUNK = 500
NEXT_DAY = (Kind.WITHDRAW,)  # Paid out when the bank's next day begins.
OPEN, NIGHT = time(10, 0), time(0, 30)


class By(TypedDict):
    id: str
    platform: str
    actor: str


@dataclass(frozen=True, slots=True)
class Due:
    """One borrower's intention for a day."""

    loan: PlannedLoan
    in_full: bool
    margin: bool  # Late: adds what penalty may have run up; what is too much stays his.


@dataclass(slots=True)
class Player:
    stack: Stack
    book: Book
    looks: Looks
    commands: Counter[str] = field(default_factory=Counter)
    withdrawals_refused: int = 0
    _numbers: int = 0
    _line: deque[str] = field(default_factory=deque)
    _agenda: dict[date, list[Due]] = field(default_factory=lambda: defaultdict(list))
    _leaving: dict[date, list[PlannedLoan]] = field(default_factory=lambda: defaultdict(list))
    _tenders: int = 0

    # -- the whole book -----------------------------------------------------------------

    def play(self) -> Iterator[date]:
        """Yields each day when it is closed and reconciled."""
        self._open()
        issued: dict[date, list[PlannedLoan]] = defaultdict(list)
        for loan in self.book.loans:
            issued[loan.issue_on].append(loan)
        day = self.book.start
        while day < self.book.end:
            self._day(day, issued.get(day, []))
            self._close(day)
            yield day
            day += timedelta(days=1)

    def _day(self, day: date, issued: Sequence[PlannedLoan]) -> None:
        self._time(day, OPEN)
        if issued:
            self._issue(day, issued)
        if self._leaving.get(day):
            self._withdraw_proceeds(self._leaving.pop(day))
        if self._agenda.get(day):
            self._pay(day, self._agenda.pop(day))
        if day.day == 15:
            self._withdraw_earnings(day)

    def _close(self, day: date) -> None:
        """The bank's day ends first, then ours: what the new day brings belongs to the new day."""
        self._time(day + timedelta(days=1), NIGHT)
        self.stack.day_end.roll()
        self.stack.drain()
        self.stack.reconciler.reconcile(day)

    # -- setting up ---------------------------------------------------------------------

    def _open(self) -> None:
        self._time(self.book.start, OPEN)
        self._accepted(
            [
                c.OpenPlatform(
                    business_date=self.book.start, law_table=self.book.law_table, **self._by()
                ),
                c.PublishPolicy(terms=self.book.policy, **self._by("risk")),
                c.SeedReserve(
                    seed_id="seed1",
                    amount_fen=self.book.seed_fen,
                    approved_by="finance-2",
                    **self._by("finance-1"),
                ),
            ]
        )
        people = [member_cast.investor(n) for n in range(1, self.book.investors + 1)]
        self._register(people, Role.INVESTOR)
        self._accepted([self._bind(person, Role.INVESTOR, "card1") for person in people])
        self._accepted(
            [
                c.RequestRecharge(
                    recharge_id=f"{person.member_id}-1",
                    member_id=person.member_id,
                    role=Role.INVESTOR,
                    amount_fen=self.book.deposit_fen,
                    **self._by(),
                )
                for person in people
            ]
        )
        self._change_card(people[4])
        self._line = deque(person.member_id for person in people)

    def _register(
        self, people: Sequence[Person], role: c.MemberRole, companies: Sequence[str] = ()
    ) -> None:
        self._accepted(
            [
                c.RegisterMember(
                    member_id=person.member_id,
                    kind="company" if person.member_id in companies else "person",
                    roles=(role,),
                    name=person.name,
                    id_no=person.id_no,
                    phone=person.phone,
                    lawful_business=person.member_id in companies,
                    **self._by(),
                )
                for person in people
            ]
        )

    def _bind(self, person: Person, role: c.MemberRole, binding_id: str) -> c.BindBankAccount:
        return c.BindBankAccount(
            member_id=person.member_id,
            role=role,
            binding_id=f"{person.member_id}-{binding_id}",
            card_no=person.card_no,
            bank_code="ICBC",
            phone=person.phone,
            **self._by(),
        )

    def _change_card(self, person: Person) -> None:
        """A changed card is not paid to before its cool-off has ended."""
        self._accepted(
            [
                c.UnbindBankAccount(
                    member_id=person.member_id,
                    binding_id=f"{person.member_id}-card1",
                    **self._by(),
                )
            ]
        )
        self._accepted([self._bind(person, Role.INVESTOR, "card2")])
        self._withdraw([(person.member_id, f"{person.member_id}-card2", 100_00)])

    # -- lending ------------------------------------------------------------------------

    def _issue(self, day: date, loans: Sequence[PlannedLoan]) -> None:
        people = [
            member_cast.borrower(int(loan.loan_id.strip("LC")), loan.borrower_id) for loan in loans
        ]
        companies = [loan.borrower_id for loan in loans if loan.company]
        self._register(people, Role.BORROWER, companies)
        leaving = {loan.loan_id for n, loan in enumerate(loans) if self._takes_out(n)}
        self._accepted(
            [
                self._bind(person, Role.BORROWER, "card1")
                for person, loan in zip(people, loans, strict=True)
                if loan.loan_id in leaving
            ]
        )
        for step in (self._requested, self._rated, self._published):
            self._accepted([step(loan) for loan in loans])
        self._fill(loans)
        self._disburse(day, loans, leaving)

    def _takes_out(self, place: int) -> bool:
        return len(self.book.loans) <= 1000 or place % WITHDRAW_EVERY == 0

    def _requested(self, loan: PlannedLoan) -> c.Command:
        return c.RequestLoan(
            loan_id=loan.loan_id,
            borrower_id=loan.borrower_id,
            amount_fen=loan.amount_fen,
            annual_rate=loan.annual_rate,
            periods=loan.periods,
            method=loan.method,
            purpose=loan.purpose,
            **self._by(),
        )

    def _rated(self, loan: PlannedLoan) -> c.Command:
        return c.RateLoan(loan_id=loan.loan_id, grade=loan.grade, **self._by("risk"))

    def _published(self, loan: PlannedLoan) -> c.Command:
        deadline = loan.issue_on + timedelta(days=DEADLINE_DAYS)
        return c.PublishLoan(loan_id=loan.loan_id, deadline=deadline, **self._by())

    def _fill(self, loans: Sequence[PlannedLoan]) -> None:
        """Tenders that the bank refuses leave room: the next round fills it."""
        taken: dict[str, set[str]] = defaultdict(set)
        for turn in range(TENDER_ROUNDS):
            left = self.looks.left_fen([loan.loan_id for loan in loans if loan.fills or turn == 0])
            wanted = [
                Wanted(
                    loan.loan_id,
                    left[loan.loan_id] if loan.fills else left[loan.loan_id] // 2,
                    loan.investors if turn == 0 else 1,
                    frozenset(taken[loan.loan_id]),
                )
                for loan in loans
                if left.get(loan.loan_id)
            ]
            if not wanted:
                return
            free = self.looks.available([account_of(i, Role.INVESTOR) for i in self._line])
            offers = spread(
                wanted, self._line, {account.split(":")[0]: fen for account, fen in free.items()}
            )
            for offer in offers:
                taken[offer.loan_id].add(offer.investor_id)
            self._accepted(
                [
                    c.PlaceTender(
                        tender_id=self._tender(),
                        loan_id=offer.loan_id,
                        investor_id=offer.investor_id,
                        amount_fen=offer.amount_fen,
                        **self._by("auto-tender"),
                    )
                    for offer in offers
                ]
            )

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
        self.stack.bank.fault(requestNo=request_no, times=1, **fault)

    def _disburse(self, day: date, loans: Sequence[PlannedLoan], leaving: set[str]) -> None:
        ids = [loan.loan_id for loan in loans]
        full = self.looks.loans_in("filled", ids)
        self._accepted(
            [
                c.ConcludeLoan(
                    loan_id=loan_id,
                    contract_hash=hashlib.sha256(f"contract of {loan_id}".encode()).hexdigest(),
                    **self._by("e-contract"),
                )
                for loan_id in full
            ]
        )
        for loan_id in full:
            if loan_id.endswith("50"):
                self._fault(f"D-{loan_id}-1", kind="refuse", errorCode="100011")
        while concluded := self.looks.loans_in("concluded", full):
            self._accepted([c.DisburseLoan(loan_id=id_, **self._by()) for id_ in concluded])
        dates = self.looks.due_dates(full)
        for loan in loans:
            if loan.loan_id in dates:
                self._plan_payments(loan, dates[loan.loan_id])
                if loan.loan_id in leaving:
                    self._leaving[day + timedelta(days=1)].append(loan)

    # -- paying -------------------------------------------------------------------------

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
        owed = self.looks.owed([due.loan.loan_id for due in dues])
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
        self._accepted(
            [
                c.RepayLoan(
                    payment_id=f"{loan_id}-{day:%y%m%d}",
                    loan_id=loan_id,
                    amount_fen=amount_fen,
                    in_full=due.in_full,
                    **self._by("borrower"),
                )
                for loan_id, (due, amount_fen) in amounts.items()
            ]
        )

    def _top_up(self, day: date, amounts: dict[str, tuple[Due, int]]) -> None:
        """A borrower brings the money for three instalments at a time."""
        has = self.looks.available(
            [account_of(due.loan.borrower_id, Role.BORROWER) for due, _ in amounts.values()]
        )
        self._accepted(
            [
                c.RequestRecharge(
                    recharge_id=f"{loan_id}-{day:%y%m%d}",
                    member_id=due.loan.borrower_id,
                    role=Role.BORROWER,
                    amount_fen=amount_fen if due.in_full else 3 * amount_fen,
                    **self._by("borrower"),
                )
                for loan_id, (due, amount_fen) in amounts.items()
                if has[account_of(due.loan.borrower_id, Role.BORROWER)] < amount_fen
            ]
        )

    # -- taking money out ---------------------------------------------------------------

    def _withdraw_proceeds(self, loans: Sequence[PlannedLoan]) -> None:
        has = self.looks.available([account_of(ln.borrower_id, Role.BORROWER) for ln in loans])
        self._withdraw(
            [
                (loan.borrower_id, f"{loan.borrower_id}-card1", fen)
                for loan in loans
                if (fen := has[account_of(loan.borrower_id, Role.BORROWER)])
            ],
            Role.BORROWER,
        )

    def _withdraw_earnings(self, day: date) -> None:
        """Some are paid; one names no bound card, one somebody else's, one a card unbound since."""
        first = day.month * 7 % max(1, len(self._line) - 10)
        regular = sorted(self._line)[first : first + 5]
        special = ["I00001", "I00003", "I00004", "I00005"]
        wanted = [(i, f"{i}-card{2 if i == 'I00005' else 1}", 50_00) for i in special]
        wanted += [(i, f"{i}-card1", 80_00) for i in regular if i not in special]
        wanted += [
            ("I00002", "I00002-card1", 50_00),
            ("I00001", "I00003-card1", 50_00),
            ("I00005", "I00005-card1", 50_00),
        ]
        self._withdraw(wanted)

    def _withdraw(
        self, wanted: Sequence[tuple[str, str, int]], role: c.MemberRole = Role.INVESTOR
    ) -> None:
        receipts = self._send(
            [
                c.RequestWithdrawal(
                    withdrawal_id=f"W{self._numbers + 1:08d}",
                    member_id=member_id,
                    role=role,
                    binding_id=binding_id,
                    amount_fen=amount_fen,
                    **self._by("member"),
                )
                for member_id, binding_id, amount_fen in wanted
            ]
        )
        self.withdrawals_refused += sum(r.outcome is Outcome.REFUSED for r in receipts)
        self.stack.drain(besides=NEXT_DAY)

    # -- sending ------------------------------------------------------------------------

    def _accepted(self, commands: Sequence[c.Command]) -> None:
        """Sends what must be accepted, and waits until the bank has done with it."""
        for start in range(0, len(commands), CHUNK):
            for receipt in self._send(commands[start : start + CHUNK]):
                if receipt.outcome is Outcome.REFUSED:
                    raise CliError(
                        "demo_refused",
                        f"{receipt.command_id} was refused: {receipt.code} {receipt.message}",
                        exit_code=1,
                    )
            self.stack.drain(besides=NEXT_DAY)

    def _send(self, commands: Sequence[c.Command]) -> list[Receipt]:
        receipts = self.stack.submit(commands)
        self.commands.update(receipt.outcome.value for receipt in receipts)
        return receipts

    def _by(self, actor: str = "front") -> By:
        self._numbers += 1
        return {"id": f"{self._numbers:010d}", "platform": self.stack.platform, "actor": actor}

    def _time(self, day: date, at: time) -> None:
        self.stack.set_time(datetime.combine(day, at, SHANGHAI))
