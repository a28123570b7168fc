"""The broker is a real one: it survives kills, of itself and of whoever started it, and is shared.

Each test has a broker of its own in a folder of its own.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer

from infra import kafka_broker, kafka_properties
from infra.errors import KafkaUnavailable
from infra.kafka import administration, client_options
from infra.kafka_broker import KafkaBroker
from infra.settings import Settings, load_settings

CACHE = load_settings().cache_dir
TOPIC = "words"

START = """
import sys
from pathlib import Path
from infra.kafka_broker import KafkaBroker
broker = KafkaBroker(Path(sys.argv[1]), Path(sys.argv[2]))
broker.start()
print(broker.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """Not started yet; stopped at the end, whoever started it."""
    made = KafkaBroker(tmp_path / "data", CACHE)
    yield made
    made.stop()


def starter(folder: Path) -> subprocess.Popen[str]:
    """Another process that starts the broker, and lives until its input closes or it is killed."""
    return subprocess.Popen(
        [sys.executable, "-c", START, str(folder), str(CACHE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def write(address: str, word: bytes) -> None:
    with administration({"bootstrap_servers": [address]}) as client:
        if TOPIC not in client.list_topics():
            client.create_topics([TOPIC], wait_for_metadata=True)
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    producer.send(TOPIC, word).get(timeout=60)
    producer.close()


def words(address: str, count: int) -> list[bytes]:
    with KafkaConsumer(
        TOPIC,
        bootstrap_servers=address,
        auto_offset_reset="earliest",
        group_id=None,
        consumer_timeout_ms=30_000,
    ) as consumer:
        return [record.value for record in islice(consumer, count)]


def test_it_is_kafka_4(kafka: Settings) -> None:
    with administration(client_options(kafka)) as client:
        assert client._manager.broker_version >= (4, 0)


def test_a_killed_broker_comes_back_on_the_same_port_with_all_that_was_written(
    broker: KafkaBroker,
) -> None:
    broker.start()
    pid, address = broker.pid, broker.address
    assert pid is not None
    write(address, b"before")
    os.kill(pid, signal.SIGKILL)
    broker.start()
    assert broker.pid not in {pid, None}
    assert broker.address == address
    write(address, b"after")
    assert words(address, 2) == [b"before", b"after"]

    assert broker.stop()
    assert not broker.answers()
    assert not broker.stop()


def test_one_that_lost_its_starter_is_found_again_and_stopped(
    broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with starter(broker.data_dir) as other:
        pid = int(first_line(other))
        other.kill()
    assert (broker.pid, broker.answers()) == (pid, True)
    assert off_the_network(pid)
    broker.start()
    assert broker.pid == pid

    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as patched:
        patched.setattr(kafka_broker, "ANSWER_TIMEOUT_S", 1)
        assert not broker.answers()
    assert broker.stop()
    assert not psutil.pid_exists(pid)
    assert (broker.data_dir / "kafka" / "log" / ".kafka_cleanshutdown").exists()


def off_the_network(pid: int) -> bool:
    connections = psutil.Process(pid).net_connections("tcp")
    listening = {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}
    return {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_two_that_start_at_once_share_one_broker(broker: KafkaBroker) -> None:
    with starter(broker.data_dir) as one, starter(broker.data_dir) as two:
        assert first_line(one) == first_line(two) == str(broker.pid)


def test_another_port_is_taken_for_one_that_is_not_free_or_no_longer_free(
    broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off = broker.data_dir / "kafka" / "log.new"
    cut_off.mkdir(parents=True)
    (cut_off / "meta.properties").write_text("version=1\n", encoding="ascii")
    with socket.socket() as first, socket.socket() as second:
        had = occupied(first), occupied(second)
        properties = broker.data_dir / "kafka" / "server.properties"
        kafka_properties.write(properties, broker.data_dir, had, {})
        free = kafka_properties.ports(properties)
        assert not {*free} & {*had}

        offered = iter([had, free])
        monkeypatch.setattr(kafka_properties, "ports", lambda file: next(offered))
        with monkeypatch.context() as patched:  # Whoever has the port says nothing.
            patched.setattr(kafka_broker, "ANSWER_TIMEOUT_S", 1)
            broker.start()
        assert broker.address == f"127.0.0.1:{free[0]}"
        assert broker.answers()


def occupied(probe: socket.socket) -> int:
    probe.bind(("127.0.0.1", 0))
    probe.listen()
    return int(probe.getsockname()[1])


def test_ports_are_not_those_that_clients_are_given(tmp_path: Path) -> None:
    assert max(kafka_properties.ports(tmp_path / "none")) < 32_768


def test_who_only_names_the_file_is_not_the_broker(broker: KafkaBroker) -> None:
    name = str(broker.data_dir / "kafka" / "server.properties")
    words = [sys.executable, "-c", "input()", "kafka.Kafka"]
    with (
        subprocess.Popen([*words, name + "x"], stdin=subprocess.PIPE) as one,
        subprocess.Popen([*words, name, "-v"], stdin=subprocess.PIPE) as two,
    ):
        assert broker.pid is None
        one.communicate(b"\n")
        two.communicate(b"\n")


def test_one_that_cannot_start_says_why(broker: KafkaBroker) -> None:
    log = broker.data_dir / "kafka" / "log"
    log.mkdir(parents=True)
    (log / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=x\n", encoding="ascii")
    with pytest.raises(KafkaUnavailable, match=r"did not start: .*node.*7.*See .*kafka\.log"):
        broker.start()
    assert broker.pid is None


def test_a_folder_with_a_comma_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KafkaUnavailable, match="comma in its name"):
        KafkaBroker(tmp_path / "a,b", CACHE).start()


def test_where_none_was_ever_started_that_is_said(broker: KafkaBroker) -> None:
    assert (broker.pid, broker.answers(), broker.stop()) == (None, False, False)
    with pytest.raises(KafkaUnavailable, match=r"was ever started.*zhuanhu kafka start"):
        broker.address  # noqa: B018
    assert not broker.data_dir.exists()
