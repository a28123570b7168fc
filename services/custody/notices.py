"""Callbacks (NOTIFY): verified, written down, and only then answered `SUCCESS`.

The bank repeats a notice until it has that answer, so that a crash here loses none.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import LiteralString
from urllib.parse import parse_qsl

import structlog

from domain.ports import BankNotice, CustodianUntrusted
from infra.postgres import connect
from services.custody.lease import enter
from services.custody.schema import custody_schema

BODY_LIMIT = 1024 * 1024
IDLE_S = 30.0  # How long a silent connection is kept.

log = structlog.get_logger(__name__)

_INSERT: LiteralString = (
    "INSERT INTO notice (received_at, request_no, outcome, code, bank_date,"
    " withdrawal_request_no, account, amount_fen) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)


class NoticeBox:
    """Where notices land. Has a session of its own: it only ever adds. Safe to call from several
    threads."""

    def __init__(self, url: str, platform: str) -> None:
        self._connection = connect(url, autocommit=True)
        enter(self._connection, custody_schema(platform))

    def put(self, notice: BankNotice, now: datetime) -> None:
        answer, returned = notice.answer, notice.returned
        back = (
            (returned.withdrawal_request_no, returned.account, returned.amount_fen)
            if returned
            else (None, None, None)
        )
        row = (now, notice.request_no, answer.outcome.value, answer.code, answer.bank_date, *back)
        self._connection.execute(_INSERT, row, prepare=True)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def listening(
    host: str, port: int, take: Callable[[Mapping[str, str]], None]
) -> Iterator[tuple[str, int]]:
    """Takes the bank's posts as long as it is open; gives the address. `take` writes a notice
    down, and raises CustodianUntrusted for one that the bank did not sign. Raises OSError where
    the port is taken."""
    server = _Server((host, port), _handler(take))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="notices")
    thread.start()
    try:
        yield host, int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # A connection that the bank keeps open holds nobody up.
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """The bank hung up: it will come again."""
        log.info("notice_connection_lost", reason=type(sys.exception()).__name__)


def _handler(take: Callable[[Mapping[str, str]], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # An answer in two packets would wait 40 ms for the bank's acknowledgement.
        disable_nagle_algorithm = True
        timeout = IDLE_S

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > BODY_LIMIT:
                self.close_connection = True
                self._answer(413 if length.isdecimal() else 411, "FAIL")
                return
            body = self.rfile.read(int(length))
            try:
                form = dict(parse_qsl(body.decode(), keep_blank_values=True))
                take(form)
            except (CustodianUntrusted, UnicodeDecodeError) as reason:
                log.warning("notice_refused", reason=type(reason).__name__)
                self._answer(400, "FAIL")
            except Exception:
                log.exception("notice_failed")
                self._answer(500, "FAIL")
            else:
                self._answer(200, "SUCCESS")

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler
