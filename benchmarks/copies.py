"""Large logs in little time: the writer decides a story once, and the rows that it stored are
copied under other ids.

The ids in the story hold MARK (`mark_ids`, and names such as `I-MARK`); a copy has its number
there, and ids of its own for the commands. Positions, hashes, digests of id numbers, receipts and
balances are what the writer would have stored, so that it decides on them and `verify` proves them.
Two things are not: the vault gets nothing, and a receipt's `payload_hash` is the story's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from adapters.codec import Stored, data_of, ends_of, hash_row, stored_state
from adapters.shard_schema import shard_schema
from adapters.vault import Seal
from domain import commands as c
from domain.identity import identity_of
from infra.postgres import connect

MARK = "MARK"
CHUNK_EVENTS = 50_000


def mark_ids(story: str) -> Iterator[str]:
    """`story` is a name that no other story in the log has."""
    return (f"{story}{number}-{MARK}" for number in count(1))


class _Head(NamedTuple):
    position: int
    hash: bytes
    receipts: int
    outstanding_principal_fen: int
    lent_principal_fen: int


class _Row(NamedTuple):
    """An event of the story, with %(id)b where a copy has another id."""

    stream: bytes
    version: int
    topic: str
    opening: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class _Story:
    events: Sequence[_Row]
    receipts: Sequence[tuple[Any, ...]]  # Numbers and positions from the story's begin.
    balances: Sequence[tuple[bytes, int, int]]
    outstanding_principal_fen: int
    lent_principal_fen: int
    id_numbers: Sequence[str]
    commands: Sequence[bytes]


class Copyist:
    """Open it before the story is decided, and copy when no writer is open any more."""

    def __init__(self, url: str, platform: str, seal: Seal) -> None:
        self._connection = connect(url, autocommit=True)
        self._schema = sql.Identifier(shard_schema(platform))
        self._seal = seal
        self._before = self._head()

    def copy(self, story: Sequence[c.Command], numbers: Sequence[int], ids: Iterator[str]) -> int:
        """`story` is what was decided since; its commands get `ids` in each copy. Gives the number
        of events appended. Raises ValueError where the story touched what is not its own."""
        read = self._read(story)
        self._require_alone(read)
        size = max(1, CHUNK_EVENTS // len(read.events))
        for start in range(0, len(numbers), size):
            self._append(read, numbers[start : start + size], ids)
        self._connection.execute("VACUUM ANALYZE")
        self._connection.execute("CHECKPOINT")
        self._connection.close()
        return len(numbers) * len(read.events)

    # -- the story ------------------------------------------------------------------------

    def _read(self, story: Sequence[c.Command]) -> _Story:
        """The rows since this copyist was opened."""
        before = self._before
        members = [command for command in story if isinstance(command, c.RegisterMember)]
        id_numbers = [member.id_no for member in members]
        commands = [command.id.encode() for command in story]
        mark = _marker((*_identities(id_numbers, MARK, self._seal), *commands))
        events = self._rows(
            "SELECT notification_id, originator_id, originator_version, topic, state"
            " FROM {}.stored_events WHERE notification_id > %s ORDER BY notification_id",
            before.position,
        )
        receipts = self._rows(
            "SELECT command_id, number - %s, type, actor, payload_hash, outcome, code, message,"
            " field, first_position - %s, last_position - %s, recorded_at FROM {}.receipt"
            " WHERE number > %s ORDER BY number",
            *(before.receipts, before.position, before.position, before.receipts),
        )
        balances = self._rows(
            "SELECT account, available_fen, frozen_fen FROM {}.account_balance"
            " WHERE split_part(account, ':', 1) = ANY(%s)",
            [member.member_id for member in members],
        )
        return _Story(
            [_row(Stored(*event), mark) for event in events],
            receipts,
            [(mark(row[0].encode()), row[1], row[2]) for row in balances],
            self._head().outstanding_principal_fen - before.outstanding_principal_fen,
            self._head().lent_principal_fen - before.lent_principal_fen,
            id_numbers,
            commands,
        )

    def _require_alone(self, story: _Story) -> None:
        shared = {row.stream for row in story.events if b"%(" not in row.stream}
        if shared:
            raise ValueError(f"streams that are not the story's own: {shared}")
        lasting = [row for row in story.receipts if row[5] != "accepted" or not row[9]]
        if lasting:
            raise ValueError(f"commands that left nothing: {lasting}")

    # -- the copies -----------------------------------------------------------------------

    def _append(self, story: _Story, numbers: Sequence[int], ids: Iterator[str]) -> None:
        written = _Copies(story, self._head(), self._seal)
        for number in numbers:
            written.add(number, [next(ids).encode() for _ in story.commands])
        with self._connection.transaction():
            self._put(
                "stored_events (notification_id, originator_id, originator_version, topic, state)",
                "bigint text bigint text bytea",
                written.events,
            )
            self._put(
                "receipt (command_id, number, type, actor, payload_hash, outcome, code, message,"
                " field, first_position, last_position, recorded_at)",
                "text bigint text text bytea text text text text bigint bigint timestamptz",
                written.receipts,
            )
            self._put(
                "account_balance (account, available_fen, frozen_fen)",
                "text bigint bigint",
                written.balances,
            )
            self._execute(
                "UPDATE {}.shard SET head_position = %s, head_hash = %s, receipts = %s,"
                " outstanding_principal_fen = %s, lent_principal_fen = %s",
                *written.head,
            )

    def _put(self, table: LiteralString, kinds: str, rows: Sequence[tuple[Any, ...]]) -> None:
        statement = sql.SQL("COPY {}." + table + " FROM STDIN (FORMAT binary)").format(self._schema)
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(kinds.split())
            for row in rows:
                copy.write_row(row)

    def _head(self) -> _Head:
        [row] = self._rows(
            "SELECT head_position, head_hash, receipts, outstanding_principal_fen,"
            " lent_principal_fen FROM {}.shard"
        )
        return _Head(*row)

    def _rows(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        return self._execute(query, *values).fetchall()

    def _execute(self, query: LiteralString, *values: Any) -> psycopg.Cursor[Any]:
        return self._connection.execute(sql.SQL(query).format(self._schema), values)


class _Copies:
    """The rows of some copies, and where the shard then stands."""

    def __init__(self, story: _Story, head: _Head, seal: Seal) -> None:
        self._story, self.head, self._seal = story, head, seal
        self._marked = _identities(story.id_numbers, MARK, seal)
        self.events: list[Stored] = []
        self.receipts: list[tuple[Any, ...]] = []
        self.balances: list[tuple[str, int, int]] = []

    def add(self, number: int, ids: Sequence[bytes]) -> None:
        story, before = self._story, self.head
        own = _identities(story.id_numbers, str(number), self._seal)
        names = dict(zip((*story.commands, *self._marked), (*ids, *own), strict=True))
        names[MARK.encode()] = str(number).encode()
        chain = before.hash
        for position, row in enumerate(story.events, before.position + 1):
            state = stored_state(row.opening % names, chain.hex(), row.data % names)
            stored = Stored(position, (row.stream % names).decode(), row.version, row.topic, state)
            chain = hash_row(*stored)
            self.events.append(stored)
        for own_id, (_, place, *rest, first, last, at) in zip(ids, story.receipts, strict=True):
            positions = before.position + first, before.position + last
            self.receipts.append((own_id.decode(), before.receipts + place, *rest, *positions, at))
        for account, available_fen, frozen_fen in story.balances:
            self.balances.append(((account % names).decode(), available_fen, frozen_fen))
        self.head = _Head(
            before.position + len(story.events),
            chain,
            before.receipts + len(story.receipts),
            before.outstanding_principal_fen + story.outstanding_principal_fen,
            before.lent_principal_fen + story.lent_principal_fen,
        )


def _identities(id_numbers: Sequence[str], name: str, seal: Seal) -> list[bytes]:
    """For a copy of this name: of each digest the front, which names the identity, and the back."""
    digests = [seal.digest(id_no.replace(MARK, name)) for id_no in id_numbers]
    fronts = map(identity_of, digests)
    return [
        part.encode()
        for front, digest in zip(fronts, digests, strict=True)
        for part in (front, digest[len(front) :])
    ]


def _marker(ids: Sequence[bytes]) -> Callable[[bytes], bytes]:
    """What puts %(id)b in the place of each id."""
    found = re.compile(b"|".join(map(re.escape, (*ids, MARK.encode()))))
    return lambda text: found.sub(rb"%(\g<0>)b", text.replace(b"%", b"%%"))


def _row(stored: Stored, mark: Callable[[bytes], bytes]) -> _Row:
    _, stream, version, topic, state = stored
    opening, _ = ends_of(state)
    return _Row(mark(stream.encode()), version, topic, mark(opening), mark(data_of(state)))
