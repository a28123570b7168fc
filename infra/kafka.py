"""The one way to Kafka's clients: what the settings say, in the words of kafka-python."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from infra.errors import KafkaUnavailable
from infra.settings import Settings, SettingsError, variable_of

CONNECT_TIMEOUT_MS = 5_000
SASL_FIELDS = ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password")
SSL_FIELDS = ("kafka_ssl_ca", "kafka_ssl_cert", "kafka_ssl_key", "kafka_ssl_key_password")


def client_options(settings: Settings) -> dict[str, Any]:
    """What leads any client of kafka-python to the broker: `KafkaProducer(**client_options(...))`.

    Whoever prints or logs it sees no password. Raises KafkaUnavailable where no address is set,
    SettingsError where the security settings are incomplete or of no use.
    """
    servers = settings.kafka_bootstrap_servers
    if servers is None:
        raise KafkaUnavailable("no Kafka is named", "Set KAFKA_BOOTSTRAP_SERVERS to host:port.")
    protocol = settings.kafka_security_protocol.value
    options: dict[str, Any] = {"bootstrap_servers": servers.split(",")}
    options["security_protocol"] = protocol
    for field in SASL_FIELDS:
        _must_be_set(settings, field, "SASL" in protocol)
    if settings.kafka_sasl_mechanism and settings.kafka_sasl_password:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism.value
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = _Unseen(settings.kafka_sasl_password.get_secret_value())
    if "SSL" in protocol:
        options["ssl_context"] = _ssl_context(settings)
    else:
        for field in SSL_FIELDS:
            _must_be_set(settings, field, False)
    return options


@contextmanager
def administration(
    options: Mapping[str, Any], timeout_ms: int | None = None
) -> Iterator[KafkaAdminClient]:
    """An admin client while the block lasts. Raises KafkaUnavailable, which says why."""
    nets: list[KafkaNetClient] = []

    def net(**config: Any) -> KafkaNetClient:
        nets.append(KafkaNetClient(**config))
        return nets[-1]

    with _listening() as words:
        try:
            wait_ms = timeout_ms or CONNECT_TIMEOUT_MS
            client = KafkaAdminClient(**options, bootstrap_timeout_ms=wait_ms, kafka_client=net)
        except KafkaError:
            for each in nets:  # kafka-python leaves its thread behind, which would try for ever.
                each.close()
            raise KafkaUnavailable(
                f"no Kafka answers at {','.join(options['bootstrap_servers'])}: {words.why}",
                "Check that it runs, that KAFKA_BOOTSTRAP_SERVERS names it, and that the security"
                " settings are what it asks for (docs/kafka.md).",
            ) from None
        with client:
            try:
                yield client
            except KafkaError as error:
                raise KafkaUnavailable(
                    f"Kafka did not do what it was asked: {error}",
                    "See its log, and that whoever asks has the right to.",
                ) from error


@contextmanager
def unlogged() -> Iterator[None]:
    """What kafka-python would log while the block lasts is not: whoever needs the screen for
    himself tells what is wrong by himself."""
    with _listening():
        yield


def brokers(options: Mapping[str, Any], timeout_ms: int | None = None) -> int:
    """How many brokers serve clients. Raises KafkaUnavailable if none answers in time."""
    with administration(options, timeout_ms) as client:
        found = client.describe_cluster()["brokers"]
    return sum(not broker.get("is_fenced", False) for broker in found)


class _Unseen(str):
    """A secret for a library that wants a plain string, and logs what it was given."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'**********'"


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    ca, cert, key = settings.kafka_ssl_ca, settings.kafka_ssl_cert, settings.kafka_ssl_key
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one.
        raise _wrong("kafka_ssl_ca", f"{ca} has no readable certificates") from error
    if cert is None:
        for field in ("kafka_ssl_key", "kafka_ssl_key_password"):
            if getattr(settings, field) is not None:
                raise _wrong(field, f"needs {variable_of('kafka_ssl_cert')} too")
        return context
    password = settings.kafka_ssl_key_password
    try:
        # Without a function for it OpenSSL would ask whoever sits at the terminal.
        context.load_cert_chain(cert, key, lambda: password.get_secret_value() if password else "")
    except OSError:
        rule = f"{cert} and {key or 'the key in it'} are not a certificate and its key in PEM,"
        rule += f" or {variable_of('kafka_ssl_key_password')} does not open the key"
        raise _wrong("kafka_ssl_cert", rule) from None
    return context


def _must_be_set(settings: Settings, field: str, wanted: bool) -> None:
    """What a protocol needs must be there, and what it leaves out must not: somebody may rely on
    it."""
    if (getattr(settings, field) is not None) is not wanted:
        rule = "must be set with" if wanted else "is set, and would not be used with"
        protocol = settings.kafka_security_protocol.value
        raise _wrong(field, f"{rule} {variable_of('kafka_security_protocol')}={protocol}")


def _wrong(field: str, rule: str) -> SettingsError:
    return SettingsError(f"{variable_of(field)}: {rule}")


class _Reasons(logging.Handler):
    """kafka-python logs why it cannot connect, and raises only that it can't."""

    FAILED = re.compile(
        r"Bootstrap connection to \S+ failed: (?:\[Error \d+\] )?(?:\w+Error: )*(.+) \(backoff"
    )
    UNTOLD = ("no answer in time", "socket disconnected")
    why = UNTOLD[0]

    def emit(self, record: logging.LogRecord) -> None:
        reason = self.FAILED.match(record.getMessage())
        if reason and self.why in self.UNTOLD:
            self.why = reason[1]


@contextmanager
def _listening() -> Iterator[_Reasons]:
    """What kafka-python logs meanwhile is kept from the log: an exception will tell it."""
    log, reasons = logging.getLogger("kafka"), _Reasons()
    before = log.level, log.propagate
    log.addHandler(reasons)
    log.setLevel(logging.WARNING)
    log.propagate = False
    try:
        yield reasons
    finally:
        log.propagate = before[1]
        log.setLevel(before[0])
        log.removeHandler(reasons)
