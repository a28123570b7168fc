"""Every figure that Prometheus may ask for. docs/watching.md explains each; a test compares.

Labels name a platform, a view, a way in, an outcome or a code: never an account, a member or an id.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from adapters.commanding import PARKED, Outcome, Receipt
from adapters.watching.pipeline import Look
from adapters.watching.standing import Following
from domain.ports import BankOutcome

REPLAYED = "replayed"
BATCH_COMMANDS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
BATCH_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """Those of one process, in a registry of its own."""

    def __init__(self) -> None:
        # Else each counter has a second series, of when it began.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        gauge, counter, histogram = self._gauge, self._counter, self._histogram

        self.commands = counter("commands", "What came of messages.", "outcome", "code")
        self.batch_commands = histogram("batch_commands", "Commands of a batch.", BATCH_COMMANDS)
        self.decide_seconds = histogram("decide_seconds", "Deciding a batch.", BATCH_SECONDS)
        self.append_seconds = histogram("append_seconds", "Storing a batch.", BATCH_SECONDS)
        self.relay_messages = counter("relay_messages", "Messages sent to Kafka.")
        self.projection_events = counter("projection_events", "Events applied to the views.")
        self.bank_calls = counter("bank_calls", "Calls to the bank.", "outcome")
        self.bank_down = gauge("bank_down", "Does the bank leave custody without an answer?")
        self.bank_held_back = gauge("bank_held_back", "Requests that wait unsent for that.")
        self.sending_held = gauge(
            "sending_held_timestamp_seconds", "Since when nothing new goes to the bank.", "reason"
        )
        self.share_held = gauge("share_held", "Does this process serve the platform?")

        self.log_position = gauge("log_position", "The log's last event.")
        self.writer_epoch = gauge("writer_epoch", "How often the shard was opened.")
        self.commands_waiting = gauge("commands_waiting", "Not decided yet.", "source")
        self.commands_out_of_reach = gauge(
            "commands_out_of_reach", "Does the topic lack the next one, or is it another?"
        )
        self.parked_messages = gauge("parked_messages", "They wait for a person.")
        self.relay = _Follower(gauge, "relay")
        self.projection = _Follower(gauge, "projection", "view")
        self.looked = gauge("looked_timestamp_seconds", "When these were last looked at.")
        self.looks_failed = counter("looks_failed", "Looks that did not succeed.", "code")

    def writer(self, platform: str) -> WriterMetrics:
        return WriterMetrics(self, platform)

    def custody(self, platform: str) -> CustodyMetrics:
        return CustodyMetrics(self, platform)

    def show(self, look: Look, now_s: float) -> None:
        """`now_s`: Unix time."""
        standing, platform = look.standing, look.standing.platform
        self.log_position.labels(platform).set(standing.position)
        self.writer_epoch.labels(platform).set(standing.epoch)
        self.commands_waiting.labels(platform, "inbox").set(standing.inbox)
        if look.commands_in_topic is not None:
            self.commands_waiting.labels(platform, "topic").set(look.commands_in_topic)
        if look.commands_out_of_reach is not None:
            self.commands_out_of_reach.labels(platform).set(look.commands_out_of_reach)
        self.parked_messages.labels(platform).set(standing.parked)
        if standing.relay is not None:
            self.relay.show(standing.relay, platform)
        for view, following in standing.views.items():
            self.projection.show(following, platform, view)
        if look.trouble is None:  # Else some of it is of an earlier look.
            self.looked.labels(platform).set(now_s)

    def page(self, accept: str) -> tuple[bytes, str]:
        """All of it as text, and the text's kind: the one of Prometheus' formats that is asked
        for."""
        encode, kind = choose_encoder(accept)
        return encode(self.registry), kind

    def relayed(self, platform: str, messages: int) -> None:
        self.relay_messages.labels(platform).inc(messages)

    def projected(self, platform: str, events: int) -> None:
        self.projection_events.labels(platform).inc(events)

    def look_failed(self, platform: str, code: str) -> None:
        self.looks_failed.labels(platform, code).inc()

    def show_shares(self, platforms: Collection[str], held: Collection[str]) -> None:
        for platform in platforms:
            self.share_held.labels(platform).set(platform in held)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"zhuanhu_{name}", text, ("platform", *labels), registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"zhuanhu_{name}", text, ("platform", *labels), registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(
            f"zhuanhu_{name}", text, ("platform",), registry=self.registry, buckets=buckets
        )


class _Follower:
    """The same five figures of whoever follows the log."""

    def __init__(self, gauge: Callable[..., Gauge], who: str, *labels: str) -> None:
        self._position = gauge(f"{who}_position", "The last event that it has.", *labels)
        self._lag = gauge(f"{who}_lag_positions", "Events that it lacks.", *labels)
        self._lag_s = gauge(f"{who}_lag_seconds", "Since the first of those.", *labels)
        self._gap = gauge(f"{who}_gap_positions", "Positions missing ahead of it.", *labels)
        self._age_s = gauge(f"{who}_age_seconds", "Since its last event was recorded.", *labels)

    def show(self, following: Following, *labels: str) -> None:
        self._position.labels(*labels).set(following.position)
        self._lag.labels(*labels).set(following.lag)
        self._lag_s.labels(*labels).set(following.lag_s)
        self._gap.labels(*labels).set(following.gap)
        if following.age_s is not None:
            self._age_s.labels(*labels).set(following.age_s)


class WriterMetrics:
    """Implements services.settlement.watch.Watch for one platform."""

    def __init__(self, metrics: Metrics, platform: str) -> None:
        self._commands = metrics.commands
        self._platform = platform
        self._batch_commands = metrics.batch_commands.labels(platform)
        self._decide_seconds = metrics.decide_seconds.labels(platform)
        self._append_seconds = metrics.append_seconds.labels(platform)

    def deciding(self) -> AbstractContextManager[object]:
        return self._decide_seconds.time()

    def appending(self) -> AbstractContextManager[object]:
        return self._append_seconds.time()

    def landed(self, answers: Sequence[Receipt], parked: int) -> None:
        self._batch_commands.observe(len(answers))
        # Whoever has a code was refused; texts are counted in half the time of enums.
        for (replayed, code), count in Tally([(a.replayed, a.code) for a in answers]).items():
            decided = Outcome.REFUSED if code else Outcome.ACCEPTED
            outcome = REPLAYED if replayed else decided.value
            self._commands.labels(self._platform, outcome, code).inc(count)
        if parked:
            self._commands.labels(self._platform, PARKED, "").inc(parked)


class CustodyMetrics:
    """Implements services.custody.watch.Watch for one platform."""

    def __init__(self, metrics: Metrics, platform: str) -> None:
        self._calls = metrics.bank_calls
        self._platform = platform
        self._down = metrics.bank_down.labels(platform)
        self._held_back = metrics.bank_held_back.labels(platform)
        self._down_since = metrics.sending_held.labels(platform, "bank_down")
        self._held_since = metrics.sending_held.labels(platform, "restored")

    def called(self, outcome: BankOutcome) -> None:
        self._calls.labels(self._platform, outcome.value).inc()

    def bank(self, *, down_since: datetime | None, held_back: int) -> None:
        self._down.set(down_since is not None)
        self._down_since.set(down_since.timestamp() if down_since else 0)
        self._held_back.set(held_back)

    def held(self, since: datetime | None) -> None:
        self._held_since.set(since.timestamp() if since else 0)
