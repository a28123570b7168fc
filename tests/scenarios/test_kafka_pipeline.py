"""Writers, relay and projections as processes of their own, with a broker of their own, killed at
random under load. What must hold afterwards does not depend on when.
"""

from __future__ import annotations

import random

from adapters.kafka.messages import stored_of
from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, topic_name
from tests.scenarios.pipeline import (
    LINE_TIMEOUT_S,
    NO_WRITER,
    PLATFORMS,
    Pipeline,
    opening,
    registration,
    registrations,
)
from tests.scenarios.right import assert_right

VICTIMS = ("writer 1", "writer 2", "relay", "projections")


def test_the_bank_is_asked_by_one_process_and_the_writer_is_another(pipeline: Pipeline) -> None:
    """Custody's answers reach the writer by the inbox: the member's account is opened."""
    pipeline.folders = pipeline.folders[:1]
    pipeline.sent = {PLATFORMS[0]: []}
    pipeline.start("writer", "relay", "projections", NO_WRITER)
    pipeline.publish(PLATFORMS[0], opening(PLATFORMS[0]), registration(PLATFORMS[0], 1))
    tail = Tail(pipeline.options, topic_name(PLATFORMS[0], Topic.EVENTS))
    tail.seek(0)
    seen: set[str] = set()
    while "member.account-opened.v1" not in seen:
        records = tail.poll(LINE_TIMEOUT_S * 1000)
        assert records, pipeline.said()
        seen |= {stored_of(each.value, each.headers).topic for each in records}
    tail.close()
    pipeline.stop()


def test_whatever_is_killed_under_load(pipeline: Pipeline) -> None:
    """Writers, relay and projections -9 at random, the broker once, all sessions of the database at
    once, and a message between that nobody can read: every command takes effect once."""
    deck = [*VICTIMS, *VICTIMS]  # Each of them, and again.
    random.Random(4).shuffle(deck)
    pipeline.start("writer 1", "relay", "projections")
    for platform in PLATFORMS:
        pipeline.publish(platform, opening(platform))
    pipeline.start("writer 2")
    number = 0
    for wave, victim in enumerate(deck):
        for platform in PLATFORMS:
            batch = registrations(platform, number, 200)
            pipeline.publish(platform, *batch, batch[0], *pipeline.sent[platform][-3:])
        number += 200
        pipeline.producer.flush()
        pipeline.parts[victim].kill()
        pipeline.parts[victim].start()
        if wave == 2:
            pipeline.end_sessions()
            pipeline.poison(PLATFORMS[0])
        if wave == 4:
            pipeline.kill_broker()
            pipeline.broker.start()
    pipeline.await_answers()
    pipeline.stop()
    assert_right(pipeline)
