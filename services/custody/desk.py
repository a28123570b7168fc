"""The requests that are not done with, and whose turn it is. In memory; the journal is the truth.

Order is kept within an ordering key (an account, or a loan) and nowhere else: see `Lane`.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import IntFlag
from typing import NamedTuple

from services.custody.gate import Probe
from services.custody.requests import FINAL, HELD, Kind, Lane, Open, State

FIRST_LOOK = timedelta(seconds=2)  # How long the bank may take before it is asked.
LONGEST = timedelta(minutes=10)


class Before(IntFlag):
    """What stands earlier under the same ordering key."""

    ANY = 1
    ALONE = 2
    NOT_TAKEN = 4  # By the bank, as far as we know.


_WAITS_FOR = {
    Lane.LINE: Before.NOT_TAKEN,
    Lane.ALONGSIDE: Before.ALONE,
    Lane.ALONE: Before.ANY,
}


class Wave(NamedTuple):
    """Whom to ask after, whom to send again, whom to send."""

    asked: list[Open]
    again: list[Open]
    ready: list[Open]


class Desk:
    """`legs_max`: a planned request of more legs stays, and whatever waits for it."""

    def __init__(self, requests: Iterable[Open] = (), legs_max: int | None = None) -> None:
        self._legs_max = legs_max
        self._requests: dict[str, Open] = {}
        self._ended: dict[str, Open] = {}
        self._held: dict[str, Open] = {}
        self._unreported: Counter[str] = Counter()  # By ordering key.
        self._questions: list[tuple[datetime, str]] = []
        self._again: dict[str, tuple[datetime, Open]] = {}
        self.add(requests)

    def add(self, requests: Iterable[Open]) -> None:
        """In the order of the events that caused them."""
        for each in requests:
            self._requests[each.no] = each
            self._unreported[each.request.ordering_key] += 1

    def get(self, request_no: str) -> Open | None:
        return self._requests.get(request_no)

    def remove(self, requests: Iterable[Open]) -> None:
        """They are reported."""
        for each in requests:
            key = each.request.ordering_key
            del self._requests[each.no]
            del self._ended[each.no]
            self._unreported[key] -= 1
            if not self._unreported[key]:
                del self._unreported[key]

    def follow(self, each: Open, now: datetime) -> None:
        """Takes notice of the state it has come to."""
        match each.state:
            case State.UNKNOWN | State.PENDING:
                self.look_later(each, now)
                if each.code == HELD:
                    self._held[each.no] = each
            case State.SETTLED | State.REFUSED:
                self._ended[each.no] = each
            case _:
                pass

    def ended(self, limit: int) -> list[Open]:
        """Final, and not reported."""
        return list(itertools.islice(self._ended.values(), limit))

    def take_held(self) -> list[Open]:
        """Withdrawals on which the bank waits for a word that was not asked for yet."""
        held = [each for each in self._held.values() if each.state is State.PENDING]
        self._held.clear()
        return held

    def requests(self) -> Collection[Open]:
        """All of them, in the order of the events that caused them."""
        return self._requests.values()

    def count(self, besides: Collection[Kind] = ()) -> int:
        return sum(1 for each in self._requests.values() if each.request.kind not in besides)

    def all_taken(self) -> bool:
        states = (State.PLANNED, State.SENT, State.UNKNOWN)
        return not any(each.state in states for each in self._requests.values())

    def planned(self) -> int:
        return sum(1 for each in self._requests.values() if each.state is State.PLANNED)

    def is_too_long(self, each: Open) -> bool:
        """Of more legs than the bank takes in one call, and not sent yet."""
        unsent = each.state is State.PLANNED
        return unsent and self._legs_max is not None and each.request.legs > self._legs_max

    # -- whose turn it is -------------------------------------------------------------

    def wave(self, room: int, now: datetime, probe: Probe | None, *, caught_up: bool) -> Wave:
        """At most `room` in all. Questions have half of it, and what the others leave. Nothing is
        sent again before the log is planned to its end."""
        asked: list[Open] = []
        if probe is not Probe.NEW_REQUEST:
            asked = self.due(now, (room + 1) // 2)
        room -= len(asked)
        again = self.take_again(now, room) if caught_up else []
        room -= len(again)
        ready = self.ready(room, caught_up=caught_up)
        asked += self.due(now, room - len(ready), but={each.no for each in again})
        return Wave(asked, again, ready)

    def ready(self, limit: int, *, caught_up: bool) -> list[Open]:
        """Planned requests that may be sent now, oldest first. What depends on the newest events
        waits until the log is planned to its end."""
        before: dict[str, Before] = {}
        chosen: list[Open] = []
        for each in self._requests.values():
            if len(chosen) == limit:
                break
            lane, key = each.request.lane, each.request.ordering_key
            if each.state in FINAL:
                continue
            if lane is Lane.LAST:
                may = caught_up and self._unreported[key] == 1
            else:
                seen = before.get(key, Before(0))
                may = not seen & _WAITS_FOR[lane] and self._is_clear(each, caught_up)
                before[key] = seen | _mark(each)
            if may and each.state is State.PLANNED and not self.is_too_long(each):
                chosen.append(each)
        return chosen

    @staticmethod
    def _is_clear(each: Open, caught_up: bool) -> bool:
        return caught_up or each.request.kind is not Kind.WITHDRAW

    # -- what to ask, what to send again -----------------------------------------------

    def look_later(self, each: Open, now: datetime) -> None:
        """Ask after it when its time has come: at once where nothing is known, then ever later."""
        first = timedelta() if each.state is State.UNKNOWN else FIRST_LOOK
        self._ask_at(each, now + (_wait(each.asks) if each.asks else first))

    def look_now(self, each: Open, now: datetime) -> None:
        """Ask after it, whenever it was to be asked after."""
        self._ask_at(each, now)

    def not_asked(self, each: Open, now: datetime) -> None:
        """The question did not go out: it is due as before."""
        each.asks -= 1
        each.ask_at = now
        heapq.heappush(self._questions, (now, each.no))

    def due(self, now: datetime, limit: int, but: Collection[str] = ()) -> list[Open]:
        """Those to be asked after now, longest due first. What is to be sent again, or is `but` now
        being, is not asked after: it is called once at a time."""
        due: dict[str, Open] = {}
        while self._questions and self._questions[0][0] <= now and len(due) < limit:
            at, no = heapq.heappop(self._questions)
            each = self._requests.get(no)
            if no in self._again or no in but:
                continue
            if each and each.ask_at == at and each.state in (State.UNKNOWN, State.PENDING):
                each.asks += 1
                due[no] = each
        return list(due.values())

    def send_again(self, each: Open, now: datetime, *, in_time: bool = False) -> None:
        """At once, or `in_time`: the oftener it was asked after, the later."""
        wait = _wait(each.asks - 1) if in_time and each.asks > 1 else timedelta()
        self._again[each.no] = (now + wait, each)

    def take_again(self, now: datetime, limit: int) -> list[Open]:
        due = [each for at, each in self._again.values() if at <= now][:limit]
        for each in due:
            del self._again[each.no]
        return [each for each in due if each.state in (State.UNKNOWN, State.PENDING)]

    def _ask_at(self, each: Open, at: datetime) -> None:
        each.ask_at = at
        heapq.heappush(self._questions, (at, each.no))


def _wait(asks: int) -> timedelta:
    doubled: int = 2 ** min(asks - 1, 10)
    return min(FIRST_LOOK * doubled, LONGEST)


def _mark(each: Open) -> Before:
    mark = Before.ANY
    if each.request.lane is Lane.ALONE:
        mark |= Before.ALONE
    if each.state is not State.PENDING:
        mark |= Before.NOT_TAKEN
    return mark
