"""The signed envelope: what is posted, and what an answer must prove before anyone reads it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from infra.settings import SignDigest

_NUL = "\\u0000"
_BANK_TIME = ZoneInfo("Asia/Shanghai")


class NoAnswer(Exception):
    """The bank gave no answer that can be trusted: the outcome is unknown."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Signer:
    """Our private key and the bank's public one, held ready. Safe to share between threads."""

    def __init__(
        self,
        private_key: RSAPrivateKey,
        bank_key: RSAPublicKey,
        digest: SignDigest = SignDigest.SHA256,
    ) -> None:
        self._private_key = private_key
        self._bank_key = bank_key
        self._padding = PKCS1v15()
        self._hash = SHA1() if digest is SignDigest.SHA1 else SHA256()  # noqa: S303

    def sign(self, content: bytes) -> str:
        signature = self._private_key.sign(content, self._padding, self._hash)
        return base64.b64encode(signature).decode()

    def is_from_bank(self, content: bytes, signature: str | None) -> bool:
        if not signature:
            return False
        try:
            raw = base64.b64decode(signature, validate=True)
            self._bank_key.verify(raw, content, self._padding, self._hash)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def form(
    signer: Signer,
    *,
    platform_no: str,
    key_serial: str,
    service: str,
    fields: Mapping[str, object],
    now: datetime,
) -> dict[str, str]:
    """The form to post. `timestamp` is the envelope's own: a request sent again differs in it."""
    content = orjson.dumps({**fields, "timestamp": bank_time(now)})
    return {
        "serviceName": service,
        "platformNo": platform_no,
        "reqData": content.decode(),
        "keySerial": key_serial,
        "sign": signer.sign(content),
    }


def read_object(content: bytes | str) -> dict[str, Any]:
    """The JSON object in `content`. Raises NoAnswer (`unreadable`)."""
    if _NUL.encode() in (content if isinstance(content, bytes) else content.encode()):
        raise NoAnswer("unreadable", "a NUL in it, which no database keeps")
    try:
        fields = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise NoAnswer("unreadable", "not JSON") from None
    if not isinstance(fields, dict):
        raise NoAnswer("unreadable", "not a JSON object")
    return fields


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


def bank_time(moment: datetime) -> str:
    """yyyyMMddHHmmss in the bank's own time."""
    return moment.astimezone(_BANK_TIME).strftime("%Y%m%d%H%M%S")
