"""Rule 8: every stream's events add up to its state, by the same folds that the writer uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from adapters.codec import EVENT_TYPES, Recorded
from domain import investment
from domain.loan import Loan
from domain.loan import Status as LoanStatus
from domain.member import Member
from domain.model import Event
from domain.platform import Platform
from domain.reserve import Reserve
from domain.streams import PLATFORM, RESERVE, fold_of, loan_stream, member_stream
from services.proof.checks.check import FORGED, Check
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

    def see(self, recorded: Recorded) -> None:
        stream = recorded.stream
        prefix, id_field, initial, evolve = _KINDS[recorded.topic]
        event: Any = recorded.event
        if stream != (prefix + getattr(event, id_field) if id_field else prefix):
            self.violated(f"{recorded.topic} stands in {stream}", recorded.position)
            return
        if prefix == "entry-":
            return
        self._folded += 1
        state = self._states.get(stream, initial)
        try:
            if prefix == "investment-":
                investment.decide(state, event)
            state = evolve(state, event)
        except FORGED as error:
            self.violated(f"{stream} can't take {recorded.topic}: {error!r}", recorded.position)
            return
        if _over(state):
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


def _kind(event: type[Event]) -> _Kind:
    name = event.TOPIC.partition(".")[0].replace("cash", "entry")
    id_field = _ID_FIELDS.get(name, "")
    return _Kind(f"{name}-" if id_field else name, id_field, *fold_of(name))


_KINDS = {event.TOPIC: _kind(event) for event in EVENT_TYPES}

_ENDS = frozenset({investment.Status.REFUSED, investment.Status.RELEASED, investment.Status.CLOSED})


def _over(state: Any) -> bool:
    if isinstance(state, investment.Investment):
        return state.status in _ENDS
    if isinstance(state, Loan):  # Held money may still go back after the end.
        return state.status is LoanStatus.SETTLED and not state.payments
    return False
