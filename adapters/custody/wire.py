"""What every family has on the wire: signatures, one HTTP exchange, days as yyyyMMdd, and the one
way to say that nothing came back that can be trusted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
import urllib3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as HttpTimeout

from infra.settings import SignDigest

BAD_SIGNATURE = "bad_signature"
_NUL = b"\\u0000"


class NoAnswer(Exception):
    """The bank gave no answer that can be trusted: the outcome is unknown."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Signer:
    """Our private key, and the bank's public ones by serial (证书序号): while the bank changes its
    key both are known. Safe to share between threads."""

    def __init__(
        self,
        private_key: RSAPrivateKey,
        bank_keys: Mapping[str, RSAPublicKey],
        digest: SignDigest = SignDigest.SHA256,
    ) -> None:
        self._private_key = private_key
        self._bank_keys = dict(bank_keys)
        self._padding = PKCS1v15()
        self._hash = SHA1() if digest is SignDigest.SHA1 else SHA256()  # noqa: S303

    def sign(self, content: bytes) -> str:
        signature = self._private_key.sign(content, self._padding, self._hash)
        return base64.b64encode(signature).decode()

    def is_from_bank(self, content: bytes, signature: str | None, serial: str | None) -> bool:
        """By the key that `serial` names; by any of them where the bank names none (None)."""
        if not signature:
            return False
        keys = self._bank_keys
        named = list(keys.values()) if serial is None else [keys[serial]] if serial in keys else []
        return any(self._fits(key, content, signature) for key in named)

    def _fits(self, key: RSAPublicKey, content: bytes, signature: str) -> bool:
        try:
            raw = base64.b64decode(signature, validate=True)
            key.verify(raw, content, self._padding, self._hash)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


class Poster:
    """Posts to one bank over connections that are kept alive. Nothing is ever sent twice from here:
    whether to ask or to send again is decided above. Safe to call from several threads."""

    def __init__(
        self, url: str, *, connect_timeout_ms: int, read_timeout_ms: int, connections: int
    ) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            retries=False,
            timeout=urllib3.Timeout(connect=connect_timeout_ms / 1000, read=read_timeout_ms / 1000),
        )

    def post(self, path: str, **content: Any) -> urllib3.BaseHTTPResponse:
        """An answer with status 200; `content` as urllib3 takes it. Raises NoAnswer: timeout,
        connection, http_NNN."""
        try:
            answer = self._pool.request("POST", self._url + path, redirect=False, **content)
        except HTTPError as error:
            # urllib3 counts a connection that nobody accepts among the timeouts.
            silent = isinstance(error, HttpTimeout) and not isinstance(error, NewConnectionError)
            raise NoAnswer("timeout" if silent else "connection") from None
        if answer.status != 200:
            raise NoAnswer(f"http_{answer.status}")
        return answer

    def close(self) -> None:
        self._pool.clear()


def read_json(content: bytes | str) -> Any:
    """Raises NoAnswer (`unreadable`), also for a NUL, which no database keeps."""
    if _NUL in (content if isinstance(content, bytes) else content.encode()):
        raise NoAnswer("unreadable", "a NUL in it")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise NoAnswer("unreadable", "not JSON") from None


def read_day(text: str) -> date | None:
    """The date that yyyyMMdd names, or None where it names none."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def bank_day(day: date) -> str:
    return day.strftime("%Y%m%d")
