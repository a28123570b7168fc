"""The investors of a demo: they join, bring their money, and take some of it out again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date

from domain import commands as c
from domain.accounts import Role
from services.cli.demo import member_cast
from services.cli.demo.front import Front
from services.cli.demo.member_cast import Person


@dataclass(slots=True)
class Investors:
    """`line`: whose turn it is to be offered a loan."""

    front: Front
    line: deque[str] = field(default_factory=deque)

    def join(self, count: int, deposit_fen: int) -> None:
        people = [member_cast.investor(n) for n in range(1, count + 1)]
        self.front.register(people, Role.INVESTOR)
        self.front.must([self.front.bind(person, Role.INVESTOR, "card1") for person in people])
        self.front.must(
            [
                c.RequestRecharge(
                    recharge_id=f"{person.member_id}-1",
                    member_id=person.member_id,
                    role=Role.INVESTOR,
                    amount_fen=deposit_fen,
                    **self.front.by(),
                )
                for person in people
            ]
        )
        self._change_card(people[4])
        self.line = deque(person.member_id for person in people)

    def _change_card(self, person: Person) -> None:
        """A changed card is not paid to before its cool-off has ended."""
        self.front.must(
            [
                c.UnbindBankAccount(
                    member_id=person.member_id,
                    binding_id=f"{person.member_id}-card1",
                    **self.front.by(),
                )
            ]
        )
        self.front.must([self.front.bind(person, Role.INVESTOR, "card2")])
        self.front.withdraw([(person.member_id, f"{person.member_id}-card2", 100_00)])

    def take_earnings(self, day: date) -> None:
        """Some are paid; one names no bound card, one somebody else's, one a card unbound since."""
        first = day.month * 7 % max(1, len(self.line) - 10)
        regular = sorted(self.line)[first : first + 5]
        special = ["I00001", "I00003", "I00004", "I00005"]
        wanted = [(i, f"{i}-card{2 if i == 'I00005' else 1}", 50_00) for i in special]
        wanted += [(i, f"{i}-card1", 80_00) for i in regular if i not in special]
        wanted += [
            ("I00002", "I00002-card1", 50_00),
            ("I00001", "I00003-card1", 50_00),
            ("I00005", "I00005-card1", 50_00),
        ]
        self.front.withdraw(wanted)
