"""What the writer knows without asking: states of streams and balances of accounts.

A batch loads all that it lacks in one query each. What was loaded stays true, because nobody else
may write (a writer that was fenced loses its shelf); what was not used for long is put away, and
nothing that the last batch used, which may not be stored yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

import psycopg

from adapters.codec import decode_event
from domain.streams import fold_of
from infra.arrays import array
from infra.postgres import in_schema_of

V = TypeVar("V")

STREAMS_MAX = 100_000
ACCOUNTS_MAX = 400_000


class Kept(NamedTuple):
    version: int
    state: Any


class Balance(NamedTuple):
    available_fen: int
    frozen_fen: int


EMPTY = Balance(0, 0)


class Recent(dict[str, V]):
    """A dict that forgets: with each `turn`, what was not used since the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.old: dict[str, V] = {}

    def __missing__(self, name: str) -> V:
        value = self[name] = self.old[name]
        return value

    def peek(self, name: str) -> V | None:
        return self[name] if name in self or name in self.old else None

    def turn(self, limit: int) -> None:
        """Only where more than half of `limit` came in since."""
        if len(self) * 2 > limit:
            self.old = dict(self)
            self.clear()


class Shelf:
    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        self.states: Recent[Kept] = Recent()
        self.balances: Recent[Balance] = Recent()
        self._connection = connection
        self._select_events = in_schema_of(
            "SELECT originator_id, originator_version, topic, state FROM {}.stored_events"
            " WHERE originator_id = ANY(%b::text[]) ORDER BY originator_id, originator_version",
            schema,
        )
        self._select_balances = in_schema_of(
            "SELECT account, available_fen, frozen_fen FROM {}.account_balance"
            " WHERE account = ANY(%b::text[])",
            schema,
        )

    def load(self, streams: Iterable[str], accounts: Iterable[str]) -> None:
        wanted = [name for name in dict.fromkeys(streams) if self.states.peek(name) is None]
        if wanted:
            self._load_streams(wanted)
        lacking = [name for name in dict.fromkeys(accounts) if self.balances.peek(name) is None]
        if lacking:
            found = dict.fromkeys(lacking, EMPTY)
            names = array("text", lacking)
            rows = self._connection.execute(self._select_balances, (names,), binary=True)
            for account, available_fen, frozen_fen in rows:
                found[account] = Balance(available_fen, frozen_fen)
            self.balances.update(found)

    def state(self, stream: str) -> Kept:
        try:
            return self.states[stream]
        except KeyError:
            return self._load_streams([stream])[stream]

    def balance(self, account: str) -> Balance:
        try:
            return self.balances[account]
        except KeyError:
            self.load((), (account,))
            return self.balances[account]

    def tidy(self) -> None:
        self.states.turn(STREAMS_MAX)
        self.balances.turn(ACCOUNTS_MAX)

    def _load_streams(self, wanted: list[str]) -> dict[str, Kept]:
        names = array("text", wanted)
        rows = self._connection.execute(self._select_events, (names,), binary=True)
        states: dict[str, Kept] = {}
        stream, version, state, evolve = "", 0, None, None
        for name, row_version, topic, raw in rows:
            if name != stream:
                if stream:
                    states[stream] = Kept(version, state)
                stream, (state, evolve) = name, fold_of(name)
            version = row_version
            state = evolve(state, decode_event(topic, raw))  # type: ignore[misc]
        if stream:
            states[stream] = Kept(version, state)
        found = {name: states.get(name) or Kept(0, fold_of(name).initial) for name in wanted}
        self.states.update(found)
        return found
