"""The pipeline as one picture, of all platforms and of Kafka: what `zhuanhu top` shows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from adapters.kafka.group import PROJECTIONS, WRITERS
from adapters.watching.pipeline import Look
from adapters.watching.standing import Following
from adapters.watching.topics import GroupStanding, groups
from infra.errors import KafkaUnavailable
from infra.kafka import administration
from services.cli.opening import Place, pipeline_reader
from services.cli.translation import explain


class Waiting(NamedTuple):
    """Commands that are not decided yet. `topic` is None where it was not read, as is
    `out_of_reach`: whether no writer can take the next one of the topic."""

    topic: int | None
    inbox: int
    out_of_reach: bool | None = None


class PlatformPicture(NamedTuple):
    """`commands`: all that ever had an outcome; a second, since the look before this one. `writer`
    and `relay_holder`: `pid@host`. `relay` is None where the topic was not read."""

    platform: str
    position: int
    recorded_at: datetime | None
    commands: int
    commands_per_s: float | None
    waiting: Waiting
    parked: int
    epoch: int
    writer: str | None
    relay_holder: str | None
    relay: Following | None
    views: Mapping[str, Following]


class KafkaPicture(NamedTuple):
    """`trouble`: why it could not be read, as every command says it."""

    servers: str
    groups: Sequence[GroupStanding]
    trouble: Mapping[str, str | None] | None


class Picture(NamedTuple):
    """`kafka` is None where none is named and none of our own runs."""

    at: datetime
    platforms: Sequence[PlatformPicture]
    kafka: KafkaPicture | None


class Observer:
    """Not for several threads. `options`: those of Kafka's clients; None where there is none."""

    def __init__(
        self, places: Sequence[tuple[Place, str]], options: Mapping[str, Any] | None
    ) -> None:
        """`places` come with the URLs of their databases."""
        self._options = options
        self._readers = [pipeline_reader(place, url, options) for place, url in places]
        self._before: dict[str, tuple[float, int]] = {}

    def look(self) -> Picture:
        """Raises psycopg.Error and PostgresUnavailable; the next look then begins anew."""
        found, trouble = self._groups()
        looks = [reader.look(topics=trouble is None) for reader in self._readers]
        troubles = [trouble, *(look.trouble for look in looks)]
        return Picture(
            at=datetime.now(UTC),
            platforms=[self._platform(look) for look in looks],
            kafka=self._kafka(found, next(filter(None, troubles), None)),
        )

    def close(self) -> None:
        for each in self._readers:
            each.close()

    def _platform(self, look: Look) -> PlatformPicture:
        found = look.standing
        return PlatformPicture(
            platform=found.platform,
            position=found.position,
            recorded_at=found.recorded_at,
            commands=found.commands,
            commands_per_s=self._per_s(found.platform, found.commands),
            waiting=Waiting(look.commands_in_topic, found.inbox, look.commands_out_of_reach),
            parked=found.parked,
            epoch=found.epoch,
            writer=found.writer,
            relay_holder=found.relay_holder,
            relay=found.relay,
            views=found.views,
        )

    def _per_s(self, platform: str, commands: int) -> float | None:
        before, now_s = self._before.get(platform), time.monotonic()
        self._before[platform] = (now_s, commands)
        if before is None:
            return None
        return round((commands - before[1]) / (now_s - before[0]), 1)

    def _groups(self) -> tuple[Sequence[GroupStanding], Exception | None]:
        if self._options is None:
            return [], None
        try:
            with administration(self._options) as client:
                return groups(client, (WRITERS, PROJECTIONS)), None
        except KafkaUnavailable as error:
            return [], error

    def _kafka(
        self, found: Sequence[GroupStanding], trouble: Exception | None
    ) -> KafkaPicture | None:
        if self._options is None:
            return None
        servers = ",".join(self._options["bootstrap_servers"])
        return KafkaPicture(servers, found, None if trouble is None else _told(trouble))


def _told(trouble: Exception) -> Mapping[str, str | None]:
    told = explain(trouble)
    if told is None:
        raise trouble
    return told.as_json()
