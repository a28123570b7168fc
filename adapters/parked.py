"""Messages that could not be read as a command, until a person has decided about each."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime
from typing import NamedTuple

from psycopg import sql
from psycopg.rows import class_row

from adapters.shard_schema import shard_schema
from adapters.vault import Seal, Sealed
from infra.postgres import connect


class ParkedUnknown(Exception):
    """No message is parked under that id, or somebody has decided about it already."""


class ParkedMessage(NamedTuple):
    """`place` is its offset in the topic, or its position in the inbox. `state`: parked, retried or
    discarded."""

    id: int
    source: str
    place: int
    reason: str
    parked_at: datetime
    state: str
    ended_at: datetime | None
    ended_by: str | None
    note: str | None


class Parked:
    """One connection."""

    def __init__(self, url: str, platform: str, seal: Seal) -> None:
        self._connection = connect(url, autocommit=True, by_key=True)
        self._schema = sql.Identifier(shard_schema(platform))
        self._seal = seal

    def list(self, *, ended: bool = False) -> list[ParkedMessage]:
        """Those that wait, oldest first; with `ended` all there ever were."""
        cursor = self._connection.cursor(row_factory=class_row(ParkedMessage))
        return cursor.execute(
            sql.SQL(
                "SELECT id, source, place, reason, parked_at, state, ended_at, ended_by, note"
                " FROM {}.parked WHERE %s OR state = 'parked' ORDER BY id"
            ).format(self._schema),
            (ended,),
        ).fetchall()

    def get(self, parked_id: int) -> ParkedMessage:
        """Raises ParkedUnknown."""
        for each in self.list(ended=True):
            if each.id == parked_id:
                return each
        raise ParkedUnknown(f"no message is parked as {parked_id}")

    def message(self, parked_id: int) -> bytes:
        """Its bytes, which may hold personal data. Raises ParkedUnknown, VaultUnreadable."""
        row = self._connection.execute(
            sql.SQL(
                "SELECT source || ':' || place, wrapped_key, content FROM {}.parked WHERE id = %s"
            ).format(self._schema),
            (parked_id,),
        ).fetchone()
        if row is None:
            raise ParkedUnknown(f"no message is parked as {parked_id}")
        message = b64decode(self._seal.open(Sealed(*row))["message"])
        return self._seal.open_message(message)

    def end(self, parked_id: int, state: str, ended_by: str, note: str) -> None:
        """On record, once. Raises ParkedUnknown."""
        ended = self._connection.execute(
            sql.SQL(
                "UPDATE {}.parked SET state = %s, ended_at = now(), ended_by = %s, note = %s"
                " WHERE id = %s AND state = 'parked'"
            ).format(self._schema),
            (state, ended_by, note, parked_id),
        )
        if ended.rowcount == 0:
            raise ParkedUnknown(f"{parked_id} does not wait for a decision")

    def close(self) -> None:
        self._connection.close()
