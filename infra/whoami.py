"""Which process this is, as other machines can tell it: `pid@host`."""

from __future__ import annotations

import os
import socket


def who_am_i() -> str:
    return f"{os.getpid()}@{socket.gethostname()}"
