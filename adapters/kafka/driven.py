"""Who leads which partition, and a connection to each of them: requests, and patience with brokers
that come back. Without a thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from kafka.cluster import collect_hosts
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, RetriableError, for_code
from kafka.protocol.metadata import MetadataRequest

from adapters.kafka.messages import PARTITION
from adapters.kafka.wire import Asked, Wire

T = TypeVar("T")
Address = tuple[str, int]
AGAIN_MS = 50
NO_ID = UUID(int=0)


class Driven:
    """`patience_s`: how long an answer is waited for, and anything else that may pass. Not for
    several threads."""

    def __init__(
        self, options: Mapping[str, Any], topics: Collection[str], patience_s: float
    ) -> None:
        """Raises KafkaError, KafkaTimeoutError where nothing answers."""
        self._options, self._topics, self._patience_s = options, topics, patience_s
        self._brokers: dict[int, Address] = {}
        self._leaders: dict[str, int] = {}
        self._ids: dict[str, UUID] = {}
        self._wires: dict[Address, Wire] = {}
        try:
            self.patiently(self._meet)
        except BaseException:
            self.close()
            raise

    def topic_id(self, topic: str) -> UUID | None:
        """Kafka's own name for the topic, as far as we have heard: one that is deleted and made
        anew has another. None where we have not heard of any."""
        return self._ids.get(topic)

    def leader(self, topic: str) -> Address:
        """Whom to ask. Raises KafkaConnectionError where there is nobody."""
        address = self._brokers.get(self._leaders.get(topic, -1))
        if address is None:
            raise KafkaConnectionError(f"{topic} has no leader")
        return address

    def send(self, to: Address, request: Any) -> Asked:
        """Raises KafkaConnectionError."""
        return self._wire(to).send(request)

    def answer(self, asked: Asked) -> Any:
        """Waits for it. Raises what went wrong, KafkaTimeoutError where nothing comes."""
        return asked.wire.answer(asked)

    def patiently(self, work: Callable[[], T]) -> T:
        """Again after errors that may pass. Raises KafkaTimeoutError where they do not."""
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return work()
            except RetriableError as error:
                if time.monotonic() > until:
                    raise KafkaTimeoutError(f"{type(error).__name__}: {error}") from error
            self.look_again()

    def look_again(self, wait_ms: float = AGAIN_MS) -> None:
        """Who leads, a moment later."""
        time.sleep(wait_ms / 1000)  # Until a broker is back, or another one leads.
        with suppress(RetriableError):
            self._meet()

    def anybody(self) -> Address:
        """A broker that serves. Raises KafkaConnectionError where there is none."""
        failure = KafkaConnectionError("no broker")
        for address in self._known():
            try:
                self._wire(address)
            except KafkaConnectionError as error:
                failure = error
            else:
                return address
        raise failure

    def close(self) -> None:
        for wire in self._wires.values():
            wire.close()

    def _known(self) -> Iterator[Address]:
        """Those first that we are connected with; those last that were named at the start."""
        yield from [address for address, wire in self._wires.items() if not wire.lost]
        yield from self._brokers.values()
        for host, port, _ in collect_hosts(self._options["bootstrap_servers"]):
            yield host, port

    def _wire(self, address: Address) -> Wire:
        found = self._wires.get(address)
        if found is None or found.lost:
            found = Wire(*address, self._options, self._patience_s)
            self._wires[address] = found
        return found

    def _meet(self) -> None:
        wanted = [MetadataRequest.MetadataRequestTopic(name=topic) for topic in self._topics]
        request = MetadataRequest(topics=wanted, allow_auto_topic_creation=False)
        found = self.answer(self.send(self.anybody(), request))
        self._brokers = {each.node_id: (each.host, each.port) for each in found.brokers}
        for topic in found.topics:
            if topic.error_code:
                raise for_code(topic.error_code)(topic.name)
            if topic.topic_id != NO_ID:
                self._ids[topic.name] = topic.topic_id
            for partition in topic.partitions:
                if partition.partition_index == PARTITION:
                    self._leaders[topic.name] = partition.leader_id
