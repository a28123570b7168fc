"""The platform's front end, as far as a demo has one: it sends commands and looks at the views.

Everything is drained before the next step, so that one seed gives one sequence of events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TypedDict

from adapters.commanding import Outcome, Receipt
from domain import commands as c
from domain.accounts import Role
from infra.clock import SHANGHAI
from services.cli.demo.looks import Looks
from services.cli.demo.member_cast import Person
from services.cli.failure import EXIT_REFUSED, CliError
from services.cli.stack import Stack
from services.custody.requests import Kind
from services.reconciliation.results import Verdict

CHUNK = 500
FETCHES = 20  # Of a day's files, before it is left incomplete.
NEXT_DAY = (Kind.WITHDRAW,)  # Paid out when the bank's next day begins.


Drain = Callable[[Collection[Kind]], None]


class By(TypedDict):
    id: str
    platform: str
    actor: str


@dataclass(slots=True)
class Front:
    """`outcomes` counts what became of the commands; ids are numbers in order. `drain` waits until
    the bank has done with everything `besides` some kinds."""

    stack: Stack
    looks: Looks
    drain: Drain
    outcomes: Counter[str] = field(default_factory=Counter)
    withdrawals_refused: int = 0
    _numbers: int = 0

    def by(self, actor: str = "front") -> By:
        self._numbers += 1
        return {"id": f"{self._numbers:010d}", "platform": self.stack.platform, "actor": actor}

    def must(self, commands: Sequence[c.Command]) -> None:
        """Sends what must be accepted, and waits until the bank has done with it."""
        for start in range(0, len(commands), CHUNK):
            for receipt in self._send(commands[start : start + CHUNK]):
                if receipt.outcome is Outcome.REFUSED:
                    raise CliError(
                        "demo_refused",
                        f"{receipt.command_id} was refused: {receipt.code} {receipt.message}",
                        exit_code=EXIT_REFUSED,
                    )
            self.drain(NEXT_DAY)

    def set_time(self, day: date, at: time) -> None:
        """Not back: waiting for the bank may have taken longer."""
        self.stack.set_time(max(datetime.combine(day, at, SHANGHAI), self.stack.now()))

    def reconcile(self, day: date) -> None:
        """Until the bank's files are there and whole."""
        for _ in range(FETCHES):
            if self.stack.reconciler.reconcile(day).verdict is not Verdict.INCOMPLETE:
                return

    def register(
        self, people: Sequence[Person], role: c.MemberRole, companies: Sequence[str] = ()
    ) -> None:
        self.must(
            [
                c.RegisterMember(
                    member_id=person.member_id,
                    kind="company" if person.member_id in companies else "person",
                    roles=(role,),
                    name=person.name,
                    id_no=person.id_no,
                    phone=person.phone,
                    lawful_business=person.member_id in companies,
                    **self.by(),
                )
                for person in people
            ]
        )

    def bind(self, person: Person, role: c.MemberRole, binding_id: str) -> c.BindBankAccount:
        return c.BindBankAccount(
            member_id=person.member_id,
            role=role,
            binding_id=f"{person.member_id}-{binding_id}",
            card_no=person.card_no,
            bank_code="ICBC",
            phone=person.phone,
            **self.by(),
        )

    def withdraw(
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
                    **self.by("member"),
                )
                for member_id, binding_id, amount_fen in wanted
            ]
        )
        self.withdrawals_refused += sum(r.outcome is Outcome.REFUSED for r in receipts)
        self.drain(NEXT_DAY)

    def _send(self, commands: Sequence[c.Command]) -> list[Receipt]:
        receipts = self.stack.submit(commands)
        self.outcomes.update(receipt.outcome.value for receipt in receipts)
        return receipts
