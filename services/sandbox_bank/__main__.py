"""Start the stand-in bank. Prints one JSON line {"port", "pid"} once it takes calls."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress

import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.sandbox_bank import batches, cash, desk, seal, settings, web
from services.sandbox_bank.batch_family import batches as line_batches
from services.sandbox_bank.batch_family import web as batch_web
from services.sandbox_bank.batch_family.page_web import Pages
from services.sandbox_bank.batch_family.service import FILE, ONLINE, PAGE
from services.sandbox_bank.clock import BankClock
from services.sandbox_bank.control import Control
from services.sandbox_bank.database import DatabaseInUse
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.gateway_web import Gateway
from services.sandbox_bank.key_control import KeyControl
from services.sandbox_bank.notices import Notifier
from services.sandbox_bank.pages import CONFIRM_PATH
from services.sandbox_bank.teller import Job, Teller


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named so that asyncio knows it for TCP and switches Nagle's delay off.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(256)
    return listener


def _end_with_starter() -> None:
    """Who started us holds the other end of our standard input; the kernel closes it for the dead,
    also for one that was killed."""
    with suppress(OSError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    signal.raise_signal(signal.SIGTERM)


def _serve(given: settings.Settings, listener: socket.socket) -> None:
    keys = seal.Seal(
        given.key_serial,
        seal.own_key(given.keys),
        seal.platform_keys(given.platform_key),
        given.digest,
    )
    clock, faults = BankClock(), Faults()
    notifier = Notifier(given.database_url, given.notify_url, given.platform_no, keys, faults)
    teller = Teller(
        given.database_url,
        clock,
        faults,
        cash.roll,
        notifier.wake,
        given.hours,
        authorised_only=given.authorisations == "required",
    )
    front = web.Front(
        teller,
        clock,
        keys,
        faults,
        given.database_url,
        given.platform_no,
        auto_complete=given.auto_complete,
        hours=given.hours,
    )
    second = batch_web.Front(
        teller,
        keys,
        faults,
        given.database_url,
        given.platform_no,
        auto_complete=given.auto_complete,
        calls_per_s=given.calls_per_s,
        is_closed=lambda: given.hours.is_closed(clock.now()),
    )
    gateway = Gateway(front, teller, clock, keys, given.platform_no, given.hours)
    app = Starlette(
        routes=[
            Route(desk.GATEWAY, gateway.take, methods=["POST"]),
            Route(CONFIRM_PATH, gateway.confirm, methods=["POST"]),
            *(Route(path, front.take, methods=["POST"]) for path in (desk.SERVICE, web.DOWNLOAD)),
            Route(PAGE, Pages(second, gateway).take, methods=["POST"]),
            *(Route(path, second.take, methods=["POST"]) for path in (ONLINE, FILE)),
            *Control(teller, clock, faults, given.database_url).routes(),
            *KeyControl(keys, given.keys, given.key_serial).routes(),
            Route("/health", _health),
        ]
    )
    teller.start()
    left = teller.submit(Job(batches.unfinished, alone=True)).result()
    if left:
        batches.work_off(teller.submit, faults, left)
    for key in teller.submit(Job(line_batches.unfinished, alone=True)).result():
        line_batches.advance(teller.submit, faults, key)
    notifier.start()
    if given.attached:
        threading.Thread(target=_end_with_starter, name="starter", daemon=True).start()
    port = listener.getsockname()[1]
    sys.stdout.write(json.dumps({"port": port, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        app,
        http="httptools",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        date_header=False,  # The bank's own clock is told instead.
        timeout_graceful_shutdown=1,
    )
    gc.freeze()  # What is loaded stays: the collector need not go through it again and again.
    gc.set_threshold(50_000, 20, 100)
    try:
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
    finally:
        notifier.stop()
        teller.stop()


def main() -> int:
    given = settings.read(sys.argv[1:])
    try:
        listener = _listen(given.host, given.port)
    except OSError as error:
        return _refuse(f"cannot listen at {given.host}:{given.port}: {error.strerror}")
    try:
        _serve(given, listener)
    except (seal.BadKey, DatabaseInUse) as error:
        return _refuse(str(error))
    except psycopg.OperationalError as error:
        return _refuse(f"the bank's database cannot be opened: {error}")
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(why + "\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
