"""Rule 8: every stream's events add up to its state, by the same folds that the writer uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from adapters.codec import EVENT_TYPES
from domain import investment
from domain.loan import Loan
from domain.loan import Status as LoanStatus
from domain.member import Member
from domain.model import Event, changed
from domain.platform import Platform
from domain.reserve import Reserve
from domain.streams import PLATFORM, RESERVE, fold_of, loan_stream, member_stream
from services.proof.checks.check import FORGED, Check, Fact
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

    def see(self, fact: Fact) -> None:
        stream = fact.stream
        prefix, id_field, initial, evolve = _KINDS[fact.topic]
        event = fact.event
        if stream != (prefix + getattr(event, id_field) if id_field else prefix):
            self.violated(f"{fact.topic} stands in {stream}", fact.position)
            return
        if prefix == "entry-":
            return
        self._folded += 1
        try:
            state = _kept(evolve(self._states.get(stream, initial), event))
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

    def member(self, member_id: str) -> Member:
        return cast("Member", self._states.get(member_stream(member_id)) or Member())

    @property
    def reserve(self) -> Reserve:
        return cast("Reserve", self._states.get(RESERVE) or Reserve())


class _Kind(NamedTuple):
    """How a stream's name is made of its event, and how its events add up."""

    prefix: str
    id_field: str
    initial: Any
    evolve: Callable[[Any, Any], Any]


_ID_FIELDS = {
    "member": "member_id",
    "loan": "loan_id",
    "investment": "tender_id",
    "entry": "entry_id",
}


def _step(state: investment.Investment, event: investment.InvestmentEvent) -> Any:
    """A tender's fold takes any step; which one may follow, only its decision knows."""
    investment.decide(state, event)
    return investment.evolve(state, event)


def _kind(event: type[Event]) -> _Kind:
    name = event.TOPIC.partition(".")[0].replace("cash", "entry")
    id_field = _ID_FIELDS.get(name, "")
    initial, evolve = fold_of(name)
    evolve = _step if name == "investment" else evolve
    return _Kind(f"{name}-" if id_field else name, id_field, initial, evolve)


_KINDS = {event.TOPIC: _kind(event) for event in EVENT_TYPES}

_ENDS = frozenset({investment.Status.REFUSED, investment.Status.RELEASED, investment.Status.CLOSED})


def _kept(state: Any) -> Any:
    """What is kept of a state: nothing of what is over, and not what no check asks for. A member's
    papers and a tender's terms (the loan has those) would be most of the memory."""
    match state:
        case Member() if state.registered is not None:
            return changed(state, registered=None)
        case investment.Investment():
            return None if state.status in _ENDS else investment.Investment(state.status)
        case Loan() if state.status is LoanStatus.SETTLED and not state.payments:
            return None  # Held money may still go back after the end.
        case _:
            return state
