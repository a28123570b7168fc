"""The few pages that a running part serves over HTTP to those who watch it: GET, nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import structlog

log = structlog.get_logger()

IDLE_S = 30.0  # How long a silent connection is kept.


class Page(NamedTuple):
    content: bytes
    kind: str = "application/json"
    status: int = 200


Pages = Mapping[str, Callable[[str], Page]]
"""By path. Each is given the request's Accept header."""


@contextmanager
def serving(host: str, port: int, pages: Pages) -> Iterator[str]:
    """Gives the address, `http://host:port`; port 0 takes a free one. Raises OSError where it
    cannot be listened on."""
    server = _Server((host, port), _handler(pages))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="probes")
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked hung up."""


def _made(page: Callable[[str], Page], accept: str) -> Page:
    try:
        return page(accept)
    except Exception as error:  # noqa: BLE001 - a bug: who watches must see that, and not silence.
        log.error("page_failed", error=type(error).__name__)
        return Page(b"this page failed; the log says more\n", "text/plain", 500)


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1
        timeout = IDLE_S

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            if page is None:
                there = " ".join(pages)
                self._answer(Page(f"there are {there}\n".encode(), "text/plain", 404))
            else:
                self._answer(_made(page, self.headers.get("Accept", "")))

        def _answer(self, page: Page) -> None:
            self.send_response(page.status)
            self.send_header("Content-Type", page.kind)
            self.send_header("Content-Length", str(len(page.content)))
            self.end_headers()
            self.wfile.write(page.content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler
