"""Broker and database go away under load, and come back: nothing is lost, nothing happens twice."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from infra.kafka_broker import KafkaBroker
from infra.postgres import EmbeddedPostgres
from tests.scenarios.pipeline import PLATFORMS, Pipeline, opening, registration, registrations
from tests.scenarios.right import assert_right

AWAY_S = 15
"""How long the broker is away. Nothing waits for that time to be over."""
AT_ONCE = 10_000


def test_ten_thousand_commands_with_the_broker_away_and_the_database_killed(
    tmp_path: Path, own_postgres: EmbeddedPostgres, own_kafka: KafkaBroker
) -> None:
    """The parts are started while there is no broker; the database is killed -9 while they decide;
    then the broker falls silent, with the writer at work by the inbox. Commands are sent all the
    while."""
    url = own_postgres.ensure_database("zhuanhu")
    with Pipeline(tmp_path, url, own_kafka) as pipeline:
        first, second, third = PLATFORMS
        for platform in PLATFORMS:
            pipeline.publish(platform, opening(platform))
        pipeline.publish(first, *registrations(first, 0, AT_ONCE))
        pipeline.producer.flush()
        own_kafka.stop()
        pipeline.start("writer", "relay", "projections")
        time.sleep(AWAY_S)
        own_kafka.start()
        pipeline.await_first_answer(first)

        os.kill(own_postgres.pid, signal.SIGKILL)
        pipeline.publish(second, *registrations(second, 0, 200))
        own_postgres.__exit__(None, None, None)
        own_postgres.__enter__()
        pipeline.await_answers(second)

        with pipeline.broker_silent():
            pipeline.publish(third, *registrations(third, 0, 200))
            pipeline.submit(third, registration(third, 200))
            time.sleep(AWAY_S)
        pipeline.publish(second, *registrations(second, 200, 200))
        pipeline.await_answers()
        pipeline.stop()
        assert_right(pipeline)
