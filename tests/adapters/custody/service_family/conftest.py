"""Keys of both sides, and a bank of a few lines that answers what a test tells it to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from adapters.custody.service_family.channel import Link
from adapters.custody.service_family.client import ServiceFamilyBank
from adapters.custody.wire import Signer
from infra.clock import ManualClock
from tests.adapters.custody.service_family.scenes import NOON, PLATFORM_NO

Form = dict[str, str]
Reply = Callable[[BaseHTTPRequestHandler, Form], None]


@dataclass
class Keys:
    ours: RSAPrivateKey
    bank: RSAPrivateKey

    def our_signer(self) -> Signer:
        return Signer(self.ours, {"1": self.bank.public_key()})

    def bank_signer(self) -> Signer:
        return Signer(self.bank, {"1": self.ours.public_key()})


@dataclass
class ScriptedBank:
    """Replies in the order they were given; the forms it got stand in `got`."""

    signer: Signer
    url: str = ""
    replies: deque[Reply] = field(default_factory=deque)
    got: list[tuple[str, Form]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def will(self, reply: Reply) -> None:
        self.replies.append(reply)

    def will_say(self, **fields: Any) -> None:
        self.will_send(orjson.dumps(fields))

    def will_send(
        self,
        body: bytes,
        *,
        status: int = 200,
        signature: str | None = None,
        date: str = "",
    ) -> None:
        """`signature` None: the right one. An empty one, or an empty date: no header."""

        def reply(http: BaseHTTPRequestHandler, _: Form) -> None:
            http.send_response_only(status)
            if date:
                http.send_header("Date", date)
            http.send_header("Content-Length", str(len(body)))
            sign = self.signer.sign(body) if signature is None else signature
            if sign:
                http.send_header("sign", sign)
            http.end_headers()
            http.wfile.write(body)

        self.will(reply)

    def asked(self, index: int = -1) -> dict[str, Any]:
        fields: dict[str, Any] = orjson.loads(self.got[index][1]["reqData"])
        return fields


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(generate_private_key(65537, 2048), generate_private_key(65537, 2048))


@pytest.fixture
def scripted(keys: Keys) -> Iterator[ScriptedBank]:
    bank = ScriptedBank(keys.bank_signer())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
            bank.got.append((self.path, form))
            bank.replies.popleft()(self, form)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bank.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield bank
    bank.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def custodian(scripted: ScriptedBank, keys: Keys) -> Iterator[ServiceFamilyBank]:
    """It waits as long as a busy machine may need for an answer."""
    link = Link(scripted.url, PLATFORM_NO, read_timeout_ms=20_000)
    bank = ServiceFamilyBank(link, keys.our_signer(), ManualClock(NOON))
    yield bank
    bank.close()


@pytest.fixture
def hasty_custodian(scripted: ScriptedBank, keys: Keys) -> Iterator[ServiceFamilyBank]:
    """For a bank that never answers."""
    link = Link(scripted.url, PLATFORM_NO, read_timeout_ms=300)
    bank = ServiceFamilyBank(link, keys.our_signer(), ManualClock(NOON))
    yield bank
    bank.close()
