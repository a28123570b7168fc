"""Pages for those who watch, over real HTTP."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import urllib3

from infra.probes import Page, serving


@pytest.fixture
def address() -> Iterator[str]:
    pages = {
        "/said": lambda accept: Page(accept.encode(), "text/plain"),
        "/broken": lambda _accept: Page(b"x" * (1 // 0)),
        "/bad": lambda _accept: Page(b"{}", status=503),
    }
    with serving("127.0.0.1", 0, pages) as address:
        yield address


def get(url: str, **headers: str) -> tuple[int, str, bytes]:
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", url, headers=headers)
    return answer.status, answer.headers["Content-Type"], answer.data


def test_each_page_is_given_what_is_accepted(address: str) -> None:
    assert get(f"{address}/said?x=1", Accept="a/b") == (200, "text/plain", b"a/b")
    assert get(f"{address}/bad") == (503, "application/json", b"{}")


def test_a_page_that_fails_says_so(address: str) -> None:
    assert get(f"{address}/broken")[0] == 500


def test_another_path_is_told_which_there_are(address: str) -> None:
    assert get(f"{address}/") == (404, "text/plain", b"there are /said /broken /bad\n")


def test_whoever_is_silent_holds_nobody_up(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))):
        assert get(f"{address}/bad")[0] == 503


def test_a_port_that_is_taken(address: str) -> None:
    port = int(address.rpartition(":")[2])
    with pytest.raises(OSError, match="Address already in use"), serving("127.0.0.1", port, {}):
        pass
