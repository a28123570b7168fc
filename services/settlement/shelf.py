"""What the writer knows without asking: states of streams and balances of accounts.

A batch loads all that it lacks in one query each. What was loaded stays true, because nobody else
may write (a writer that was fenced loses its shelf); what was not used for long is put away, and
nothing that the last UNSTORED_MAX batches used, which may not be stored yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

import psycopg

from adapters.codec import decode_event
from adapters.vault import Sealed, VaultUnreadable
from domain.model import State
from domain.streams import fold_of
from infra.arrays import array
from infra.postgres import in_schema_of

V = TypeVar("V")

UNSTORED_MAX = 2
"""So many batches are decided upon the shelf, and may not be stored."""
STREAMS_MAX = 100_000
ACCOUNTS_MAX = 400_000


class Kept(State):
    version: int
    state: Any


class Balance(State):
    available_fen: int
    frozen_fen: int


EMPTY = Balance(0, 0)


class Recent(dict[str, V]):
    """A dict that forgets: with each turn, what was not used since the one before. `get` finds
    only what was."""

    def __init__(self) -> None:
        super().__init__()
        self.old: dict[str, V] = {}
        self._tidied = 0  # Since it turned.

    def __missing__(self, name: str) -> V:
        value = self[name] = self.old[name]
        return value

    def peek(self, name: str) -> V | None:
        return self[name] if name in self or name in self.old else None

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Those that it does not know, each once. The others count as used."""
        old, unknown = self.old, []
        for name in [name for name in dict.fromkeys(names) if name not in self]:
            if name in old:
                self[name] = old[name]
            else:
                unknown.append(name)
        return unknown

    def tidy(self, limit: int) -> None:
        """Once a batch. It turns where more than half of `limit` came in since, and not before it
        has seen UNSTORED_MAX batches: what they used it keeps."""
        self._tidied += 1
        if self._tidied >= UNSTORED_MAX and len(self) * 2 > limit:
            self.old = dict(self)
            self.clear()
            self._tidied = 0


class Lacking(NamedTuple):
    """Names that are not on the shelf, and where the answers will come."""

    streams: list[str]
    events: psycopg.Cursor | None
    accounts: list[str]
    balances: psycopg.Cursor | None


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
        self._select_sealed = in_schema_of(
            "SELECT wrapped_key, content FROM {}.vault WHERE ref = %s", schema
        )

    def ask(self, streams: Iterable[str], accounts: Iterable[str]) -> Lacking:
        """Asks for what is lacking. Where the connection is in a pipeline, nobody waits here."""
        names, lacking = self.states.lacking(streams), self.balances.lacking(accounts)
        return Lacking(
            names,
            self._execute(self._select_events, names),
            lacking,
            self._execute(self._select_balances, lacking),
        )

    def take(self, asked: Lacking) -> None:
        """Puts what was asked for on the shelf. What came there meanwhile is younger, and stays:
        it cannot be old yet, as there is one `tidy` between question and answer, and it is first.
        """
        if asked.events is not None:
            for name, kept in _fold(asked.streams, asked.events.fetchall()).items():
                self.states.setdefault(name, kept)
        if asked.balances is not None:
            found = dict.fromkeys(asked.accounts, EMPTY)
            for account, available_fen, frozen_fen in asked.balances.fetchall():
                found[account] = Balance(available_fen, frozen_fen)
            for account, balance in found.items():
                self.balances.setdefault(account, balance)

    def load(self, streams: Iterable[str], accounts: Iterable[str]) -> None:
        self.take(self.ask(streams, accounts))

    def state(self, stream: str) -> Kept:
        try:
            return self.states[stream]
        except KeyError:
            self.load((stream,), ())
            return self.states[stream]

    def balance(self, account: str) -> Balance:
        try:
            return self.balances[account]
        except KeyError:
            self.load((), (account,))
            return self.balances[account]

    def sealed(self, ref: str) -> Sealed:
        """What the vault keeps under a reference. Raises VaultUnreadable."""
        row = self._connection.execute(self._select_sealed, (ref,)).fetchone()
        if row is None:
            raise VaultUnreadable(f"nothing is kept under {ref}")
        return Sealed(ref, *row)

    def tidy(self) -> None:
        self.states.tidy(STREAMS_MAX)
        self.balances.tidy(ACCOUNTS_MAX)

    def _execute(self, query: bytes, names: list[str]) -> psycopg.Cursor | None:
        if not names:
            return None
        return self._connection.execute(query, (array("text", names),), binary=True)


def _fold(names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> dict[str, Kept]:
    """The states of streams; `rows` come by stream and version."""
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
    return {name: states.get(name) or Kept(0, fold_of(name).initial) for name in names}
