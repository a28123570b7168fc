"""Takes commands from the platform's topic to the writer, each exactly once.

How far the topic is taken stands in the shard's row, in the transaction that stores what was
decided: whoever opens the shard next goes on exactly there. Which topic that is stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from adapters.kafka.reading import Tail
from adapters.kafka.topics import Topic, topic_id, topic_name
from adapters.vault import Seal, VaultUnreadable
from domain.commands import NOT_FROM_OUTSIDE
from domain.complaint import complaint
from infra.kafka import administration
from services.settlement.intake import STEP_MAX, read_command
from services.settlement.pen import Delivery, Unread
from services.settlement.writer import BATCH_MAX, Writer

MESSAGE_BYTES_MAX = 1024 * 1024
"""No command is longer. Kafka's own limit is for what is compressed, which may be a thousandth."""
KEPT_BYTES = 64 * 1024
"""Of a message that is longer."""
DELIVERY_BYTES_MAX = 16 * MESSAGE_BYTES_MAX
"""Should all of it have to be parked, it is stored in a second or two."""
COMMAND_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class TopicReplaced(Exception):
    """The topic was deleted and made anew: the offset that is stored counts in another one."""


class KafkaIntake:
    """Raises KafkaUnavailable, TopicMissing, TopicReplaced."""

    def __init__(self, options: Mapping[str, Any], platform: str, writer: Writer) -> None:
        with administration(options) as client:
            topic = topic_id(client, platform, Topic.COMMANDS)
        self._writer = writer
        self._counted_in = writer.count_in(topic)
        self._check(topic)
        self._tail = Tail(options, topic_name(platform, Topic.COMMANDS))

    def step(self, wait_ms: int = 0, limit: int = STEP_MAX) -> int:
        """Decides what waits, at most so many messages; gives how many that were.

        Raises RecordsLost where the topic no longer holds what comes next, TopicReplaced where it
        is another, and what Writer.run raises; after that the writer is to be opened anew.
        """
        self._tail.seek(self._writer.commands_offset)
        taken = 0

        def waiting() -> Iterator[Delivery]:
            nonlocal taken
            records = self._checked(self._tail.poll(wait_ms, min(BATCH_MAX, limit)))
            while records:
                taken += len(records)
                for some in _portions(records):
                    yield _delivery(self._tail.topic, some, self._writer.seal)
                records = self._checked(self._tail.more(min(BATCH_MAX, limit - taken)))

        self._writer.run(waiting())
        return taken

    def waiting(self) -> int:
        """How many offsets of the topic are not taken."""
        return self._tail.end() - self._writer.commands_offset

    def close(self) -> None:
        self._tail.close()

    def _checked(self, records: list[Any]) -> list[Any]:
        self._check(self._tail.topic_id() or self._counted_in)
        return records

    def _check(self, topic: UUID) -> None:
        if topic != self._counted_in:
            offset = self._writer.commands_offset
            raise TopicReplaced(
                f"the topic of commands is not the one that was taken up to {offset}"
            )


def _portions(records: Sequence[Any]) -> Iterator[Sequence[Any]]:
    begin, left = 0, DELIVERY_BYTES_MAX
    for place, record in enumerate(records):
        size = min(len(record.value or b""), MESSAGE_BYTES_MAX)
        if size > left:
            yield records[begin:place]
            begin, left = place, DELIVERY_BYTES_MAX
        left -= size
    if begin < len(records):
        yield records[begin:]


def _delivery(topic: str, records: Sequence[Any], seal: Seal) -> Delivery:
    commands, unread = [], []
    for record in records:
        message = record.value or b""
        if len(message) > MESSAGE_BYTES_MAX:
            unread.append(_unread(topic, record, message[:KEPT_BYTES], _too_long(message)))
            continue
        try:
            message = seal.open_message(message)
            command = read_command(message)
        except ValidationError as error:
            unread.append(_unread(topic, record, message, str(complaint(error))))
        except VaultUnreadable as error:
            unread.append(_unread(topic, record, message, str(error)))
        else:
            if command.FROM_OUTSIDE:
                commands.append(command)
            else:
                unread.append(
                    _unread(topic, record, message, f"type: {command.type} {NOT_FROM_OUTSIDE}")
                )
    return Delivery(commands, unread=unread, offset=records[-1].offset + 1)


def _too_long(message: bytes) -> str:
    return (
        f"{len(message)} bytes are more than the {MESSAGE_BYTES_MAX} that a command may have;"
        f" kept are the first {KEPT_BYTES}, and the topic has all"
    )


def _unread(topic: str, record: Any, message: bytes, reason: str) -> Unread:
    said = [value for name, value in record.headers if name == "ce_id" and value]
    command_id = said[0].decode(errors="replace") if said else ""
    if not COMMAND_ID.fullmatch(command_id):
        command_id = ""  # Nobody can be answered under it.
    return Unread(topic, record.offset, message, reason, command_id)
