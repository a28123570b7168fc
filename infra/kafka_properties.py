"""What a broker of our own is told: its server.properties, and the ports in it."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

HOST = "127.0.0.1"
# Below those that systems hand out to clients: one that calls a stopped broker again and again
# could be given the broker's own port, reach itself there, and keep it from coming back.
PORTS = range(20_000, 30_000)
PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # One that was killed may come back only when this has passed since it was last heard of.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    "default.replication.factor": "1",
    "group.initial.rebalance.delay.ms": "0",
    # No replica holds what a power cut would take; and the system would write half a minute's at
    # once, with PostgreSQL's commits waiting a third of a second behind that.
    "log.flush.interval.ms": "1000",
    "log.flush.scheduler.interval.ms": "1000",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
}
PORTS_NAME = "zhuanhu.ports"  # Kafka reads over what it does not know.

Ports = tuple[int, int]  # The broker's and the controller's.


def ports(file: Path) -> Ports:
    """Those in the file, where both are free, else others."""
    had = tuple(int(port) for port in read(file).get(PORTS_NAME, "").split())
    if len(had) == 2 and all(map(_is_free, had)):
        return had
    broker, controller, *_ = filter(_is_free, random.sample(PORTS, 200))
    return broker, controller


def write(file: Path, log: Path, ports: Ports, more: Mapping[str, str]) -> None:
    broker, controller = ports
    properties = {
        **PROPERTIES,
        PORTS_NAME: f"{broker} {controller}",
        "listeners": f"PLAINTEXT://{HOST}:{broker},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{broker}",
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller}",
        "log.dirs": str(log),
        **more,
    }
    # Java reads it as Latin-1, with the escapes of JSON.
    lines = (f"{name}={json.dumps(value)[1:-1]}\n" for name, value in properties.items())
    file.write_text("".join(lines), encoding="ascii")


def read(file: Path) -> dict[str, str]:
    """Empty where there is none."""
    with suppress(FileNotFoundError):
        lines = file.read_text(encoding="ascii").splitlines()
        return dict(line.split("=", 1) for line in lines)
    return {}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
