"""Keys of both sides, and a bank of a few lines that answers what a test tells it to."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.custody.batch_family.channel import Link
from adapters.custody.batch_family.client import BatchFamilyBank
from adapters.custody.batch_family.requests import Choices
from adapters.custody.wire import Signer
from infra.clock import ManualClock
from tests.adapters.custody.batch_family.scenes import INST_CODE, NOON

Message = dict[str, str]
Reply = Callable[[Message], Message]
HEADER = (
    *("version", "instCode", "bankCode", "channel"),
    *("txCode", "txDate", "txTime", "seqNo"),
)
NOTIFY_URL = "http://127.0.0.1:9/nobody"


@dataclass
class Keys:
    ours: RSAPrivateKey
    bank: RSAPrivateKey

    def our_signer(self) -> Signer:
        return Signer(self.ours, {"1": self.bank.public_key()})

    def sealed(self, fields: Mapping[str, str]) -> bytes:
        """A message as the bank signs it, by the wording of the protocol alone."""
        values = "".join(value for _, value in sorted(fields.items())).encode()
        signature = self.bank.sign(values, PKCS1v15(), SHA256())
        return orjson.dumps({**fields, "sign": base64.b64encode(signature).decode()})


@dataclass
class ScriptedBank:
    """Answers each message by its txCode; every message it got stands in `got`. `echoes`: it
    repeats the header, as a bank must."""

    keys: Keys
    url: str = ""
    replies: dict[str, Reply] = field(default_factory=dict)
    got: list[Message] = field(default_factory=list)
    status: int = 200
    echoes: bool = True
    spoil: Callable[[bytes], bytes] = lambda body: body

    def says(self, tx_code: str, *answers: Mapping[str, str]) -> None:
        """These in turn, the last one for ever."""
        left = list(answers)
        self.replies[tx_code] = lambda _: dict(left.pop(0) if len(left) > 1 else left[0])

    def answer(self, message: Message) -> bytes:
        self.got.append(message)
        told = {"retCode": "00000000", "retMsg": ""} | self.replies[message["txCode"]](message)
        header = {name: message[name] for name in HEADER} if self.echoes else {}
        return self.spoil(self.keys.sealed(header | told))

    def sent(self, tx_code: str) -> list[Message]:
        return [each for each in self.got if each["txCode"] == tx_code]


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(generate_private_key(65537, 2048), generate_private_key(65537, 2048))


@pytest.fixture
def scripted(keys: Keys) -> Iterator[ScriptedBank]:
    bank = ScriptedBank(keys)
    # Whoever it is asked for has an account whose number is made of his name.
    bank.replies["accountIdQuery"] = lambda asked: {"accountId": f"no-{asked['userNo']}"}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            message = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = bank.answer(message)
            self.send_response(bank.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bank.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield bank
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


def started(
    scripted: ScriptedBank, clock: ManualClock, choices: Choices | None = None
) -> BatchFamilyBank:
    """A client that knows nothing yet."""
    link = Link(scripted.url, INST_CODE, read_timeout_ms=20_000)
    choices = choices or Choices(NOTIFY_URL)
    return BatchFamilyBank(link, scripted.keys.our_signer(), clock, choices)


@pytest.fixture
def custodian(scripted: ScriptedBank, clock: ManualClock) -> Iterator[BatchFamilyBank]:
    with closing(started(scripted, clock)) as bank:
        yield bank
