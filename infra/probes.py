"""The few pages that a running part serves over HTTP to those who watch it: GET, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import structlog

from infra import http_server

log = structlog.get_logger()


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
    with http_server.serving(host, port, _handler(pages), "probes") as taken:
        yield f"http://{host}:{taken}"


def _made(page: Callable[[str], Page], accept: str) -> Page:
    try:
        return page(accept)
    except Exception as error:  # noqa: BLE001 - a bug: who watches must see that, and not silence.
        log.error("page_failed", error=type(error).__name__)
        return Page(b"this page failed; the log says more\n", "text/plain", 500)


def _handler(pages: Pages) -> type[http_server.Handler]:
    class Handler(http_server.Handler):
        def do_GET(self) -> None:  # noqa: N802 - the library calls it so.
            page = pages.get(self.path.partition("?")[0])
            if page is None:
                there = " ".join(pages)
                self.answer(404, "text/plain", f"there are {there}\n".encode())
            else:
                made = _made(page, self.headers.get("Accept", ""))
                self.answer(made.status, made.kind, made.content)

    return Handler
