"""What a person decides about a topic that is not what it was, each on record for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import LiteralString, NamedTuple
from uuid import UUID

from psycopg import sql
from psycopg.rows import class_row

from adapters.shard_schema import TAKE_RELAY_LOCK, relay_role, shard_schema
from infra.postgres import connect


class RelayHolds(Exception):
    """A relay publishes to the topics that are to be made anew."""


class TopicDecision(NamedTuple):
    """`decided`: retaken or renewed. `reached`: up to where commands were taken, else the offset at
    which the topic ended. `goes_on_at`: the first offset after that."""

    id: int
    decided: str
    topic: str
    reached: int
    goes_on_at: int
    decided_by: str
    reason: str
    decided_at: datetime


class TopicDecisions:
    """One connection."""

    def __init__(self, url: str, platform: str) -> None:
        self._platform = platform
        self._connection = connect(url, autocommit=True, by_key=True)
        self._schema = sql.Identifier(shard_schema(platform))

    def on_record(self) -> list[TopicDecision]:
        """Oldest first."""
        return self._decisions("SELECT {columns} FROM {schema}.topic_decision ORDER BY id")

    def retake(
        self, topic: str, topic_id: UUID, offset: int, decided_by: str, reason: str
    ) -> TopicDecision:
        """From now on commands are taken from there. A writer that runs is fenced: it knows another
        place, and opens the shard anew."""
        [decision] = self._decisions(
            "WITH was AS (SELECT commands_offset FROM {schema}.shard FOR UPDATE),"
            " shard AS (UPDATE {schema}.shard SET epoch = epoch + 1,"
            " commands_offset = %(offset)s, commands_topic = %(topic_id)s)"
            " INSERT INTO {schema}.topic_decision"
            " (decided, topic, reached, goes_on_at, decided_by, reason)"
            " SELECT 'retaken', %(topic)s, commands_offset, %(offset)s, %(by)s, %(reason)s FROM was"
            " RETURNING {columns}",
            topic=topic,
            topic_id=topic_id,
            offset=offset,
            by=decided_by,
            reason=reason,
        )
        return decision

    def renew(self, topic: str, reached: int, decided_by: str, reason: str) -> TopicDecision:
        """Only the record: the topic is the caller's to make anew."""
        [decision] = self._decisions(
            "INSERT INTO {schema}.topic_decision"
            " (decided, topic, reached, goes_on_at, decided_by, reason)"
            " VALUES ('renewed', %(topic)s, %(reached)s, 0, %(by)s, %(reason)s)"
            " RETURNING {columns}",
            topic=topic,
            reached=reached,
            by=decided_by,
            reason=reason,
        )
        return decision

    @contextmanager
    def no_relay(self) -> Iterator[None]:
        """While the block lasts none begins. Raises RelayHolds where one runs."""
        role = relay_role(self._platform)
        if self._connection.execute(TAKE_RELAY_LOCK, (role,)).fetchone() != (True,):
            raise RelayHolds(f"zhuanhu relay publishes for {self._platform}")
        try:
            yield
        finally:
            self._connection.execute("SELECT pg_advisory_unlock_all()")

    def close(self) -> None:
        self._connection.close()

    def _decisions(self, query: LiteralString, **values: object) -> list[TopicDecision]:
        cursor = self._connection.cursor(row_factory=class_row(TopicDecision))
        columns = sql.SQL(", ").join(map(sql.Identifier, TopicDecision._fields))
        statement = sql.SQL(query).format(schema=self._schema, columns=columns)
        return cursor.execute(statement, values).fetchall()
