"""Commands to the writer by way of Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from adapters.commanding import PARKED, CommandParked, Outcome, Receipt
from adapters.kafka.publisher import Publisher, Reply
from domain.commands import Command


class KafkaCommands:
    """Implements adapters.commanding.Commands. The arguments are those of a Publisher."""

    def __init__(self, bootstrap_servers: str, platform: str, source: str, **more: Any) -> None:
        self._publisher = Publisher(bootstrap_servers, platform, source, **more)

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        """Raises NoReply: ask again by submitting the same. Raises CommandParked."""
        replies = self._publisher.publish_all(each.model_dump(mode="json") for each in commands)
        parked = [each for each in replies if each.outcome == PARKED]
        receipts = [receipt_of(each) for each in replies if each.outcome != PARKED]
        if parked:
            raise CommandParked(_parked(parked[0]), receipts)
        return receipts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._publisher.close()


def receipt_of(reply: Reply) -> Receipt:
    """Raises CommandParked."""
    if reply.outcome == PARKED:
        raise CommandParked(_parked(reply))
    return Receipt(
        reply.command_id,
        Outcome(reply.outcome),
        reply.code or "",
        reply.message or "",
        reply.field,
        reply.first_position,
        reply.last_position,
        reply.replayed,
    )


def _parked(reply: Reply) -> str:
    return f"{reply.command_id} was parked: {reply.message}"
