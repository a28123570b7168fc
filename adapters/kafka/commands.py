"""Commands to the writer by way of Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from adapters.commanding import Outcome, Receipt
from adapters.kafka.publisher import Publisher
from domain.commands import Command


class KafkaCommands:
    """Implements adapters.commanding.Commands. The arguments are those of a Publisher."""

    def __init__(self, bootstrap_servers: str, platform: str, source: str, **more: Any) -> None:
        self._publisher = Publisher(bootstrap_servers, platform, source, **more)

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        """Raises NoReply: ask again by submitting the same."""
        replies = self._publisher.publish_all(each.model_dump(mode="json") for each in commands)
        return [
            Receipt(
                each.command_id,
                Outcome(each.outcome),
                each.code or "",
                each.message or "",
                each.field,
                each.first_position,
                each.last_position,
                each.replayed,
            )
            for each in replies
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._publisher.close()
