"""Writers come and go under load: the platforms are divided anew each time, and no command is lost
or takes effect twice. Afterwards a new consumer group reads it all from the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from adapters.kafka.group import Group
from adapters.kafka.log import KafkaLog
from adapters.kafka.topics import Topic
from adapters.read_models.registry import VIEWS
from services.projections.projector import Projector
from tests.scenarios.pipeline import PLATFORMS, Pipeline, opening, registrations
from tests.scenarios.right import assert_right


class Load:
    """Commands to every platform, never the same twice."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._number = 0

    def more(self, count: int = 100) -> None:
        for platform in PLATFORMS:
            self._pipeline.publish(platform, *registrations(platform, self._number, count))
        self._number += count


def test_writers_come_and_go_under_load(pipeline: Pipeline, other_database: str) -> None:
    """A second one joins and leaves, joins and is killed -9, joins and takes everything over from
    the first, which is frozen and wakes up beside it: at no moment do two write one shard."""
    load, parts = Load(pipeline), pipeline.parts
    for platform in PLATFORMS:
        pipeline.publish(platform, opening(platform))
    pipeline.start("writer 1", "relay", "projections")
    load.more()
    pipeline.await_that(lambda: parts["writer 1"].held() == {*PLATFORMS})

    pipeline.start("writer 2")
    load.more()
    pipeline.await_that(lambda: divided(pipeline))
    load.more()
    parts["writer 2"].stop()
    load.more()
    pipeline.await_that(lambda: parts["writer 1"].held() == {*PLATFORMS})

    parts["writer 2"].start()
    load.more()
    pipeline.await_that(lambda: divided(pipeline))
    load.more()
    parts["writer 2"].kill()
    load.more()
    pipeline.await_answers()

    parts["writer 2"].start()
    pipeline.await_that(lambda: divided(pipeline))
    load.more()
    parts["writer 1"].freeze()
    load.more()
    pipeline.await_answers()
    parts["writer 1"].thaw()
    load.more()
    pipeline.await_that(lambda: divided(pipeline))
    load.more()
    pipeline.await_answers()
    pipeline.stop()
    assert_right(pipeline)
    assert views_of_a_new_group(pipeline, other_database) == live_views(pipeline)


def divided(pipeline: Pipeline) -> bool:
    """Each platform is served by one of two writers, and neither has none."""
    first, second = (pipeline.parts[name].held() for name in ("writer 1", "writer 2"))
    return bool(first and second) and not first & second and first | second == {*PLATFORMS}


def live_views(pipeline: Pipeline) -> Mapping[str, Mapping[str, str]]:
    views = {}
    for platform in PLATFORMS:
        with Projector(pipeline.url, platform) as projector:
            views[platform] = digests(projector)
    return views


def views_of_a_new_group(pipeline: Pipeline, url: str) -> Mapping[str, Mapping[str, str]]:
    """Made in an empty database, of nothing but the topics of events."""

    def open_share(platform: str) -> Projector:
        return Projector(url, platform, log=KafkaLog(pipeline.options, platform))

    def all_held() -> bool:
        group.poll()
        return group.held.keys() == {*PLATFORMS}

    group = Group(pipeline.options, "a new one", Topic.EVENTS, PLATFORMS, open_share)
    with closing(group):
        pipeline.await_that(all_held)
        for projector in group.held.values():
            projector.catch_up()
        return {platform: digests(projector) for platform, projector in group.held.items()}


def digests(projector: Projector) -> Mapping[str, str]:
    return {view.NAME: projector.digest(view.NAME) for view in VIEWS}
