"""Publishes commands to zhuanhu and waits for its replies. Copy this file into your service: beside
Python 3.11 it needs only kafka-python 3, and cryptography where commands are closed with a key.

    with Publisher("broker:9092", "demo", "loan-service") as publisher:
        reply = publisher.publish(
            {"type": "disburse_loan", "id": "L1-disburse", "platform": "demo", "actor": "ops-1",
             "loan_id": "L1"}
        )
        if not reply.accepted:
            print(reply.code, reply.field, reply.message)  # docs/errors.md: what codes mean

Make the id of a command before you publish it, and keep it. Whatever happens, publishing the same
command under the same id again is safe: it takes effect once, and is answered every time.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError, RetriableError

POLL_MS = 100
ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # Under another one nobody would be answered.
REPLY_TYPE = b"zhuanhu.reply.v1"
CLOSED = b"\x02"  # No JSON begins so.
NONCE_BYTES = 12
JSON = b"application/json"


class Reply(NamedTuple):
    """The outcome of one command id, for ever. `replayed`: it was decided before.

    `outcome` is accepted, refused or parked. A refusal has a `code`, and often the `field` that it
    is about. Parked is not final: the message could not be read, and a person looks at it. The
    positions are those of the command's first and last event, 0 where there are none.
    """

    command_id: str
    outcome: str
    code: str | None
    message: str | None
    field: str | None
    first_position: int
    last_position: int
    replayed: bool

    @property
    def accepted(self) -> bool:
        return self.outcome == "accepted"


class NoReply(Exception):
    """The outcome of `command_ids` is not known. Publishing them again, unchanged and under the
    same ids, is safe. `replies` holds those that came, and None for the others, in order."""

    def __init__(self, command_ids: Sequence[str], replies: Sequence[Reply | None]) -> None:
        few = ", ".join(command_ids[:5]) + (", ..." if len(command_ids) > 5 else "")
        super().__init__(
            f"no reply in time to {len(command_ids)} command(s): {few}. Their outcome is not known;"
            " publishing them again, unchanged and under the same ids, is safe"
        )
        self.command_ids = tuple(command_ids)
        self.replies = list(replies)


class Publisher:
    """Any thread may publish. `source` names your service; `kafka_options` are kafka-python's,
    such as security_protocol. `commands_key`: 32 bytes that zhuanhu has too, as
    ZHUANHU_COMMANDS_KEY in base64; with it, what lies in the topic is encrypted (AES-256-GCM).
    Raises KafkaError where broker or topics cannot be reached, ValueError for a key of another
    length."""

    def __init__(
        self,
        bootstrap_servers: str | list[str],
        platform: str,
        source: str,
        *,
        timeout_s: float = 10.0,
        commands_key: bytes | None = None,
        **kafka_options: Any,
    ) -> None:
        self._topic = f"zhuanhu.{platform}.commands"
        self._source = source.encode()
        self._close_value = None if commands_key is None else _closing(commands_key)
        self._timeout_s = timeout_s
        timeout_ms = int(timeout_s * 1000)
        options = {
            "bootstrap_servers": bootstrap_servers,
            "bootstrap_timeout_ms": timeout_ms,
            "allow_auto_create_topics": False,
            **kafka_options,
        }
        self._producer = KafkaProducer(
            **options,
            acks="all",
            # kafka-python's idempotent producer never sends again once a message timed out that it
            # had tried to send. Order needs one request at a time, and repeats do no harm here.
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
            max_block_ms=timeout_ms,
            request_timeout_ms=timeout_ms,
            delivery_timeout_ms=timeout_ms,  # What was given up is not sent later on.
        )
        try:
            self._consumer = _at_the_end(f"zhuanhu.{platform}.replies", options, timeout_ms)
        except BaseException:
            self._producer.close(timeout=0)
            raise
        self._asked: dict[str, deque[_Question]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._stopped: Future[None] = Future()  # Holds what stopped the reading of replies.
        self._thread = threading.Thread(target=self._read, name="zhuanhu-replies", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def publish(self, command: Mapping[str, Any]) -> Reply:
        """The reply to one command. Raises NoReply; KafkaError where Kafka refuses it; ValueError
        or TypeError for what is no command at all, before anything is sent; and from then on
        whatever stopped the reading of replies."""
        [reply] = self.publish_all([command])
        return reply

    def publish_all(self, commands: Iterable[Mapping[str, Any]]) -> list[Reply]:
        """The replies in the commands' order, in which they are also decided. Raises as `publish`.

        It waits as long as replies come, and `timeout_s` after the last; then it asks what became
        of the others, by publishing them once more, and waits again.
        """
        questions = [_question(command, self._close_value) for command in commands]
        with self._lock:
            for each in questions:  # Replies to equal ids come in the order of the commands.
                self._asked[each.id].append(each)
        try:
            self._send(questions)
            missing = self._unanswered(questions)
            if missing:
                self._send(missing)
                missing = self._unanswered(missing)
        finally:
            self._forget(questions)
        if missing:
            replies = [each.reply.result() if each.reply.done() else None for each in questions]
            raise NoReply([each.id for each in missing], replies)
        return [each.reply.result() for each in questions]

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._consumer.close()
        with suppress(KafkaTimeoutError):  # Whoever waited for what is not sent was told.
            self._producer.close(timeout=2 * self._timeout_s)

    def _send(self, questions: Iterable[_Question]) -> None:
        for each in questions:
            sent = self._producer.send(
                self._topic, each.value, each.id.encode(), self._headers(each), partition=0
            )
            sent.add_errback(self._not_sent, each)

    def _not_sent(self, question: _Question, error: BaseException) -> None:
        """Where Kafka refused it for good. What may pass is waited for, and asked again."""
        if isinstance(error, RetriableError):
            return
        with self._lock:
            waiting = self._asked.get(question.id)
            if waiting and question in waiting:
                waiting.remove(question)
                question.reply.set_exception(error)

    def _headers(self, question: _Question) -> list[tuple[str, bytes]]:
        return [
            ("content-type", b"application/octet-stream" if self._close_value else JSON),
            ("ce_specversion", b"1.0"),
            ("ce_id", question.id.encode()),
            ("ce_source", self._source),
            ("ce_type", f"zhuanhu.command.{question.type}.v1".encode()),
            ("ce_time", datetime.now(UTC).isoformat(timespec="milliseconds").encode()),
        ]

    def _unanswered(self, questions: Sequence[_Question]) -> list[_Question]:
        """Waits until all are answered, or `timeout_s` have passed since the last answer."""
        last_at = time.monotonic()
        for each in questions:
            if not each.reply.done():
                left_s = max(0.0, last_at + self._timeout_s - time.monotonic())
                awaited: tuple[Future[Any], ...] = (each.reply, self._stopped)
                wait(awaited, left_s, FIRST_COMPLETED)
            if each.reply.done():
                each.reply.result()  # Raises what Kafka refused it for.
                last_at = max(last_at, each.answered_at)
            elif self._stopped.done():
                self._stopped.result()
        return [each for each in questions if not each.reply.done()]

    def _forget(self, questions: Iterable[_Question]) -> None:
        with self._lock:
            for each in questions:
                waiting = self._asked.get(each.id)
                if waiting and each in waiting:
                    waiting.remove(each)
                if not waiting:
                    self._asked.pop(each.id, None)

    def _read(self) -> None:
        try:
            while not self._closing.is_set():
                for records in self._consumer.poll(timeout_ms=POLL_MS).values():
                    for record in records:
                        self._take(record)
        except Exception as error:  # noqa: BLE001 - told to everybody who waits or will wait.
            self._stopped.set_exception(error)

    def _take(self, record: Any) -> None:
        """A reply to one of ours; all others, and messages of types to come, are passed over."""
        if record.key is None or ("ce_type", REPLY_TYPE) not in record.headers:
            return
        with self._lock:
            waiting = self._asked.get(record.key.decode())
            question = waiting.popleft() if waiting else None
        if question is not None:
            question.answered_at = time.monotonic()
            question.reply.set_result(Reply(**json.loads(record.value)))


@dataclass(eq=False)
class _Question:
    """A command as it is sent, each time in the same bytes, and the reply to it."""

    id: str
    type: str
    value: bytes
    reply: Future[Reply] = field(default_factory=Future)
    answered_at: float = 0.0


def _closing(key: bytes) -> Callable[[bytes], bytes]:
    # Only where there is a key.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    if len(key) != 32:
        raise ValueError("the key of commands must be 32 bytes long")
    cipher = AESGCM(key)

    def close(value: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return CLOSED + nonce + cipher.encrypt(nonce, value, CLOSED)

    return close


def _question(command: Mapping[str, Any], close: Callable[[bytes], bytes] | None) -> _Question:
    if not all(isinstance(command.get(name), str) for name in ("id", "type")):
        raise ValueError("a command needs its id and its type, both texts")
    if not ID.fullmatch(command["id"]):
        raise ValueError(f"id: must be 1 to 64 letters, digits, _ . -, and is {command['id']!r}")
    text = json.dumps(dict(command), ensure_ascii=False, allow_nan=False)
    value = text.encode()
    return _Question(command["id"], command["type"], close(value) if close else value)


def _at_the_end(topic: str, options: Mapping[str, Any], timeout_ms: int) -> KafkaConsumer:
    """Reads what comes from now on; nothing must be sent before it stands there."""
    consumer = KafkaConsumer(
        **options,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    replies = TopicPartition(topic, 0)
    try:
        consumer.assign([replies])
        consumer.seek_to_end(replies)
        if consumer.position(replies, timeout_ms=timeout_ms) is None:
            raise KafkaError(f"topic {topic} cannot be read: does it exist, and may you read it?")
    except BaseException:
        consumer.close()
        raise
    return consumer
