"""A small HTTP server in threads of its own, as long as a block lasts."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog

IDLE_S = 30.0  # How long a silent connection is kept.

log = structlog.get_logger()


class Handler(BaseHTTPRequestHandler):
    """Answers in one piece, and writes no line for each request."""

    wbufsize = -1  # An answer in two packets would wait 40 ms for an acknowledgement.
    timeout = IDLE_S

    def answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def serving(host: str, port: int, handler: type[Handler], name: str) -> Iterator[int]:
    """Gives the port; 0 takes a free one. Raises OSError where it cannot be listened on."""
    server = _Server((host, port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name=name)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # A connection that the other side keeps open holds nobody up.
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """The other side hung up."""
        log.info("http_connection_lost", reason=type(sys.exception()).__name__)
