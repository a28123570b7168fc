"""A client of kafka-python without a thread: it works while somebody waits for it."""

from __future__ import annotations

from typing import Any

from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector


def driven_client(**config: Any) -> KafkaNetClient:
    """What consumers and producers of kafka-python take for their `kafka_client`."""
    return KafkaNetClient(net=_Here(**config), **config)


class _Here(NetworkSelector):  # type: ignore[misc]
    """Driven by whoever polls. In a thread of its own, as kafka-python would have it, each poll
    would be handed over and back three times, between threads that share the interpreter."""

    def start(self) -> None:
        pass

    def wakeup(self) -> None:
        pass
