"""The settings reach kafka-python as they were meant, and no secret is ever shown.

The broker of these tests asks who calls: see secured_kafka.py.
"""

from __future__ import annotations

import io
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from kafka import KafkaConsumer, KafkaProducer

from infra import logs
from infra.errors import KafkaUnavailable
from infra.kafka import administration, brokers, client_options
from infra.settings import SettingsError, known_variables, load_settings
from tests.hurry import once_heard
from tests.infra.secured_kafka import KEY_PASSWORD, PASSWORD, USER, Secured, secured_kafka

SHORT_MS = 3_000
PREFIX = "ZHUANHU_KAFKA_"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_kafka(tmp_path_factory.mktemp("secured"), load_settings().cache_dir) as made:
        yield made


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_variables():
        if "KAFKA" in name:
            monkeypatch.delenv(name, raising=False)


def options(monkeypatch: pytest.MonkeyPatch, servers: str, **values: object) -> dict[str, Any]:
    """Of a process in whose environment these settings stand."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", servers)
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, str(value))
    return client_options(load_settings())


def signing_in(secured: Secured) -> dict[str, object]:
    return {
        "SECURITY_PROTOCOL": "SASL_SSL",
        "SASL_MECHANISM": "SCRAM-SHA-256",
        "SASL_USERNAME": USER,
        "SASL_PASSWORD": PASSWORD,
        "SSL_CA": secured.ca,
    }


def with_certificate(secured: Secured) -> dict[str, object]:
    return {
        "SECURITY_PROTOCOL": "SSL",
        "SSL_CA": secured.ca,
        "SSL_CERT": secured.client_cert,
        "SSL_KEY": secured.client_key,
        "SSL_KEY_PASSWORD": KEY_PASSWORD,
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_signing_in_with_a_password(
    secured: Secured, monkeypatch: pytest.MonkeyPatch, mechanism: str
) -> None:
    values = signing_in(secured) | {"SASL_MECHANISM": mechanism}
    assert brokers(options(monkeypatch, secured.sasl_ssl, **values)) == 1


def test_signing_in_with_a_certificate(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert brokers(options(monkeypatch, secured.ssl, **with_certificate(secured))) == 1


def test_producers_and_consumers_take_the_same_options(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = options(monkeypatch, secured.sasl_ssl, **signing_in(secured))
    with administration(found) as client:
        client.create_topics(["words"], wait_for_metadata=True)
    producer = KafkaProducer(**found, acks="all")
    producer.send("words", b"signed in").get(timeout=60)
    producer.close()
    with KafkaConsumer("words", **found, auto_offset_reset="earliest") as consumer:
        assert next(iter(consumer)).value == b"signed in"


def refused(found: dict[str, Any], timeout_ms: int) -> str:
    with pytest.raises(KafkaUnavailable) as refusal:
        brokers(found, timeout_ms)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"SASL_PASSWORD": "hush-wrong"}, "invalid credentials"),
        ({"SASL_MECHANISM": "SCRAM-SHA-512"}, "UnsupportedSaslMechanism"),
        ({"SSL_CA": ""}, "certificate verify failed"),
    ],
)
def test_a_refusal_says_why_and_not_the_password(
    secured: Secured,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    why: str,
) -> None:
    logs.configure()
    found = options(monkeypatch, secured.sasl_ssl, **(signing_in(secured) | change))
    # A broker that hangs up first has not said why.
    told = rf"no Kafka answers at .*({why}|socket disconnected).*Check"
    refusal = once_heard(lambda: refused(found, SHORT_MS), told)
    assert re.search(told, refusal)
    assert "hush" not in refusal
    assert capsys.readouterr() == ("", "")


def test_nobody_there_is_said_and_nobody_goes_on_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    nobody = options(monkeypatch, "127.0.0.1:2")
    told = "127.0.0.1:2: 111 ECONN"
    assert told in once_heard(lambda: refused(nobody, 500), told)
    assert threading.active_count() == before


def test_no_log_shows_a_secret(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even that of kafka-python at its loudest, which tells what it was made with."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    logging.getLogger().setLevel(logging.DEBUG)
    for values, servers in (
        (signing_in(secured), secured.sasl_ssl),
        (with_certificate(secured), secured.ssl),
    ):
        found = options(monkeypatch, servers, **values)
        structlog.get_logger().info("connecting", settings=load_settings(), options=found)
        structlog.get_logger().info(f"connecting with {found} of {load_settings()!r}")
        KafkaProducer(**found).close()
        KafkaConsumer(**found).close()
        for name in values:
            monkeypatch.delenv(PREFIX + name)
    said = stream.getvalue()
    assert "sasl_plain_password" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "SASL_MECHANISM: must be set with"),
        (
            {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_MECHANISM": "PLAIN"},
            "SASL_USERNAME: must be set with",
        ),
        ({"SASL_PASSWORD": "hush"}, "SASL_PASSWORD: is set, and would not be used with"),
        ({"SSL_CA": "ca.pem"}, "SSL_CA: is set, and would not be used with"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY": "k"}, "SSL_KEY: needs ZHUANHU_KAFKA_SSL_CERT too"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CA": "/nowhere"}, "SSL_CA: /nowhere has no readable"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CERT": "/nowhere"}, "SSL_CERT: /nowhere and the key in"),
        ({"SECURITY_PROTOCOL": "TLS"}, "SECURITY_PROTOCOL: Input should be 'PLAINTEXT', 'SSL'"),
        ({"SASL_MECHANISM": "GSSAPI"}, "SASL_MECHANISM: Input should be 'PLAIN', 'SCRAM-"),
    ],
)
def test_settings_that_do_not_fit_together_are_named(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], rule: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        options(monkeypatch, "kafka:9092", **values)
    assert str(refusal.value).startswith(PREFIX + rule)
    assert "hush" not in str(refusal.value)


def test_a_wrong_password_of_the_key_is_said_at_once(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in ("hush-wrong", ""):
        values = with_certificate(secured) | {"SSL_KEY_PASSWORD": wrong}
        with pytest.raises(SettingsError, match="KEY_PASSWORD does not open the key") as refusal:
            options(monkeypatch, secured.ssl, **values)
        assert "hush" not in str(refusal.value)


def test_several_servers_are_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    found = options(monkeypatch, "a:9092,b:9092")
    assert found == {
        "bootstrap_servers": ["a:9092", "b:9092"],
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize(
    "servers", ["kafka", "kafka:", "a:1,,b:2", "http://a:1", "a:1, b:2", "a:1/x"]
)
def test_an_address_without_a_port_is_refused(
    monkeypatch: pytest.MonkeyPatch, servers: str
) -> None:
    with pytest.raises(SettingsError, match="KAFKA_BOOTSTRAP_SERVERS: must be host:port"):
        options(monkeypatch, servers)


def test_a_broker_of_our_own_is_not_told_the_secrets_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"{PREFIX}SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv(f"{PREFIX}SASL_PASSWORD", "hush")
    found = client_options(load_settings().with_own_kafka("127.0.0.1:20000"))
    assert found == {"bootstrap_servers": ["127.0.0.1:20000"], "security_protocol": "PLAINTEXT"}


def test_without_an_address_that_is_said() -> None:
    with pytest.raises(KafkaUnavailable, match=r"no Kafka is named\. Set KAFKA_BOOTSTRAP"):
        client_options(load_settings())
