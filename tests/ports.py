"""Ports for processes that a test starts, kills and starts again."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

HOST = "127.0.0.1"
# Below those that systems hand out to clients, of which one could have it meanwhile, and could even
# reach itself there; and below those of our own Kafka.
PORTS = range(10_000, 20_000)


def free_ports(count: int) -> list[int]:
    with ExitStack() as opened:
        return [_bound(opened.enter_context(socket.socket())) for _ in range(count)]


def _bound(probe: socket.socket) -> int:
    while True:
        try:
            probe.bind((HOST, random.SystemRandom().choice(PORTS)))
        except OSError:
            continue  # Somebody has it.
        return int(probe.getsockname()[1])
