"""The journal of requests: every step is on disk before the next one is taken.

Each public method that writes is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString, NamedTuple

import orjson
import psycopg

from adapters.codec import Recorded
from infra.clock import SHANGHAI
from services.custody import facts
from services.custody.lease import require_lease
from services.custody.requests import Kind, Open, Request, State


class Step(NamedTuple):
    """A step to be taken. CONTRADICTED is written down and changes nothing."""

    open: Open
    state: State
    code: str = ""
    bank_date: date | None = None


class Trouble(NamedTuple):
    request_no: str
    code: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified callback that waits. What stands before `authorised` is of a returned withdrawal;
    that of what a member has authorised by himself (domain.ports.AuthorisedAtBank)."""

    id: int
    received_at: datetime
    request_no: str
    outcome: str
    code: str
    bank_date: date | None
    withdrawal_request_no: str | None
    account: str | None
    amount_fen: int | None
    authorised: Mapping[str, Any] | None = None

    @property
    def about(self) -> str:
        """The request of ours that it is about."""
        return self.withdrawal_request_no or self.request_no

    @property
    def received_on(self) -> date:
        return self.received_at.astimezone(SHANGHAI).date()


class Journal:
    """Over the session that holds the platform's lease; any other is LeaseMissing."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        require_lease(connection)
        self._connection = connection
        # Lost in a power cut, all but SENT come again: from the log, the bank, the writer.
        connection.execute("SET synchronous_commit TO off")

    @contextmanager
    def transaction(self, *, on_disk: bool = False) -> Iterator[psycopg.Cursor[Any]]:
        connection = self._connection
        with connection.pipeline(), connection.transaction(), connection.cursor() as cursor:
            if on_disk:
                cursor.execute("SET LOCAL synchronous_commit TO on")
            yield cursor

    # -- planning ---------------------------------------------------------------------

    def position(self) -> int:
        row = self._connection.execute("SELECT position FROM follower").fetchone()
        return int(row[0]) if row else 0

    def plan(
        self,
        events: Sequence[Recorded],
        planner: Callable[[Recorded, facts.Facts], list[Request]],
        position: int,
        now: datetime,
    ) -> list[Open]:
        """Writes what the events cause, and that they were planned up to `position`."""
        with self.transaction() as cursor:
            known = facts.load(cursor, [each.event for each in events])
            requests = [request for each in events for request in planner(each, known)]
            facts.save(cursor, known)
            _insert(cursor, _REQUESTS, (_request_row(each, now) for each in requests))
            _insert(
                cursor,
                _INSTRUCTIONS,
                (
                    (i.movement_id, each.request_no, i.entry_id, i.amount_fen, each.position)
                    for each in requests
                    for i in each.instructions
                ),
            )
            planned = [(each.request_no, State.PLANNED.value, now) for each in requests]
            _insert(cursor, _PLANNED, planned)
            cursor.execute("UPDATE follower SET position = %s", (position,))
        return [Open(each) for each in requests]

    # -- steps ------------------------------------------------------------------------

    def take(
        self,
        steps: Sequence[Step],
        now: datetime,
        today: date,
        *,
        troubles: Collection[Trouble] = (),
        notices: Sequence[int] = (),
        asked: Sequence[Open] = (),
    ) -> None:
        """Writes the steps, one a request, then takes them. `notices` are done with by that; of
        those `asked` after it is counted. What is sent is on disk before this returns."""
        on_disk = any(step.state is State.SENT for step in steps)
        with self.transaction(on_disk=on_disk) as cursor:
            _insert(cursor, _STEPS, (_step_row(step, now) for step in steps))
            changed = [s for s in steps if s.state is not State.CONTRADICTED]
            _insert(cursor, _STATES, (_state_row(step, today) for step in changed))
            again = [s.open.no for s in steps if s.state is State.CONTRADICTED]
            if again:
                cursor.execute(_CONTRADICTED, (again,))
            _trouble(cursor, troubles, now)
            if asked:
                cursor.execute(_ASKED, ([each.no for each in asked],))
            if notices:
                cursor.execute(_HANDLED, (list(notices),))
        for step in steps:
            _apply(step, today)

    def mark_reported(
        self, request_nos: Sequence[str], troubles: Collection[Trouble], now: datetime
    ) -> None:
        with self.transaction() as cursor:
            cursor.execute(_REPORTED, (list(request_nos),))
            _trouble(cursor, troubles, now)

    # -- looking ----------------------------------------------------------------------

    def unreported(self) -> list[Open]:
        """Everything that is not done with, in order."""
        return _opened(self._connection.execute(_UNREPORTED).fetchall())

    def find(self, request_nos: Collection[str]) -> list[Open]:
        if not request_nos:
            return []
        return _opened(self._connection.execute(_FIND, (list(request_nos),)).fetchall())

    def notices(self, limit: int) -> list[Notice]:
        """The oldest callbacks that wait."""
        rows = self._connection.execute(_NOTICES, (limit,), prepare=True).fetchall()
        return [Notice(*row) for row in rows]

    def unbound(self, cards: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of (binding, member) that are not bound now."""
        if not cards:
            return set()
        columns = [list(column) for column in zip(*cards, strict=True)]
        bound = {(b, m) for b, m in self._connection.execute(_BOUND, columns).fetchall()}
        return set(cards) - bound

    def unsettled(self, request_nos: Collection[str]) -> set[str]:
        settled = {each.no for each in self.find(request_nos) if each.state is State.SETTLED}
        return set(request_nos) - settled

    def close(self) -> None:
        """Gives the lease back."""
        self._connection.close()


# -- rows -------------------------------------------------------------------------------


def _request_row(request: Request, now: datetime) -> tuple[Any, ...]:
    return (
        request.request_no,
        request.kind.value,
        request.position,
        request.number,
        request.ordering_key,
        request.subject,
        request.correlation,
        orjson.dumps(request.payload).decode(),
        now,
    )


def _step_row(step: Step, now: datetime) -> tuple[Any, ...]:
    return (
        step.open.no,
        step.open.steps + 1,
        step.state.value,
        step.code,
        step.bank_date,
        now,
    )


def _state_row(step: Step, today: date) -> tuple[Any, ...]:
    sent_on = today if step.state is State.SENT else None
    return step.open.no, step.state.value, step.code, step.bank_date, sent_on


def _apply(step: Step, today: date) -> None:
    request = step.open
    request.steps += 1
    if step.state is State.CONTRADICTED:
        return
    request.state, request.code, request.bank_date = step.state, step.code, step.bank_date
    if step.state is State.SENT:
        request.sent_on = today


def _opened(rows: Iterable[tuple[Any, ...]]) -> list[Open]:
    return [
        Open(
            Request(no, Kind(kind), position, number, key, subject, correlation, payload),
            State(state),
            *rest,
        )
        for no, kind, position, number, key, subject, correlation, payload, state, *rest in rows
    ]


def _trouble(cursor: psycopg.Cursor[Any], troubles: Collection[Trouble], now: datetime) -> None:
    _insert(cursor, _TROUBLES, ((*each, now) for each in dict.fromkeys(troubles)))


def _insert(
    cursor: psycopg.Cursor[Any], query: LiteralString, rows: Iterable[tuple[Any, ...]]
) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    if columns:
        cursor.execute(query, columns, prepare=True)


# -- SQL --------------------------------------------------------------------------------

_REQUESTS: LiteralString = (
    "INSERT INTO request (request_no, kind, position, number, ordering_key, subject, correlation,"
    " payload, created_at) SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::int[],"
    " %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::timestamptz[])"
)
_INSTRUCTIONS: LiteralString = (
    "INSERT INTO instruction (movement_id, request_no, entry_id, amount_fen, position)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])"
)
_PLANNED: LiteralString = (
    "WITH planned (request_no, state, at) AS"
    " (SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[])),"
    " step AS (INSERT INTO request_step (request_no, seq, state, code, at)"
    "  SELECT request_no, 1, state, '', at FROM planned)"
    " INSERT INTO request_state (request_no, state, code, steps)"
    " SELECT request_no, state, '', 1 FROM planned"
)
_STEPS: LiteralString = (
    "INSERT INTO request_step (request_no, seq, state, code, bank_date, at) SELECT * FROM"
    " unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::date[], %s::timestamptz[])"
)
# The state that a request is left in, and how many steps it has by now.
_STATES: LiteralString = (
    "UPDATE request_state s SET state = n.state, code = n.code, bank_date = n.bank_date,"
    " sent_on = coalesce(n.sent_on, s.sent_on), steps = s.steps + 1"
    " FROM unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::date[])"
    " AS n (request_no, state, code, bank_date, sent_on) WHERE s.request_no = n.request_no"
)
_CONTRADICTED: LiteralString = (
    "UPDATE request_state SET steps = steps + 1 WHERE request_no = ANY(%s)"
)
_ASKED: LiteralString = "UPDATE request_state SET asks = asks + 1 WHERE request_no = ANY(%s)"
_REPORTED: LiteralString = "UPDATE request_state SET reported = true WHERE request_no = ANY(%s)"
_TROUBLES: LiteralString = (
    "INSERT INTO trouble (request_no, code, at)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) ON CONFLICT DO NOTHING"
)
_HANDLED: LiteralString = "UPDATE notice SET handled = true WHERE id = ANY(%s)"
_NOTICES: LiteralString = (
    "SELECT id, received_at, request_no, outcome, code, bank_date, withdrawal_request_no,"
    " account, amount_fen, authorised FROM notice WHERE NOT handled ORDER BY id LIMIT %s"
)
_BOUND: LiteralString = (
    "SELECT binding_id, member_id FROM card JOIN unnest(%s::text[], %s::text[])"
    " AS asked (binding_id, member_id) USING (binding_id, member_id) WHERE bound"
)
_OPEN: LiteralString = (
    "SELECT r.request_no, r.kind, r.position, r.number, r.ordering_key, r.subject, r.correlation,"
    " r.payload, s.state, s.code, s.bank_date, s.sent_on, s.steps"
    " FROM request_state s JOIN request r USING (request_no)"
)
_UNREPORTED: LiteralString = _OPEN + " WHERE NOT s.reported ORDER BY r.position, r.number"
_FIND: LiteralString = _OPEN + " WHERE s.request_no = ANY(%s)"
