"""The stand-in bank as a real process, and a platform that talks to it with its own key.

Written from the protocol like the bank itself, but sharing no code with it.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import queue
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import urllib3
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.ports import free_ports

PLATFORM_NO = "5000001"
NOON = "2018-01-05T12:00:00+08:00"
TIMESTAMP = "20180105120000"
PATIENCE_S = 60  # A guard: what is waited for comes.

_numbers = itertools.count(1)


def fresh(prefix: str = "R") -> str:
    return f"{prefix}{next(_numbers):08d}"


class Receiver:
    """Where callbacks arrive. It answers `answers` in turn, then SUCCESS for ever."""

    def __init__(self) -> None:
        self.forms: queue.Queue[dict[str, str]] = queue.Queue()
        self.answers: queue.Queue[str] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.forms.put(dict(parse_qsl(body.decode(), keep_blank_values=True)))
                try:
                    answer = receiver.answers.get_nowait().encode()
                except queue.Empty:
                    answer = b"SUCCESS"
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/notify"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def wait_for(self, request_no: str) -> dict[str, Any]:
        """The respData of the next callback for this request; others are passed over."""
        return self.wait_for_all([request_no])[0]

    def wait_for_all(self, nos: Sequence[str]) -> list[dict[str, Any]]:
        """The respData of the next callback for each of these, in any order of arrival."""
        found: dict[str, dict[str, Any]] = {}
        while len(found) < len(nos):
            body = json.loads(self.forms.get(timeout=PATIENCE_S)["respData"])
            if body["requestNo"] in nos:
                found[body["requestNo"]] = body
        return [found[no] for no in nos]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass
class Reply:
    status: int
    body: dict[str, Any]
    raw: bytes
    sign: str


@dataclass
class BankProcess:
    """One start of the bank. `call` signs and verifies as a platform must."""

    folder: Path
    database: str
    notify_url: str
    options: Sequence[str] = ()
    digest: str = "sha256"
    process: subprocess.Popen[str] = field(init=False)
    port: int = field(init=False, default_factory=lambda: free_ports(1)[0])

    def start(self) -> None:
        self.key = _platform_key(self.folder)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.sandbox_bank", *self.arguments()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the bank did not start: {self.process.communicate()[1]}")
        assert json.loads(line)["port"] == self.port
        self.http = urllib3.PoolManager(
            maxsize=16, retries=False, timeout=urllib3.Timeout(connect=PATIENCE_S, read=PATIENCE_S)
        )

    def arguments(self) -> list[str]:
        given = {
            "--database-url": self.database,
            "--port": str(self.port),
            "--keys": str(self.folder / "bank"),
            "--platform-no": PLATFORM_NO,
            "--platform-key": str(self.folder / "platform_public.pem"),
            "--notify-url": self.notify_url,
            "--digest": self.digest,
        }
        return [word for pair in given.items() for word in pair] + list(self.options)

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.communicate(timeout=PATIENCE_S)
        self.http.clear()

    def send(
        self,
        path: str,
        service: str,
        data: object,
        *,
        sign: str | None = None,
        platform_no: str = PLATFORM_NO,
        timeout_s: float = PATIENCE_S,
    ) -> urllib3.BaseHTTPResponse:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        form = {
            "serviceName": service,
            "platformNo": platform_no,
            "reqData": text,
            "keySerial": "1",
            "sign": self.signature(text) if sign is None else sign,
        }
        return self.http.urlopen(
            "POST",
            self._at(path),
            body=urlencode(form),
            headers={"content-type": "application/x-www-form-urlencoded"},
            timeout=timeout_s,
        )

    def signature(self, text: str) -> str:
        signed = self.key.sign(text.encode(), padding.PKCS1v15(), self._hash())
        return base64.b64encode(signed).decode()

    def call(self, path: str, service: str, /, **data: object) -> dict[str, Any]:
        """One signed call; the answer's signature is verified."""
        answer = self.send(path, service, {"timestamp": TIMESTAMP, **data})
        assert answer.status == 200
        self.verify(answer.data, answer.headers["sign"])
        body: dict[str, Any] = json.loads(answer.data)
        return body

    def gateway(self, service: str, **data: object) -> dict[str, Any]:
        return self.call("/gateway", service, **data)

    def service(self, service: str, **data: object) -> dict[str, Any]:
        return self.call("/service", service, **data)

    def record(self, kind: str, request_no: str, **data: object) -> dict[str, Any]:
        """The single record that QUERY_TRANSACTION gives for a request."""
        answer = self.service(
            "QUERY_TRANSACTION", transactionType=kind, requestNo=request_no, **data
        )
        assert (answer["code"], answer["status"]) == ("0", "SUCCESS"), answer
        (found,) = answer["records"]
        return dict(found)

    def files(self, day: str, **data: object) -> dict[str, str]:
        """A day's check files by name."""
        answer = self.send(
            "/download", "DOWNLOAD_CHECKFILE", {"timestamp": TIMESTAMP, "fileDate": day, **data}
        )
        self.verify(answer.data, answer.headers["sign"])
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}

    def control(self, path: str, **data: object) -> dict[str, Any]:
        if data:
            answer = self.http.request("POST", self._at(f"/control/{path}"), json=data)
        else:
            answer = self.http.request("GET", self._at(f"/control/{path}"))
        assert answer.status == 200, answer.data
        return dict(json.loads(answer.data))

    def verify(self, body: bytes, sign: str) -> None:
        pem = (self.folder / "bank" / "bank_public.pem").read_bytes()
        key = serialization.load_pem_public_key(pem)
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(base64.b64decode(sign), body, padding.PKCS1v15(), self._hash())

    def _hash(self) -> hashes.HashAlgorithm:
        return hashes.SHA1() if self.digest == "sha1" else hashes.SHA256()

    def _at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


def _platform_key(folder: Path) -> rsa.RSAPrivateKey:
    path = folder / "platform_private.pem"
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "platform_public.pem").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return key
