"""A connection signs in as it is told, and whatever goes wrong on it ends it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaProtocolError,
    KafkaTimeoutError,
    RequestTimedOutError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.protocol.metadata import MetadataRequest

from adapters.kafka import driven, wire
from adapters.kafka.messages import Message
from adapters.kafka.outlet import Outlet
from adapters.kafka.reading import Tail
from adapters.kafka.wire import Wire
from infra.kafka import administration
from infra.settings import load_settings
from tests.hurry import leaping
from tests.infra.secured_kafka import KEY_PASSWORD, PASSWORD, USER, Secured, secured_kafka

WAIT_MS = 30_000
PLAINTEXT = {"security_protocol": "PLAINTEXT"}
VERSIONS = bytes.fromhex("00000010 00000001 0000 00000001 0003 0000 0000")
"""The answer to the first request: MetadataRequest is known, in version 0."""


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_kafka(tmp_path_factory.mktemp("secured"), load_settings().cache_dir) as made:
        yield made


def signing_in(secured: Secured, mechanism: str, password: str = PASSWORD) -> dict[str, Any]:
    return {
        "bootstrap_servers": [secured.sasl_ssl],
        "security_protocol": "SASL_SSL",
        "ssl_context": ssl.create_default_context(cafile=secured.ca),
        "sasl_mechanism": mechanism,
        "sasl_plain_username": USER,
        "sasl_plain_password": password,
    }


def with_certificate(secured: Secured) -> dict[str, Any]:
    context = ssl.create_default_context(cafile=secured.ca)
    context.load_cert_chain(secured.client_cert, secured.client_key, KEY_PASSWORD)
    return {
        "bootstrap_servers": [secured.ssl],
        "security_protocol": "SSL",
        "ssl_context": context,
    }


def test_there_and_back_for_whoever_signs_in(secured: Secured) -> None:
    with administration(with_certificate(secured)) as client:
        client.create_topics(["words"], wait_for_metadata=True)
    ways = (
        with_certificate(secured),
        signing_in(secured, "PLAIN"),
        signing_in(secured, "SCRAM-SHA-256"),
    )
    for number, options in enumerate(ways):
        large = b"%d" % number * 200_000  # Over many TLS records.
        with closing(Outlet(options, ["words"], 60)) as outlet:
            assert outlet.put({"words": [Message(b"k", large, [])]}) == {"words": number}
        with closing(Tail(options, "words")) as tail:
            tail.seek(number)
            [record] = tail.poll(WAIT_MS)
        assert record.value == large


@pytest.mark.parametrize(
    ("mechanism", "password", "refusal"),
    [
        ("PLAIN", "wrong", SaslAuthenticationFailedError),
        ("SCRAM-SHA-256", "wrong", SaslAuthenticationFailedError),
        ("SCRAM-SHA-512", PASSWORD, UnsupportedSaslMechanismError),
    ],
)
def test_who_may_not_come_in(
    secured: Secured, mechanism: str, password: str, refusal: type[KafkaError]
) -> None:
    with pytest.raises(refusal):
        Tail(signing_in(secured, mechanism, password), "words")


def test_a_broker_that_is_not_who_it_says(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaping(monkeypatch, driven)
    options = signing_in(secured, "PLAIN") | {"ssl_context": ssl.create_default_context()}
    with pytest.raises(KafkaTimeoutError, match="certificate verify failed"):
        Tail(options, "words")


# -- brokers that do not do what they should ----------------------------------------------


@contextmanager
def broker_that_says(*answers: bytes, hangs_up: bool = True) -> Iterator[int]:
    """One for each request; then it hangs up, or is silent."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                for answer in answers:
                    connection.recv(65536)
                    connection.sendall(answer)
                if not hangs_up:
                    done.wait()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        done.set()
        thread.join()


def ask(port: int, timeout_s: float = 10.0) -> Any:
    made = Wire("127.0.0.1", port, PLAINTEXT, timeout_s)
    asked = made.send(MetadataRequest(topics=[]))
    try:
        return made.answer(asked)
    finally:
        assert made.lost
        later = made.send(MetadataRequest(topics=[]))
        assert isinstance(later.exception, KafkaConnectionError)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"", KafkaConnectionError),
        (bytes.fromhex("00000010 00000002 00"), KafkaConnectionError),  # Cut off.
        (bytes.fromhex("0000000c 00000007 00000000 00000000"), KafkaProtocolError),  # To another.
        (bytes.fromhex("00000006 00000002 7fff"), KafkaProtocolError),
        (bytes.fromhex("7fffffff 00000002"), KafkaProtocolError),
    ],
)
def test_an_answer_that_is_none(answer: bytes, failure: type[KafkaError]) -> None:
    with broker_that_says(VERSIONS, answer) as port, pytest.raises(failure):
        ask(port)


def test_an_answer_that_does_not_come() -> None:
    with broker_that_says(VERSIONS, hangs_up=False) as port, pytest.raises(RequestTimedOutError):
        ask(port, 0.1)


def test_a_broker_that_takes_nothing() -> None:
    """More than any buffer on the way holds."""
    topics = [MetadataRequest.MetadataRequestTopic(name="t" * 30_000)] * 1_000
    with broker_that_says(VERSIONS, hangs_up=False) as port:
        made = Wire("127.0.0.1", port, PLAINTEXT, 0.3)
        asked = made.send(MetadataRequest(topics=topics))
        assert made.lost
        assert "takes nothing" in str(asked.exception)


def test_a_broker_that_is_silent_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CONNECT_S", 0.1)
    with broker_that_says(hangs_up=False) as port, pytest.raises(RequestTimedOutError):
        Wire("127.0.0.1", port, PLAINTEXT, 10.0)


def test_an_answer_that_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "RECEIVE_BYTES", 3)
    metadata = bytes.fromhex("0000000c 00000002 00000000 00000000")
    with (
        broker_that_says(VERSIONS, metadata) as port,
        closing(Wire("127.0.0.1", port, PLAINTEXT, 10.0)) as made,
    ):
        assert made.answer(made.send(MetadataRequest(topics=[]))).brokers == []
