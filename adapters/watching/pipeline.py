"""One look at a platform's pipeline: topics first, then the log, which is never behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kafka.errors import KafkaError

from adapters.kafka.reading import RecordsLost
from adapters.watching.standing import Standing, StandingReader
from adapters.watching.topics import Topics, TopicsReader

KAFKA_AWAY = (KafkaError, RecordsLost)


class Look(NamedTuple):
    """`commands_in_topic`: those that wait there to be decided. It, and what `standing` says of the
    relay, are None where there is no Kafka, or where `trouble` says why it was not read."""

    standing: Standing
    commands_in_topic: int | None = None
    trouble: Exception | None = None


class PipelineReader:
    """Not for several threads. `options`: those of Kafka's clients; None where there is none."""

    def __init__(
        self,
        url: str,
        platform: str,
        options: Mapping[str, Any] | None = None,
        *,
        simulated: bool = False,
    ) -> None:
        self._platform, self._options = platform, options
        self._log = StandingReader(url, platform, simulated=simulated)
        self._topics: TopicsReader | None = None
        self._before: Mapping[str, int] = {}

    def look(self, *, topics: bool = True) -> Look:
        """Raises psycopg.Error: then it is to be opened anew. What is wrong with Kafka is in the
        look. `topics`: False where they are known to be away."""
        if self._options is None or not topics:
            return Look(self._log.look())
        try:
            if self._topics is None:
                self._topics = TopicsReader(self._options, self._platform)
            return self._look_at_both(self._topics, self._topics.look())
        except KAFKA_AWAY as error:
            self._forget_topics()
            return Look(self._log.look(), trouble=error)

    def close(self) -> None:
        self._forget_topics()
        self._log.close()

    def _look_at_both(self, reader: TopicsReader, topics: Topics) -> Look:
        standing = self._log.look(topics.relayed)
        # A view that moves has no gap before it: only where one stands still the topic is read.
        before, self._before = (
            self._before,
            {n: each.position for n, each in standing.views.items()},
        )
        stuck = {
            place
            for name, place in self._before.items()
            if place < topics.relayed and before.get(name, place) == place
        }
        missing = {place: reader.gap_after(place) for place in stuck}
        views = {
            name: each._replace(gap=max(each.gap, missing.get(each.position, 0)))
            for name, each in standing.views.items()
        }
        waiting = max(0, topics.commands_end - standing.commands_offset)
        return Look(standing._replace(views=views), waiting)

    def _forget_topics(self) -> None:
        if self._topics is not None:
            self._topics.close()
            self._topics = None
