"""Whatever is sent to the address of notices, nobody's notice is lost or made up by it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from domain.ports import CustodianUntrusted
from services.custody.notices import listening
from tests.fuzzing import fuzzed

PATIENCE_S = 60
GOOD = {"respData": "good"}

Address = tuple[str, int]
HEADERS = st.sampled_from(
    b"Content-Length: 5|Content-Length: -1|Content-Length: 99999999999|Content-Length: x|:||"
    b"Transfer-Encoding: chunked|Connection: keep-alive|Expect: 100-continue".split(b"|")
)
REQUESTS = st.binary(max_size=200) | st.builds(
    lambda start, headers, body: b"\r\n".join([start, *headers, b"", body]),
    st.sampled_from([b"POST / HTTP/1.1", b"POST /", b"GET / HTTP/1.1", b"POST / HTTP/9.9", b""]),
    st.lists(HEADERS, max_size=3),
    st.binary(max_size=50),
)


class Box:
    def __init__(self) -> None:
        self.taken: list[Mapping[str, str]] = []

    def take(self, form: Mapping[str, str]) -> None:
        if form != GOOD:
            raise CustodianUntrusted
        self.taken.append(form)


@pytest.fixture(scope="module")
def box() -> Box:
    return Box()


@pytest.fixture(scope="module")
def address(box: Box) -> Iterator[Address]:
    with listening("127.0.0.1", 0, box.take) as address:
        yield address


@pytest.mark.fuzz
@fuzzed(300)
@given(request=REQUESTS)
def test_what_is_no_notice_is_not_taken_and_holds_up_nobody(
    box: Box, address: Address, request: bytes
) -> None:
    before = len(box.taken)
    with socket.create_connection(address, PATIENCE_S) as caller:
        caller.sendall(request)
        caller.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: caller.recv(4096), b""))
    assert not said.startswith(b"HTTP/1.1 5") or b" 501 " in said or b" 505 " in said
    assert b"SUCCESS" not in said
    assert len(box.taken) == before
    answer = urllib3.request("POST", f"http://{address[0]}:{address[1]}/", body=urlencode(GOOD))
    assert (answer.status, answer.data, len(box.taken)) == (200, b"SUCCESS", before + 1)
