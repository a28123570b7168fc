"""What the writer knows without asking: states of streams and balances of accounts.

A batch loads all that it lacks in one query each. What was loaded stays true, because nobody else
may write (a writer that was fenced loses its shelf); what was not used for long is put away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from adapters.codec import decode_event
from domain.streams import fold_of

STREAMS_MAX = 100_000
ACCOUNTS_MAX = 400_000


class Kept(NamedTuple):
    version: int
    state: Any


class Balance(NamedTuple):
    available_fen: int
    frozen_fen: int


EMPTY = Balance(0, 0)


class Shelf:
    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        self.states: dict[str, Kept] = {}
        self.balances: dict[str, Balance] = {}
        self._connection = connection
        name = sql.Identifier(schema)
        self._select_events = sql.SQL(
            "SELECT originator_id, originator_version, topic, state FROM {}.stored_events"
            " WHERE originator_id = ANY(%s) ORDER BY originator_id, originator_version"
        ).format(name)
        self._select_balances = sql.SQL(
            "SELECT account, available_fen, frozen_fen FROM {}.account_balance"
            " WHERE account = ANY(%s)"
        ).format(name)

    def load(self, streams: Iterable[str], accounts: Iterable[str]) -> None:
        wanted = [name for name in dict.fromkeys(streams) if name not in self.states]
        if wanted:
            self._load_streams(wanted)
        lacking = [name for name in dict.fromkeys(accounts) if name not in self.balances]
        if lacking:
            self.balances.update(dict.fromkeys(lacking, EMPTY))
            query = self._connection.execute(self._select_balances, (lacking,), binary=True)
            for account, available_fen, frozen_fen in query:
                self.balances[account] = Balance(available_fen, frozen_fen)

    def state(self, stream: str) -> Kept:
        kept = self.states.get(stream)
        if kept is None:
            self._load_streams([stream])
            kept = self.states[stream]
        return kept

    def balance(self, account: str) -> Balance:
        balance = self.balances.get(account)
        if balance is None:
            self.load((), (account,))
            balance = self.balances[account]
        return balance

    def forget(self) -> None:
        self.states.clear()
        self.balances.clear()

    def tidy(self) -> None:
        """Between batches: put away what came first, down to half."""
        for kept, limit in ((self.states, STREAMS_MAX), (self.balances, ACCOUNTS_MAX)):
            if len(kept) > limit:
                for name in list(kept)[: limit // 2]:
                    del kept[name]

    def _load_streams(self, wanted: list[str]) -> None:
        rows = self._connection.execute(self._select_events, (wanted,), binary=True)
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
        for name in wanted:
            self.states[name] = states.get(name) or Kept(0, fold_of(name).initial)
