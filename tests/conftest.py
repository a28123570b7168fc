"""What all tests share: one real PostgreSQL and one real Kafka a session, a fresh database and a
fresh platform for each that asks, and logging that one test cannot leave to the next."""

from __future__ import annotations

import itertools
import logging
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from adapters.kafka import wire
from adapters.watching import topics
from infra import kafka as infra_kafka
from infra import kafka_broker
from infra.kafka import administration, client_options
from infra.kafka_broker import KafkaBroker
from infra.postgres import EmbeddedPostgres, connect
from infra.settings import Settings, load_settings
from services.relay import relay
from tests.fuzzing import pytest_collection_finish, pytest_report_header

__all__ = ["pytest_collection_finish", "pytest_report_header"]  # pytest finds them here.

# How long an example takes says how busy the machine is.
settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A running server that lives as long as the session."""
    with _temporary_postgres() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A running server for one test alone."""
    with _temporary_postgres() as server:
        yield server


@contextmanager
def _temporary_postgres() -> Iterator[EmbeddedPostgres]:
    # Not pytest's own folder: it shuts others out of that one whenever a session begins, and under
    # root the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="zhuanhu-test-"))
    try:
        with EmbeddedPostgres(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder)


NEVER_FENCED = {"broker.session.timeout.ms": "600000"}
"""Else one that stood still for four seconds serves nobody, and no topic is made, until it has said
that it is there. Nobody kills this one, and waits for its successor."""


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """A person is told soon that nothing answers; a test waits as long as a busy machine may need.
    Where nothing is to answer, the test says how long it waits for that."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(infra_kafka, "CONNECT_TIMEOUT_MS", 60_000)
        patched.setattr(kafka_broker, "ANSWER_TIMEOUT_S", 60)
        patched.setattr(wire, "CONNECT_S", 60.0)
        patched.setattr(topics, "WAIT_MS", 60_000)
        patched.setattr(relay, "PATIENCE_S", 60)
        yield


@pytest.fixture(scope="session")
def kafka() -> Iterator[Settings]:
    """Settings that lead to a running broker: KAFKA_BOOTSTRAP_SERVERS' if that is set, else one
    that lives as long as the session. `client_options(kafka)` is for kafka-python. Not for tests
    that stop or kill it: those take `own_kafka`."""
    settings = load_settings()
    if settings.kafka_bootstrap_servers is not None:
        yield settings
        return
    with _temporary_broker(NEVER_FENCED) as broker:
        yield settings.with_own_kafka(broker.address)


@pytest.fixture
def own_kafka() -> Iterator[KafkaBroker]:
    """A running broker for one test alone."""
    with _temporary_broker() as broker:
        yield broker


@contextmanager
def _temporary_broker(properties: Mapping[str, str] | None = None) -> Iterator[KafkaBroker]:
    with (
        tempfile.TemporaryDirectory(prefix="zhuanhu-test-") as folder,
        KafkaBroker(Path(folder), load_settings().cache_dir, properties) as broker,
    ):
        yield broker


@pytest.fixture
def kafka_platform(kafka: Settings) -> Iterator[str]:
    """The name of a platform that has no topics yet; what it gets is removed after the test."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    with administration(client_options(kafka)) as client:
        made = [each for each in client.list_topics() if each.startswith(f"zhuanhu.{name}.")]
        if made:
            client.delete_topics(made)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that runs within a test sets up logging for the whole process, on a stream that
    ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # Kept from `configure`, which closes what it replaces.
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


_numbers = itertools.count(1)


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of an empty database that is dropped after the test."""
    with _temporary_database(postgres) as url:
        yield url


@pytest.fixture
def other_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The same once more, beside `database`."""
    with _temporary_database(postgres) as url:
        yield url


@contextmanager
def _temporary_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield postgres.ensure_database(name)
    with connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
