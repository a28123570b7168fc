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
    """`commands_in_topic`: those that wait there to be decided. `commands_out_of_reach`: whether
    the topic does not hold the next one, or is another than was taken, so that no writer goes on.
    Both, and what `standing` says of the relay, are None where there is no Kafka, or where
    `trouble` says why it was not read."""

    standing: Standing
    commands_in_topic: int | None = None
    commands_out_of_reach: bool | None = None
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
        self._url, self._platform, self._options = url, platform, options
        self._simulated = simulated
        self._log: StandingReader | None = None
        self._topics: TopicsReader | None = None
        self._before: Mapping[str, int] = {}

    def look(self, *, topics: bool = True) -> Look:
        """Raises psycopg.Error and PostgresUnavailable; the next look then begins anew. What is
        wrong with Kafka is in the look. `topics`: False where they are known to be away."""
        try:
            if self._log is None:
                self._log = StandingReader(self._url, self._platform, simulated=self._simulated)
            return self._look(self._log, self._options if topics else None)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._forget_topics()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _look(self, log: StandingReader, options: Mapping[str, Any] | None) -> Look:
        if options is None:
            return Look(log.look())
        try:
            if self._topics is None:
                self._topics = TopicsReader(options, self._platform)
            return self._look_at_both(log, self._topics, self._topics.look())
        except KAFKA_AWAY as error:
            self._forget_topics()
            return Look(log.look(), trouble=error)

    def _look_at_both(self, log: StandingReader, reader: TopicsReader, topics: Topics) -> Look:
        standing = log.look(topics.relayed)
        # A view that moves has no gap before it: only where one stands still the topic is read.
        before = self._before
        self._before = {name: each.position for name, each in standing.views.items()}
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
        out_of_reach = _out_of_reach(standing, topics, reader)
        return Look(standing._replace(views=views), waiting, out_of_reach)

    def _forget_topics(self) -> None:
        if self._topics is not None:
            self._topics.close()
            self._topics = None


def _out_of_reach(standing: Standing, topics: Topics, reader: TopicsReader) -> bool:
    taken = standing.commands_offset
    if taken and standing.commands_topic not in (None, topics.commands_topic):
        return True
    if taken > topics.commands_end:  # Or they came and were taken since.
        return taken > reader.commands_end()
    return taken < topics.commands_begin
