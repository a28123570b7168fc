"""What must hold of a pipeline whatever happened to it, once every command has its answer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg import sql

from adapters.codec import Stored
from adapters.kafka.messages import stored_of
from adapters.kafka.topics import Topic
from adapters.shard_schema import shard_schema
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.scenarios.pipeline import Pipeline


def assert_right(pipeline: Pipeline) -> None:
    for platform in pipeline.sent:
        assert_each_has_one_outcome(pipeline, platform)
        assert_topic_is_log(pipeline, platform)
        assert_views_are_a_rebuild(pipeline, platform)
        report = verify(pipeline.url, platform)
        # But for the mirror, which nobody served.
        assert {each.name for each in report.findings if not each.ok} <= {"mirror"}


def assert_each_has_one_outcome(pipeline: Pipeline, platform: str) -> None:
    """One receipt for each command, and every answer, also to repeats, says what stands in it."""
    rows = _rows(
        pipeline.url,
        platform,
        "SELECT command_id, outcome, first_position, last_position FROM {}.receipt",
    )
    assert sorted(row[0] for row in rows) == sorted({each.id for each in pipeline.sent[platform]})
    answered = defaultdict[str, set[tuple[object, ...]]](set)
    for record in pipeline.records(platform, Topic.REPLIES):
        said = orjson.loads(record.value)
        answered[said["command_id"]].add(
            (said["outcome"], said["first_position"], said["last_position"])
        )
    assert answered == {row[0]: {row[1:]} for row in rows}


def assert_topic_is_log(pipeline: Pipeline, platform: str) -> None:
    """Byte for byte. An event may come again in the topic, equal and never before its turn."""
    log = [
        Stored(*row)
        for row in _rows(
            pipeline.url,
            platform,
            "SELECT notification_id, originator_id, originator_version, topic, state"
            " FROM {}.stored_events ORDER BY notification_id",
        )
    ]
    in_topic: list[Stored] = []
    for record in pipeline.records(platform, Topic.EVENTS):
        row = stored_of(record.value, record.headers)
        if row.position > len(in_topic):
            in_topic.append(row)
        assert in_topic[row.position - 1] == row
    assert in_topic == log


def assert_views_are_a_rebuild(pipeline: Pipeline, platform: str) -> None:
    """From the log, which is what the topic holds, and is read faster."""
    with Projector(pipeline.url, platform) as projector:
        projector.catch_up()
        assert all(projector.compare().values())


def _rows(url: str, platform: str, query: LiteralString) -> list[Any]:
    statement = sql.SQL(query).format(sql.Identifier(shard_schema(platform)))
    with psycopg.connect(url) as connection:
        return connection.execute(statement, binary=True).fetchall()
