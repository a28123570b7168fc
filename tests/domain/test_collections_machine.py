"""Collections in any order: no rule of conduct is broken by an action that is on record."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import collection_events as e
from domain import collections as cases
from domain.conduct import Means, Outcome, Party
from domain.model import Refused
from tests.domain.collecting import DUE, LATE, LAW, RULES, after, an_action


class Collecting(RuleBasedStateMachine):
    """Whatever is tried, no rule of conduct is broken by an action that is on record."""

    def __init__(self) -> None:
        super().__init__()
        self.case = cases.INITIAL
        self.today = DUE
        self.late = True
        self.taken: list[tuple[e.ActionTaken, time, bool]] = []

    def _try(self, events: Any) -> None:
        try:
            self.case = after(events(), self.case)
        except Refused:
            return

    @rule(days=st.integers(1, 45), late=st.booleans())
    def a_night(self, days: int, late: bool) -> None:
        self.today += timedelta(days=days)
        self.late = late
        found = LATE if late else None
        self._try(lambda: cases.assess(self.case, "bob", found, RULES, self.today))
        assert cases.assess(self.case, "bob", found, RULES, self.today) == ()
        assert self.case.is_open is late

    @rule(
        means=st.sampled_from(Means),
        party=st.sampled_from(Party),
        outcome=st.sampled_from(Outcome),
        hour=st.integers(0, 23),
        asks=st.booleans(),
        agency=st.sampled_from([None, "x", "y"]),
    )
    def somebody_acts(
        self, means: Means, party: Party, outcome: Outcome, hour: int, asks: bool, agency: str
    ) -> None:
        action = an_action(
            f"a{len(self.taken)}",
            means=means,
            party=party,
            person_id={Party.DEBTOR: "bob", Party.GUARANTOR: "gus"}.get(party, "c1"),
            outcome=outcome,
            asks_to_pay=asks,
            tells_of_debt=False,
            agency_id=agency,
            on=self.today,
        )
        failed, before = self.case.failed, self.case
        allowed = LAW.on(self.today)
        self._try(lambda: cases.act(self.case, action, time(hour), RULES, allowed, {"gus"}))
        if self.case is not before:
            self.taken.append((action, time(hour), failed >= RULES.unreachable_after))

    @precondition(lambda self: self.case.is_open)
    @rule(agency=st.sampled_from(["x", "y"]))
    def handed_over(self, agency: str) -> None:
        wanted = e.CaseHandedOver(borrower_id="bob", agency_id=agency)
        self._try(lambda: cases.hand_over(self.case, wanted))

    @invariant()
    def the_rules_hold(self) -> None:
        calls: dict[tuple[date, str], int] = {}
        declined: set[str] = set()
        for action, local, lost in self.taken:
            if action.means is not Means.LETTER:
                assert time(8) <= local < time(22)
            if action.means is Means.CALL and action.outcome in (
                Outcome.REACHED,
                Outcome.DECLINED,
            ):
                key = (action.on, action.person_id)
                calls[key] = calls.get(key, 0) + 1
            if action.party is Party.CONTACT:
                assert lost
                assert not action.asks_to_pay
                assert action.person_id not in declined
                if action.outcome is Outcome.DECLINED:
                    declined.add(action.person_id)
        assert max(calls.values(), default=0) <= 3


TestCollecting = Collecting.TestCase
TestCollecting.settings = settings(derandomize=True, max_examples=60, stateful_step_count=30)
