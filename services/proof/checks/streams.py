"""Rule 8: every stream's events add up to its state, by the same folds that the writer uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from adapters.codec import EVENT_TYPES
from domain import assignment, investment, loan, loan_evolution, member
from domain.assignment import (
    Assignment,
    AssignmentBought,
    AssignmentEnded,
    AssignmentEvent,
    AssignmentListed,
    AssignmentOffered,
    AssignmentSettled,
)
from domain.assignment import Status as Sale
from domain.guarantee import Guarantor
from domain.investment import Investment, InvestmentEvent
from domain.loan import Loan
from domain.loan import Status as LoanStatus
from domain.loan_events import LoanEvent
from domain.member import Member
from domain.model import Event, InvariantBroken
from domain.operators import Operators
from domain.platform import Platform
from domain.reserve import Reserve
from domain.streams import (
    OPERATORS,
    PLATFORM,
    RESERVE,
    fold_of,
    guarantee_stream,
    loan_stream,
    member_stream,
)
from services.proof.checks.check import FORGED, Check, Fact, Look
from services.proof.snapshot import Snapshot


class Streams(Check):
    """Holds the states of what is not over; entries are in the book. Looks before all others."""

    NAME = "streams"
    RULE = 8
    TITLE = "Replaying never fails: no event contradicts those before it in its stream"

    def __init__(self) -> None:
        super().__init__()
        self._states: dict[str, Any] = {}
        self._folded = 0

    def looks(self) -> Mapping[type[Event], Look]:
        return {event: partial(self._see, _kind(event)) for event in EVENT_TYPES}

    def _see(self, kind: _Kind, fact: Fact) -> None:
        prefix, id_field, initial, step = kind
        stream, event = fact.stream, fact.event
        if stream != (prefix + getattr(event, id_field) if id_field else prefix):
            self.violated(f"{fact.topic} stands in {stream}", fact.position)
            return
        if step is None:
            return
        self._folded += 1
        try:
            state = step(self._states.get(stream, initial), event)
        except FORGED as error:
            self.violated(f"{stream} can't take {fact.topic}: {error!r}", fact.position)
            return
        if state is None:
            self._states.pop(stream, None)
        else:
            self._states[stream] = state

    def finish(self, snapshot: Snapshot) -> None:
        self.looked_at["folded"] = self._folded
        self.looked_at["open"] = len(self._states)

    def loan(self, loan_id: str) -> Loan | None:
        return cast("Loan | None", self._states.get(loan_stream(loan_id)))

    def loans(self) -> list[Loan]:
        return [state for state in self._states.values() if isinstance(state, Loan)]

    @property
    def platform(self) -> Platform:
        return cast("Platform", self._states.get(PLATFORM) or Platform())

    @property
    def operators(self) -> Operators:
        return cast("Operators", self._states.get(OPERATORS) or Operators())

    def member(self, member_id: str) -> Member:
        return cast("Member", self._states.get(member_stream(member_id)) or Member())

    def guarantor(self, guarantor_id: str) -> Guarantor:
        state = self._states.get(guarantee_stream(guarantor_id))
        return cast("Guarantor", state or Guarantor())

    @property
    def reserve(self) -> Reserve:
        return cast("Reserve", self._states.get(RESERVE) or Reserve())


# -- how each kind of stream adds up; None is the end, after which nothing is kept ------------


def _member(state: Member, event: member.MemberEvent) -> Member:
    """Without who the member is: no check asks, and it would be most of the memory."""
    return state if isinstance(event, member.MemberRegistered) else member.evolve(state, event)


def _loan(state: Loan, event: LoanEvent) -> Loan | None:
    after = loan_evolution.evolve(state, event)
    # Held money may still go back after the end, and what was on sale is taken off.
    left = after.payments or after.offers
    return None if after.status is LoanStatus.SETTLED and not left else after


def _investment(state: Investment, event: InvestmentEvent) -> Investment | None:
    """A tender's fold takes any step: which one may follow, its decision knows. What was tendered
    stands in the loan."""
    investment.decide(state, event)
    status = investment.evolve(state, event).status
    return None if status in _ENDS else Investment(status)


def _assignment(state: Assignment, event: AssignmentEvent) -> Assignment | None:
    """Its fold takes any step: which one may follow is told here again."""
    if state.status not in _BEFORE[type(event)]:
        raise InvariantBroken(f"{event.TOPIC} on an assignment that is {state.status}")
    after = assignment.evolve(state, event)
    return None if after.status in (Sale.SETTLED, Sale.ENDED) else after


_BEFORE: dict[type[AssignmentEvent], frozenset[Sale]] = {
    AssignmentOffered: frozenset({Sale.NONE}),
    AssignmentListed: frozenset({Sale.OFFERED}),
    AssignmentBought: frozenset({Sale.LISTED}),
    AssignmentSettled: frozenset({Sale.BOUGHT}),
    AssignmentEnded: frozenset({Sale.OFFERED, Sale.LISTED, Sale.BOUGHT}),
}

_ENDS = frozenset({investment.Status.REFUSED, investment.Status.RELEASED, investment.Status.CLOSED})


class _Kind(NamedTuple):
    """How a stream's name is made of its event, and how its events add up (None: not here)."""

    prefix: str
    id_field: str
    initial: Any
    step: Callable[[Any, Any], Any] | None


def _kind(event: type[Event]) -> _Kind:
    name = event.TOPIC.partition(".")[0]
    match name:
        case "member":
            return _Kind("member-", "member_id", member.INITIAL, _member)
        case "identity":
            return _Kind("identity-", "identity", *fold_of(name))
        case "loan":
            return _Kind("loan-", "loan_id", loan.INITIAL, _loan)
        case "investment":
            return _Kind("investment-", "tender_id", investment.INITIAL, _investment)
        case "assignment":
            return _Kind("assignment-", "assignment_id", assignment.INITIAL, _assignment)
        case "reversal":
            return _Kind("reversal-", "movement_id", *fold_of(name))
        case "case":
            return _Kind("case-", "borrower_id", *fold_of(name))
        case "freeze":
            return _Kind("freeze-", "freeze_id", *fold_of(name))
        case "guarantee":
            return _Kind("guarantee-", "guarantor_id", *fold_of(name))
        case "cash":
            return _Kind("entry-", "entry_id", None, None)
        case _:
            return _Kind(name, "", *fold_of(name))
